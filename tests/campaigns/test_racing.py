"""A STOP, a payment and a promise race the release of a run and its sending. Who was heard before his message was
claimed is not written to; everybody else is, once. On PostgreSQL, where they truly run at the same time: SQLite lets
one writer in after the other."""

import threading
import time
from collections import Counter
from datetime import date
from importlib import import_module

import pytest

from comms import campaigns, promises
from comms.accounts import consent
from comms.accounts.facts import touch
from comms.accounts.importing import import_payments
from comms.campaigns import facts
from comms.db import Database
from comms.outbox import Dispatcher, dispatch
from comms.outbox.pacing import Unpaced
from comms.promises import Part
from tests.campaigns.conftest import _opened
from tests.campaigns.releasing import Doors
from tests.outbox.carriers import ScriptedCarrier
from tests.support import build
from tests.support.exports import payment_row, payments_file

RELEASING = import_module("comms.campaigns.release")
TODAY = date(2026, 11, 23)
ROUNDS, PEOPLE = 6, 24
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def doors(postgres_url, clock, city, renderer):
    database = Database(postgres_url, pool_size=10)
    yield Doors(_opened(database, clock, city, renderer))
    database.dispose()


def stops(doors, phone):
    with doors.database.begin() as session:
        consent.record(
            session, channel="sms", address=phone, action="revoked", source="reply", evidence="STOP",
            at=doors.clock.now(),
        )  # fmt: skip


def promise(doors, account_id):
    def work(session):
        promises.enter(
            session, doors.city, doors.clock, account_id=account_id, parts=[Part(FRIDAY, 12000)], source="phone",
            by="user:park",
        )  # fmt: skip

    doors.database.run(work)


def pay(doors, folder, accounts):
    """The day's payments file, with the whole debt of these accounts."""
    numbers = {}
    with doors.database.read() as session:
        for account_id in accounts:
            numbers[account_id] = session.get_one(facts.Account, account_id).number
    rows = [payment_row(0, f"P{id_}", ACCT_NO=number, AMOUNT="120.00") for id_, number in numbers.items()]
    folder.mkdir()
    done = import_payments(doors.database, doors.city, doors.clock, payments_file(folder, rows))
    assert done.state == "done", done


def workers(doors, carrier, count):
    return [
        Dispatcher(
            doors.database, doors.clock, doors.city, {"sms": carrier, "email": carrier},
            {"sms": Unpaced(), "email": Unpaced()}, secret=b"k", owner=f"w{number}", threads=2,
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("happens", ["pays", "promises", "is held"])
def test_what_comes_in_while_a_run_reads_the_facts_makes_them_old(doors, tmp_path, monkeypatch, happens):
    """The last of the statements that read an account sees what is committed in between; the first do not."""
    account = doors.account()
    run_id = doors.planned()
    real, once = facts._points, [True]

    def meanwhile(*given):
        if once:
            once.clear()
            if happens == "pays":
                pay(doors, tmp_path / "in", [account])
            elif happens == "promises":
                promise(doors, account)
            else:
                with doors.database.begin() as session:
                    build.hold(session, account, starts_on=TODAY)
                    touch(session, [account], doors.clock.now())
        return real(*given)

    monkeypatch.setattr(facts, "_points", meanwhile)
    doors.release(run_id)
    assert [message.state for message in doors.messages()] == ["queued"]
    carrier = ScriptedCarrier("sms", "twilio")
    (worker,) = workers(doors, carrier, 1)
    assert worker.deliver("sms").aside == {"held": 1}
    doors.database.run(lambda session: campaigns.redecide(session, doors.city, doors.renderer, doors.clock))
    assert worker.deliver("sms").total == 0 and carrier.offered == []
    assert [message.state for message in doors.messages()] == ["suppressed"]
    worker.close()


def test_who_stops_pays_or_promises_while_it_is_sent_is_heard(doors, tmp_path, monkeypatch):
    claimed, late = {}, []
    real = dispatch.claim

    def claim(*given, **more):
        begun = time.perf_counter()
        taken = real(*given, **more)
        for message in taken.sendable:
            claimed[message.account_id] = begun
        return taken

    monkeypatch.setattr(dispatch, "claim", claim)
    monkeypatch.setattr(RELEASING, "CHUNK", 4)
    carrier = ScriptedCarrier("sms", "twilio")
    sending = workers(doors, carrier, 2)
    written_to, spared = Counter(), 0
    for turn in range(ROUNDS):
        phones = {}
        with doors.database.begin() as session:
            for number in range(PEOPLE):
                phone = f"+1218555{turn * PEOPLE + number:04}"
                phones[build.account(session, phone=phone).id] = phone
        people = list(phones)
        heard = race(doors, tmp_path / f"in-{turn}", phones, sending, carrier)
        by_phone = Counter(sent.recipient for _, sent in carrier.ledger)
        for account_id in people:
            times = by_phone[phones[account_id]]
            assert times <= 1, "nobody gets it twice"
            if account_id not in heard:
                assert times == 1, "who said nothing is written to"
            elif times and heard[account_id] < claimed[account_id]:
                late.append(account_id)
            spared += not times
            written_to[account_id in heard] += times
    for worker in sending:
        worker.close()
    assert late == [], "heard before the claim, and written to all the same"
    assert spared > 0 and written_to[False] == ROUNDS * PEOPLE // 4


def race(doors, folder, phones, sending, carrier):
    """One run is let go and sent, while of four people one opts out, one pays and one promises; when each was heard."""
    people, heard, over = list(phones), {}, threading.Event()
    run_id = doors.planned()
    gate = threading.Barrier(4 + len(sending))
    errors = []

    def act(work):
        def body():
            gate.wait()
            try:
                work()
            except Exception as error:
                errors.append(error)

        return threading.Thread(target=body)

    def each(some, do):
        def work():
            for account_id in some:
                do(account_id)
                heard[account_id] = time.perf_counter()

        return work

    def paid():
        pay(doors, folder, people[1::4])
        heard.update(dict.fromkeys(people[1::4], time.perf_counter()))
        doors.follow(*people[1::4])

    def send(worker):
        while not over.is_set():
            worker.deliver("sms", limit=5)

    acting = [
        act(lambda: doors.release(run_id)), act(paid),
        act(each(people[0::4], lambda account_id: stops(doors, phones[account_id]))),
        act(each(people[2::4], lambda account_id: promise(doors, account_id))),
    ]  # fmt: skip
    working = [act(lambda worker=worker: send(worker)) for worker in sending]
    for thread in (*working, *acting):
        thread.start()
    for thread in acting:
        thread.join()
    over.set()
    for thread in working:
        thread.join()
    assert errors == []
    while campaigns.redeciding.waiting(doors.database):
        doors.database.run(lambda session: campaigns.redecide(session, doors.city, doors.renderer, doors.clock))
    while sending[0].deliver("sms").total:
        pass
    return heard

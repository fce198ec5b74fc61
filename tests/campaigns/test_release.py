"""Release: everything is looked at again, and what is still right is written, frozen and queued exactly once."""

from collections import Counter
from datetime import date, timedelta
from importlib import import_module

import pytest

from comms.accounts import consent, copy_recipients, holds
from comms.campaigns import HeldError, Released, RunError
from comms.campaigns.approving import ApprovalError
from comms.notices import FieldError
from comms.outbox import Message
from comms.weather.schema import WeatherFeed
from comms.worklist import open_tasks
from tests.campaigns.conftest import RESIDENTIAL
from tests.campaigns.releasing import Doors
from tests.support import build

RELEASING = import_module("comms.campaigns.release")
"""The module; its package exports the function of the same name."""
TODAY = date(2026, 11, 23)
SECOND = RESIDENTIAL.replace("version = 1", "version = 2")
WITH_COPIES = SECOND.replace("pay_within_days = 14", 'pay_within_days = 14\ncopies = ["third_party", "landlord"]')
APPROVED = SECOND.replace("pay_within_days = 14", 'pay_within_days = 14\napprove = "supervisor"')


@pytest.fixture
def doors(evenings) -> Doors:
    return Doors(evenings)


@pytest.fixture
def door(small) -> Doors:
    """On SQLite only, for what does not depend on the database."""
    return Doors(small)


def opts_out(at, address, channel="sms"):
    with at.database.begin() as session:
        consent.record(
            session, channel=channel, address=address, action="revoked", source="reply", evidence="STOP",
            at=at.clock.now(),
        )  # fmt: skip


def at_the_letter(at, **given) -> int:
    """An account whose reminder arrived, on the day its disconnect notice is due."""
    account = at.account(**given)
    at.night(2026, 11, 23)
    at.go_to(2026, 12, 9)
    return account


def test_a_released_run_is_frozen_queued_and_told(doors):
    account = doors.account(name="María <b>Peña</b>")
    run_id = doors.planned()
    released = doors.release(run_id)
    (message,) = doors.messages()
    assert (released.queued, released.state) == (Counter(sms=1), "done")
    assert released.lanes == {"sms": [message.id]}
    assert (message.state, message.run_id, message.facts_version) == ("queued", run_id, 1)
    assert "$120.00" in message.body_text and message.segments
    assert message.fallback["channels"] == ["email", "letter"]
    assert message.fallback["after_s"] == 24 * 3600
    assert doors.told(account) == ["notice.queued"]
    run = doors.run(run_id)
    assert (run.state, run.released_by, run.ended_at) == ("done", "dana", doors.clock.now())
    assert doors.last(account).cost_micros == message.segments * doors.city.prices.sms_segment == released.cost_micros


def test_releasing_twice_queues_each_once(doors):
    for n in range(4):
        doors.account(phone=f"+1218555040{n}")
    run_id = doors.planned()
    assert sum(doors.release(run_id).queued.values()) == 4
    with pytest.raises(RunError, match=r"done and cannot be released; plan a new one with: comms plan"):
        doors.release(run_id)
    assert len(doors.messages()) == 4


def test_two_releases_at_once_queue_each_once(doors, two_at_once, monkeypatch):
    monkeypatch.setattr(RELEASING, "CHUNK", 7)
    accounts = [doors.account(phone=f"+121855505{n:02}") for n in range(30)]
    run_id = doors.planned()

    def let_go():
        try:
            return sum(doors.release(run_id).queued.values())
        except RunError:
            return 0

    assert sum(two_at_once(let_go)) == 30
    assert sorted(m.account_id for m in doors.messages()) == accounts
    assert doors.run(run_id).state == "done"
    assert all(doors.told(account) == ["notice.queued"] for account in accounts)


def test_a_release_that_died_half_way_is_gone_on_with(doors, monkeypatch):
    monkeypatch.setattr(RELEASING, "CHUNK", 2)
    for n in range(5):
        doors.account(phone=f"+1218555060{n}")
    run_id = doors.planned()
    real, calls = doors.renderer.sms, []

    def dies(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(doors.renderer, "sms", dies)
    with pytest.raises(KeyboardInterrupt):
        doors.release(run_id)
    assert (len(doors.messages()), doors.run(run_id).state) == (2, "releasing")
    monkeypatch.setattr(doors.renderer, "sms", real)
    assert doors.release(run_id).queued == Counter(sms=3)
    assert len({m.account_id for m in doors.messages()}) == 5


def test_a_release_that_ends_early_leaves_the_run_open_for_the_other(doors, monkeypatch):
    """Another process holds a chunk: this one finds nothing to do, and must not say that the run is done."""
    for n in range(3):
        doors.account(phone=f"+1218555070{n}")
    run_id = doors.planned()
    with monkeypatch.context() as patched:
        patched.setattr(RELEASING, "_chunk", lambda *_: (0, Released()))
        assert doors.release(run_id).state == "releasing"
    assert doors.release(run_id).queued == Counter(sms=3)
    assert doors.run(run_id).state == "done"


def test_what_happened_since_the_plan_drops_the_contact_with_its_reason(doors):
    paid, ill, promised, out, rejected, gone = (doors.account(phone=f"+1218555080{n}") for n in range(6))
    run_id = doors.planned()
    with doors.database.begin() as session:
        build.payment(session, paid, 12000, TODAY)
        for account, kind, covers in ((ill, "medical", None), (promised, "promise", 12000)):
            holds.place(
                session, account, kind, TODAY, TODAY + timedelta(5), "", "staff", doors.clock.now(),
                amount_cents=covers,
            )  # fmt: skip
        build.payment(session, rejected, 12000, TODAY)
        build.payment(session, rejected, -12000, TODAY, kind="reversal")
    doors.change(gone, in_latest_file=False)
    opts_out(doors, "+12185550803")
    released = doors.release(run_id)
    assert released.queued == Counter(letter=1, sms=1)
    assert doors.last(paid).state == doors.last(ill).state == doors.last(promised).state == "dropped"
    assert doors.last(ill).rule == "hold-medical" and doors.last(promised).rule == "hold-promise"
    assert doors.last(paid).rule in ("paid", "owes")
    assert doors.last(gone).state == "dropped"
    assert sum(released.dropped.values()) == 4
    assert [m.channel for m in doors.messages(Message.account_id == out)] == ["letter"]
    assert doors.last(out).sends[0]["channel"] == "letter", "the decision says what was done"
    assert [m.channel for m in doors.messages(Message.account_id == rejected)] == ["sms"], "the bank took it back"
    assert doors.standing(run_id).dropped == dict(released.dropped)


def test_a_dropped_step_is_not_taken_and_comes_again(doors):
    account = doors.account()
    run_id = doors.planned()
    with doors.database.begin() as session:
        build.hold(session, account, "dispute", ends_on=date(2026, 11, 24))
    doors.release(run_id)
    assert doors.steps(account) == []
    doors.go_to(2026, 11, 25)
    doors.tonight()
    assert doors.steps(account) == ["reminder"]


@pytest.mark.parametrize("run_id", [0, 77])
def test_a_run_that_is_not_there_cannot_be_released(door, run_id):
    with pytest.raises(RunError, match=r"There is no run \d+\. See the runs with: comms campaign status"):
        door.release(run_id)


def test_a_run_that_waited_for_days_is_planned_anew(door):
    door.account()
    run_id = door.planned()
    door.go_to(2026, 11, 26)
    door.files()
    with pytest.raises(RunError, match=r"was planned on 2026-11-23, too long ago\. Next step: comms plan"):
        door.release(run_id)


def test_a_notice_that_cannot_be_written_for_one_account_stops_nobody_elses(doors, monkeypatch):
    fine, odd = doors.account(), doors.account(phone="+12185550777", name="Odd One")
    run_id = doors.planned()
    draft_of = RELEASING.draft_of

    def picky(renderer, city, clock, account, *given, **more):
        if account.id == odd:
            raise FieldError("The text is too long.")
        return draft_of(renderer, city, clock, account, *given, **more)

    monkeypatch.setattr(RELEASING, "draft_of", picky)
    released = doors.release(run_id)
    assert (released.queued, released.dropped) == (Counter(sms=1), Counter(unwritable=1))
    assert [m.account_id for m in doors.messages()] == [fine]
    assert (doors.last(odd).state, doors.last(odd).rule) == ("dropped", "unwritable")
    with doors.database.read() as session:
        (task,) = open_tasks(session, ["failed_notice"])
    assert task.account_id == odd and "too long" in task.reason
    monkeypatch.undo()
    doors.clock.advance(timedelta(days=1))
    assert doors.tonight().queued == Counter(sms=1), "it is decided anew"


def test_a_letter_goes_with_a_text_where_that_is_allowed(doors):
    account, silent = doors.account(), doors.account(phone="+12185550333")
    doors.night(2026, 11, 23)
    doors.go_to(2026, 12, 9)
    run_id = doors.planned()
    opts_out(doors, "+12185550333")
    released = doors.release(run_id)
    assert released.queued == Counter(letter=2, sms=1)
    letter, text = doors.messages(Message.account_id == account, Message.run_id == run_id)
    assert (letter.notice, letter.lane, text.channel) == ("disconnect-notice", "mail", "sms")
    assert letter.fallback["fields"]["disconnect_date"] == "2027-01-19"
    assert [m.channel for m in doors.messages(Message.account_id == silent, Message.run_id == run_id)] == ["letter"]


def test_a_step_in_the_field_writes_nothing_and_is_noted(doors):
    account = at_the_letter(doors)
    doors.evenings.tonight()
    doors.arrive()
    doors.go_to(2027, 5, 5)
    with doors.database.begin() as session:
        read = doors.clock.now()
        session.add(WeatherFeed(issued_at=read, read_at=read, sha256="", alerts=0, refused=0))
    run_id = doors.planned()
    assert doors.outcome(account) == ("action", "field-order")
    released = doors.release(run_id)
    assert (released.noted, released.queued) == (Counter({"shut-off": 1}), Counter())
    assert doors.last(account).state == "noted"


def test_copies_go_to_those_who_are_named_and_are_no_contacts(doors):
    doors.use(WITH_COPIES)
    account = at_the_letter(doors)
    with doors.database.begin() as session:
        for kind, name, more in (
            ("third_party", "Ana Ruiz", {"email": "ana@example.com", "language": "es"}),
            ("landlord", "Lake Homes LLC", {"address": build_address("12 Oak St")}),
        ):
            copy_recipients.add(
                session, account, kind=kind, name=name, authority="the signed request of 2026-01-05",
                starts_on=TODAY, by="dana", at=doors.clock.now(), **more,
            )  # fmt: skip
    released = doors.tonight()
    letter, *others = doors.messages(Message.notice == "disconnect-notice")
    copies = [m for m in others if m.copy_of_id]
    assert released.copies == Counter(email=1, letter=1)
    assert {m.copy_of_id for m in copies} == {letter.id}
    spanish = next(m for m in copies if m.channel == "email")
    assert (spanish.recipient, spanish.recipient_name, spanish.language) == ("ana@example.com", "Ana Ruiz", "es")
    assert "Esta es una copia de un aviso a Maria Jensen" in spanish.body_html
    assert spanish.subject.startswith("Copia de un aviso a Maria Jensen: ")
    landlord = next(m for m in copies if m.channel == "letter")
    assert landlord.recipient.startswith("12 Oak St") and landlord.letter["stub"] is None
    assert landlord.body_text.startswith("Copy of a notice to Maria Jensen")
    assert doors.told(account).count("notice.queued") == 2 + len(others), "the reminder and the letter too"


def build_address(line1):
    return {"line1": line1, "line2": "", "city": "Duluth", "state": "MN", "zip": "55802"}


def with_a_copy(at) -> int:
    at.use(WITH_COPIES)
    account = at_the_letter(at)
    with at.database.begin() as session:
        copy_recipients.add(
            session, account, kind="third_party", name="Ana Ruiz", email="ana@example.com",
            authority="the signed request of 2026-01-05", starts_on=TODAY, by="dana", at=at.clock.now(),
        )  # fmt: skip
    at.tonight()
    return account


def test_a_copy_is_not_sent_when_its_notice_is_not(doors):
    account = with_a_copy(doors)
    with doors.database.begin() as session:
        build.payment(session, account, 12000, TODAY)
    doors.change(account, current_cents=0)
    doors.follow(account)
    assert {m.state for m in doors.messages(Message.notice == "disconnect-notice")} == {"suppressed"}


def test_a_copy_is_written_anew_with_its_notice(doors):
    account = with_a_copy(doors)
    doors.change(account, past_due_cents=9000)
    doors.follow(account)
    copies = doors.messages(Message.copy_of_id.is_not(None))
    assert [m.state for m in copies] == ["superseded", "queued"]
    assert "$90.00" in copies[1].body_text and "This is a copy of a notice to Maria Jensen" in copies[1].body_text


def test_a_step_that_wants_a_supervisor_waits_for_one(doors):
    doors.use(APPROVED)
    at_the_letter(doors)
    run_id = doors.planned()
    with pytest.raises(HeldError, match=rf"the approval of a supervisor: Disconnect notice .*approve {run_id}"):
        doors.release(run_id)
    with pytest.raises(ApprovalError, match="system planned run"):
        doors.approve(run_id, by="system")
    with pytest.raises(ApprovalError, match="A collector approves no run"):
        doors.approve(run_id, role="collector")
    doors.approve(run_id)
    assert doors.release(run_id).queued["letter"] == 1
    with pytest.raises(ApprovalError, match="only a planned one"):
        doors.approve(run_id)

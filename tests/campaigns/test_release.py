"""Release: everything is looked at again, and what is still right is written, frozen and queued exactly once."""

from collections import Counter
from datetime import date, timedelta
from importlib import import_module

import pytest

from comms.accounts import consent, holds
from comms.campaigns import Released, RunError
from comms.notices import FieldError
from comms.outbox import Message
from comms.worklist import open_tasks
from tests.support import build

RELEASING = import_module("comms.campaigns.release")
"""The module; its package exports the function of the same name."""


def opts_out(evenings, address, channel="sms"):
    with evenings.database.begin() as session:
        consent.record(
            session, channel=channel, address=address, action="revoked", source="reply", evidence="STOP",
            at=evenings.clock.now(),
        )  # fmt: skip


def test_a_released_run_is_frozen_queued_and_told(evenings):
    account = evenings.account(name="María <b>Peña</b>")
    run_id = evenings.plan()
    released = evenings.release(run_id)
    (message,) = evenings.messages()
    assert released.queued == Counter(sms=1)
    assert released.lanes == {"sms": [message.id]}
    assert (message.state, message.run_id, message.facts_version) == ("queued", run_id, 1)
    assert "$120.00" in message.body_text and message.segments
    assert message.fallback["channels"] == ["email", "letter"]
    assert evenings.told(account) == ["notice.queued"]
    assert evenings.run(run_id).state == "done"


def test_releasing_twice_queues_each_once(evenings):
    for n in range(4):
        evenings.account(phone=f"+1218555040{n}")
    run_id = evenings.plan()
    assert sum(evenings.release(run_id).queued.values()) == 4
    with pytest.raises(RunError, match=r"done and cannot be released; plan a new one with: comms plan"):
        evenings.release(run_id)
    assert len(evenings.messages()) == 4


def test_two_releases_at_once_queue_each_once(evenings, two_at_once, monkeypatch):
    monkeypatch.setattr(RELEASING, "CHUNK", 7)
    accounts = [evenings.account(phone=f"+121855505{n:02}") for n in range(30)]
    run_id = evenings.plan()

    def let_go():
        try:
            return sum(evenings.release(run_id).queued.values())
        except RunError:
            return 0

    assert sum(two_at_once(let_go)) == 30
    assert sorted(m.account_id for m in evenings.messages()) == accounts
    assert evenings.run(run_id).state == "done"
    assert all(evenings.told(account) == ["notice.queued"] for account in accounts)


def test_a_release_that_died_half_way_is_gone_on_with(evenings, monkeypatch):
    monkeypatch.setattr(RELEASING, "CHUNK", 2)
    for n in range(5):
        evenings.account(phone=f"+1218555060{n}")
    run_id = evenings.plan()
    real, calls = evenings.renderer.sms, []

    def dies(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(evenings.renderer, "sms", dies)
    with pytest.raises(KeyboardInterrupt):
        evenings.release(run_id)
    assert (len(evenings.messages()), evenings.run(run_id).state) == (2, "released")
    monkeypatch.setattr(evenings.renderer, "sms", real)
    assert evenings.release(run_id).queued == Counter(sms=3)
    assert len({m.account_id for m in evenings.messages()}) == 5


def test_a_release_that_ends_early_leaves_the_run_open_for_the_other(evenings, monkeypatch):
    """Another process holds a chunk: this one finds nothing to do, and must not say that the run is done."""
    for n in range(3):
        evenings.account(phone=f"+1218555070{n}")
    run_id = evenings.plan()
    with monkeypatch.context() as patched:
        patched.setattr(RELEASING, "_chunk", lambda *_: (0, Released()))
        evenings.release(run_id)
    assert evenings.run(run_id).state == "released"
    assert evenings.release(run_id).queued == Counter(sms=3)
    assert evenings.run(run_id).state == "done"


def test_what_happened_since_the_plan_drops_the_contact_with_its_reason(evenings):
    paid, ill, promised, out, rejected = (evenings.account(phone=f"+1218555080{n}") for n in range(5))
    run_id = evenings.plan()
    today = evenings.city.local_date(evenings.clock.now())
    with evenings.database.begin() as session:
        build.payment(session, paid, 12000, today)
        for account, kind, covers in ((ill, "medical", None), (promised, "promise", 12000)):
            holds.place(
                session, account, kind, today, today + timedelta(5), "", "staff", evenings.clock.now(),
                amount_cents=covers,
            )  # fmt: skip
        build.payment(session, rejected, 12000, today)
        build.payment(session, rejected, -12000, today, kind="reversal")
    opts_out(evenings, "+12185550803")
    released = evenings.release(run_id)
    assert released.queued == Counter(letter=1, sms=1)
    assert released.dropped == Counter({"owes": 1, "hold-medical": 1, "hold-promise": 1})
    assert evenings.outcome(paid) == ("dropped", "owes")
    assert evenings.outcome(ill) == ("dropped", "hold-medical")
    assert evenings.outcome(promised) == ("dropped", "hold-promise")
    assert [m.channel for m in evenings.messages(Message.account_id == out)] == ["letter"]
    assert [m.channel for m in evenings.messages(Message.account_id == rejected)] == ["sms"], "the bank took it back"


def test_a_dropped_step_is_not_taken_and_comes_again(evenings):
    account = evenings.account()
    run_id = evenings.plan()
    with evenings.database.begin() as session:
        build.hold(session, account, "dispute", ends_on=date(2026, 11, 24))
    evenings.release(run_id)
    assert evenings.steps(account) == []
    evenings.go_to(2026, 11, 25, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"]


def test_a_debt_that_fell_to_what_the_policy_leaves_alone_is_left_alone(evenings):
    nearly, almost = evenings.account(), evenings.account(phone="+12185550902")
    run_id = evenings.plan()
    with evenings.database.begin() as session:
        build.payment(session, nearly, 11500, date(2026, 11, 23))
        build.payment(session, almost, 11499, date(2026, 11, 23))
    assert evenings.release(run_id).dropped == Counter(owes=1)
    assert evenings.outcome(nearly) == ("dropped", "owes")
    assert evenings.outcome(almost)[0] == "released"


@pytest.mark.parametrize("run_id", [0, 77])
def test_a_run_that_is_not_there_cannot_be_released(evenings, run_id):
    with pytest.raises(RunError, match=r"There is no run \d+\. See the runs with: comms campaign status"):
        evenings.release(run_id)


def test_a_run_of_another_version_cannot_be_released(evenings):
    evenings.account()
    run_id = evenings.plan()
    with pytest.raises(RunError, match="planned with residential-past-due version 1; plan it again"):
        evenings.release(run_id, evenings.policy.model_copy(update={"version": 2}))
    assert evenings.messages() == []


def test_a_notice_that_cannot_be_written_for_one_account_stops_nobody_elses(evenings, monkeypatch):
    fine, odd = evenings.account(), evenings.account(phone="+12185550777", name="Odd One")
    run_id = evenings.plan()
    write = RELEASING.write

    def picky(renderer, account, **given):
        if account.id == odd:
            raise FieldError("The text is too long.")
        return write(renderer, account, **given)

    monkeypatch.setattr(RELEASING, "write", picky)
    released = evenings.release(run_id)
    assert (released.queued, released.dropped) == (Counter(sms=1), Counter(unwritable=1))
    assert [m.account_id for m in evenings.messages()] == [fine]
    assert evenings.outcome(odd) == ("dropped", "unwritable")
    with evenings.database.read() as session:
        (task,) = open_tasks(session, ["failed_notice"])
    assert task.account_id == odd and "too long" in task.reason
    monkeypatch.undo()
    evenings.clock.advance(timedelta(days=1))
    assert evenings.tonight().queued == Counter(sms=1), "it is decided anew"

"""The customer texts, and the office answers: opting out and in, whose number it is, and everything but promises."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms import outbox, replies, worklist
from comms.accounts import consent
from comms.notices import NoticeError
from comms.outbox.schema import Message
from comms.promises.schema import Promise
from comms.replies import Inbound
from comms.replies.schema import InboundMessage
from tests.support import build

from .conftest import OFFICE, PHONE, customer, promise_of, queue_a_reminder, state_of


def test_a_spanish_reply_is_answered_in_spanish(small_office):
    customer(small_office)
    small_office.text("el viernes pago 60 dolares")
    assert "Usted promete $60.00" in small_office.last_answer()[1].replace("60,00", "60.00")


def test_a_number_on_no_account_is_kept_for_a_clerk(office):
    office.text("i can pay 50 friday", sender="+12185559999")
    assert [kind for kind, _, _ in office.tasks()] == ["unmatched_reply"]
    assert office.answers() == []
    assert "reply.received" in office.kinds(None)


def two_accounts(office):
    with office.database.begin() as session:
        first = build.account(session, phone=PHONE, service_address="1417 E Superior St").id
        second = build.account(session, phone=PHONE, service_address="22 W 3rd St").id
    return first, second


def test_several_accounts_on_one_number_are_told_apart_by_whom_we_wrote_to(office):
    _, second = two_accounts(office)
    reminder = queue_a_reminder(office, second)
    with office.database.begin() as session:
        session.get(Message, reminder).submitted_at = office.clock.now()
    handled = office.text("i can pay 50 friday")
    assert handled.account_id == second
    assert office.inbound(handled.inbound_id).matched_by == "last_written"


@pytest.mark.parametrize("correction", [None, "no, the 3rd"])
def test_a_yes_belongs_to_what_was_read_back_whoever_was_written_to_since(office, correction):
    first, second = two_accounts(office)
    sent = queue_a_reminder(office, first)
    with office.database.begin() as session:
        session.get(Message, sent).submitted_at = office.clock.now()
    assert office.text("i can pay 50 friday").account_id == first
    reminder = queue_a_reminder(office, second)
    with office.database.begin() as session:
        session.get(Message, reminder).submitted_at = office.clock.now() + timedelta(seconds=1)
    waiting = queue_a_reminder(office, second, key="later")
    if correction:
        assert office.text(correction).account_id == first
    assert office.text("yes").account_id == first
    assert promise_of(office, first).status == "open"
    assert promise_of(office, second) is None
    assert state_of(office, waiting) == "queued", "the other account's notice is not called back"


def test_else_we_ask_by_street_and_take_up_what_was_said(office):
    _, second = two_accounts(office)
    handled = office.text("i can pay 50 friday")
    notice, words = office.last_answer()
    assert (handled.account_id, notice) == (None, "which-address")
    assert "1417 E Superior St" in words and "22 W 3rd St" in words
    assert "$" not in words and "Jensen" not in words

    handled = office.text("2")

    assert handled.account_id == second
    assert office.last_answer()[0] == "promise-readback"
    office.text("yes")
    assert promise_of(office, second).status == "open"


def test_a_street_is_an_answer_too(small_office):
    first, _ = two_accounts(small_office)
    small_office.text("i can pay 50 friday")
    assert small_office.text("1417 e superior").account_id == first


def test_an_answer_nobody_understands_goes_to_a_clerk(small_office):
    two_accounts(small_office)
    small_office.text("i can pay 50 friday")
    small_office.text("what do you mean")
    assert [kind for kind, _, _ in small_office.tasks()] == ["unmatched_reply"]


def test_an_email_is_understood_without_what_it_quotes(office):
    with office.database.begin() as session:
        build.account(session, phone=None, email="maria@example.com")
    office.text(
        "I will pay $50 on Friday.\n\n-- \nMaria\n\nOn Mon, Nov 23, 2026 Duluth Utilities wrote:\n> Reply STOP",
        sender="Maria@Example.com", channel="email", subject="Re: Past due",
    )  # fmt: skip
    notice, words = office.last_answer()
    assert notice == "promise-readback" and "50.00" in words
    assert office.ask(lambda s: s.scalars(select(Message.channel)).all()) == ["email"]


def test_the_same_text_is_kept_and_handled_once(office):
    customer(office)
    inbound = Inbound("sms", "SM-once", PHONE, OFFICE, "i can pay 50 friday", office.clock.now())
    with office.database.begin() as session:
        first = replies.receive(session, inbound, office.clock)
        assert replies.receive(session, inbound, office.clock) is None
    assert office.handle(first).intent == "promise"
    assert office.handle(first).intent is None
    assert len(office.answers()) == 1
    assert office.ask(lambda s: s.query(InboundMessage).count()) == 1


def test_two_workers_handle_one_reply_once(office):
    from concurrent.futures import ThreadPoolExecutor

    customer(office)
    inbound = Inbound("sms", "SM-both", PHONE, OFFICE, "i can pay 50 friday", office.clock.now())
    with office.database.begin() as session:
        inbound_id = replies.receive(session, inbound, office.clock)
    with ThreadPoolExecutor(2) as workers:
        results = list(workers.map(office.handle, [inbound_id, inbound_id]))
    assert sorted(result.intent or "" for result in results) == ["", "promise"]
    assert len(office.answers()) == 1
    assert office.ask(lambda s: s.query(Promise).count()) == 1


def test_what_fails_half_way_leaves_the_reply_as_new_as_before(small_office, monkeypatch):
    account_id = customer(small_office)
    monkeypatch.setattr(outbox, "insert_messages", _boom)
    with pytest.raises(RuntimeError):
        small_office.text("i can pay 50 friday")
    monkeypatch.undo()
    (inbound_id,) = small_office.ask(lambda s: s.scalars(select(InboundMessage.id)).all())
    assert small_office.inbound(inbound_id).handling == "new"
    assert promise_of(small_office, account_id) is None
    assert small_office.handle(inbound_id).intent == "promise"


def test_an_opt_out_counts_even_when_its_confirmation_cannot_be_written(small_office, monkeypatch):
    customer(small_office)
    monkeypatch.setattr(outbox, "write", _unwritable)
    small_office.text("stop texting me")
    assert small_office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}
    assert small_office.answers() == []


def _unwritable(*_args, **_kwargs):
    raise NoticeError("too long")


def _boom(*_args, **_kwargs):
    raise RuntimeError("the lights went out")


def test_text_no_database_can_hold_is_kept_all_the_same(office):
    customer(office)
    handled = office.text("pay\x00 50 \ud800friday")
    assert office.inbound(handled.inbound_id).text == "pay\ufffd 50 \ufffdfriday"


def test_what_was_set_aside_is_on_the_list_again_when_the_customer_writes(office):
    account = customer(office)
    with office.database.begin() as session:
        task = worklist.open_task(
            session, kind="failed_notice", dedupe_key="f", reason="Came back", at=office.clock.now(), account_id=account
        )
        worklist.set_aside(session, task, office.clock.now() + timedelta(days=14), or_reply=True)
    office.text("what do i owe?")
    assert "failed_notice" in [kind for kind, _, _ in office.tasks()]

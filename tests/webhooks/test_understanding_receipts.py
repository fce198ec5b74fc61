"""What the carriers tell of a message moves it, and teaches what it says of a number or an address."""

import itertools
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from comms.accounts import consent
from comms.accounts.schema import ConsentEvent, ContactPoint
from comms.history import timeline, verify
from comms.history.schema import WebhookEvent
from comms.outbox.schema import Message
from tests.support import build
from webhooks import understand

from .conftest import SID, rows, state_of, tasks


@pytest.mark.parametrize("by", ["token", "carrier id"])
def test_a_status_moves_its_message(office, database, status, submitted, by):
    message_id, token = submitted()
    status("delivered", token if by == "token" else "99-made-up")
    assert understand(office) == 1
    assert state_of(database, message_id) == "delivered"
    assert rows(database) == [("understood", 0, "delivered")]


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_any_order_ends_the_same(office, database, status, submitted, order):
    message_id, token = submitted()
    for word in (*order, order[0]):
        status(word, token)
    understand(office)
    assert state_of(database, message_id) == "delivered"


def test_understanding_again_changes_nothing(office, database, status, submitted):
    message_id, token = submitted()
    status("undelivered", token, ErrorCode="30003")
    assert understand(office) == 1
    with database.begin() as session:
        session.execute(update(WebhookEvent).values(state="new"))
    assert understand(office) == 1
    assert understand(office) == 0
    assert state_of(database, message_id) == "undelivered"
    with database.read() as session:
        account_id = session.scalar(select(Message.account_id))
        entries = [entry for entry in timeline(session, account_id) if entry.kind == "delivery.undelivered"]
        assert len(entries) == 1
        assert "handset" in entries[0].summary
        assert verify(session, account_id)[1] == []


def test_what_belongs_to_nobody_is_kept_and_shown(office, database, status, event, keep):
    status("delivered", sid="SM" + "f" * 32)
    status("delivered", "12-forged")
    status("teleported")
    event("delivered", sg_message_id="unknown.recvd-1")
    event("exploded")
    keep("email.event", "42")
    assert understand(office) == 6
    assert {state for state, _, _ in rows(database)} == {"unmatched"}
    shown = tasks(database, "unmatched_event")
    assert len(shown) == 6
    assert any("'teleported'" in reason for reason in shown)


@pytest.mark.parametrize(
    ("code", "status_of_phone"),
    [("30006", "unreachable"), ("30005", "unreachable"), ("30003", "usable"), ("30007", "usable")],
)
def test_a_failed_text_teaches_what_it_says_of_the_number(office, database, status, submitted, code, status_of_phone):
    message_id, token = submitted()
    status("undelivered", token, ErrorCode=code)
    understand(office)
    with database.read() as session:
        assert session.scalar(select(ContactPoint.status)) == status_of_phone
        kinds = [entry.kind for entry in timeline(session, session.scalar(select(Message.account_id)))]
        assert ("contact.unusable" in kinds) is (status_of_phone != "usable")
    assert state_of(database, message_id) == "undelivered"


def test_an_opt_out_that_only_the_carrier_knew_of(office, database, status, submitted):
    _, token = submitted()
    for _ in range(2):
        status("failed", token, ErrorCode="21610")
    understand(office)
    with database.read() as session:
        assert consent.blocked(session, "sms", ["+12185550101"]) == {"+12185550101"}
        assert len(list(session.scalars(select(ConsentEvent)))) == 1
        account_id = session.scalar(select(Message.account_id))
        assert [e.kind for e in timeline(session, account_id)].count("consent.revoked") == 1


def test_a_sender_that_may_not_send_alarms_once(office, database, status, submitted):
    _, token = submitted()
    status("undelivered", token, ErrorCode="30034")
    status("undelivered", sid="SM" + "b" * 32, ErrorCode="30034")
    understand(office)
    assert len(tasks(database, "carrier_halted")) == 1


@pytest.mark.parametrize(
    ("word", "more", "ends"),
    [
        ("processed", {}, "submitted"),
        ("deferred", {"response": "451"}, "submitted"),
        ("delivered", {}, "delivered"),
        ("bounce", {"type": "bounce", "reason": "550"}, "bounced"),
        ("bounce", {"type": "blocked"}, "bounced"),
        ("dropped", {"reason": "Bounced Address"}, "failed"),
        ("open", {}, "submitted"),
        ("click", {"url": "https://x"}, "submitted"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("by", ["token", "carrier id"])
def test_a_sendgrid_event_moves_its_message(office, database, event, submitted, word, more, ends, by):
    message_id, token = submitted("email", "abc123", phone=None, email="maria@example.com")
    found = {"token": token} if by == "token" else {"sg_message_id": "abc123.recvd-5f-1.0"}
    event(word, **found, **more)
    assert understand(office) == 1
    assert state_of(database, message_id) == ends
    assert tasks(database, "unmatched_event") == []


@pytest.mark.parametrize(
    ("word", "more", "usable"),
    [
        ("bounce", {"type": "bounce"}, "bounced"),
        ("bounce", {"type": "blocked"}, "usable"),
        ("dropped", {"reason": "Bounced Address"}, "bounced"),
        ("dropped", {"reason": "Spam Content"}, "usable"),
        ("dropped", {"reason": "Something new"}, "usable"),
    ],
)
def test_a_failed_mail_teaches_what_it_says_of_the_address(office, database, event, submitted, word, more, usable):
    _, token = submitted("email", phone=None, email="maria@example.com")
    event(word, token, **more)
    understand(office)
    with database.read() as session:
        assert session.scalar(select(ContactPoint.status)) == usable


@pytest.mark.parametrize("word", ["spamreport", "unsubscribe", "group_unsubscribe"])
def test_who_says_no_more_to_email_gets_none(office, database, event, word):
    with database.begin() as session:
        account_id = build.account(session, phone=None, email="maria@example.com").id
    event(word, email="Maria@Example.com")
    understand(office)
    with database.read() as session:
        assert consent.blocked(session, "email", ["maria@example.com"]) == {"maria@example.com"}
        assert [entry.kind for entry in timeline(session, account_id)] == ["consent.revoked"]


def test_a_late_bounce_outranks_a_delivery(office, database, event, submitted):
    message_id, token = submitted("email", phone=None, email="maria@example.com")
    event("delivered", token)
    event("bounce", token, type="bounce")
    understand(office)
    assert state_of(database, message_id) == "bounced"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("timestamp", [None, "soon", True, -1, 1e300, float("nan"), 4102444800])
def test_an_events_time_is_believed_only_when_it_can_be(office, database, event, submitted, clock, timestamp):
    message_id, token = submitted("email", phone=None, email="maria@example.com")
    event("delivered", token, timestamp=timestamp)
    assert understand(office) == 1
    with database.read() as session:
        assert session.scalar(select(Message.state_at).where(Message.id == message_id)) == clock.now()


def test_what_is_understood_later_keeps_the_time_it_happened(office, database, keep, submitted, clock):
    message_id, token = submitted()
    earlier = clock.now() - timedelta(hours=3)
    body = urlencode({"MessageSid": SID, "MessageStatus": "delivered"})
    keep("sms.status", body, token=token, headers={"happened_at": earlier.isoformat()})
    understand(office)
    with database.read() as session:
        assert session.scalar(select(Message.state_at).where(Message.id == message_id)) == earlier

"""Understanding what was kept: once, in any order, by any number, and nobody's bad row stops the rest."""

import itertools
import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

import webhooks.understanding
from comms import outbox, replies
from comms.accounts import consent
from comms.accounts.schema import ConsentEvent, ContactPoint
from comms.db import bulk_insert
from comms.history import timeline, verify
from comms.history.schema import WebhookEvent
from comms.outbox.schema import Message
from comms.replies.schema import InboundMessage
from comms.signing import message_token
from comms.worklist import open_tasks
from tests.support import build
from webhooks import understand
from webhooks.understanding import MOST_TRIES

from .conftest import a_mail

SID = "SM" + "a" * 32


@pytest.fixture
def keep(database, clock):
    """Puts a row into ``webhook_event`` as the intake would."""
    numbers = itertools.count(1)

    def act(kind, body, *, key=None, token=None, provider=None, **more):
        row = {
            "provider": provider or ("twilio" if kind.startswith("sms") else "sendgrid"), "kind": kind,
            "event_key": key or f"key-{next(numbers)}", "token": token, "body": body, "headers": {},
            "received_at": clock.now(), "state": "new", "tries": 0,
        } | more  # fmt: skip
        with database.begin() as session:
            bulk_insert(session, WebhookEvent, [row])

    return act


@pytest.fixture
def status(keep):
    def act(word, token=None, *, sid=SID, to="+12185550101", **more):
        keep("sms.status", urlencode({"MessageSid": sid, "MessageStatus": word, "To": to} | more), token=token)

    return act


@pytest.fixture
def event(keep):
    def act(word, token=None, *, email="maria@example.com", **more):
        given = {"event": word, "email": email, "sg_event_id": "x", "timestamp": 1795449000} | more
        keep("email.event", json.dumps(given | ({"message_token": token} if token else {})))

    return act


@pytest.fixture
def text(keep):
    def act(body, sender="+12185550101", sid=None, **more):
        sid = sid or f"SM{abs(hash(body)):032x}"[:34]
        form = {"MessageSid": sid, "From": sender, "To": "+12185550100", "Body": body} | more
        keep("sms.inbound", urlencode(form), key=sid)

    return act


@pytest.fixture
def submitted(database, clock):
    """A message that the carrier has taken; returns its id and token."""

    def act(channel="sms", carrier_id=SID, **more):
        with database.begin() as session:
            account = build.account(session, **more)
            [message_id] = outbox.enqueue(session, [build.draft(account.id, channel=channel)], clock)
            session.execute(
                update(Message)
                .where(Message.id == message_id)
                .values(state="submitted", carrier_id=carrier_id, submitted_at=clock.now(), state_at=clock.now())
            )
        return message_id, message_token(b"test-key", message_id)

    return act


@dataclass
class Handled:
    lanes: tuple[str, ...] = ("urgent",)


@pytest.fixture
def handled(monkeypatch):
    """Stands in for the understanding of replies: remembers their texts, in order; what is in ``fails`` raises."""

    class Replies:
        texts: list[str] = []  # noqa: RUF012
        fails: set[str] = set()  # noqa: RUF012

    seen = Replies()
    seen.texts, seen.fails = [], set()

    def handle(session, inbound_id, **_):
        inbound = session.get(InboundMessage, inbound_id)
        if inbound.text in seen.fails:
            session.execute(update(InboundMessage).values(intent="half done"))
            raise ValueError("cannot be understood")
        inbound.handling = "noted"
        seen.texts.append(inbound.text)
        return Handled()

    monkeypatch.setattr(replies, "handle", handle)
    return seen


def state_of(database, message_id):
    with database.read() as session:
        return session.scalar(select(Message.state).where(Message.id == message_id))


def rows(database):
    with database.read() as session:
        statement = select(WebhookEvent.state, WebhookEvent.tries, WebhookEvent.outcome).order_by(WebhookEvent.id)
        return [tuple(row) for row in session.execute(statement)]


def tasks(database, kind):
    with database.read() as session:
        return [task.reason for task in open_tasks(session, [kind])]


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


def test_a_row_that_cannot_be_read_stops_nobody_and_becomes_a_task(office, database, keep, status, submitted):
    message_id, token = submitted()
    keep("sms.status", "MessageStatus=sent")
    status("delivered", token)
    assert understand(office) == 1
    assert state_of(database, message_id) == "delivered"
    for _ in range(MOST_TRIES):
        understand(office)
    bad, good = rows(database)
    assert bad[:2] == ("failed", MOST_TRIES)
    assert "KeyError" in bad[2]
    assert good[0] == "understood"
    assert len(tasks(database, "unmatched_event")) == 1


def test_many_rows_go_in_parts(office, database, status, submitted, monkeypatch):
    monkeypatch.setattr(webhooks.understanding, "AT_ONCE", 3)
    _, token = submitted()
    for _ in range(10):
        status("sent", token)
    assert understand(office, limit=7) == 7
    assert understand(office, limit=7) == 3


def test_replies_are_kept_handled_in_order_and_ring(office, database, text, handled):
    for body in ("one", "two", "three"):
        text(body)
    assert understand(office) == 3
    assert handled.texts == ["one", "two", "three"]
    assert office.doorbell.rung == ["urgent"] * 3
    with database.read() as session:
        kept = list(session.scalars(select(InboundMessage).order_by(InboundMessage.id)))
        assert [(one.text, one.sender, one.channel) for one in kept] == [
            (body, "+12185550101", "sms") for body in ("one", "two", "three")
        ]
        assert kept[0].webhook_event_id is not None
    assert rows(database)[0][0] == "understood"


def test_media_and_the_carriers_own_answer_are_told(office, database, text, handled):
    text("STOP", OptOutType="STOP", NumMedia="2", MediaContentType0="image/png", MediaUrl0="https://api.twilio.com/x")
    understand(office)
    with database.read() as session:
        kept = session.scalars(select(InboundMessage)).one()
        assert kept.carrier_opt_out == "STOP"
        assert kept.media == [{"name": "media0", "type": "image/png"}, {"name": "media1", "type": ""}]


def test_a_reply_that_cannot_be_handled_stays_kept_and_stops_nobody(office, database, text, handled):
    handled.fails = {"bad"}
    text("bad")
    text("good")
    assert understand(office) == 1
    assert handled.texts == ["good"]
    with database.read() as session:
        kept = {one.text: one.intent for one in session.scalars(select(InboundMessage))}
    assert kept == {"bad": None, "good": None}, "kept, and what handling had begun is undone"
    handled.fails = set()
    assert understand(office) == 1
    assert handled.texts == ["good", "bad"]


def test_a_reply_is_tried_a_number_of_times_and_then_shown(office, database, text, handled):
    handled.fails = {"bad"}
    text("bad")
    for _ in range(MOST_TRIES + 2):
        assert understand(office) == 0
    assert rows(database)[0][:2] == ("failed", MOST_TRIES)
    assert len(tasks(database, "unmatched_event")) == 1


def test_an_opt_out_counts_even_when_the_reply_cannot_be_handled(office, database, text, handled):
    handled.fails = {"STOP"}
    text("STOP", OptOutType="STOP")
    understand(office)
    understand(office)
    with database.read() as session:
        assert consent.blocked(session, "sms", ["+12185550101"]) == {"+12185550101"}
        assert len(list(session.scalars(select(ConsentEvent)))) == 1


def test_a_mail_is_handled_and_a_machines_mail_is_not(office, database, keep, handled, carrier):
    carrier.mail(a_mail("I can pay"))
    carrier.mail(
        a_mail("Out of office", headers="From: m@x.example\nAuto-Submitted: auto-replied\nMessage-ID: <2@x>\n")
    )
    assert understand(office) == 2
    assert handled.texts == ["I can pay"]
    with database.read() as session:
        kept = session.scalars(select(InboundMessage)).one()
        assert (kept.channel, kept.sender, kept.subject) == ("email", "maria@example.com", "Re: Your account")
        assert (kept.recipient, kept.provider_id) == ("utilities@duluth.example.gov", "<m1@mail.example.com>")


def test_two_mails_of_a_mailer_that_numbers_them_all_alike_are_both_kept(office, database, handled, carrier):
    carrier.mail(a_mail("I can pay"))
    carrier.mail(a_mail("Please call me"))
    carrier.mail(a_mail("I can pay", to="office@duluth.example.gov", envelope=json.dumps(
        {"to": ["office@duluth.example.gov"], "from": "maria@example.com"})))  # fmt: skip
    assert understand(office) == 3
    with database.read() as session:
        kept = list(session.scalars(select(InboundMessage.text).order_by(InboundMessage.id)))
    assert kept == ["I can pay", "Please call me"], "the same mail to two of our addresses is one mail"


def test_an_attachment_with_an_odd_name_loses_no_reply(office, database, keep, handled):
    mail = {
        "message_id": "<odd@x>", "automatic": False,
        "envelope": {"from": "maria@example.com\0", "to": ["u@city.gov\0"]},
        "to": "u@city.gov", "subject": "a\0b", "text": "Please \0 call \ud800",
        "attachments": [{"name": "bill\0\udcff.pdf", "type": "application/pdf"}],
    }  # fmt: skip
    keep("email.inbound", json.dumps(mail))
    assert understand(office) == 1
    assert len(handled.texts) == 1 and handled.texts[0].startswith("Please")


def test_any_number_may_understand_at_once(office, database, status, text, submitted, handled):
    message_id, token = submitted()
    for number in range(30):
        text(f"text {number:02d}")
        status("sent", token)
    status("delivered", token)
    done = []
    threads = [threading.Thread(target=lambda: done.append(understand(office))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 61
    assert sorted(handled.texts) == handled.texts == [f"text {number:02d}" for number in range(30)]
    assert state_of(database, message_id) == "delivered"
    assert {state for state, _, _ in rows(database)} == {"understood"}


def test_a_database_that_goes_away_blames_no_row(office, database, status, submitted, monkeypatch):
    _, token = submitted()
    status("sent", token)

    def away(*_):
        raise OperationalError("x", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(webhooks.understanding, "_learn", away)
        patch.setattr(type(database), "answers", lambda self: False)
        with pytest.raises(OperationalError):
            understand(office)
    assert rows(database) == [("new", 0, None)]
    assert understand(office) == 1


def test_a_conflict_that_lasts_is_no_fault_of_the_row(office, database, status, submitted, monkeypatch):
    _, token = submitted()
    status("sent", token)

    def busy(*_):
        raise OperationalError("x", {}, Exception("canceling statement due to lock timeout on another's row"))

    with monkeypatch.context() as patch:
        patch.setattr(webhooks.understanding, "_learn", busy)
        assert understand(office) == 0
    assert rows(database) == [("new", 0, None)]
    assert understand(office) == 1


def test_what_is_understood_later_keeps_the_time_it_happened(office, database, keep, submitted, clock):
    message_id, token = submitted()
    earlier = clock.now() - timedelta(hours=3)
    body = urlencode({"MessageSid": SID, "MessageStatus": "delivered"})
    keep("sms.status", body, token=token, headers={"happened_at": earlier.isoformat()})
    understand(office)
    with database.read() as session:
        assert session.scalar(select(Message.state_at).where(Message.id == message_id)) == earlier

"""Understanding what was kept: once, in order, by any number, and nobody's bad row stops the rest."""

import json
import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

import webhooks.understanding
from comms.accounts import consent
from comms.accounts.schema import ConsentEvent
from comms.replies.schema import InboundMessage
from webhooks import understand
from webhooks.understanding import MOST_TRIES

from .conftest import a_mail, rows, state_of, tasks


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

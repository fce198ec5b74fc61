"""What SendGrid tells the service: signed batches of events, and customers' emails."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook

from comms.sandbox import PUBLIC_KEY_FILE, sendgrid_public_key
from comms.settings import SANDBOX_INBOUND_SECRET


def signed(posted, key):
    signature = posted.headers["X-Twilio-Email-Event-Webhook-Signature"]
    timestamp = posted.headers["X-Twilio-Email-Event-Webhook-Timestamp"]
    return EventWebhook(key).verify_signature(posted.body.decode(), signature, timestamp)


def test_a_delivered_email_is_told_with_its_arguments_at_the_top(mail, sandbox, receiver):
    message_id = mail(message_id="m-42")
    assert sandbox.drain()
    events = receiver.mail_events()
    assert sorted(event["event"] for event in events) == ["delivered", "processed"]
    for event in events:
        assert event["message_id"] == "m-42"
        assert event["sg_message_id"].startswith(f"{message_id}.")
        assert event["email"] == "ann@example.com"
        assert 0 <= event["timestamp"] - 1_795_449_600 < 60  # 2026-11-23 16:00 UTC
    assert len({event["sg_event_id"] for event in events}) == 2


def test_batches_are_signed_json_arrays_ended_by_cr_lf(mail, sandbox, receiver):
    sandbox.faults(event_batch_ms=150)
    for number in range(5):
        mail(f"person{number}@example.com")
    sandbox.drain()
    assert any(len(posted.events) > 1 for posted in receiver.posted)
    for posted in receiver.posted:
        assert posted.path == "/webhooks/sendgrid/events"
        assert posted.body.endswith(b"]\r\n")
        assert signed(posted, sandbox.sendgrid_public_key)
        assert not signed(posted, sendgrid_public_key(seed=8))


def test_the_public_key_can_be_read_everywhere(sandbox, tmp_path):
    from comms.sandbox.signing import SendGridKey, write_public_key

    key = sandbox.call("GET", "public-key")["public_key"]
    assert key == sandbox.sendgrid_public_key == sendgrid_public_key(seed=7)
    assert write_public_key(tmp_path, SendGridKey(7)) == tmp_path / PUBLIC_KEY_FILE
    assert (tmp_path / PUBLIC_KEY_FILE).read_text().strip() == key


@pytest.mark.parametrize(
    ("mailbox", "events", "status"),
    [
        ("bounce", ["processed", "bounce"], "bounce"),
        ("blocked", ["processed", "bounce"], "blocked"),
        ("dropped", ["dropped"], "dropped"),
        ("deferred+0042", ["processed", "deferred", "deferred", "delivered"], "delivered"),
        ("latebounce", ["processed", "delivered", "bounce"], "bounce"),
        ("click", ["processed", "delivered", "open", "click"], "delivered"),
        ("spam", ["processed", "delivered", "spamreport"], "delivered"),
        ("unsubscribe", ["processed", "delivered", "open", "unsubscribe"], "delivered"),
        ("silent", ["processed"], "processed"),
    ],
)
def test_a_magic_mailbox_always_ends_the_same_way(mail, sandbox, receiver, mailbox, events, status):
    mail(f"{mailbox}@example.com")
    sandbox.drain()
    assert sorted(event["event"] for event in receiver.mail_events()) == sorted(events)
    assert next(sandbox.ledger())["status"] == status


def test_hard_and_soft_bounces_say_which_they_are(mail, sandbox, receiver):
    mail("bounce@example.com")
    mail("blocked@example.com")
    sandbox.drain()
    kinds = {event["email"]: event["type"] for event in receiver.mail_events() if event["event"] == "bounce"}
    assert kinds == {"bounce@example.com": "bounce", "blocked@example.com": "blocked"}


def test_a_late_bounce_has_no_message_id_but_the_arguments(mail, sandbox, receiver):
    mail("latebounce@example.com", message_id="m-9")
    sandbox.drain()
    [late] = [event for event in receiver.mail_events() if event["event"] == "bounce"]
    assert "sg_message_id" not in late
    assert late["message_id"] == "m-9"


def test_after_a_bounce_the_carrier_drops_mail_to_the_address(mail, sandbox, receiver):
    mail("bounce@example.com")
    sandbox.drain()
    receiver.forget()
    mail("bounce@example.com")
    sandbox.drain()
    [event] = receiver.mail_events()
    assert (event["event"], event["reason"]) == ("dropped", "Bounced Address")


def test_a_failed_post_is_repeated_until_it_is_taken(mail, sandbox, receiver):
    receiver.statuses = [503, 500, 404]
    mail("dropped@example.com")
    sandbox.drain()
    assert len(receiver.posted) == 4
    assert len({event["sg_event_id"] for event in receiver.mail_events()}) == 1
    assert all(signed(posted, sandbox.sendgrid_public_key) for posted in receiver.posted)


def test_events_can_come_twice_and_last_first(mail, sandbox, receiver):
    sandbox.faults(duplicate_webhooks=1, reorder_webhooks=1, webhook_delay_ms=[150, 200])
    for number in range(6):
        mail(f"person{number}@example.com")
    sandbox.drain()
    ids = [event["sg_event_id"] for event in receiver.mail_events()]
    assert (len(ids), len(set(ids))) == (24, 12)
    one = [event for event in receiver.mail_events() if event["email"] == "person0@example.com"]
    assert one[0]["event"] == "delivered"
    assert one[0]["timestamp"] >= one[-1]["timestamp"]


def test_a_receipt_may_never_come(mail, sandbox, receiver):
    sandbox.faults(never_receipt=1)
    mail()
    sandbox.drain()
    assert receiver.posted == []
    assert next(sandbox.ledger())["status"] == "delivered"


def parsed(posted) -> dict[str, EmailMessage]:
    head = f"Content-Type: {posted.headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + posted.body)
    return {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}


def test_a_customers_email_arrives_as_an_inbound_parse_form(sandbox, receiver):
    sandbox.mail_from("Ann Müller <ann@example.com>", "pay@duluth.example", "Re: Past due", "Zahle ich am Freitag ✓\n")
    sandbox.drain()
    [posted] = receiver.posted
    assert posted.path == f"/webhooks/sendgrid/inbound/{SANDBOX_INBOUND_SECRET}"
    fields = {name: part.get_payload(decode=True).decode() for name, part in parsed(posted).items()}
    assert fields["from"] == "Ann Müller <ann@example.com>"
    assert fields["subject"] == "Re: Past due"
    assert fields["text"].strip() == "Zahle ich am Freitag ✓"
    assert '"from": "ann@example.com"' in fields["envelope"]
    assert fields["attachments"] == "0"
    assert {"headers", "dkim", "SPF", "charsets", "sender_ip", "spam_score"} <= fields.keys()


def test_a_customers_email_may_carry_a_file(sandbox, receiver):
    file = {"filename": "receipt.pdf", "type": "application/pdf", "content": "JVBERi0xLjQ="}
    sandbox.mail_from("ann@example.com", "pay@duluth.example", "Receipt", "see file", attachments=[file])
    sandbox.drain()
    parts = parsed(receiver.posted[0])
    assert parts["attachment1"].get_filename() == "receipt.pdf"
    assert parts["attachment1"].get_payload(decode=True).startswith(b"%PDF-1.4")

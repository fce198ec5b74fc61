"""What Twilio tells the service: statuses, replies, opt-outs; signed, retried, doubled, out of order, or never."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_TOKEN

ANN = "+12185550123"


def signed(posted, token=SANDBOX_TWILIO_TOKEN):
    signature = posted.headers["X-Twilio-Signature"]
    return RequestValidator(token).validate(posted.url, posted.form, signature)


def test_a_delivered_text_is_told_step_by_step_without_its_first_status(text, sandbox, receiver):
    sandbox.faults(webhook_delay_ms=[150, 200])
    service, number = text(), text(from_=SANDBOX_TWILIO_NUMBER)
    assert sandbox.drain()
    assert receiver.statuses_of(service.sid) == ["queued", "sent", "delivered"]
    assert receiver.statuses_of(number.sid) == ["sent", "delivered"]
    last = receiver.told(service.sid, "delivered")
    assert last["RawDlrDoneDate"] == "2611231600"
    assert last["From"] == SANDBOX_TWILIO_NUMBER


def test_every_callback_is_signed_for_the_exact_url(text, sandbox, receiver):
    text(status_callback=f"{receiver.url}/webhooks/twilio/status/a%20b?x=%C3%A9&y=1", body="José ✓ & more")
    sandbox.drain()
    assert len(receiver.posted) == 3
    assert all(signed(posted) for posted in receiver.posted)
    assert not any(signed(posted, "another token") for posted in receiver.posted)
    assert len({posted.headers["I-Twilio-Idempotency-Token"] for posted in receiver.posted}) == 3


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("9900", "delivered", None),
        ("9901", "undelivered", "30003"),
        ("9905", "undelivered", "30005"),
        ("9906", "undelivered", "30006"),
        ("9907", "undelivered", "30007"),
        ("9909", "failed", "30001"),
    ],
)
def test_a_magic_number_always_ends_the_same_way(text, twilio, sandbox, receiver, ending, status, code):
    message = text(f"+1218555{ending}")
    sandbox.drain()
    assert receiver.told(message.sid, status).get("ErrorCode") == code
    fetched = twilio.messages(message.sid).fetch()
    assert (fetched.status, fetched.error_code and str(fetched.error_code)) == (status, code)


def test_some_numbers_never_hear_more_than_sent(text, sandbox, receiver):
    message = text("+12185559903")
    sandbox.drain()
    assert sorted(receiver.statuses_of(message.sid)) == ["queued", "sent"]


def test_a_share_of_numbers_is_bad_and_stays_bad(text, sandbox):
    sandbox.faults(undelivered_rate=0.5)
    numbers = [f"+1218555{1000 + number}" for number in range(40)]
    for _ in range(2):
        for number in numbers:
            text(number)
    sandbox.drain()
    statuses = [row["status"] for row in sandbox.ledger()]
    assert statuses[:40] == statuses[40:]
    assert {"delivered", "undelivered"} == set(statuses)


def test_a_failed_post_is_retried_once_with_the_same_token(text, sandbox, receiver):
    receiver.statuses = [503]
    text("+12185559909", from_=SANDBOX_TWILIO_NUMBER)
    sandbox.drain()
    tokens = [posted.headers["I-Twilio-Idempotency-Token"] for posted in receiver.posted]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
    receiver.forget()
    receiver.statuses = [500, 500, 500]
    text("+12185559909", from_=SANDBOX_TWILIO_NUMBER)
    sandbox.drain()
    assert len(receiver.posted) == 2
    assert sandbox.summary()["webhooks"] | {"sent": 1, "failed": 1, "retried": 2} == sandbox.summary()["webhooks"]


def test_a_callback_url_may_ask_for_more_retries(text, sandbox, receiver):
    receiver.statuses = [503] * 9
    text("+12185559909", from_=SANDBOX_TWILIO_NUMBER, status_callback=f"{receiver.url}/status#rc=3&rp=all")
    sandbox.drain()
    assert len(receiver.posted) == 4
    assert all(posted.path == "/status" and signed(posted) for posted in receiver.posted)


def test_every_callback_can_come_twice(text, sandbox, receiver):
    sandbox.faults(duplicate_webhooks=1)
    sids = [text(f"+1218555{1000 + number}").sid for number in range(8)]
    sandbox.drain()
    for sid in sids:
        assert sorted(receiver.statuses_of(sid)) == sorted(["queued", "sent", "delivered"] * 2)
    tokens = [posted.headers["I-Twilio-Idempotency-Token"] for posted in receiver.posted]
    assert 24 < len(set(tokens)) < 48  # some repeat their token, some come as if new
    assert all(signed(posted) for posted in receiver.posted)


def test_callbacks_can_come_last_first(text, sandbox, receiver):
    sandbox.faults(reorder_webhooks=1, webhook_delay_ms=[150, 200])
    message = text()
    sandbox.drain()
    assert receiver.statuses_of(message.sid) == ["delivered", "sent", "queued"]
    assert next(sandbox.ledger())["status"] == "delivered"


def test_a_receipt_may_never_come_although_the_text_arrived(text, twilio, sandbox, receiver):
    sandbox.faults(never_receipt=1)
    message = text()
    sandbox.drain()
    assert receiver.posted == []
    fetched = twilio.messages(message.sid).fetch()
    assert fetched.status == "delivered"
    assert fetched.date_sent is not None


def test_a_reply_is_posted_signed_and_listed(twilio, sandbox, receiver):
    sid = sandbox.text_from(ANN, "i can pay 50 friday 👍")
    sandbox.drain()
    [posted] = receiver.posted
    assert posted.path == "/webhooks/twilio/sms"
    assert signed(posted)
    form = posted.form
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == sid
    assert (form["From"], form["To"], form["Body"]) == (ANN, SANDBOX_TWILIO_NUMBER, "i can pay 50 friday 👍")
    assert (form["SmsStatus"], form["NumMedia"], form["NumSegments"]) == ("received", "0", "1")
    assert form["MessagingServiceSid"] == SANDBOX_TWILIO_SERVICE
    assert (form["FromCity"], form["FromState"]) == ("DULUTH", "MN")
    assert "OptOutType" not in form
    [listed] = twilio.messages.list(to=SANDBOX_TWILIO_NUMBER)
    assert (listed.sid, listed.direction, listed.status) == (sid, "inbound", "received")


def test_a_reply_whose_webhook_was_lost_is_still_listed(twilio, sandbox, receiver):
    sid = sandbox.text_from(ANN, "hello?", webhook=False)
    sandbox.drain()
    assert receiver.posted == []
    assert [message.sid for message in twilio.messages.list(from_=ANN)] == [sid]


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "OPTOUT", "revoke"])
def test_an_opt_out_word_makes_the_carrier_refuse_until_start(text, sandbox, receiver, word):
    sandbox.text_from(ANN, word)
    with pytest.raises(TwilioRestException) as refused:
        text(ANN)
    assert (refused.value.status, refused.value.code) == (400, 21610)
    text("+12185550124")
    sandbox.text_from(ANN, "START")
    text(ANN)
    sandbox.drain()
    kinds = [posted.form.get("OptOutType") for posted in receiver.posted if posted.path.endswith("/sms")]
    assert sorted(kinds) == ["START", "STOP"]


@pytest.mark.parametrize(
    ("body", "kind"), [("HELP", "HELP"), ("info", "HELP"), ("please stop by at 5", None), ("STOP PLEASE", None)]
)
def test_only_a_single_word_counts_as_a_keyword(text, sandbox, receiver, body, kind):
    sandbox.text_from(ANN, body)
    sandbox.drain()
    assert receiver.posted[0].form.get("OptOutType") == kind
    assert text(ANN).status == "accepted"


def test_yes_only_opts_in_somebody_who_had_opted_out(sandbox, receiver):
    for word in ("YES", "STOP", "YES"):
        sandbox.text_from(ANN, word)
        sandbox.drain()
    assert [posted.form.get("OptOutType") for posted in receiver.posted] == [None, "STOP", "START"]


def test_without_advanced_opt_out_the_word_alone_is_told(text, sandbox, receiver):
    sandbox.text_from(ANN, "STOP", advanced_opt_out=False)
    sandbox.drain()
    assert "OptOutType" not in receiver.posted[0].form
    with pytest.raises(TwilioRestException):
        text(ANN)

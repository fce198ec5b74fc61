"""The sandbox keeps the carriers' contracts: every answer and every post has all of its fields, and none beyond them.

The contracts are in ``tests/sandbox/shapes``; a judge between the client and the sandbox holds both sides to them.
"""

import gzip
import json
import uuid
from datetime import timedelta
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE
from tests.sandbox.conftest import MESSAGES, MONDAY
from tests.sandbox.shapes import check, findings, sendgrid
from tests.sandbox.shapes import twilio as contract

TEXT = {"To": "+12185550123", "From": SANDBOX_TWILIO_NUMBER, "Body": "Your bill is past due."}
MAIL = {
    "personalizations": [{"to": [{"email": "ann@example.com"}]}],
    "from": {"email": "office@duluth.example"},
    "subject": "Past due",
    "content": [{"type": "text/plain", "value": "Please pay."}],
}
SEND = "/v3/mail/send"


@pytest.fixture
def judged(judge, twilio):
    """Twilio's SDK with the judge between."""
    twilio.api.base_url = judge.url
    return twilio.messages


@pytest.fixture
def answered(judge, call):
    """One plain request through the judge; its answer has been held to the contract."""

    def act(method, path, *args, **more):
        found = call(method, judge.url + path, *args, **more)
        assert judge.exchanges[-1].wrong_in_answer() == []
        return found

    return act


def test_a_message_at_every_point_of_its_life(judge, judged, sandbox):
    sent = [judged.create(to=to, body="Año 😀", from_=SANDBOX_TWILIO_NUMBER) for to in ("+12185559900", "+12185559901")]
    sent += [
        judged.create(to=to, body="Past due.", messaging_service_sid=SANDBOX_TWILIO_SERVICE)
        for to in ("+12185559903", "+12185559909")
    ]
    sandbox.drain()
    assert [judged(one.sid).fetch().status for one in sent] == ["delivered", "undelivered", "sent", "failed"]
    sandbox.text_from("+12185550101", "ok")
    assert {str(one.direction) for one in judged.list()} == {"inbound", "outbound-api"}
    assert judged(sent[0].sid).media.list() == []
    judged(sent[0].sid).update(body="")
    assert judged(sent[0].sid).delete()
    later = judged.create(
        to="+12185550123", body="x", messaging_service_sid=SANDBOX_TWILIO_SERVICE, schedule_type="fixed",
        send_at=MONDAY + timedelta(hours=2), validity_period=600, smart_encoded=True,
    )  # fmt: skip
    assert judged(later.sid).update(status="canceled").status == "canceled"
    assert judge.findings() == []
    assert {exchange.status for exchange in judge.exchanges} == {200, 201, 204}


def test_a_message_says_where_it_is(answered):
    _, _, message = answered("POST", MESSAGES, TEXT)
    assert message["uri"] == MESSAGES.replace(".json", f"/{message['sid']}.json")
    assert answered("GET", message["uri"])[2]["sid"] == message["sid"]
    assert answered("GET", message["subresource_uris"]["media"])[0] == 200


def test_every_field_is_asked_for(call):
    _, _, message = call("POST", MESSAGES, TEXT)
    for name in message:
        assert findings(contract.MESSAGE, {key: value for key, value in message.items() if key != name}) != []
    for change in ({"num_segments": 1}, {"status": "gone"}, {"date_created": "2026-11-23T16:00:00Z"}, {"more": None}):
        assert findings(contract.MESSAGE, message | change) != []


def test_the_pages_of_a_list_lead_to_each_other(judge, judged, answered):
    for number in range(5):
        judged.create(to=f"+1218555{1000 + number}", body="x", from_=SANDBOX_TWILIO_NUMBER)
    assert len(judged.list(page_size=2, to="+12185551001")) == 1
    assert len(judged.list(page_size=2)) == 5
    _, _, first = answered("GET", f"{MESSAGES}?PageSize=2")
    _, _, second = answered("GET", first["next_page_uri"])
    _, _, third = answered("GET", second["next_page_uri"])
    assert [(page["page"], page["start"], page["end"]) for page in (first, second, third)] == [
        (0, 0, 1), (1, 2, 3), (2, 4, 4)
    ]  # fmt: skip
    assert (first["previous_page_uri"], third["next_page_uri"]) == (None, None)
    for page in (first, second, third):
        assert [one["sid"] for one in answered("GET", page["uri"])[2]["messages"]] == [
            one["sid"] for one in page["messages"]
        ]
        assert answered("GET", page["first_page_uri"])[2]["messages"] == first["messages"]
    _, _, none = answered("GET", f"{MESSAGES}?To=%2B12185559999")
    assert (none["messages"], none["next_page_uri"], none["page_size"]) == ([], None, 50)
    assert judge.findings() == []


@pytest.mark.parametrize(
    ("status", "method", "path", "given"),
    [
        (400, "POST", MESSAGES, {"form": TEXT | {"To": "somebody"}}),
        (401, "POST", MESSAGES, {"form": TEXT, "Authorization": "Basic bm9ib2R5OndybQ=="}),
        (404, "GET", MESSAGES.replace(".json", f"/SM{'0' * 32}.json"), {}),
        (404, "DELETE", MESSAGES.replace(".json", f"/SM{'0' * 32}.json"), {}),
        (405, "DELETE", MESSAGES, {}),
        (415, "POST", MESSAGES, {"body": TEXT, "Content_Type": "application/json"}),
        (400, "POST", SEND, {"body": MAIL | {"bdoy": "x"}}),
        (400, "POST", SEND, {"body": b"{"}),
        (401, "POST", SEND, {"body": MAIL, "Authorization": "Bearer SG.wrong"}),
        (403, "POST", SEND, {"body": MAIL | {"from": {"email": "unverified@duluth.example"}}}),
        (404, "POST", "/v3/mail/sent", {"body": MAIL}),
        (405, "GET", SEND, {}),
        (413, "POST", SEND, {"body": gzip.compress(b" " * (31 << 20)), "Content_Encoding": "gzip"}),
        (415, "POST", SEND, {"body": MAIL, "Content_Type": "text/plain"}),
    ],
)
def test_every_refusal_has_its_carriers_shape(answered, status, method, path, given):
    found, headers, _ = answered(method, path, **given)
    assert found == status
    if status == 401 and path == MESSAGES:
        assert headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("500", 500), ("503", 503), ("accept_then_500", 500)])
def test_a_carrier_in_trouble_keeps_its_shape(answered, sandbox, fault, status):
    sandbox.faults(next=[fault, fault])
    assert answered("POST", MESSAGES, TEXT)[0] == status
    assert answered("POST", SEND, body=MAIL)[0] == status


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ValidityPeriod", "abc"),
        ("ContentRetention", "maybe"),
        ("SmartEncoded", "yup"),
        ("MaxPrice", "cheap"),
        ("ScheduleType", "soon"),
        ("ApplicationSid", "AP1"),
    ],
)
def test_a_parameter_of_the_wrong_form_is_refused(answered, sandbox, name, text):
    status, _, error = answered("POST", MESSAGES, TEXT | {name: text})
    assert (status, error["code"]) == (400, 20001)
    assert sandbox.summary()["twilio"]["accepted"] == 0


def test_an_accepted_mail_is_answered_with_an_id_alone(answered):
    status, headers, body = answered("POST", SEND, body=MAIL)
    assert (status, body, headers["Content-Length"]) == (202, None, "0")
    assert headers["X-Message-Id"]


@pytest.mark.parametrize("service", [True, False])
def test_every_status_callback(text, twilio, sandbox, receiver, service):
    sender = {} if service else {"from_": SANDBOX_TWILIO_NUMBER}
    for ending in ("9900", "9901", "9903", "9909", "9910"):
        text(f"+1218555{ending}", **sender)
    if service:
        later = text(schedule_type="fixed", send_at=MONDAY + timedelta(hours=2))
        twilio.messages(later.sid).update(status="canceled")
    sandbox.drain()
    told = [posted.form for posted in receiver.posted]
    for posted, form in zip(receiver.posted, told, strict=True):
        check_headers(posted)
        check(contract.STATUS_CALLBACK, form)
        assert form["MessageStatus"] == form["SmsStatus"]
        assert form["MessageSid"] == form["SmsSid"]
        assert ("MessagingServiceSid" in form) is service
        assert ("ErrorCode" in form) is (form["MessageStatus"] in ("failed", "undelivered"))
        assert ("RawDlrDoneDate" in form) is (form["MessageStatus"] in ("delivered", "undelivered"))
    due = {"sent", "delivered", "undelivered", "failed"} | ({"queued", "canceled"} if service else set())
    assert {form["MessageStatus"] for form in told} == due


def check_headers(posted):
    assert posted.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert uuid.UUID(posted.headers["I-Twilio-Idempotency-Token"]).version == 4
    assert posted.headers["X-Twilio-Signature"]


@pytest.mark.parametrize("body", ["I can pay $50 Friday 😀", "", "x" * 1600, "STOP", "START", "help"])
@pytest.mark.parametrize("service", [True, False])
def test_every_inbound_text(sandbox, receiver, body, service):
    sandbox.text_from("+12185550101", body, service=service)
    sandbox.text_from("+442071838750", body, service=service)
    sandbox.drain()
    assert len(receiver.posted) == 2
    for posted in receiver.posted:
        check_headers(posted)
        check(contract.INBOUND, posted.form)
        assert len({posted.form[name] for name in ("MessageSid", "SmsSid", "SmsMessageSid")}) == 1
        assert posted.form["Body"] == body
        assert ("OptOutType" in posted.form) is (service and body.upper() in ("STOP", "START", "HELP"))


def test_every_event_of_a_mail(mail, sandbox, receiver):
    endings = ("delivered", "bounce", "blocked", "dropped", "deferred", "latebounce", "click", "spam", "unsubscribe")
    for ending in endings:
        mail(f"{ending}@example.com")
    sandbox.drain()
    mail("bounce@example.com")
    sandbox.drain()
    events = receiver.mail_events()
    for event in events:
        check(sendgrid.event(event["event"], custom=("message_id",)), event)
    assert {event["event"] for event in events} == set(sendgrid.EVENT_WORDS)
    assert len({event["sg_event_id"] for event in events}) == len(events)
    for posted in receiver.posted:
        assert isinstance(json.loads(posted.body), list)
        assert posted.headers["Content-Type"] == "application/json;charset=utf-8"
        assert posted.headers["X-Twilio-Email-Event-Webhook-Timestamp"].isdigit()
        assert posted.headers["X-Twilio-Email-Event-Webhook-Signature"]


@pytest.mark.parametrize("more", [{}, {"html": "<p>Freitag ✓</p>"}, {"attachments": 2}])
def test_every_inbound_mail(sandbox, receiver, more):
    files = [{"filename": f"bill{n}.pdf", "type": "application/pdf", "content": "JVBERi0xLjQ="} for n in (1, 2)]
    given = more | ({"attachments": files} if more.get("attachments") else {})
    sandbox.mail_from("Ann Müller <ann@example.com>", "pay@duluth.example", "Re: Past due", "Freitag ✓\n", **given)
    sandbox.drain()
    [posted] = receiver.posted
    parts = parsed(posted)
    check(sendgrid.INBOUND_PARSE, parts)
    check(sendgrid.ENVELOPE, json.loads(parts["envelope"]))
    charsets = json.loads(parts["charsets"])
    check(sendgrid.CHARSETS, charsets)
    assert charsets.keys() == {"to", "from", "subject", "text", "html"} & parts.keys()
    about = json.loads(parts.get("attachment-info", "{}"))
    check(sendgrid.ATTACHMENT_INFO, about)
    attached = {name for name in parts if name.startswith("attachment") and name[10:].isdigit()}
    assert about.keys() == attached
    assert len(attached) == int(parts["attachments"])


def parsed(posted):
    head = f"Content-Type: {posted.headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + posted.body)
    parts = list(form.iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert len(names) == len(set(names))
    return {name: part.get_payload(decode=True).decode() for name, part in zip(names, parts, strict=True)}

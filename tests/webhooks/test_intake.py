"""What carriers post: kept once, answered rightly, and never a 500."""

import json
import socket
from urllib.parse import quote

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from comms.db import Database
from comms.history.schema import WebhookEvent
from tests.support.servers import free_port

from .conftest import PUBLIC, SID, a_mail, multipart, serving

REFUSED = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is refused never reaches the database, so that one kind of it will do."""


def test_a_text_is_kept_and_thanked_for(carrier, kept, clock):
    status, body, headers = carrier.text("Año 😀\r\n x", I_Twilio_Idempotency_Token="not signed")
    assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert "<Response/>" in body
    [row] = kept()
    assert (row.provider, row.kind, row.event_key, row.state, row.tries) == ("twilio", "sms.inbound", SID, "new", 0)
    assert row.received_at == clock.now()
    assert "A%C3%B1o+%F0%9F%98%80%0D%0A+x" in row.body


def test_a_status_is_kept_with_its_token(carrier, kept):
    status, body, _ = carrier.status("undelivered", token="12-AbC_-9", ErrorCode="30003")
    assert (status, body) == (204, "")
    [row] = kept()
    assert (row.kind, row.event_key, row.token) == ("sms.status", f"{SID}:undelivered:30003", "12-AbC_-9")


def test_repetitions_are_harmless(carrier, kept):
    for _ in range(3):
        assert carrier.text()[0] == 200
        assert carrier.status("sent")[0] == 204
        assert carrier.status("delivered")[0] == 204
    assert carrier.status("delivered", ErrorCode="0")[0] == 204
    assert [row.event_key for row in kept()] == [SID, f"{SID}:sent:", f"{SID}:delivered:"]


def test_the_idempotency_token_is_kept(carrier, kept):
    target = "/webhooks/twilio/sms"
    form = {"MessageSid": SID, "From": "+12185550101", "To": "+12185550100", "Body": "x"}
    carrier.twilio(target, form, I_Twilio_Idempotency_Token="00000000-0000-4000-8000-000000000001")
    assert kept()[0].headers == {"idempotency_token": "00000000-0000-4000-8000-000000000001"}


def test_the_workers_are_told_after_it_is_kept(carrier):
    for _ in range(5):
        carrier.text()
    assert carrier.office.doorbell.heard.wait(5)
    assert set(carrier.office.doorbell.rung) == {"housekeeping"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "target",
    [
        "/webhooks/twilio/sms",
        "/webhooks/twilio/status/1-x",
        "/webhooks/sendgrid/events",
        "/webhooks/sendgrid/inbound/x",
    ],
)
@REFUSED
def test_only_post_is_answered(carrier, kept, method, target):
    assert carrier.send(method, target)[0] == 405
    assert kept() == []


FORM = {"MessageSid": SID, "From": "+12185550101", "To": "+12185550100", "Body": "x", "MessageStatus": "sent"}
BAD_FORMS = {
    "no sid": ({"MessageSid": None}, 400),
    "another thing's sid": ({"MessageSid": "AC" + "0" * 32}, 400),
    "a sid that is too long": ({"MessageSid": SID + "0"}, 400),
    "a sid with a NUL": ({"MessageSid": SID[:-1] + "\0"}, 400),
    "an empty sid": ({"MessageSid": ""}, 400),
}


@pytest.mark.parametrize("target", ["/webhooks/twilio/sms", "/webhooks/twilio/status/1-x"])
@pytest.mark.parametrize(("change", "due"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
@REFUSED
def test_a_form_without_what_it_needs(carrier, kept, target, change, due):
    form = {name: value for name, value in (FORM | change).items() if value is not None}
    assert carrier.twilio(target, form)[0] == due
    assert kept() == []


@pytest.mark.parametrize("missing", ["From", "To"])
@REFUSED
def test_a_text_from_or_to_nobody(carrier, kept, missing):
    assert carrier.twilio("/webhooks/twilio/sms", {k: v for k, v in FORM.items() if k != missing})[0] == 400
    assert kept() == []


@pytest.mark.parametrize("status", [None, "", "a b", "x" * 41, "sent\0", "délivré"])
@REFUSED
def test_a_status_that_is_no_word(carrier, kept, status):
    form = {k: v for k, v in (FORM | {"MessageStatus": status}).items() if v is not None}
    assert carrier.twilio("/webhooks/twilio/status/1-x", form)[0] == 400
    assert kept() == []


@pytest.mark.parametrize("target", ["/webhooks/twilio/sms", "/webhooks/twilio/status/1-x"])
@REFUSED
def test_a_wrong_signature_keeps_nothing(carrier, kept, target):
    for signature in ("", "AAAA", "x" * 5000):
        assert carrier.twilio(target, FORM, signature=signature)[0] == 403
    assert carrier.twilio(target, FORM, token="another-token")[0] == 403
    assert carrier.twilio(target, FORM, signed_url="http://evil.example" + target)[0] == 403
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-Host": "evil.example",
        "Host": "evil.example",
    }
    assert carrier.send("POST", target, b"MessageSid=" + SID.encode(), headers)[0] == 403
    assert kept() == []


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx", None],
)
@REFUSED
def test_another_media_type_keeps_nothing(carrier, kept, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    for target in ("/webhooks/twilio/sms", "/webhooks/twilio/status/1-x"):
        assert carrier.send("POST", target, b'{"MessageSid": "x"}', headers)[0] == 415
    assert kept() == []


@REFUSED
def test_a_post_too_large_keeps_nothing(carrier, kept):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for target in ("/webhooks/twilio/sms", "/webhooks/sendgrid/events"):
        try:
            status = carrier.send("POST", target, b"a=" + b"x" * 10_000_000, form)[0]
        except OSError:  # the server closed the connection before the end, as it should
            status = 413
        except Exception as error:
            assert "aborted" in str(error).lower()
            status = 413
        assert status == 413
    assert kept() == []


@REFUSED
def test_too_many_fields_keep_nothing(carrier, kept):
    assert carrier.twilio("/webhooks/twilio/sms", [*FORM.items(), *((f"x{n}", "") for n in range(300))])[0] == 413
    assert kept() == []


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"%FF%FE=%00", b"&&&&", b"=", b"a" * 1000, b"MessageSid=\0", b""])
@REFUSED
def test_garbage_is_never_a_500(carrier, kept, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
    for target in (
        "/webhooks/twilio/sms",
        "/webhooks/twilio/status/%00%ff",
        "/webhooks/twilio/status/" + quote("é😀'"),
    ):
        assert carrier.send("POST", target, body, headers)[0] in (400, 403)
    headers["Content-Type"] = "application/json"
    assert carrier.send("POST", "/webhooks/sendgrid/events", body, headers)[0] == 403
    headers["Content-Type"] = "multipart/form-data; boundary=x"
    assert carrier.send("POST", "/webhooks/sendgrid/inbound/inbound-secret", body, headers)[0] == 400
    assert kept() == []


def test_a_target_in_absolute_form(carrier, kept):
    from twilio.request_validator import RequestValidator

    from comms.settings import SANDBOX_TWILIO_TOKEN

    body = f"MessageSid={SID}&From=a&To=b".encode()
    form = {"MessageSid": SID, "From": "a", "To": "b"}
    signature = RequestValidator(SANDBOX_TWILIO_TOKEN).compute_signature(PUBLIC + "/webhooks/twilio/sms?x=%27", form)
    host, _, port = carrier.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        head = (
            f"POST http://comms.internal/webhooks/twilio/sms?x=%27 HTTP/1.1\r\nHost: comms.internal\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {signature}\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        answer = connection.makefile("rb").readline()
    assert b" 200 " in answer
    assert len(kept()) == 1


def test_an_encoded_query_is_signed_as_it_came(carrier, kept):
    assert carrier.twilio("/webhooks/twilio/sms?q=%27%C3%A9%7B", FORM)[0] == 200
    assert len(kept()) == 1


def event(word="delivered", key="e1", **more):
    return {"event": word, "sg_event_id": key, "email": "maria@example.com", "timestamp": 1795449600} | more


def test_a_batch_of_events_is_kept_one_row_each_as_it_came(carrier, kept):
    first = b'{"event":"delivered",  "sg_event_id":"e1","x":"\\ud800\\u0000"}'
    raw = b"[ " + first + b' ,\r\n{"event": "open","sg_event_id":"e2"}]\r\n'
    assert carrier.events([], raw=raw)[0] == 204
    rows = kept()
    assert [row.event_key for row in rows] == ["e1", "e2"]
    assert rows[0].body == first.decode()


def test_events_that_come_again_are_harmless(carrier, kept):
    assert carrier.events([event(key="e1"), event(key="e1"), event(key="e2")])[0] == 204
    assert carrier.events([event(key="e2"), event(key="e3")])[0] == 204
    assert [row.event_key for row in kept()] == ["e1", "e2", "e3"]


def test_an_empty_batch_is_thanked_for(carrier, kept):
    assert carrier.events([])[0] == 204
    assert kept() == []


@pytest.mark.parametrize(
    "odd", ["hello", None, 42, [1, 2], {}, event(key=None), event(key=""), event(key="x" * 101), event(key={"a": 1})]
)
def test_what_is_not_an_event_is_kept_with_the_others(carrier, kept, odd):
    assert carrier.events([odd, event()])[0] == 204
    rows = kept()
    assert len(rows) == 2
    assert rows[0].event_key.startswith("sha256:")
    assert json.loads(rows[0].body) == odd


BAD_BODIES = {
    "empty": b"",
    "an object": b'{"event":"delivered"}',
    "not closed": b'[{"event":"delivered"}',
    "no comma": b"[1 2]",
    "trailing comma": b"[1,]",
    "something after": b"[] []",
    "not UTF-8": b'["\xff"]',
    "a raw NUL": b'["\x00"]',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "a number without end": b"[" + b"9" * 10_000 + b"]",
    "not JSON": b"[nonsense]",
}


@pytest.mark.parametrize("raw", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@REFUSED
def test_events_that_cannot_be_read(carrier, kept, raw):
    assert carrier.events([], raw=raw)[0] == 400
    assert kept() == []


@REFUSED
def test_events_that_sendgrid_did_not_sign(carrier, kept):
    for changes in ({"signature": ""}, {"signature": "AAAA"}, {"signature": "é".encode("latin-1").decode("latin-1")}):
        assert carrier.events([event()], **changes)[0] == 403
    assert carrier.events([event()], **{"Content-Type": "text/plain"})[0] == 415
    assert kept() == []


def test_a_mail_is_kept(carrier, kept):
    assert carrier.mail(a_mail("Año\n\n> quoted"))[0] == 200
    [row] = kept()
    mail = json.loads(row.body)
    assert (row.kind, mail["text"], mail["envelope"]["from"]) == (
        "email.inbound",
        "Año\n\n> quoted",
        "maria@example.com",
    )
    assert mail["message_id"] == "<m1@mail.example.com>"


def test_a_mail_that_comes_again_is_harmless(carrier, kept):
    assert carrier.mail(a_mail(spam_score="0.1"))[0] == 200
    assert carrier.mail(a_mail(spam_score="0.2"), boundary="another")[0] == 200
    assert carrier.mail(a_mail("something else"))[0] == 200
    assert len(kept()) == 2


def test_each_field_has_its_own_charset(carrier, kept):
    charsets = json.dumps({"text": "windows-1252", "subject": "iso-8859-1", "from": "no-such-charset"})
    parts = a_mail(text="“Año”".encode("windows-1252"), subject="Año".encode("latin-1"), charsets=charsets)
    assert carrier.mail(parts)[0] == 200
    mail = json.loads(kept()[0].body)
    assert (mail["text"], mail["subject"], mail["cut"]) == ("“Año”", "Año", False)


def test_attachments_leave_their_names_only(carrier, kept):
    info = json.dumps({"attachment1": {"filename": "bill.pdf", "type": "application/pdf"}})
    parts = [
        *a_mail(**{"attachments": "2", "attachment-info": info}),
        ("attachment1", b"%PDF secret content" * 1000, '; filename="x.pdf"\r\nContent-Type: application/pdf'),
        ("attachment2", b"secret content", '; filename="../../etc/passwd"\r\nContent-Type: text/plain'),
    ]
    assert carrier.mail(parts)[0] == 200
    row = kept()[0]
    assert "secret" not in row.body
    assert json.loads(row.body)["attachments"] == [
        {"name": "bill.pdf", "type": "application/pdf"},
        {"name": "passwd", "type": "text/plain"},
    ]


def test_a_mail_of_html_alone_has_its_words(carrier, kept):
    html = "<style>p{}</style><p>I can <b>pay</b></p><script>x()</script><div>Friday&nbsp;&amp; so</div>"
    assert carrier.mail(a_mail(text=None, html=html))[0] == 200
    assert json.loads(kept()[0].body)["text"] == "I can pay\nFriday & so"


RAW_MAIL = (
    b"From: Maria <maria@example.com>\r\nTo: u@x.example\r\nSubject: =?utf-8?q?A=C3=B1o?=\r\nMessage-ID: <raw@x>\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n"
    b"A\xf1o\r\n"
    b"--b\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; filename=bill.pdf\r\n\r\n"
    b"secret content\r\n--b--\r\n"
)


def test_a_mail_as_its_raw_message(carrier, kept):
    parts = [("email", RAW_MAIL), ("envelope", json.dumps({"to": ["u@x.example"], "from": "maria@example.com"}))]
    assert carrier.mail(parts)[0] == 200
    row = kept()[0]
    mail = json.loads(row.body)
    assert (mail["subject"], mail["text"].strip(), mail["message_id"]) == ("Año", "Año", "<raw@x>")
    assert mail["attachments"] == [{"name": "bill.pdf", "type": "application/pdf"}]
    assert "secret" not in row.body


@pytest.mark.parametrize(
    ("changes", "automatic"),
    [
        ({}, False),
        ({"headers": "From: m@x.example\nAuto-Submitted: auto-replied\n"}, True),
        ({"headers": "From: m@x.example\nAuto-Submitted: no\n"}, False),
        ({"headers": "From: m@x.example\nPrecedence: bulk\n"}, True),
        ({"envelope": '{"to":["u@x.example"],"from":""}'}, True),
        ({"envelope": '{"to":["x"'}, False),
        ({"envelope": '["x"]'}, False),
        ({"charsets": "not json", "attachments": "many", "attachment-info": "[1]"}, False),
    ],
)
@REFUSED
def test_a_mail_that_a_machine_wrote_is_known_as_such(carrier, kept, changes, automatic):
    assert carrier.mail(a_mail(**changes))[0] == 200
    assert json.loads(kept()[0].body)["automatic"] is automatic


def test_a_mail_too_long_is_cut_and_says_so(carrier, kept):
    assert carrier.mail(a_mail("x" * 3_000_000))[0] == 200
    mail = json.loads(kept()[0].body)
    assert (len(mail["text"]), mail["cut"]) == (512 * 1024, True)


def test_a_mail_with_a_nul_can_be_kept(carrier, kept):
    assert carrier.mail(a_mail("a\0b"))[0] == 200
    assert json.loads(kept()[0].body)["text"] == "a\0b"


@REFUSED
def test_mails_that_are_none(carrier, kept):
    assert carrier.mail(a_mail(), secret="another")[0] == 403
    assert carrier.mail(a_mail(), secret="%ff%00")[0] == 403
    assert carrier.mail(a_mail(), **{"Content-Type": "application/json"})[0] == 415
    assert carrier.mail(a_mail(), **{"Content-Type": "multipart/form-data"})[0] == 400
    assert carrier.mail(a_mail(), tail=False)[0] == 400
    assert carrier.mail([("subject", "x")])[0] == 400
    assert carrier.mail([(f"f{n}", "x") for n in range(600)])[0] == 413
    assert kept() == []


def test_what_is_kept_is_what_any_session_reads(carrier, database, clock):
    carrier.text()
    with database.begin() as session:
        assert isinstance(session, Session)
        row = session.scalars(select(WebhookEvent)).one()
        row.state = "understood"
    with database.read() as session:
        assert session.scalar(select(WebhookEvent.state)) == "understood"


def test_no_database_asks_the_carrier_to_repeat(make_office, tmp_path):
    for url in (f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none", f"sqlite:///{tmp_path / 'empty.db'}"):
        database = Database(url)
        with serving(make_office(database)) as carrier:
            for status, _, headers in (carrier.text(), carrier.events([event()]), carrier.mail(a_mail())):
                assert (status, headers["Retry-After"]) == (503, "30")
        database.dispose()


def test_a_connection_that_died_is_replaced(carrier, database, kept):
    carrier.text()
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    assert carrier.status("sent")[0] == 204
    assert len(kept()) == 2


def test_a_server_that_keeps_no_raw_target_is_enough(office, kept):
    from flask import Flask
    from twilio.request_validator import RequestValidator

    from comms.settings import SANDBOX_TWILIO_TOKEN
    from webhooks import blueprint

    app = Flask("granian")
    app.register_blueprint(blueprint(office))
    target = "/webhooks/twilio/status/12-AbC_-9"
    form = {"MessageSid": SID, "MessageStatus": "sent"}
    signature = RequestValidator(SANDBOX_TWILIO_TOKEN).compute_signature(PUBLIC + target, form)
    environ = {"RAW_URI": None, "REQUEST_URI": None}
    answer = app.test_client().post(
        target, data=form, headers={"X-Twilio-Signature": signature}, environ_overrides=environ
    )
    assert answer.status_code == 204
    assert len(kept()) == 1
    assert multipart([]) == b"--xYzZY--\r\n"

"""What carriers post: kept once, answered rightly, and never a 500. Twilio's posts, and what holds for all of them."""

import socket
from urllib.parse import quote

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from comms.db import Database
from comms.history.schema import WebhookEvent
from tests.support.servers import free_port

from .conftest import PUBLIC, REFUSED, SID, a_mail, an_event, multipart, serving


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
            for status, _, headers in (carrier.text(), carrier.events([an_event()]), carrier.mail(a_mail())):
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

"""mail/send through SendGrid's own SDK, its refusals through plain HTTP."""

import copy
import gzip
import json

import pytest

from tests.sandbox.shapes import check
from tests.sandbox.shapes.sendgrid import ERROR

SEND = "/v3/mail/send"
GOOD = {
    "personalizations": [{"to": [{"email": "ann@example.com", "name": "Ann"}]}],
    "from": {"email": "office@duluth.example"},
    "subject": "Past due",
    "content": [{"type": "text/plain", "value": "Please pay."}, {"type": "text/html", "value": "<p>Please pay."}],
    "custom_args": {"message_id": "m-1"},
}


def test_an_accepted_email_has_an_id_and_no_body(call, sandbox):
    status, headers, body = call("POST", SEND, body=GOOD)
    assert (status, body) == (202, None)
    assert headers["X-RateLimit-Remaining"].isdigit()
    [row] = sandbox.ledger("sendgrid")
    assert (row["id"], row["to"], row["subject"]) == (headers["X-Message-Id"], "ann@example.com", "Past due")
    assert (row["body"], row["custom_args"]) == ("Please pay.", {"message_id": "m-1"})
    assert row["accepted_at"].startswith("2026-11-23T16:00:")


def test_the_sdk_sends_and_reads_the_id(mail, sandbox):
    assert mail() == next(sandbox.ledger())["id"]


def test_each_recipient_has_a_row_with_its_own_arguments(call, sandbox):
    body = GOOD | {
        "personalizations": [
            {"to": [{"email": "ann@example.com"}], "custom_args": {"message_id": "m-2"}, "subject": "For Ann"},
            {"to": [{"email": "bob@example.com"}], "cc": [{"email": "cy@example.com"}]},
        ]
    }
    call("POST", SEND, body=body)
    rows = [(row["to"], row["subject"], row["custom_args"]["message_id"]) for row in sandbox.ledger()]
    assert rows == [
        ("ann@example.com", "For Ann", "m-2"),
        ("bob@example.com", "Past due", "m-1"),
        ("cy@example.com", "Past due", "m-1"),
    ]


def test_a_compressed_body_is_read(call):
    status, _, _ = call("POST", SEND, body=gzip.compress(json.dumps(GOOD).encode()), Content_Encoding="gzip")
    assert status == 202
    status, _, _ = call("POST", SEND, body=b"not gzip", Content_Encoding="gzip")
    assert status == 400


ANN = {"email": "ann@example.com"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": None}, "from.email"),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"personalizations": None}, "personalizations"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "x@"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [ANN], "cc": [ANN]}]}, "personalizations.0.cc.0.email"),
        ({"personalizations": [{"to": [ANN]}] * 1001}, "personalizations"),
        ({"personalizations": [{"to": [ANN], "bdoy": "x"}]}, "personalizations.0.bdoy"),
        ({"subject": None}, "subject"),
        ({"subject": 7}, "subject"),
        ({"content": None}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"custom_args": {"n": 1}}, "custom_args.n"),
        ({"custom_args": {"n": "x" * 10_000}}, "custom_args"),
        ({"categories": ["a", "a"]}, "categories"),
        ({"headers": {"Reply-To": "x"}}, "headers.Reply-To"),
        ({"attachments": [{"content": "!", "filename": "bill.pdf"}]}, "attachments.0.content"),
        ({"send_at": 4_000_000_000}, "send_at"),
        ({"asm": {}}, "asm.group_id"),
        ({"reply_to": ANN, "reply_to_list": [ANN]}, "reply_to"),
        ({"tracking_settings": {"click_tracking": {"enable": "no"}}}, "tracking_settings.click_tracking.enable"),
        ({"bdoy": "x"}, "bdoy"),
    ],
)
def test_a_wrong_body_is_refused_with_its_field(call, sandbox, change, field):
    body = {name: value for name, value in (copy.deepcopy(GOOD) | change).items() if value is not None}
    status, _, answer = call("POST", SEND, body=body)
    assert status == 400
    assert field in [error["field"] for error in answer["errors"]]
    check(ERROR, answer)
    assert sandbox.summary()["sendgrid"] | {"accepted": 0, "refused": {"400": 1}} == sandbox.summary()["sendgrid"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(call, body):
    status, _, answer = call("POST", SEND, body=body)
    assert status == 400
    check(ERROR, answer)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", SEND, {"Authorization": "Bearer SG.wrong"}, 401),
        ("GET", SEND, {}, 405),
        ("POST", "/v3/mail/sent", {}, 404),
        ("POST", SEND, {"Content_Type": "text/plain"}, 415),
    ],
)
def test_other_refusals_have_sendgrids_shape(call, method, path, headers, status):
    answered, _, answer = call(method, path, body=GOOD, **headers)
    assert answered == status
    check(ERROR, answer)


def test_a_message_over_30_megabytes_is_too_large(call):
    status, _, answer = call("POST", SEND, body=b'{"a":"' + b"x" * (30 * 1024 * 1024) + b'"}')
    assert status == 413
    check(ERROR, answer)


def test_too_many_requests_say_when_to_come_back(call, sandbox):
    sandbox.faults(rate_429=1)
    status, headers, answer = call("POST", SEND, body=GOOD)
    assert status == 429
    assert headers["X-RateLimit-Remaining"] == "0"
    assert int(headers["X-RateLimit-Reset"]) > 1_795_000_000
    check(ERROR, answer)


def test_the_key_can_be_tried_without_sending(sendgrid):
    assert sendgrid.client.scopes.get().to_dict["scopes"] == ["mail.send"]


def test_a_body_in_sandbox_mode_is_checked_but_not_sent(call, sandbox):
    status, _, _ = call("POST", SEND, body=GOOD | {"mail_settings": {"sandbox_mode": {"enable": True}}})
    assert status == 200
    assert list(sandbox.ledger()) == []

"""The ledger over HTTP, and the rest of the control API."""

import pytest
import urllib3

from comms.sandbox import SandboxError, start


def test_the_ledger_is_read_in_pages_by_carrier(text, mail, sandbox):
    sids = [text(f"+1218555{1000 + number}").sid for number in range(3)]
    mail()
    page = sandbox.call("GET", "ledger?carrier=twilio&after=0&limit=2")
    assert [row["id"] for row in page["rows"]] == sids[:2]
    rest = sandbox.call("GET", f"ledger?carrier=twilio&after={page['next_after']}&limit=2")
    assert [row["id"] for row in rest["rows"]] == sids[2:]
    assert sandbox.call("GET", "ledger?after=4")["rows"] == []
    assert [row["carrier"] for row in sandbox.ledger()] == ["twilio"] * 3 + ["sendgrid"]


def test_a_ledger_row_says_everything_about_a_message(text, sandbox, receiver):
    message = text(body="Your bill is past due.")
    sandbox.drain()
    [row] = sandbox.ledger()
    assert row | {"accepted_at": ""} == {
        "n": 1,
        "carrier": "twilio",
        "id": message.sid,
        "to": "+12185550123",
        "from": "+12185550100",
        "body": "Your bill is past due.",
        "subject": "",
        "custom_args": {},
        "accepted_at": "",
        "status": "delivered",
        "callback": f"{receiver.url}/webhooks/twilio/status/token",
        "error_code": None,
        "answered": True,
    }


def test_the_summary_counts_what_happened(text, mail, sandbox):
    text()
    text("+12185559901")
    mail("bounce@example.com")
    sandbox.drain()
    summary = sandbox.summary()
    assert summary["twilio"]["status"] == {"delivered": 1, "undelivered": 1}
    assert summary["sendgrid"]["status"] == {"bounce": 1}
    assert summary["webhooks"]["sent"] >= 7
    assert summary["webhooks"]["pending"] == 0


def test_a_reset_forgets_everything_and_never_repeats_a_sid(text, sandbox, receiver):
    sandbox.text_from("+12185550123", "STOP")
    sandbox.faults(webhook_delay_ms=3_600_000)
    before = text("+12185550124").sid
    sandbox.reset()
    assert sandbox.drain(timeout=1)
    assert sandbox.call("GET", "faults")["webhook_delay_ms"] == [1, 4]
    after = text("+12185550123").sid
    assert after != before
    assert [row["n"] for row in sandbox.ledger()] == [1]


def test_a_drain_that_takes_too_long_says_so(text, sandbox):
    sandbox.faults(webhook_delay_ms=3_600_000)
    text()
    assert sandbox.drain(timeout=0.05) is False
    assert sandbox.call("GET", "health")["pending_webhooks"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("GET", "nowhere", None, "docs/sandbox.md"),
        ("GET", "ledger?carrier=bell", None, "twilio, sendgrid"),
        ("GET", "ledger?after=-1", None, "whole number"),
        ("POST", "webhooks/drain?timeout=soon", None, "seconds"),
        ("POST", "twilio/inbound", {"body": "hi"}, "'from' is required"),
        ("POST", "sendgrid/inbound", {"from": "a@example.com"}, "'to' is required"),
        ("PUT", "faults", None, "JSON object"),
    ],
)
def test_a_control_request_that_cannot_be_followed_says_what_to_send(sandbox, method, path, body, says):
    with pytest.raises(SandboxError, match=says):
        sandbox.call(method, path, body)


def test_the_same_seed_gives_the_same_sids_in_another_process(tmp_path):
    sids = []
    for seed in (3, 3, 4):
        with start(tmp_path, seed=seed) as fresh:
            sids.append(fresh.text_from("+12185550123", "hello", webhook=False))
    assert sids[0] == sids[1] != sids[2]


def test_the_process_ends_when_it_is_told_to(tmp_path):
    with start(tmp_path) as fresh:
        assert fresh.call("GET", "health")["status"] == "ok"
    with pytest.raises(urllib3.exceptions.HTTPError):
        fresh.call("GET", "health")

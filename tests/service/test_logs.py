"""Structured logs without personal data: one JSON object a line, and nobody in it."""

import io
import json
import logging

import pytest
import structlog

from comms.logs import configure, scrub
from comms.signing import stands_for


@pytest.fixture
def log(monkeypatch):
    """Log, and read what came out on standard error."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    structlog.reset_defaults()
    configure("DEBUG")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "phone", ["+12185550148", "12185550148", "218-555-0148", "(218) 555-0148", "218.555.0148", "+1 218 555 0148"]
)
def test_a_phone_number_keeps_its_last_four_digits(phone):
    assert scrub(f"to {phone} now") in ("to [phone …0148] now", "to[phone …0148] now")


@pytest.mark.parametrize("address", ["maria@example.com", "MARÍA.peña+bill@mail.example.org", "a_b@x.co"])
def test_an_email_address_is_taken_out(address):
    assert scrub(f"<{address}> wrote") == "<[email]> wrote"


@pytest.mark.parametrize("plain", ["12 messages of run 7", "2026-11-23T16:00:00Z", "$1,234.56", "in 0.1234 s"])
def test_numbers_that_are_no_phone_stay(plain):
    assert scrub(plain) == plain


def test_a_line_is_json_with_time_level_and_logger(log):
    structlog.get_logger("outbox").info("sent", count=3, request_id="abc")
    (line,) = log()
    assert (line["event"], line["count"], line["level"], line["logger"]) == ("sent", 3, "info", "outbox")
    assert line["request_id"] == "abc"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "value",
    [
        "call 218-555-0148 or maria@example.com",
        ["+12185550148", {"to": "maria@example.com"}],
        {"to": {"phone": "+12185550148"}, "maria@example.com": 1},
        ValueError("no such number: +12185550148, maria@example.com"),
        ("+12185550148", {"maria@example.com"}),
    ],
)
def test_whoever_logs_a_person_by_mistake_logs_nobody(log, value):
    structlog.get_logger().warning("oops", value=value)
    structlog.get_logger().warning(f"oops {value}")
    logging.getLogger("some.library").warning("oops %s", value)
    said = json.dumps(log(), ensure_ascii=False)
    assert said.count("oops") == 3
    assert "2185550148" not in said and "218-555" not in said and "maria" not in said


def test_an_exception_tells_where_and_not_who(log, sqlite_database):
    from sqlalchemy import text

    customer = " ".join(("Maria", "Jensen", "Superior", "St"))
    try:
        with sqlite_database.begin() as session:
            session.execute(text("SELECT :name FROM nowhere"), {"name": customer})
    except Exception:
        structlog.get_logger().exception("broke")
        logging.getLogger("rq.worker").exception("job broke")
    said = json.dumps(log())
    assert said.count("no such table: nowhere") >= 2 and "test_logs.py" in said
    assert "Jensen" not in said and "Superior" not in said


def test_what_stands_for_a_person_is_stable_keyed_and_says_little():
    one = stands_for(b"key", "+12185550148")
    assert one == stands_for(b"key", "+12185550148")
    assert one.startswith("…0148#") and len(one) == len("…0148#") + 8
    assert one != stands_for(b"other", "+12185550148")
    assert one != stands_for(b"key", "+16125550148")

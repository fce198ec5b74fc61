"""What goes wrong when it is told to, and that the ledger knows."""

import threading
import time

import pytest
import urllib3

from comms.sandbox import SandboxError, start
from comms.sandbox.draws import Draws
from comms.sandbox.faults import Fault, Faults, SwitchError, Switches
from comms.settings import SANDBOX_TWILIO_NUMBER
from tests.sandbox.conftest import MESSAGES

FORM = {"To": "+12185550123", "From": SANDBOX_TWILIO_NUMBER, "Body": "hello"}


@pytest.mark.parametrize(("switch", "status", "code"), [("rate_429", 429, 20429), ("rate_503", 503, 20503)])
def test_a_refused_request_leaves_nothing_behind(call, sandbox, switch, status, code):
    sandbox.faults(**{switch: 1})
    answered, _, body = call("POST", MESSAGES, FORM)
    assert (answered, body["code"]) == (status, code)
    assert list(sandbox.ledger()) == []
    assert sandbox.summary()["twilio"]["refused"] == {str(status): 1}


def test_an_accepted_message_may_get_no_answer(call, sandbox):
    sandbox.faults(rate_accept_then_drop=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call("POST", MESSAGES, FORM)
    [row] = sandbox.ledger()
    assert row["answered"] is False
    assert sandbox.drain()
    assert sandbox.summary()["twilio"] | {"accepted": 1, "unanswered": 1} == sandbox.summary()["twilio"]


def test_an_accepted_message_may_be_answered_with_an_error(call, sandbox):
    sandbox.faults(rate_accept_then_500=1)
    status, _, _ = call("POST", MESSAGES, FORM)
    assert status == 500
    assert len(list(sandbox.ledger())) == 1


def test_connections_can_be_refused_before_anything_is_read(call, sandbox):
    sandbox.faults(rate_refuse_connection=1)
    try:
        with pytest.raises((urllib3.exceptions.ProtocolError, ConnectionError)):
            call("POST", MESSAGES, FORM)
    finally:  # the control API's own connection is already open
        sandbox.faults(rate_refuse_connection=0)
    assert list(sandbox.ledger()) == []


def test_the_next_sends_can_be_scripted(call, sandbox):
    sandbox.faults(next=["503", "ok", "429"])
    call("GET", MESSAGES)  # reading uses nothing up
    assert [call("POST", MESSAGES, FORM)[0] for _ in range(4)] == [503, 201, 429, 201]


def test_the_answer_waits_for_the_latency(call, sandbox):
    sandbox.faults(latency_ms=80)
    before = time.monotonic()
    call("POST", MESSAGES, FORM)
    assert 0.08 <= time.monotonic() - before < 2


def test_slow_answers_are_awaited_side_by_side(call, sandbox):
    sandbox.faults(latency_ms=300)
    threads = [threading.Thread(target=call, args=("POST", MESSAGES, FORM)) for _ in range(20)]
    before = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - before < 3
    assert len(list(sandbox.ledger())) == 20


def test_the_same_seed_plays_the_same_day_again():
    switches = Switches().changed({"rate_503": 0.05, "rate_429": 0.02, "rate_accept_then_drop": 0.05})
    days = [Faults(Draws(seed), switches) for seed in (3, 3, 4)]
    drawn = [[day.draw(sends=True) for _ in range(2000)] for day in days]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 60 < drawn[0].count(Fault.UNAVAILABLE) < 140
    assert 60 < drawn[0].count(Fault.ACCEPT_THEN_DROP) < 140


@pytest.mark.parametrize(
    "change",
    [
        {"rate_503": 2},
        {"rate_503": "x"},
        {"rate_503": True},
        {"nonsense": 1},
        {"webhook_delay_ms": [9, 1]},
        {"webhook_delay_ms": None},
        {"magic": 1},
        {"latency_ms": -1},
    ],
)
def test_a_switch_that_cannot_be_is_refused(change):
    with pytest.raises(SwitchError):
        Switches().changed(change)


def test_a_wrong_switch_leaves_the_others_as_they_were(sandbox):
    before = sandbox.call("GET", "faults")
    with pytest.raises(SandboxError, match="rate_503"):
        sandbox.faults(latency_ms=9, rate_503=7)
    with pytest.raises(SandboxError, match="next"):
        sandbox.faults(latency_ms=9, next=["explode"])
    assert sandbox.call("GET", "faults") == before


def test_a_service_that_is_away_costs_only_the_tries(call, sandbox):
    call("POST", MESSAGES, FORM | {"StatusCallback": "http://127.0.0.1:1/status", "To": "+12185559909"})
    assert sandbox.drain()
    counts = sandbox.summary()["webhooks"]
    assert (counts["sent"], counts["retried"], counts["failed"], counts["pending"]) == (0, 1, 1, 0)


def test_nothing_is_ever_posted_off_this_machine(call, sandbox):
    for url in ("http://192.0.2.1/status", "https://127.0.0.1/status", "http://example.com/"):
        call("POST", MESSAGES, FORM | {"StatusCallback": url, "To": "+12185559909"})
    assert sandbox.drain()
    counts = sandbox.summary()["webhooks"]
    assert (counts["failed"], counts["retried"]) == (3, 0)


def test_it_says_why_it_does_not_start(tmp_path, sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(SandboxError, match=r"sandbox\.log"):
        start(tmp_path, port=port)
    assert f"Port {port} cannot be used" in (tmp_path / "sandbox.log").read_text()

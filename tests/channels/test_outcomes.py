"""Whatever a carrier or the network does, an attempt ends in one of four outcomes."""

import json
import socket
import struct
from datetime import timedelta

import pytest

from comms.channels import ChannelNotAllowed, Outcome
from comms.channels.email_sendgrid import SendGridEmail
from comms.channels.sms_twilio import TwilioSms
from comms.clock import SystemClock
from tests.support.servers import free_port

from .conftest import http, mail_to, text_to

BOTH = pytest.mark.parametrize(("name", "outgoing"), [("sms", text_to()), ("email", mail_to())], ids=["sms", "email"])


def twilio_error(code, status):
    return json.dumps({"code": code, "message": "no", "more_info": "", "status": status}).encode()


def sendgrid_error(field=None):
    return json.dumps({"errors": [{"message": "no", "field": field, "help": None}]}).encode()


@BOTH
def test_a_carrier_that_takes_it(carriers, open_to, name, outgoing):
    result = open_to(name, carriers.url).send(outgoing)
    assert result.outcome is Outcome.ACCEPTED
    assert result.carrier_id
    assert [row["id"] for row in carriers.ledger()] == [result.carrier_id]


@BOTH
def test_nobody_listens(open_to, name, outgoing):
    result = open_to(name, f"http://127.0.0.1:{free_port()}").send(outgoing)
    assert (result.outcome, result.error_code) == (Outcome.REFUSED_NOW, "no_connection")


@BOTH
def test_a_host_that_has_no_address(open_to, name, outgoing, channel_settings, city):
    made = channel_settings(
        comms_mode="live", email_from="a@b.example", twilio_from_number="+12185550100",
        twilio_api_url="http://carrier.invalid", sendgrid_api_url="http://carrier.invalid",
    )  # fmt: skip
    channel = (
        TwilioSms(made, SystemClock(), connections=1)
        if name == "sms"
        else SendGridEmail(made, city, SystemClock(), connections=1)
    )
    assert channel.send(outgoing).outcome is Outcome.REFUSED_NOW


def _reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


LOST = {
    "closed after reading": lambda connection: None,
    "reset after reading": _reset,
    "not HTTP": lambda connection: connection.sendall(b"hello\r\n\r\n"),
    "half an answer": lambda connection: connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{"),
    "a success that is not JSON": http(200, b"<html>Welcome to the hotel</html>", "text/html"),
    "a success that is not a message": http(201, b"[]"),
    "a proxy's 502": http(502, b"<html>Bad gateway</html>", "text/html"),
    "a proxy's 503": http(503, b"<html>Try later</html>", "text/html"),
    "a proxy's 504": http(504, b"", "text/html"),
    "a 500 of the carrier": http(500, twilio_error(20500, 500)),
    "a 500 with errors": http(500, sendgrid_error()),
    "408": http(408, b"", "text/html"),
}


@BOTH
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
def test_an_answer_that_proves_nothing_is_ambiguous(odd_server, open_to, name, outgoing, answer):
    url, requests = odd_server(answer)
    assert open_to(name, url).send(outgoing).outcome is Outcome.AMBIGUOUS
    assert len(requests) == 1, "an attempt is never repeated by itself"


@BOTH
def test_a_carrier_that_is_silent_is_ambiguous(channel_settings, city, name, outgoing):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = channel_settings(sandbox_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        channel = (
            TwilioSms(made, SystemClock(), connections=1, read_seconds=0.1)
            if name == "sms"
            else SendGridEmail(made, city, SystemClock(), connections=1, read_seconds=0.1)
        )
        assert channel.send(outgoing).outcome is Outcome.AMBIGUOUS


NOT_TAKEN_NOW = {
    "429": (429, 20429),
    "503 of the carrier": (503, 20503),
    "queue full": (400, 21611),
}


@pytest.mark.parametrize(("status", "code"), NOT_TAKEN_NOW.values(), ids=NOT_TAKEN_NOW.keys())
def test_twilio_says_not_now(odd_server, open_to, status, code):
    url, _ = odd_server(http(status, twilio_error(code, status)))
    result = open_to("sms", url).send(text_to())
    assert (result.outcome, result.halt, result.error_code) == (Outcome.REFUSED_NOW, False, str(code))


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (400, 21606), (400, 21659), (403, 30002), (401, 99999)])
def test_twilio_refuses_everybody(odd_server, open_to, status, code):
    url, _ = odd_server(http(status, twilio_error(code, status)))
    result = open_to("sms", url).send(text_to())
    assert (result.outcome, result.halt) == (Outcome.REFUSED_NOW, True)


@pytest.mark.parametrize(
    ("code", "address_status"),
    [
        (21211, "wrong_number"),
        (21614, "unreachable"),
        (21610, "opted_out"),
        (21612, "unreachable"),
        (21617, None),
        (29999, None),
    ],
)
def test_twilio_refuses_for_good(odd_server, open_to, code, address_status):
    url, _ = odd_server(http(400, twilio_error(code, 400)))
    result = open_to("sms", url).send(text_to())
    assert (result.outcome, result.error_code) == (Outcome.REFUSED_FOR_GOOD, str(code))
    assert (result.address_status, result.halt) == (address_status, False)


def test_twilio_answers_in_the_newer_error_format(odd_server, open_to):
    body = {"type": "https://x", "title": "no", "status": 400, "code": 21610}
    url, _ = odd_server(http(400, json.dumps(body).encode(), "application/problem+json"))
    result = open_to("sms", url).send(text_to())
    assert (result.outcome, result.address_status) == (Outcome.REFUSED_FOR_GOOD, "opted_out")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "halt", "address_status"),
    [
        (400, sendgrid_error("personalizations.0.to.0.email"), Outcome.REFUSED_FOR_GOOD, False, "bounced"),
        (400, sendgrid_error("content"), Outcome.REFUSED_FOR_GOOD, False, None),
        (400, sendgrid_error("from.email"), Outcome.REFUSED_NOW, True, None),
        (400, b"<html>", Outcome.REFUSED_NOW, False, None),
        (401, sendgrid_error(), Outcome.REFUSED_NOW, True, None),
        (403, sendgrid_error("from"), Outcome.REFUSED_NOW, True, None),
        (413, sendgrid_error(), Outcome.REFUSED_FOR_GOOD, False, None),
        (429, sendgrid_error(), Outcome.REFUSED_NOW, False, None),
        (503, sendgrid_error(), Outcome.REFUSED_NOW, False, None),
    ],
)
def test_sendgrid_refuses(odd_server, open_to, status, body, outcome, halt, address_status):
    url, _ = odd_server(http(status, body))
    result = open_to("email", url).send(mail_to())
    assert (result.outcome, result.halt, result.address_status) == (outcome, halt, address_status)


@BOTH
def test_a_redirect_is_not_followed_and_stops_everybody(odd_server, open_to, name, outgoing):
    url, requests = odd_server(http(302, b"", Location="http://127.0.0.1:1/elsewhere"))
    result = open_to(name, url).send(outgoing)
    assert (result.outcome, result.halt, len(requests)) == (Outcome.REFUSED_NOW, True, 1)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, timedelta(seconds=7)),
        (
            {"Date": "Mon, 23 Nov 2026 16:00:00 GMT", "Retry_After": "Mon, 23 Nov 2026 16:01:30 GMT"},
            timedelta(seconds=90),
        ),
        ({"Date": "Mon, 23 Nov 2026 16:00:00 GMT", "X_RateLimit_Reset": "1795449660"}, timedelta(seconds=60)),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "99999999999"}, timedelta(hours=24)),
    ],
)
def test_the_wait_a_carrier_asks_for(odd_server, open_to, headers, wait):
    url, _ = odd_server(http(429, sendgrid_error(), **headers))
    assert open_to("email", url).send(mail_to()).retry_after == wait


@BOTH
def test_rehearsal_writes_to_the_allow_list_only(odd_server, channel_settings, city, name, outgoing):
    url, requests = odd_server(http(201))
    made = channel_settings(
        comms_mode="rehearsal", comms_allow_list="+12185550199, Someone@Example.com", twilio_api_url=url,
        sendgrid_api_url=url, email_from="a@b.example", twilio_from_number="+12185550100",
    )  # fmt: skip
    channel = (
        TwilioSms(made, SystemClock(), connections=1)
        if name == "sms"
        else SendGridEmail(made, city, SystemClock(), connections=1)
    )
    result = channel.send(outgoing)
    assert (result.outcome, result.error_code) == (Outcome.REFUSED_FOR_GOOD, "not_on_allow_list")
    assert requests == []


@pytest.mark.parametrize(
    "url",
    ["https://api.twilio.com", "http://10.0.0.1", "http://localhost.example.com", "http://[::2]", "http://2130706433"],
)
def test_the_sandbox_never_leaves_this_machine(channel_settings, city, url):
    made = channel_settings(twilio_api_url=url, sendgrid_api_url=url)
    with pytest.raises(ChannelNotAllowed, match="TWILIO_API_URL"):
        TwilioSms(made, SystemClock(), connections=1)
    with pytest.raises(ChannelNotAllowed, match="SENDGRID_API_URL"):
        SendGridEmail(made, city, SystemClock(), connections=1)


def test_live_without_a_sender_is_refused(channel_settings, city):
    with pytest.raises(ChannelNotAllowed, match="TWILIO_MESSAGING_SERVICE_SID"):
        TwilioSms(channel_settings(comms_mode="live"), SystemClock(), connections=1)
    with pytest.raises(ChannelNotAllowed, match="EMAIL_FROM"):
        SendGridEmail(channel_settings(comms_mode="live"), city, SystemClock(), connections=1)

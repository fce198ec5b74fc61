"""Telling Twilio of consents: whatever it answers, each ends as told, to be told again, closed to us, or refused."""

import json
import socket
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from comms.channels import ChannelNotAllowed, consent_twilio
from comms.channels.consent_twilio import Heard, TwilioConsents, Wish
from comms.clock import FixedClock
from comms.settings import SANDBOX_TWILIO_SERVICE

from .conftest import NOW, http

GONE = Wish(7, "+12185550101", False, "reply:sms", NOW)
BACK = Wish(8, "+12185550102", True, "user:park", NOW)


@pytest.fixture
def told_to(channel_settings):
    """Opens Twilio's list at an address."""
    opened = []

    def act(url, **more):
        opened.append(TwilioConsents(channel_settings(sandbox_url=url, **more), FixedClock(NOW), read_seconds=2))
        return opened[-1]

    yield act
    for one in opened:
        one.close()


def test_what_is_said_of_each(carriers, told_to):
    consents = told_to(carriers.url)
    assert [(one.event_id, one.heard) for one in consents.tell([GONE, BACK])] == [(7, Heard.TOLD), (8, Heard.TOLD)]
    first, second = carriers.consents()["told"]
    assert (first["phone"], first["status"], first["source"]) == ("+12185550101", "opt-out", "opt-out-message")
    assert (second["phone"], second["status"], second["source"]) == ("+12185550102", "opt-in", "offline")
    assert {first["sender"], second["sender"]} == {SANDBOX_TWILIO_SERVICE}


def test_the_day_of_the_consent_and_the_same_key_each_time(odd_server, told_to):
    url, requests = odd_server(http(503))
    consents = told_to(url)
    consents.tell([GONE])
    consents.tell([GONE])
    items = [json.loads(parse_qs(request.partition(b"\r\n\r\n")[2].decode())["Items"][0]) for request in requests]
    assert items[0] == items[1]
    assert items[0]["date_of_consent"] == "2026-11-23T16:00:00Z"
    assert len(items[0]["correlation_id"]) == 32


def test_one_that_is_refused_and_one_to_be_told_again(carriers, told_to):
    consents = told_to(carriers.url)
    refused, told = consents.tell([Wish(1, "2185550101", False, "cis", NOW), GONE])
    assert (refused.heard, refused.why) == (Heard.REFUSED, "Twilio error 30646: INVALID_CONTACT_ID")
    assert told.heard is Heard.TOLD


@pytest.mark.parametrize(
    ("item", "heard"),
    [
        ({"error_code": 30646, "error_messages": ["INTERNAL_SERVER_ERROR"]}, Heard.AGAIN),
        ({"error_code": 30646, "error_messages": []}, Heard.REFUSED),
        ({"error_code": 30646}, Heard.REFUSED),
        ({"error_code": "0", "error_messages": None}, Heard.TOLD),
        ({}, Heard.REFUSED),
        (None, Heard.AGAIN),
    ],
)
def test_what_an_answer_to_one_means(item, heard, told_to, odd_server):
    items = [] if item is None else [item | {"correlation_id": consent_twilio._key(GONE)}]
    url, _ = odd_server(http(201, json.dumps({"items": items}).encode()))
    assert [one.heard for one in told_to(url).tell([GONE])] == [heard]


REFUSAL = b'{"code": %d, "message": "no", "more_info": "", "status": %d}'


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (http(429, REFUSAL % (20429, 429), Retry_After="90"), Heard.AGAIN),
        (http(500, REFUSAL % (20500, 500)), Heard.AGAIN),
        (http(502, b"<html>", "text/html"), Heard.AGAIN),
        (http(401, REFUSAL % (20003, 401)), Heard.CLOSED),
        (http(403, REFUSAL % (20403, 403)), Heard.CLOSED),
        (http(404, REFUSAL % (20404, 404)), Heard.CLOSED),
        (http(302, b"", Location="/elsewhere"), Heard.AGAIN),
        (http(201, b"[]"), Heard.AGAIN),
        (http(201, b"<html>", "text/html"), Heard.AGAIN),
        (http(201, b'{"items": 7}'), Heard.AGAIN),
        (lambda connection: connection.shutdown(socket.SHUT_RDWR), Heard.AGAIN),
    ],
)
def test_a_request_that_is_not_taken(answer, heard, odd_server, told_to):
    url, _ = odd_server(answer)
    found = told_to(url).tell([GONE, BACK])
    assert [(one.event_id, one.heard) for one in found] == [(7, heard), (8, heard)]
    assert all(one.why for one in found)


def test_it_waits_as_long_as_twilio_asks(odd_server, told_to):
    url, _ = odd_server(http(429, REFUSAL % (20429, 429), Retry_After="90"))
    assert told_to(url).tell([GONE])[0].wait == timedelta(seconds=90)


def test_nobody_listens(told_to):
    assert [one.heard for one in told_to("http://127.0.0.1:1").tell([GONE])] == [Heard.AGAIN]


def test_where_it_is_told(channel_settings):
    assert channel_settings().twilio_consents_url == "http://127.0.0.1:1", "the sandbox's own"
    assert channel_settings(comms_mode="live").twilio_consents_url == "https://accounts.twilio.com"
    regional = channel_settings(comms_mode="live", twilio_api_url="https://api.dublin.ie1.twilio.com")
    assert regional.twilio_consents_url == "https://accounts.twilio.com"
    standing_in = channel_settings(comms_mode="live", twilio_api_url="http://127.0.0.1:9")
    assert standing_in.twilio_consents_url == "http://127.0.0.1:9"
    assert channel_settings(twilio_accounts_url="http://127.0.0.1:7/").twilio_consents_url == "http://127.0.0.1:7"


def test_the_sandbox_never_tells_twilio(channel_settings):
    made = channel_settings(twilio_accounts_url="https://accounts.twilio.com")
    with pytest.raises(ChannelNotAllowed, match="TWILIO_ACCOUNTS_URL"):
        TwilioConsents(made, FixedClock(NOW))

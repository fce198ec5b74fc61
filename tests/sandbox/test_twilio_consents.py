"""Twilio's list of opt-outs, as the account tells it: each consent is answered on its own, and sends heed it."""

import json

import pytest
from twilio.base.exceptions import TwilioRestException

from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE

PHONE = "+12185550123"


def consent(**more):
    given = {
        "contact_id": PHONE, "correlation_id": "ad388b5a46b33b874b0d41f7226db2ef", "status": "opt-out",
        "sender_id": SANDBOX_TWILIO_SERVICE, "source": "offline", "date_of_consent": "2026-11-23T16:00:00Z",
    }  # fmt: skip
    return given | more


@pytest.fixture
def tell(twilio, sandbox):
    twilio.accounts.base_url = sandbox.url

    def act(*items):
        return twilio.accounts.v1.bulk_consents.create(items=list(items)).items

    return act


def test_a_number_that_was_told_to_have_opted_out_is_refused_until_it_opts_in(tell, text, sandbox):
    (answer,) = tell(consent())
    assert answer == {"correlation_id": consent()["correlation_id"], "error_code": 0, "error_messages": []}
    with pytest.raises(TwilioRestException) as refused:
        text(PHONE)
    assert refused.value.code == 21610
    tell(consent(status="opt-in", source="opt-in-message"))
    assert text(PHONE).status == "accepted"
    assert [(told["status"], told["source"]) for told in sandbox.consents()["told"]] == [
        ("opt-out", "offline"),
        ("opt-in", "opt-in-message"),
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"contact_id": "2185550123"}, "INVALID_CONTACT_ID"),
        ({"correlation_id": "7"}, "INVALID_CORRELATION_ID"),
        ({"sender_id": "+12185550199"}, "INVALID_SENDER_ID"),
        ({"status": "stop"}, "INVALID_STATUS"),
        ({"source": "phone"}, "INVALID_SOURCE"),
    ],
)
def test_what_is_wrong_with_one_does_not_stop_the_others(tell, sandbox, wrong, reason):
    good, bad = tell(consent(contact_id="+12185550124"), consent(**wrong))
    assert good["error_code"] == 0
    assert (bad["error_code"], bad["error_messages"]) == (30646, [reason])
    assert sandbox.consents()["opted_out"] == ["+12185550124"]


def test_a_request_that_cannot_be_read_is_refused_whole(tell, call):
    with pytest.raises(TwilioRestException) as refused:
        tell(*[consent(contact_id=f"+1218555{n:04d}") for n in range(26)])
    assert (refused.value.status, refused.value.code) == (400, 20001)
    assert call("POST", "/v1/Consents/Bulk", {"Items": "not json"})[0] == 400
    assert call("POST", "/v1/Consents/Bulk", {"Items": json.dumps([1])})[0] == 400
    assert call("GET", "/v1/Consents/Bulk")[0] == 405


def test_a_stop_by_text_is_on_the_same_list_and_a_reset_empties_it(sandbox):
    sandbox.text_from(PHONE, "STOP", to=SANDBOX_TWILIO_NUMBER)
    assert sandbox.consents() == {"told": [], "opted_out": [PHONE]}
    sandbox.reset()
    assert sandbox.consents()["opted_out"] == []

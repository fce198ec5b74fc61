"""The carriers' codes as data."""

import pytest

from comms.channels import Outcome, errors
from comms.channels.statuses import sendgrid_event, twilio_status
from comms.outbox.states import RANK

ROWS = [
    pytest.param(row, id=f"{carrier}-{kind}-{row.code}")
    for carrier in errors.CARRIERS
    for kind, table in (("send", errors._send_errors(carrier)), ("delivery", errors._delivery_errors(carrier)))
    for row in table.values()
]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_says_what_it_means_what_to_do_and_where_from(row):
    for words in (row.meaning, row.advice):
        assert words.endswith(".")
        assert words[0].isupper()
    assert row.source
    assert row.confidence in {"V1", "V2", "P", "M"}


@pytest.mark.parametrize("row", ROWS)
def test_rows_agree_with_themselves(row):
    if isinstance(row, errors.SendError):
        assert row.outcome in (Outcome.REFUSED_NOW, Outcome.REFUSED_FOR_GOOD)
        assert not (row.halt and row.outcome is Outcome.REFUSED_FOR_GOOD)
        assert not (row.address_status and row.outcome is Outcome.REFUSED_NOW)
    else:
        assert (row.effect is errors.Effect.RETRY) == (row.retries > 0) == (row.retry_after is not None)
        assert not (row.address_status and row.effect is not errors.Effect.OTHER_CHANNEL)


@pytest.mark.parametrize("carrier", errors.CARRIERS)
@pytest.mark.parametrize("code", ["88888", None, ""])
def test_an_unknown_code_is_given_up_and_shown(carrier, code):
    at_send, later = errors.at_send(carrier, code), errors.at_delivery(carrier, code)
    assert (at_send.outcome, at_send.address_status) == (Outcome.REFUSED_FOR_GOOD, None)
    assert (later.effect, later.address_status) == (errors.Effect.OTHER_CHANNEL, None)
    assert "Look the code up" in errors.explain(carrier, code)[1]


def test_staff_read_the_same_words_whichever_way_a_code_came():
    assert "landline" in errors.explain("twilio", "30006")[0]
    assert "not a mobile number" in errors.explain("twilio", "21614")[0]


@pytest.mark.parametrize(
    "word",
    [
        "queued",
        "sending",
        "sent",
        "failed",
        "delivered",
        "undelivered",
        "accepted",
        "scheduled",
        "read",
        "partially_delivered",
        "canceled",
    ],
)
def test_every_status_of_the_specification_has_a_state(word):
    assert twilio_status(word) in RANK
    assert twilio_status(word.upper()) == twilio_status(word)


def test_words_that_are_not_ours_have_none():
    assert twilio_status("receiving") is None
    assert sendgrid_event("open") is None
    assert sendgrid_event("bounce") == "bounced"

"""The Messages API through Twilio's own SDK, and its refusals through plain HTTP."""

from datetime import timedelta

import pytest
from twilio.base.exceptions import TwilioRestException

from comms.clock import FileClock
from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_SID
from tests.sandbox.conftest import MESSAGES, MONDAY
from tests.sandbox.shapes import check
from tests.sandbox.shapes.twilio import ERROR, MESSAGE, MESSAGE_LIST

GOOD = {"To": "+12185550123", "From": SANDBOX_TWILIO_NUMBER, "Body": "Your bill is past due."}


def test_a_text_through_the_messaging_service_starts_accepted(text):
    message = text()
    assert message.status == "accepted"
    assert message.num_segments == "0"
    assert message.from_ is None
    assert message.messaging_service_sid == SANDBOX_TWILIO_SERVICE


def test_a_text_from_a_number_starts_queued_and_is_counted(text):
    message = text(from_=SANDBOX_TWILIO_NUMBER, body="x" * 161)
    assert (message.status, message.num_segments, message.from_) == ("queued", "2", SANDBOX_TWILIO_NUMBER)


def test_every_answer_has_twilios_shape(call, sandbox):
    status, _, created = call("POST", MESSAGES, GOOD)
    assert status == 201
    check(MESSAGE, created)
    sandbox.drain()
    status, _, fetched = call("GET", created["uri"])
    assert (status, fetched["status"]) == (200, "delivered")
    check(MESSAGE, fetched)
    status, _, page = call("GET", MESSAGES)
    assert status == 200
    check(MESSAGE_LIST, page)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"To": None}, 400, 21604),
        ({"To": ""}, 400, 21604),
        ({"To": "218-555-0123"}, 400, 21211),
        ({"To": "+1218555012"}, 400, 21211),
        ({"To": "+11185550123"}, 400, 21211),
        ({"To": SANDBOX_TWILIO_NUMBER}, 400, 21266),
        ({"Body": None}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"From": None}, 400, 21603),
        ({"From": "+12185550199"}, 400, 21606),
        ({"From": "the city"}, 400, 21212),
        ({"From": None, "MessagingServiceSid": "MG" + "0" * 32}, 400, 21701),
        ({"StatusCallback": "not a url"}, 400, 21609),
        ({"ValidityPeriod": "36001"}, 400, 20001),
        ({"To": "+12185559902"}, 400, 21610),
        ({"To": "+13305559904"}, 400, 21614),
        ({"To": "+12185559911"}, 400, 21211),
        ({"To": "+15005550001"}, 400, 21211),
        ({"To": "+15005550003"}, 400, 21408),
        ({"From": "+15005550007"}, 400, 21606),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_with_its_code(call, sandbox, change, status, code):
    form = {name: value for name, value in (GOOD | change).items() if value is not None}
    answered, _, body = call("POST", MESSAGES, form)
    assert (answered, body["status"], body["code"]) == (status, status, code)
    check(ERROR, body)
    summary = sandbox.summary()["twilio"]
    assert summary["accepted"] == 0
    assert summary["refused"] == {str(code): 1}


def test_a_body_of_1600_characters_is_taken(text):
    assert text(body="x" * 1600).sid.startswith("SM")


def test_wrong_credentials_are_challenged(call):
    status, headers, body = call("POST", MESSAGES, GOOD, Authorization="Basic bm9ib2R5OndybQ==")
    assert (status, body["code"]) == (401, 20003)
    assert headers["WWW-Authenticate"].startswith("Basic ")
    check(ERROR, body)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", MESSAGES.replace(SANDBOX_TWILIO_SID, "AC" + "0" * 32), 404, 20404),
        ("GET", MESSAGES.replace(".json", f"/SM{'0' * 32}.json"), 404, 20404),
        ("GET", "/nothing/here", 404, 20404),
        ("PUT", MESSAGES, 405, 20004),
        ("GET", f"{MESSAGES}?PageSize=1001", 400, 20001),
        ("GET", f"{MESSAGES}?DateSent=yesterday", 400, 20001),
        ("GET", f"{MESSAGES}?PageToken=PAnothing", 400, 20001),
    ],
)
def test_what_is_not_there_is_said_so(call, method, path, status, code):
    answered, _, body = call(method, path)
    assert (answered, body["code"]) == (status, code)
    check(ERROR, body)


def test_json_is_not_read(call, sandbox):
    status, _, body = call("POST", MESSAGES, body=GOOD, Content_Type="application/json")
    assert (status, body["code"]) == (415, 20415)
    assert sandbox.summary()["twilio"]["accepted"] == 0


def test_the_list_pages_newest_first_through_the_sdk(twilio, text):
    sids = [text(f"+1218555{1000 + number}").sid for number in range(7)]
    assert [message.sid for message in twilio.messages.list(page_size=3)] == sids[::-1]
    page = twilio.messages.page(page_size=3)
    second = page.next_page()
    assert [message.sid for message in second] == sids[3:0:-1]
    assert [message.sid for message in second.previous_page()] == sids[6:3:-1]


def test_the_list_finds_one_recipients_messages_by_time(twilio, text, clock_file, sandbox):
    first = text().sid
    sandbox.drain()
    FileClock.put(clock_file, MONDAY + timedelta(days=1))
    second = text().sid
    text("+13305550123")
    sandbox.drain()

    def found(**sought):
        return [message.sid for message in twilio.messages.list(to="+12185550123", **sought)]

    assert found() == [second, first]
    assert found(date_sent_after=MONDAY + timedelta(hours=12)) == [second]
    assert found(date_sent_before=MONDAY + timedelta(hours=12)) == [first]
    assert found(date_sent_after=MONDAY - timedelta(minutes=1), date_sent_before=MONDAY + timedelta(days=2)) == [
        second,
        first,
    ]
    assert found(from_="+12185550199") == []


def test_a_bare_day_means_that_day_in_utc(call, text, sandbox):
    sid = text().sid
    sandbox.drain()
    for name, day, hits in [
        ("DateSent=", "2026-11-23", [sid]),
        ("DateSent=", "2026-11-24", []),
        ("DateSent%3E=", "2026-11-23", [sid]),
        ("DateSent%3E=", "2026-11-24", []),
        ("DateSent%3C=", "2026-11-24", [sid]),
        ("DateSent%3C=", "2026-11-23", []),
    ]:
        _, _, page = call("GET", f"{MESSAGES}?{name}{day}")
        assert [message["sid"] for message in page["messages"]] == hits, (name, day)


def test_a_carrier_may_hide_what_it_has_not_sent_yet(twilio, text, sandbox):
    sandbox.faults(list_hides_unsent=True, webhook_delay_ms=3_600_000)
    text()
    assert twilio.messages.list(to="+12185550123", date_sent_after=MONDAY - timedelta(hours=1)) == []
    sandbox.faults(list_hides_unsent=False)
    assert len(twilio.messages.list(to="+12185550123", date_sent_after=MONDAY - timedelta(hours=1))) == 1


def test_a_scheduled_text_can_be_cancelled_in_time(twilio, text, sandbox, receiver):
    message = text(schedule_type="fixed", send_at=MONDAY + timedelta(hours=2))
    assert message.status == "scheduled"
    assert twilio.messages(message.sid).update(status="canceled").status == "canceled"
    sandbox.drain()
    assert receiver.statuses_of(message.sid) == ["canceled"]


def test_a_text_on_its_way_cannot_be_cancelled_or_deleted(twilio, text, sandbox):
    sandbox.faults(webhook_delay_ms=3_600_000)
    message = text()
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages(message.sid).update(status="canceled")
    assert refused.value.code == 30409
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages(message.sid).delete()
    assert (refused.value.status, refused.value.code) == (409, 20009)


def test_a_finished_text_can_be_redacted_and_deleted_but_stays_in_the_ledger(twilio, text, sandbox):
    message = text()
    sandbox.drain()
    assert twilio.messages(message.sid).update(body="").body == ""
    assert twilio.messages(message.sid).delete()
    assert twilio.messages.list() == []
    assert [row["id"] for row in sandbox.ledger("twilio")] == [message.sid]
    assert next(sandbox.ledger())["body"] == "Your bill is past due."


def test_the_credentials_can_be_tried_without_sending(twilio):
    assert twilio.api.accounts(SANDBOX_TWILIO_SID).fetch().status == "active"

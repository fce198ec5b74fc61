"""What was agreed goes out in writing, once, where the customer may be written to."""

from datetime import date, timedelta

import pytest

from comms import promises
from comms.accounts import Account, consent
from comms.campaigns.agreeing import put_in_writing
from comms.outbox import Message
from comms.promises import Part
from tests.support import build

FRIDAY = date(2026, 12, 4)


@pytest.fixture
def agreed(sqlite_database, city, clock, renderer):
    class Agreed:
        """An account with a phone and an email address that promised something."""

        def __init__(self, session):
            self.session = session
            self.account_id = build.account(session, email="maria@example.com").id

        def promise(self, installments=None):
            parts, terms = [Part(FRIDAY, 6000)], None
            if installments:
                found = promises.arrangement_for(session, city, clock, self.account_id, installments=installments)
                parts, terms = found.parts, found.terms
            return promises.enter(
                session, city, clock, account_id=self.account_id, parts=parts, source="phone", by="user:dana",
                terms=terms,
            ).promise_id  # fmt: skip

        def write(self, promise_id, **more):
            written = put_in_writing(session, city, clock, renderer, promise_id, **more)
            return written, session.get(Message, written.message_id) if written.message_id else None

    with sqlite_database.begin() as session:
        yield Agreed(session)


def test_a_promise_is_confirmed_by_text(agreed):
    written, message = agreed.write(agreed.promise())
    assert (written.channel, written.lane, message.notice) == ("sms", "sms", "promise-confirmation")
    assert "$60.00 by Fri Dec 4" in message.body_text
    assert [event.kind for event in written.events] == ["notice.queued"]


def test_an_arrangement_is_put_in_writing_with_its_payments(agreed):
    _, message = agreed.write(agreed.promise(installments=3))
    assert message.notice == "payment-arrangement-agreement"
    assert "$30.00 by Mon Nov 30, $30.00 by Wed Dec 30" in message.body_text


def test_a_long_arrangement_goes_by_email_which_has_a_table(agreed):
    promise_id = agreed.promise(installments=6)
    written, message = agreed.write(promise_id)
    assert written.channel == "email"
    assert message.body_html.count("$15.00") >= 6
    assert agreed.write(promise_id, channels=["sms"])[0].why_not.startswith("so many payments do not fit a text")


def test_it_goes_as_a_letter_where_nothing_else_may(agreed, clock):
    for channel, address in (("sms", "+12185550101"), ("email", "maria@example.com")):
        consent.record(
            agreed.session, channel=channel, address=address, category="all", action="revoked", source="test",
            evidence="stop", at=clock.now(),
        )  # fmt: skip
    written, message = agreed.write(agreed.promise())
    assert (written.channel, written.lane) == ("letter", "mail")
    assert message.letter


def test_in_the_customers_language(agreed):
    agreed.session.get(Account, agreed.account_id).language = "es"
    agreed.session.flush()
    _, message = agreed.write(agreed.promise(installments=3))
    assert "su acuerdo de pago" in message.body_text


def test_at_night_it_waits_for_the_morning(agreed, clock):
    promise_id = agreed.promise()
    clock.advance(timedelta(hours=13))
    _, message = agreed.write(promise_id)
    assert message.next_attempt_at > clock.now() + timedelta(hours=8)


def test_once_is_enough(agreed):
    promise_id = agreed.promise()
    agreed.write(promise_id)
    written, message = agreed.write(promise_id)
    assert (message, written.why_not) == (None, "it was written already")


def test_what_stands_against_it_is_said_in_a_clause(agreed, clock):
    for channel, address in (("sms", "+12185550101"), ("email", "maria@example.com")):
        consent.record(
            agreed.session, channel=channel, address=address, category="all", action="revoked", source="test",
            evidence="stop", at=clock.now(),
        )  # fmt: skip
    written, _ = agreed.write(agreed.promise(), channels=["sms"])
    assert written.why_not.startswith("the customer has opted out of text messages (")
    agreed.session.get(Account, agreed.account_id).mailing_address = {"problem": "no street"}
    agreed.session.flush()
    written, _ = agreed.write(agreed.promise(), channels=["letter"])
    assert written.why_not == "there is no address for letters (no street)"

"""What the service asks of the carriers is what they take: known parameters only, each of its type. The channels send
through the judge to the sandbox, and everything that the SDKs made of it is held to the contracts."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from comms.channels import Outcome, Outgoing, open_channel
from comms.channels.consent_twilio import Heard, TwilioConsents, Wish
from comms.channels.sms_twilio import TwilioList
from comms.clock import FixedClock
from comms.settings import SANDBOX_TWILIO_NUMBER, Settings
from comms.signing import message_token
from tests.sandbox.conftest import MONDAY
from tests.sandbox.judge import Exchange
from tests.sandbox.shapes import findings, read_form, sendgrid, twilio

AN_HOUR = timedelta(hours=1)


@pytest.fixture
def behind(judge, tmp_path, city):
    """Opens a channel whose carrier is the judge."""
    opened = []

    def act(name, **more):
        given = {"comms_var": tmp_path / "var", "secret_key": "k", "sandbox_url": judge.url}
        settings = Settings(_env_file=None, **(given | more))
        made = TwilioList(settings) if name == "list" else open_channel(name, settings, city, FixedClock(MONDAY))
        opened.append(made)
        return made

    yield act
    for channel in opened:
        channel.close()


def outgoing(recipient, **more):
    given = {
        "message_id": 1, "token": message_token(b"k", 1), "recipient": recipient, "recipient_name": "Maria Jensen",
        "subject": "Your account", "text": "It is past due: 50% & more, año 😀", "html": None, "category": "billing",
        "purpose": "dunning",
    }  # fmt: skip
    return Outgoing(**(given | more))


@pytest.mark.parametrize("sender", [{}, {"twilio_from_number": SANDBOX_TWILIO_NUMBER}])
def test_texts(judge, behind, sender):
    channel = behind("sms", **sender)
    for recipient in ("+12185550123", "+12185559902", "+442071838750"):
        channel.send(outgoing(recipient))
    assert judge.findings() == []
    assert [exchange.status for exchange in judge.exchanges] == [201, 400, 201]
    form = read_form(twilio.CREATE, pairs_of(judge.exchanges[0]))
    assert form.keys() == {"To", "Body", "StatusCallback", "From" if sender else "MessagingServiceSid"}


def test_asking_what_became_of_a_text(judge, behind, sandbox):
    channel = behind("sms")
    sandbox.faults(next=["accept_then_500"])
    assert channel.send(outgoing("+12185550123")).outcome is Outcome.AMBIGUOUS
    now = datetime.now(UTC)
    listed = min(now, MONDAY) - AN_HOUR
    assert channel.look_for(outgoing("+12185550123"), listed, max(now, MONDAY) + AN_HOUR, ()) is not None
    carrier = behind("list")
    [message] = carrier.since(MONDAY - AN_HOUR)
    assert carrier.one(message.sid).sid == message.sid
    assert carrier.one("SM" + "0" * 32) is None
    assert judge.findings() == []
    assert [exchange.method for exchange in judge.exchanges] == ["POST", "GET", "GET", "GET", "GET"]


@pytest.mark.parametrize("sender", [{}, {"twilio_from_number": SANDBOX_TWILIO_NUMBER}])
def test_consents(judge, tmp_path, sandbox, sender):
    settings = Settings(_env_file=None, comms_var=tmp_path / "var", secret_key="k", sandbox_url=judge.url, **sender)
    list_ = TwilioConsents(settings, FixedClock(MONDAY))
    sources = ("reply:sms", "user:park", "cis")
    wishes = [Wish(n, f"+1218555{n:04d}", n % 2 == 0, sources[n % 3], MONDAY) for n in range(1, 26)]
    assert {one.heard for one in list_.tell(wishes)} == {Heard.TOLD}
    list_.close()
    assert judge.findings() == []
    assert len(judge.exchanges) == 1
    assert sandbox.consents()["opted_out"] == [wish.phone for wish in wishes if not wish.wanted]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"html": "<p>It is past due.</p>"},
        {"purpose": "legal", "category": "legal"},
        {"purpose": "conversational", "in_reply_to": "<a@b>\r\nBcc: all@example.com"},
        {"recipient_name": "=cmd|' /C calc'!A0 <b>\r\nBcc: x@example.com", "subject": "Año 😀"},
        {"subject": None, "recipient_name": "王小明"},
    ],
)
def test_mails(judge, behind, more):
    sent = behind("email").send(outgoing("maria@example.com", **more))
    assert judge.findings() == []
    assert sent.outcome is Outcome.ACCEPTED
    assert sent.carrier_id == judge.exchanges[0].received["X-Message-Id"]


def test_a_sender_that_may_not_send_is_known_by_its_answer(judge, behind):
    sent = behind("email", email_from="unverified@duluth.example.gov").send(outgoing("maria@example.com"))
    assert (sent.http_status, sent.halt) == (403, True)
    assert judge.findings() == []


def pairs_of(exchange: Exchange):
    return parse_qsl(exchange.body.decode(), strict_parsing=True)


GOOD_CONSENT = {
    "contact_id": "+12185550123", "correlation_id": "0" * 32, "sender_id": SANDBOX_TWILIO_NUMBER, "status": "opt-out",
    "source": "offline",
}  # fmt: skip
GOOD_MAIL = {"personalizations": [{"to": [{"email": "a@b.example"}]}], "from": {"email": "o@b.example"}}


@pytest.mark.parametrize(
    ("schema", "good", "change"),
    [
        (twilio.CREATE, {"To": "+12185550123"}, {"Bdoy": "x"}),
        (twilio.CREATE, {"To": "+12185550123"}, {"ValidityPeriod": "soon"}),
        (twilio.CREATE, {"To": "+12185550123"}, {"StatusCallback": "not an address"}),
        (twilio.CREATE, {"To": "+12185550123"}, {"To": "2185550123"}),
        (twilio.CREATE, {"To": "+12185550123"}, {"MessagingServiceSid": "MG1"}),
        (twilio.CONSENT, GOOD_CONSENT, {"status": "out"}),
        (twilio.CONSENT, GOOD_CONSENT, {"correlation_id": "7"}),
        (twilio.LIST, {}, {"PageSize": 1001}),
        (twilio.LIST, {}, {"DateSent>": "yesterday"}),
        (sendgrid.MAIL, GOOD_MAIL, {"bdoy": "x"}),
        (sendgrid.MAIL, GOOD_MAIL, {"custom_args": {"n": 1}}),
        (sendgrid.MAIL, GOOD_MAIL, {"from": {"email": "nobody"}}),
        (sendgrid.MAIL, GOOD_MAIL, {"content": [{"type": "text/plain"}]}),
        (sendgrid.MAIL, GOOD_MAIL, {"tracking_settings": {"click_tracking": {"enable": "no"}}}),
        (sendgrid.ERROR, {"errors": [{"message": "m", "field": None}]}, {"errors": [{"message": "m"}]}),
    ],
)
def test_the_contracts_find_what_is_wrong(schema, good, change):
    assert findings(schema, good) == []
    assert findings(schema, good | change) != []


def test_a_value_that_comes_twice_is_found():
    pairs = [("To", "+12185550123"), ("Body", "a"), ("Body", "b")]
    assert findings(twilio.CREATE, read_form(twilio.CREATE, pairs)) != []
    twice = [("To", "+12185550123"), ("MediaUrl", "https://x.example/1"), ("MediaUrl", "https://x.example/2")]
    assert findings(twilio.CREATE, read_form(twilio.CREATE, twice)) == []

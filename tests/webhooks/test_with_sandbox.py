"""The whole way with the local carriers: sent over HTTP, told by signed posts, understood; and what a post did not
bring is asked for."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from comms import outbox, replies
from comms.accounts import consent
from comms.channels import Outcome, Outgoing, open_channel
from comms.clock import SystemClock
from comms.history.schema import WebhookEvent
from comms.notices import Catalogue, Renderer
from comms.outbox.schema import Message
from comms.replies.schema import InboundMessage
from comms.sandbox import start
from comms.settings import ROOT, Settings
from comms.signing import message_token
from tests.support import build
from tests.support.servers import free_port
from webhooks import reconcile, understand

from .conftest import serving

A_DAY = timedelta(days=1)


class Handled:
    lanes = ()


@pytest.fixture
def sandboxed(tmp_path, sqlite_database, make_office, monkeypatch, city):
    """An office whose carriers are the sandbox; ``served`` puts its routes behind the address they post to."""
    monkeypatch.setattr(replies, "handle", lambda *_, **__: Handled())
    port = free_port()
    var = tmp_path / "var"
    public = f"http://127.0.0.1:{port}"
    with start(var, public_url=public, faults={"webhook_delay_ms": (1, 5), "event_batch_ms": 5}) as sandbox:
        settings = Settings(_env_file=None, comms_var=var, secret_key="k", public_url=public, sandbox_url=sandbox.url)
        office = make_office(sqlite_database, settings=settings, clock=SystemClock())
        yield office, sandbox, lambda: serving(office, port)


def send(office, city, channel, recipient):
    """Queue and send one message as the outbox would; returns its id."""
    with office.database.begin() as session:
        account = build.account(session, phone="+12185550101", email="maria@example.com")
        draft = build.draft(account.id, channel=channel, recipient=recipient)
        [message_id] = outbox.enqueue(session, [draft], office.clock)
    token = message_token(office.settings.secret, message_id)
    outgoing = Outgoing(
        message_id, token, recipient, "Maria", draft.subject, draft.body_text, draft.body_html, "billing", "dunning"
    )
    carrier = open_channel(channel, office.settings, city, office.clock, connections=2)
    result = carrier.send(outgoing)
    carrier.close()
    assert result.outcome is Outcome.ACCEPTED
    with office.database.begin() as session:
        now = office.clock.now()
        changed = {"state": "submitted", "carrier_id": result.carrier_id, "state_at": now, "submitted_at": now}
        session.execute(update(Message).where(Message.id == message_id).values(changed))
    return message_id


def states(office):
    with office.database.read() as session:
        return [state for (state,) in session.execute(select(Message.state).order_by(Message.id))]


def test_both_ways_over_http(sandboxed, city):
    office, sandbox, served = sandboxed
    with served():
        send(office, city, "sms", "+12185550111")
        send(office, city, "sms", "+12185559906")
        send(office, city, "email", "delivered@example.com")
        send(office, city, "email", "bounce@example.com")
        sandbox.text_from("+12185550101", "i can do 50 friday 😀")
        sandbox.mail_from("maria@example.com", "utilities@duluth.example.gov", "Re: bill", "Año")
        assert sandbox.drain()
    understand(office)
    assert states(office) == ["delivered", "undelivered", "delivered", "bounced"]
    with office.database.read() as session:
        assert sorted(session.scalars(select(InboundMessage.text))) == ["Año", "i can do 50 friday 😀"]
        assert set(session.scalars(select(WebhookEvent.state))) == {"understood"}


def test_a_customer_who_says_stop_is_left_alone(sandboxed, city, monkeypatch):
    office, sandbox, served = sandboxed
    monkeypatch.undo()
    office.renderer = Renderer(Catalogue.load(ROOT, city), city)
    with served():
        send(office, city, "sms", "+12185550101")
        sandbox.text_from("+12185550101", "STOP")
        assert sandbox.drain()
    understand(office)
    with office.database.read() as session:
        assert consent.blocked(session, "sms", ["+12185550101"]) == {"+12185550101"}
        assert session.scalars(select(InboundMessage)).one().handling != "new"
        assert set(session.scalars(select(WebhookEvent.state))) == {"understood"}


def test_what_twilio_could_not_post_is_taken_from_its_list(sandboxed, city):
    office, sandbox, served = sandboxed
    send(office, city, "sms", "+12185550111")
    send(office, city, "sms", "+12185559906")
    sandbox.text_from("+12185550101", "nobody was home")
    assert sandbox.drain(), "posted to nobody, and given up"
    since = office.clock.now() - A_DAY
    found = reconcile(office, since)
    assert (found.replies_taken, found.statuses_taken, found.complete) == (1, 2, True)
    again = reconcile(office, since)
    assert (again.replies_taken, again.statuses_taken) == (0, 0)
    with served():
        sandbox.text_from("+12185550101", "somebody is home")
        assert sandbox.drain()
    assert reconcile(office, since).replies_taken == 0, "it came by post"
    understand(office)
    assert states(office) == ["delivered", "undelivered"]
    with office.database.read() as session:
        assert sorted(session.scalars(select(InboundMessage.text))) == ["nobody was home", "somebody is home"]
        assert office.doorbell.rung.count("housekeeping") >= 1


def test_a_text_long_without_a_receipt_is_asked_about(sandboxed, city):
    office, sandbox, _ = sandboxed
    send(office, city, "sms", "+12185550111")
    assert sandbox.drain()
    long_ago = office.clock.now() - timedelta(hours=2)
    with office.database.begin() as session:
        session.execute(update(Message).values(state_at=long_ago, submitted_at=long_ago))
    after_everything = office.clock.now() + A_DAY
    found = reconcile(office, after_everything)
    assert (found.looked_at, found.asked, found.statuses_taken) == (0, 1, 1)
    assert reconcile(office, after_everything).asked == 0, "not asked again so soon"
    understand(office)
    assert states(office) == ["delivered"]


def test_other_users_of_the_carriers_account_are_left_alone(sandboxed, city):
    office, sandbox, _ = sandboxed
    send(office, city, "sms", "+12185550111")
    sandbox.text_from("+12185550101", "to another service", to="+13305550199", service=False)
    assert sandbox.drain()
    number = office.settings.model_copy(update={"twilio_from_number": "+12185550100"})
    number.__dict__.pop("twilio_sender", None)
    office.settings = number
    with office.database.begin() as session:
        session.execute(update(Message).values(carrier_id="SM" + "e" * 32))
    found = reconcile(office, office.clock.now() - A_DAY)
    assert (found.replies_taken, found.statuses_taken, found.looked_at) == (0, 0, 2)


def test_a_carrier_that_is_away_cuts_it_short(sandboxed, city):
    office, sandbox, _ = sandboxed
    sandbox.stop()
    found = reconcile(office, office.clock.now() - A_DAY)
    assert (found.complete, found.looked_at) == (False, 0)

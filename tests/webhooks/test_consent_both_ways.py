"""Over real HTTP: Twilio's list of opt-outs and our ledger follow each other, whoever heard the customer first."""

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from comms.accounts import consent
from comms.accounts.schema import ConsentEvent, ConsentMirror
from comms.channels import Outcome, Outgoing, open_channel
from comms.channels.consent_twilio import TwilioConsents
from comms.notices import Catalogue, Renderer
from comms.outbox import Dispatcher, tell_carrier
from comms.outbox.pacing import Unpaced
from comms.sandbox import start
from comms.settings import ROOT, Settings
from tests.support import build
from tests.support.servers import free_port
from webhooks import understand

from .conftest import serving

PHONE = "+12185550101"


@pytest.fixture
def town(tmp_path, sqlite_database, make_office, city, clock):
    """An office, the local Twilio, and one customer with a phone."""
    port, var = free_port(), tmp_path / "var"
    public = f"http://127.0.0.1:{port}"
    with start(var, public_url=public, faults={"webhook_delay_ms": (1, 5), "undelivered_rate": 0}) as sandbox:
        settings = Settings(_env_file=None, comms_var=var, secret_key="k", public_url=public, sandbox_url=sandbox.url)
        renderer = Renderer(Catalogue.load(ROOT, city), city)
        office = make_office(sqlite_database, settings=settings, renderer=renderer)
        with office.database.begin() as session:
            build.account(session, phone=PHONE)
        sms = open_channel("sms", settings, city, clock, connections=2)
        consents = TwilioConsents(settings, clock)

        def says(words):
            sandbox.text_from(PHONE, words)
            assert sandbox.drain()
            clock.advance(timedelta(seconds=1))
            understand(office)

        def send(lane="sms"):
            """Whatever is due; what came of it."""
            done = Dispatcher(
                office.database, clock, city, {"sms": sms}, {"sms": Unpaced()}, secret=b"k", owner="w", threads=2,
                draw=random.Random(1),
            ).deliver(lane, [])  # fmt: skip
            return {str(outcome): count for outcome, count in done.outcomes.items()}

        def tell():
            return tell_carrier(office.database, clock, consents).told

        with serving(office, port):
            yield SimpleNamespace(office=office, sandbox=sandbox, says=says, send=send, tell=tell, sms=sms)
        sms.close()
        consents.close()


def blocked(town):
    with town.office.database.read() as session:
        return bool(consent.blocked(session, "sms", [PHONE]))


def rows(town, *columns):
    with town.office.database.read() as session:
        return [tuple(row) for row in session.execute(select(*columns))]


def test_an_opt_out_in_plain_words_reaches_twilio_and_one_back_lifts_it(town):
    town.says("please stop texting me")
    assert blocked(town)
    assert town.send("urgent") == {"accepted": 1}, "the confirmation goes out first"
    assert town.tell() == 0, "not before the confirmation can have come through"
    town.office.clock.advance(timedelta(minutes=5))
    assert town.tell() == 1
    assert town.sandbox.consents()["opted_out"] == [PHONE]
    refused = town.sms.send(Outgoing(1, "1-token", PHONE, "Maria", None, "Past due.", None, "billing", "dunning"))
    assert (refused.outcome, refused.error_code) == (Outcome.REFUSED_FOR_GOOD, "21610")

    town.says("ok you can text me again, opt me back in")
    assert not blocked(town)
    assert town.send("urgent") == {"refused_now": 1}, "Twilio does not know yet; that undoes nothing"
    assert not blocked(town)
    assert town.tell() == 1
    assert town.sandbox.consents()["opted_out"] == []
    town.office.clock.advance(timedelta(minutes=1))
    assert town.send("urgent") == {"accepted": 1}
    assert town.tell() == 0
    assert rows(town, ConsentEvent.action, ConsentEvent.source) == [("revoked", "reply:sms"), ("granted", "reply:sms")]


def test_stop_and_start_are_heard_and_not_told_back(town):
    town.says("STOP")
    assert blocked(town)
    town.says("START")
    assert not blocked(town)
    assert town.tell() == 0
    assert town.sandbox.consents() == {"told": [], "opted_out": []}
    assert rows(town, ConsentEvent.action, ConsentEvent.source) == [("revoked", "carrier"), ("granted", "carrier")]
    assert rows(town, ConsentMirror.state) == []

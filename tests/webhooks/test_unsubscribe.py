"""One click stops a category of email, and nothing else."""

import pytest
from sqlalchemy import select

from comms import outbox
from comms.accounts import consent
from comms.accounts.schema import ConsentEvent
from comms.channels.unsubscribe import unsubscribe_url
from comms.db import Database
from comms.history import timeline
from tests.support import build
from tests.support.servers import free_port

from .conftest import PUBLIC, serving

ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def sent(database, clock, webhook_settings):
    """An email that was queued; returns its account, address and unsubscribe path."""

    def act(channel="email", language="en"):
        with database.begin() as session:
            account = build.account(session, phone=None, email="maria@example.com")
            draft = build.draft(account.id, channel=channel, recipient="maria@example.com", language=language)
            [message_id] = outbox.enqueue(session, [draft], clock)
        return account.id, unsubscribe_url(webhook_settings, message_id).removeprefix(PUBLIC)

    return act


def blocked(database, category):
    with database.read() as session:
        return bool(consent.blocked(session, "email", ["maria@example.com"], category))


def test_one_click_stops_this_category(carrier, database, sent):
    account_id, path = sent()
    status, body, _ = carrier.send("POST", path, ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200
    assert "no more of these emails" in body
    assert blocked(database, "billing")
    assert not blocked(database, "another")
    with database.read() as session:
        assert [entry.kind for entry in timeline(session, account_id)][-1] == "consent.revoked"


def test_clicking_again_changes_nothing(carrier, database, sent):
    _, path = sent()
    assert [carrier.send("POST", path)[0] for _ in range(3)] == [200] * 3
    with database.read() as session:
        assert len(list(session.scalars(select(ConsentEvent)))) == 1


def test_opening_the_link_asks_first(carrier, database, sent):
    _, path = sent()
    status, body, headers = carrier.send("GET", path)
    assert status == 200
    assert '<form method="post"><button>' in body
    assert headers["Cache-Control"] == "no-store"
    assert not blocked(database, "billing")


def test_a_spanish_customer_is_asked_in_spanish(carrier, sent):
    _, path = sent(language="es")
    assert "¿Dejar de recibir" in carrier.send("GET", path)[1]


@pytest.mark.parametrize("token", ["1-x", "nonsense", "999999-abcdefghijklmnop", "%00", "%ff"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours(carrier, database, token, method):
    assert carrier.send(method, f"/u/{token}", ONE_CLICK)[0] == 404
    with database.read() as session:
        assert list(session.scalars(select(ConsentEvent))) == []


def test_a_text_has_no_such_link(carrier, sent):
    _, path = sent(channel="sms")
    assert carrier.send("POST", path, ONE_CLICK)[0] == 404


def test_no_database_asks_to_try_again(make_office, webhook_settings):
    database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    path = unsubscribe_url(webhook_settings, 1).removeprefix(PUBLIC)
    with serving(make_office(database)) as carrier:
        assert [carrier.send(method, path)[0] for method in ("GET", "POST")] == [503, 503]
    database.dispose()

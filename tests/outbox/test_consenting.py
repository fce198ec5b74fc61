"""A customer who says it to a person, not to a phone: the ledger, the history and what is under way follow at once."""

import pytest

from comms.accounts import consent
from comms.history import timeline
from comms.outbox import enqueue
from comms.outbox.consenting import record_word
from comms.outbox.schema import Message
from tests.support import build

PHONE, OTHER, MAIL = "+12185550148", "+12185550149", "maria@example.com"


@pytest.fixture
def said(database, clock):
    def act(action="revoked", **more):
        given = {
            "channel": "sms", "address": PHONE, "evidence": "By phone on Nov 23, Maria Jensen herself",
            "by": "user:park",
        }  # fmt: skip
        return database.run(lambda session: record_word(session, clock, action=action, **(given | more)))

    return act


@pytest.fixture
def customer(database):
    with database.begin() as session:
        account = build.account(session, phone=PHONE, email=MAIL)
        build.contact_point(session, account.id, "phone", OTHER, rank=2)
        return account.id


@pytest.fixture
def queued(database, clock, customer):
    """Messages of every kind that have not left: their ids by recipient and category."""

    def act(purpose="dunning"):
        places = [(PHONE, "sms"), (OTHER, "sms"), (MAIL, "email")]
        with database.begin() as session:
            drafts = {
                (to, category): build.draft(customer, channel=way, recipient=to, category=category, purpose=purpose)
                for to, way in places
                for category in ("billing", "conversation")
            }
            return dict(zip(drafts, enqueue(session, list(drafts.values()), clock), strict=True))

    return act


def states(database, ids):
    with database.read() as session:
        return {key: str(session.get(Message, id_).state) for key, id_ in ids.items()}


def test_every_text_to_that_number_stops_and_nothing_else(database, queued, said, customer):
    ids = queued()
    done = said()
    assert done.account_ids == (customer,)
    assert set(done.recalled) == {ids[PHONE, "billing"], ids[PHONE, "conversation"]}
    after = states(database, ids)
    assert {key for key, state in after.items() if state == "cancelled"} == {
        (PHONE, "billing"),
        (PHONE, "conversation"),
    }


def test_one_category_on_one_channel_stops_alone(database, queued, said):
    ids = queued()
    said(channel="email", address=MAIL, category="billing")
    after = states(database, ids)
    assert {key for key, state in after.items() if state == "cancelled"} == {(MAIL, "billing")}


def test_letters_that_the_law_requires_go_on(database, clock, customer, said):
    with database.begin() as session:
        legal = build.draft(customer, channel="letter", purpose="legal")
        ids = dict(zip(["letter"], enqueue(session, [legal], clock), strict=True))
    said()
    assert states(database, ids) == {"letter": "queued"}


def test_the_history_says_who_took_it_and_how(database, said, customer):
    said()
    said("granted", evidence="At the counter on Nov 24")
    with database.read() as session:
        lines = [(e.kind, e.actor, e.summary) for e in timeline(session, customer)]
    assert lines == [
        ("consent.revoked", "user:park", f"{PHONE} wants no texts: By phone on Nov 23, Maria Jensen herself"),
        ("consent.granted", "user:park", f"{PHONE} wants texts again: At the counter on Nov 24"),
    ]


def test_an_address_that_is_on_no_account_is_left_alone_too(database, said):
    done = said(address="+12185550177")
    assert done.account_ids == ()
    with database.read() as session:
        assert consent.blocked(session, "sms", ["+12185550177"]) == {"+12185550177"}


def test_what_is_sent_heeds_number_channel_and_category(outbox, database, clock, customer, said):
    """The rows of the ledger are asked for again when a message is about to leave."""
    said(category="billing")
    said(channel="email", address=MAIL)
    with database.begin() as session:
        drafts = {
            (to, category): build.draft(
                customer, channel=way, recipient=to, category=category, purpose="conversational", lane=lane
            )
            for to, way, lane in ((PHONE, "sms", "sms"), (OTHER, "sms", "sms"), (MAIL, "email", "email"))
            for category in ("billing", "conversation")
        }
        ids = dict(zip(drafts, enqueue(session, list(drafts.values()), clock), strict=True))
    for lane in ("sms", "email"):
        outbox.dispatcher().deliver(lane, [])
    after = states(database, ids)
    assert {key for key, state in after.items() if state == "suppressed"} == {
        (PHONE, "billing"), (MAIL, "billing"), (MAIL, "conversation"),
    }  # fmt: skip
    assert {key for key, state in after.items() if state == "submitted"} == {
        (PHONE, "conversation"), (OTHER, "billing"), (OTHER, "conversation"),
    }  # fmt: skip

"""An office that customers can text: a renderer, and a short way to send it a text and see what comes back."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from comms import history, outbox, replies, worklist
from comms.accounts import Hold
from comms.notices import Catalogue, Renderer
from comms.outbox.schema import Message
from comms.promises.schema import Promise
from comms.replies import Inbound, understand
from comms.replies.schema import Conversation, InboundMessage
from comms.replies.understanding import Understanding
from comms.settings import ROOT
from tests.support import build

PHONE = "+12185550123"
OFFICE = "+12185550140"
CHICAGO = "America/Chicago"
WEDNESDAY = datetime(2026, 11, 18, 10, 0, tzinfo=ZoneInfo(CHICAGO))
_numbers = count(1)


@pytest.fixture(scope="session")
def renderers():
    return {}


@pytest.fixture
def renderer(city, renderers):
    if city.slug not in renderers:
        renderers[city.slug] = Renderer(Catalogue.load(ROOT, city), city)
    return renderers[city.slug]


@dataclass
class Office:
    """Texts go in, one transaction each; answers, tasks and history are read back."""

    database: object
    city: object
    clock: object
    renderer: object
    settings: object
    handled: list = field(default_factory=list)

    def text(self, words, *, sender=PHONE, channel="sms", at=None, hold=False, **more):
        """Write to the office; with ``hold`` it is only kept, and its id is returned."""
        inbound = Inbound(
            channel=channel, provider_id=f"SM{next(_numbers)}", sender=sender, recipient=OFFICE, text=words,
            received_at=at or self.clock.now(), **more,
        )  # fmt: skip
        with self.database.begin() as session:
            inbound_id = replies.receive(session, inbound, self.clock)
        if hold:
            return inbound_id
        self.handled.append(self.handle(inbound_id))
        return self.handled[-1]

    def handle(self, inbound_id):
        return self.database.run(
            lambda session: replies.handle(
                session, inbound_id, city=self.city, clock=self.clock, renderer=self.renderer, settings=self.settings
            )
        )

    def ask(self, question):
        with self.database.read() as session:
            return question(session)

    def answers(self):
        """What we have written, in order."""
        return self.ask(
            lambda s: list(
                s.execute(
                    select(Message.notice, Message.body_text)
                    .where(Message.purpose == "conversational")
                    .order_by(Message.id)
                )
            )
        )

    def last_answer(self):
        return (self.answers() or [(None, None)])[-1]

    def tasks(self):
        return self.ask(lambda s: [(task.kind, task.priority, task.reason) for task in worklist.open_tasks(s)])

    def kinds(self, account_id):
        return self.ask(lambda s: [entry.kind for entry in history.timeline(s, account_id)])

    def conversation(self, address=PHONE):
        return self.ask(lambda s: s.scalars(select(Conversation).where(Conversation.address == address)).one())

    def inbound(self, inbound_id):
        return self.ask(lambda s: s.get(InboundMessage, inbound_id))


@pytest.fixture
def office(database, city, clock, renderer, settings):
    return Office(database, city, clock, renderer, settings)


@pytest.fixture
def small_office(sqlite_database, city, clock, renderer, settings):
    """The same on SQLite only, for what does not depend on the database."""
    return Office(sqlite_database, city, clock, renderer, settings)


def customer(office, **terms):
    with office.database.begin() as session:
        return build.account(session, phone=PHONE, **terms).id


def promise_of(office, account_id):
    return office.ask(
        lambda s: s.scalars(select(Promise).where(Promise.account_id == account_id).order_by(Promise.id.desc())).first()
    )


def queue_a_reminder(office, account_id, *, channel="sms", recipient=PHONE, purpose="dunning", key="reminder", **more):
    with office.database.begin() as session:
        (message_id,) = outbox.enqueue(
            session,
            [
                outbox.Draft(
                    account_id=account_id, channel=channel, recipient=recipient, recipient_name="Maria Jensen",
                    notice="past-due-reminder", notice_version="v", purpose=purpose, category="billing",
                    language="en", body_text="Past due.", dedupe_key=f"{key}:{account_id}", **more,
                )
            ],
            office.clock,
        )  # fmt: skip
    return message_id


def state_of(office, message_id):
    return office.ask(lambda s: s.get(Message, message_id).state)


def meant(text, at=WEDNESDAY, past_due=12000):
    """What the office takes a text to mean, of one who owes $120.00 past due and $30.00 more."""
    return understand(text, at, CHICAGO, past_due, past_due + 3000)


def notices(office):
    """The answers that were given, by their names."""
    return [notice for notice, _ in office.answers()]


def lines(office, account_id):
    """The contact history of an account, as a clerk reads it, the oldest first."""
    return office.ask(lambda s: [entry.summary for entry in history.timeline(s, account_id)])


def taken_for(monkeypatch, intent, *, confidence=0.9, **more):
    """Whatever is written from now on is understood so."""
    meaning = Understanding(intent, confidence=confidence, **more)
    monkeypatch.setattr("comms.replies.reading.understand", lambda *_: meaning)


def holds_of(office, account_id):
    return office.ask(
        lambda s: [
            (one.kind, one.ends_on, one.source) for one in s.scalars(select(Hold).where(Hold.account_id == account_id))
        ]
    )

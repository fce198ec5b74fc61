"""An office that plans by night: both databases, a clock that is moved, a policy in use, and what became of what it
decided."""

from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import func, select, update

from comms import campaigns
from comms.accounts.facts import touch
from comms.accounts.schema import Account
from comms.campaigns import CampaignRun, Decision, Episode
from comms.campaigns.night import Send
from comms.campaigns.policies import versions
from comms.campaigns.writing import draft_of
from comms.city import City, load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.history import record, timeline, verify
from comms.notices import Catalogue, Renderer
from comms.outbox import Message, insert_messages, queued_event
from comms.settings import ROOT
from tests.support import build, policies

RESIDENTIAL = """
policy = "residential-past-due"
version = 1
title = "Residential past due"
effective = { from = 2026-10-01 }

[enter]
class = "residential"
past_due_at_least = 25.00
oldest_due_days = 5

[exit]
past_due_at_most = 5.00

[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms", "email", "letter"], fallback_after = "24h" }

[[step]]
id = "disconnect-notice"
notice = "disconnect-notice"
after = { step = "reminder", days = 10, count = "business" }
send = { all_of = ["letter"], also = ["sms"] }
counts_when = "mailed"
required = true
pay_within_days = 14
disconnect_after_days = 38

[[step]]
id = "shut-off"
action = "field_order"
after = { step = "disconnect-notice", days = 28 }
require = { steps = ["disconnect-notice"], days = 20 }
required = true
"""
"""A reminder by the first channel that may be used, the disconnect notice by letter, and the order."""


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    city = load_city("duluth-mn")
    return Renderer(Catalogue.load(ROOT, city), city)


@dataclass
class Evenings:
    """What the office does at night, with the questions that tests ask afterwards."""

    database: Database
    clock: FixedClock
    city: City
    renderer: Renderer

    def account(self, **given) -> int:
        with self.database.begin() as session:
            return build.account(session, **given).id

    def use(self, words: str) -> None:
        """Put a policy of these words in use."""
        with self.database.begin() as session:
            policies.put_in_use(session, words)

    def plan(self, policy=None) -> int:
        return campaigns.plan(self.database, self.city, self.clock, self.renderer.catalogue, policy=policy)

    def let_go(self, run_id: int) -> None:
        """Write and queue what a run decided, as it was decided."""
        with self.database.begin() as session:
            frozen = versions.frozen(session)
            planned = select(Decision, Account, Episode).join(Account, Account.id == Decision.account_id)
            planned = planned.join(Episode, Episode.id == Decision.episode_id)
            drafts = []
            for decision, account, episode in session.execute(planned.where(
                Decision.run_id == run_id, Decision.state == "planned"
            )):  # fmt: skip
                decision.state = "released" if decision.outcome == "contact" else "noted"
                step = frozen[episode.policy, episode.policy_version].named(decision.step, episode.arm)
                for send in map(Send.from_json, decision.sends):
                    to = self.address(session, account.id, send.channel)
                    drafts.append(draft_of(
                        self.renderer, self.city, self.clock, account, step, send, to, decision_id=decision.id,
                        run_id=run_id,
                    ))  # fmt: skip
            now = self.clock.now()
            fresh = insert_messages(session, drafts, self.clock)
            record(session, [queued_event(draft, id_, digest, now) for draft, id_, digest in fresh], now)
            session.get_one(CampaignRun, run_id).state = "done"

    def address(self, session, account_id: int, channel: str) -> str:
        return campaigns.subject_of(session, self.city, account_id, self.clock.now()).facts.addresses[channel]

    def tonight(self) -> int:
        """Plan, and let it go."""
        run_id = self.plan()
        self.let_go(run_id)
        return run_id

    def fate(self, state: str, *where, **more) -> None:
        """What became of the messages that wait to leave, or of those named."""
        on_the_way = where or (Message.state == "queued",)
        with self.database.begin() as session:
            session.execute(update(Message).where(*on_the_way).values(state=state, state_at=self.clock.now(), **more))

    def arrive(self) -> None:
        """All that waits to leave leaves and arrives."""
        self.fate("mailed", Message.state == "queued", Message.channel == "letter")
        self.fate("delivered", submitted_at=self.clock.now())

    def night(self, *when: int) -> int:
        """One whole night on that day: planned, let go, arrived."""
        self.go_to(*when)
        run_id = self.tonight()
        self.arrive()
        return run_id

    def follow(self, *account_ids: int) -> campaigns.Followed:
        return campaigns.follow(self.database, self.city, self.renderer, self.clock, account_ids)

    def change(self, account_id: int, **columns) -> None:
        """The billing system says something new of the account."""
        with self.database.begin() as session:
            session.execute(update(Account).where(Account.id == account_id).values(**columns))
            touch(session, [account_id], self.clock.now())

    def go_to(self, *when: int) -> None:
        """Move the clock to a local time in the city; 10:00 when only a day is given."""
        self.clock.set(datetime(*when, *[10] * (len(when) == 3), tzinfo=self.city.zone))

    def messages(self, *where) -> list[Message]:
        with self.database.read() as session:
            return list(session.scalars(select(Message).where(*where).order_by(Message.id)))

    def decisions(self, *where) -> list[Decision]:
        with self.database.read() as session:
            return list(session.scalars(select(Decision).where(*where).order_by(Decision.id)))

    def run(self, run_id: int) -> CampaignRun:
        with self.database.read() as session:
            return session.get_one(CampaignRun, run_id)

    def episodes(self, account_id: int) -> list[Episode]:
        with self.database.read() as session:
            return list(session.scalars(select(Episode).where(Episode.account_id == account_id).order_by(Episode.id)))

    def count(self, what) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(what)) or 0

    def last(self, account_id: int) -> Decision:
        """The account's last decision."""
        return self.decisions(Decision.account_id == account_id)[-1]

    def outcome(self, account_id: int) -> tuple[str, str]:
        """What the last decision on an account is, and the rule that a report counts."""
        last = self.last(account_id)
        return last.outcome, last.rule

    def steps(self, account_id: int) -> list[str]:
        """The steps that were taken, in order; a step that was taken again with its number."""
        taken = self.decisions(Decision.account_id == account_id, Decision.state.in_(("released", "noted")))
        return [
            d.step if d.occurrence == 1 else f"{d.step} {d.occurrence}"
            for d in taken
            if d.outcome in ("contact", "action")
        ]

    def told(self, account_id: int) -> list[str]:
        """The kinds of events in the account's history, which is also held against its chain."""
        with self.database.read() as session:
            assert verify(session, account_id)[1] == []
            return [entry.kind for entry in timeline(session, account_id)]


@pytest.fixture
def evenings(database, clock, city, renderer) -> Evenings:
    """On both databases, with ``RESIDENTIAL`` in use."""
    return _opened(database, clock, city, renderer)


@pytest.fixture
def small(sqlite_database, clock, city, renderer) -> Evenings:
    """The same on SQLite only, for what does not depend on the database."""
    return _opened(sqlite_database, clock, city, renderer)


def _opened(database, clock, city, renderer) -> Evenings:
    made = Evenings(database, clock, city, renderer)
    made.use(RESIDENTIAL)
    return made

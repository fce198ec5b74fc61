"""An office that plans and releases: both databases, a clock that is moved, the city's own policy and notices."""

from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import func, select, update

from comms import campaigns
from comms.accounts.facts import touch
from comms.accounts.schema import Account
from comms.campaigns import CampaignRun, Decision, load_policy
from comms.campaigns.planner import main_reason
from comms.city import City, load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.history import timeline, verify
from comms.notices import Catalogue, Renderer
from comms.outbox import Message
from comms.rules.decide import reasons_from_json
from comms.settings import ROOT
from tests.support import build


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
    policy: campaigns.Policy

    def account(self, **given) -> int:
        with self.database.begin() as session:
            return build.account(session, **given).id

    def plan(self, policy=None) -> int:
        chosen = policy or self.policy
        return campaigns.plan(self.database, self.city, self.clock, self.renderer.catalogue, chosen)

    def release(self, run_id: int, policy=None) -> campaigns.Released:
        chosen = policy or self.policy
        return campaigns.release(self.database, self.city, self.clock, self.renderer, chosen, run_id, by="test")

    def tonight(self) -> campaigns.Released:
        return self.release(self.plan())

    def follow(self, *account_ids: int) -> campaigns.Followed:
        return campaigns.follow(self.database, self.city, self.renderer, self.clock, account_ids)

    def change(self, account_id: int, **columns) -> None:
        """The billing system says something new of the account."""
        with self.database.begin() as session:
            session.execute(update(Account).where(Account.id == account_id).values(**columns))
            touch(session, [account_id], self.clock.now())

    def go_to(self, *when: int) -> None:
        """Move the clock to a local time in the city."""
        self.clock.set(datetime(*when, tzinfo=self.city.zone))

    def messages(self, *where) -> list[Message]:
        with self.database.read() as session:
            return list(session.scalars(select(Message).where(*where).order_by(Message.id)))

    def decisions(self, *where) -> list[Decision]:
        with self.database.read() as session:
            return list(session.scalars(select(Decision).where(*where).order_by(Decision.id)))

    def run(self, run_id: int) -> CampaignRun:
        with self.database.read() as session:
            return session.get_one(CampaignRun, run_id)

    def count(self, what) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(what)) or 0

    def outcome(self, account_id: int) -> tuple[str, str | None]:
        """What became of the account's last decision, and the rule that a report counts when it was dropped."""
        last = self.decisions(Decision.account_id == account_id)[-1]
        return last.state, main_reason(reasons_from_json(last.reasons)).rule if last.state == "dropped" else None

    def steps(self, account_id: int) -> list[str]:
        """The steps for which something was written, in order."""
        return [d.step for d in self.decisions(Decision.account_id == account_id, Decision.state == "released")]

    def told(self, account_id: int) -> list[str]:
        """The kinds of events in the account's history, which is also held against its chain."""
        with self.database.read() as session:
            assert verify(session, account_id)[1] == []
            return [entry.kind for entry in timeline(session, account_id)]


@pytest.fixture
def evenings(database, clock, city, renderer) -> Evenings:
    return Evenings(database, clock, city, renderer, load_policy(city, "residential-past-due"))

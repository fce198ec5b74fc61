"""An account that was given both notices by letter and whose policy has decided the disconnection.

Duluth, 2026: the disconnect notice is written on November 9 and mailed the next day, the final notice on November 24
and mailed the next day; it is Monday, December 21, and the disconnection would be on the Tuesday.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms import weather
from comms.accounts.schema import Account, CopyRecipient
from comms.campaigns.night import Send
from comms.campaigns.policies import Policy, load_policy
from comms.campaigns.schema import CampaignRun, Decision, Episode
from comms.campaigns.writing import draft_of
from comms.city import City
from comms.clock import FixedClock
from comms.db import Database
from comms.notices import Renderer, keep_versions
from comms.outbox import Message, insert_messages, letter_address
from comms.outbox.schema import MailBatch
from tests.support import build, policies

TUESDAY = date(2026, 12, 22)
NOTICES = {
    "disconnect-notice": datetime(2026, 11, 9, 16, tzinfo=UTC),
    "final-notice": datetime(2026, 11, 24, 16, tzinfo=UTC),
}
NOW = datetime(2026, 12, 21, 16, tzinfo=UTC)


@dataclass
class Notified:
    """The office of these accounts."""

    database: Database
    clock: FixedClock
    city: City
    renderer: Renderer
    folder: Path
    policy: Policy = field(init=False)

    def __post_init__(self) -> None:
        self.clock.set(NOW)
        with self.database.begin() as session:
            policies.activate(session, self.city, "residential-past-due")
            self.policy = load_policy(self.city, "residential-past-due")
            keep_versions(session, self.renderer.catalogue, NOTICES["disconnect-notice"])
        self.files()
        self.weather()

    def files(self, at: datetime = NOW - timedelta(hours=3)) -> None:
        """Files of payments and accounts are taken in."""
        with self.database.begin() as session:
            for kind in ("payments", "accounts"):
                build.import_file(session, kind=kind, finished_at=at)

    def weather(self, *alerts: str, at: datetime = NOW - timedelta(hours=1)) -> None:
        """A feed comes in that names these alerts for the county."""
        told = [
            {"type": "Feature", "properties": {
                "id": f"urn:{name}:{at}", "event": name, "areaDesc": "St. Louis", "geocode": {"SAME": ["027137"]},
                "effective": at.isoformat(), "onset": at.isoformat(), "ends": (at + timedelta(days=3)).isoformat(),
                "status": "Actual", "messageType": "Alert", "references": [],
            }}
            for name in alerts
        ]  # fmt: skip
        path = self.folder / "alerts.json"
        path.write_text(json.dumps({"updated": at.isoformat(), "features": told}))
        self.database.run(lambda session: weather.take_in(session, self.city, self.clock, path))

    def account(self, *, mailed: bool = True, decided: bool = True, copies: tuple[str, ...] = (), **given) -> int:
        """One account; ``decided``: its policy decided the disconnection as well."""
        more = {"affects_heat": False, "created_at": NOTICES["disconnect-notice"]} | given
        with self.database.begin() as session:
            account = build.account(session, **more)
            for kind in copies:
                self._recipient(session, account.id, kind)
            run = self._run(session)
            episode = Episode(
                account_id=account.id, policy=self.policy.policy, policy_version=self.policy.version, arm=None,
                opened_at=datetime(2026, 10, 26, 16, tzinfo=UTC), debt_cents=account.past_due_cents,
            )  # fmt: skip
            session.add(episode)
            session.flush()
            for step, at in NOTICES.items():
                self._letter(session, account, episode, step, at, mailed=mailed)
            if decided:
                _decide(session, run, account, episode, "shut-off", NOW, "action", "noted")
            self.clock.set(NOW)
            return account.id

    def _letter(
        self, session: Session, account: Account, episode: Episode, step_id: str, at: datetime, *, mailed
    ) -> None:
        run = self._run(session)
        decision = _decide(session, run, account, episode, step_id, at, "contact", "released")
        self.clock.set(at)
        draft = draft_of(
            self.renderer, self.city, self.clock, account, self.policy.named(step_id), Send("letter"),
            letter_address(account), decision_id=decision.id, run_id=run.id,
        )  # fmt: skip
        ((_, message_id, _),) = insert_messages(session, [draft], self.clock)
        batch = MailBatch(
            name=f"b-{message_id}", state="mailed" if mailed else "handed_over", pieces=1, pages=2, amount_cents=0,
            manifest={}, created_at=at, handed_over_at=at, mailed_at=at + timedelta(days=1) if mailed else None,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        _set(session, message_id, state="mailed" if mailed else "handed_over", batch_id=batch.id, state_at=at)

    def _run(self, session: Session) -> CampaignRun:
        found = session.scalar(select(CampaignRun))
        if found is None:
            found = CampaignRun(
                policy="all", versions={}, rulebook="", planned_for=date(2026, 12, 20), state="done", counts={},
                brakes=[], approvals=[], planned_at=NOW, planned_by="test",
            )  # fmt: skip
            session.add(found)
            session.flush()
        return found

    def _recipient(self, session: Session, account_id: int, kind: str) -> None:
        session.add(
            CopyRecipient(
                account_id=account_id,
                kind=kind,
                name="Ana Ruiz",
                email=None,
                mailing_address={"line1": "9 Elm St", "city": "Duluth", "state": "MN", "zip": "55802"},
                language="en",
                authority="asked for by the customer",
                starts_on=date(2026, 10, 1),
                source="test",
                created_at=NOW,
            )
        )

    def letter(self, account_id: int, of: str = "disconnect-notice") -> Message:
        with self.database.read() as session:
            mine = (Message.account_id == account_id, Message.notice == of, Message.copy_of_id.is_(None))
            return session.scalars(select(Message).where(*mine).order_by(Message.id)).all()[-1]

    def alter(self, account_id: int, of: str = "disconnect-notice", **columns) -> None:
        """Something else became of a letter."""
        with self.database.begin() as session:
            _set(session, self.letter(account_id, of).id, **columns)

    def mailed(self, account_id: int, on: date, notice: str = "disconnect-notice") -> None:
        """The post office took a letter on another day."""
        with self.database.begin() as session:
            batch = session.get_one(MailBatch, self.letter(account_id, notice).batch_id)
            batch.mailed_at = datetime(on.year, on.month, on.day, 18, tzinfo=UTC)

    def change(self, account_id: int, **columns) -> None:
        with self.database.begin() as session:
            session.execute(update(Account).where(Account.id == account_id).values(**columns))


def _decide(
    session: Session,
    run: CampaignRun,
    account: Account,
    episode: Episode,
    step: str,
    at: datetime,
    outcome: str,
    state: str,
) -> Decision:
    run_id = run.id
    if outcome == "contact":  # a run of its own, for a run decides an account once
        own = CampaignRun(
            policy="all", versions={}, rulebook="", planned_for=at.date(), attempt=account.id, state="done", counts={},
            brakes=[], approvals=[], planned_at=at, planned_by="test",
        )  # fmt: skip
        session.add(own)
        session.flush()
        run_id = own.id
    decision = Decision(
        run_id=run_id, account_id=account.id, episode_id=episode.id, policy=episode.policy, step=step, occurrence=1,
        outcome=outcome, rule="may-contact", sends=[], reasons=[], facts_version=1, amount_cents=account.past_due_cents,
        cost_micros=0, state=state, decided_at=at,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    return decision


def _set(session: Session, message_id: int, **columns) -> None:
    session.execute(update(Message).where(Message.id == message_id).values(**columns))

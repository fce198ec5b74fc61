"""One chunk of a plan: read what is known of the accounts, judge each, write what was decided."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.db import insert_rows, instant, one_of, reserve

from . import facts
from .costing import Costs
from .engine import judge
from .night import Contacts, Night, Outcome, Position, Send, Subject
from .positions import positions
from .schema import Decision, Episode

ALL = "all"
"""The scope of a run over every policy in use."""
DOING = ("contact", "action")
_CHANNELS = ("sms", "email", "letter")


@dataclass
class Planned:
    """The contacts that a run has planned so far, so that caps hold over all of its chunks: for each mailbox, customer
    and address a number for each contact, below nothing so that it is no message's id."""

    households: dict[str, tuple[int, ...]] = field(default_factory=dict)
    customers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    addresses: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(self, subject: Subject, channel: str) -> int:
        """A contact with this account; its number."""
        number = -(subject.account_id * len(_CHANNELS) + _CHANNELS.index(channel)) - 1
        for known, name in self._named(subject, [subject.facts.addresses.get(channel)]):
            known[name] = (*known.get(name, ()), number)
        return number

    def take(self, other: "Planned") -> None:
        """Take in what another chunk planned."""
        for mine, theirs in (
            (self.households, other.households),
            (self.customers, other.customers),
            (self.addresses, other.addresses),
        ):
            for name, numbers in theirs.items():
                mine[name] = (*mine.get(name, ()), *numbers)

    def tell(self, contacts: Contacts, subject: Subject, at: datetime) -> None:
        """Count what was planned as contacts of this account's mailbox, customer and addresses."""
        for known, among, name in (
            (self.households, contacts.by_household, subject.household),
            (self.customers, contacts.by_customer, subject.customer_number),
            *((self.addresses, contacts.by_address, to) for to in subject.facts.addresses.values()),
        ):
            if name is not None and (numbers := known.get(name)):
                among.setdefault(name, {}).update(dict.fromkeys(numbers, at))

    def _named(
        self, subject: Subject, addresses: Iterable[str | None]
    ) -> Iterable[tuple[dict[str, tuple[int, ...]], str]]:
        yield self.households, subject.household
        if subject.customer_number:
            yield self.customers, subject.customer_number
        for address in addresses:
            if address:
                yield self.addresses, address


@dataclass(frozen=True)
class Seen:
    """What is known of some accounts: each of them, where it stands, and whom we wrote to lately."""

    subjects: Sequence[Subject] = ()
    positions: Mapping[int, Position] = field(default_factory=dict)
    contacts: Contacts = field(default_factory=Contacts)

    @property
    def last_id(self) -> int:
        return self.subjects[-1].account_id


def look(session: Session, night: Night, ids: Sequence[int]) -> Seen:
    """Read all that deciding on these accounts needs."""
    if not ids:
        return Seen()
    subjects = facts.subjects(session, night.city, ids, night.now)
    stand = positions(session, ids, night.frozen, night.now)
    return Seen(subjects, stand, facts.contacts(session, subjects, night.now))


def decide(
    session: Session, night: Night, costs: Costs, run_id: int, scope: str, seen: Seen, planned: tuple[Planned, Planned]
) -> None:
    """Decide what was seen and write it down. Of ``planned`` the first is what the run planned before, the second gains
    what is planned here. With a ``scope`` other than ``all``, only what concerns that policy is written. ``seen`` is
    used up: its contacts gain what is decided."""
    before, here = planned
    known = seen.contacts
    for subject in seen.subjects:
        before.tell(known, subject, night.now)
        here.tell(known, subject, night.now)
    judged: list[tuple[Subject, Position, Outcome]] = []
    for subject in seen.subjects:
        position = seen.positions[subject.account_id]
        outcome = judge(night, subject, position, known)
        if scope not in (ALL, outcome.policy or position.policy) or not _is_kept(outcome, position):
            continue
        for send in outcome.sends:
            known.add(
                subject.household, subject.customer_number, subject.facts.addresses.get(send.channel), night.now,
                here.add(subject, send.channel),
            )  # fmt: skip
        judged.append((subject, position, outcome))
    opened = _move_episodes(session, night, judged)
    _write(session, night, costs, run_id, judged, opened)


def _is_kept(outcome: Outcome, position: Position) -> bool:
    """Whether a decision is written: for every account with an episode or in a policy; no row for those outside."""
    return outcome.kind != "outside" or outcome.closes is not None or position.episode_id is not None


def _move_episodes(
    session: Session, night: Night, judged: Sequence[tuple[Subject, Position, Outcome]]
) -> dict[int, int]:
    """Close the episodes that end and open those that begin; the new ones' ids by account."""
    ending: dict[str, list[int]] = defaultdict(list)
    for _, position, outcome in judged:
        if outcome.closes is not None and position.episode_id is not None:
            ending[outcome.closes].append(position.episode_id)
    for reason, episode_ids in sorted(ending.items()):
        session.execute(
            update(Episode)
            .where(one_of(session, Episode.id, episode_ids), Episode.closed_at.is_(None))
            .values(closed_at=night.now, close_reason=reason)
            .execution_options(synchronize_session=False)
        )
    beginning = [(subject, outcome) for subject, _, outcome in judged if outcome.opens]
    ids = reserve(session, Episode, len(beginning)) if beginning else []
    at = instant(session, night.now)
    rows = [
        (
            id_, subject.account_id, outcome.policy, outcome.version, outcome.arm, at,
            max(subject.facts.owed_cents, 0), None, None,
        )
        for id_, (subject, outcome) in zip(ids, beginning, strict=True)
    ]  # fmt: skip
    insert_rows(session, Episode, _EPISODE, rows)
    return {subject.account_id: id_ for id_, (subject, _) in zip(ids, beginning, strict=True)}


_EPISODE = (
    "id", "account_id", "policy", "policy_version", "arm", "opened_at", "debt_cents", "closed_at", "close_reason",
)  # fmt: skip
_DECISION = (
    "run_id", "account_id", "episode_id", "policy", "step", "occurrence", "outcome", "rule", "until", "next_on",
    "sends", "reasons", "facts_version", "amount_cents", "cost_micros", "state", "decided_at",
)  # fmt: skip


def _write(
    session: Session,
    night: Night,
    costs: Costs,
    run_id: int,
    judged: Sequence[tuple[Subject, Position, Outcome]],
    opened: dict[int, int],
) -> None:
    at = instant(session, night.now)
    rows = []
    for subject, position, outcome in judged:
        doing = outcome.kind in DOING
        until = outcome.until
        rows.append(
            (
                run_id, subject.account_id, opened.get(subject.account_id, position.episode_id),
                outcome.policy or position.policy, outcome.step, outcome.occurrence if doing else None, outcome.kind,
                outcome.rule, instant(session, until) if until else None,
                outcome.next_on.isoformat() if outcome.next_on else None,
                _json([send.as_json() for send in outcome.sends]) if outcome.sends else "[]",
                _json([reason.as_json() for reason in outcome.reasons]), subject.facts_version,
                max(subject.facts.owed_cents, 0), _cost(night, costs, subject, outcome),
                "planned" if doing else "noted", at,
            )
        )  # fmt: skip
    insert_rows(session, Decision, _DECISION, rows)


_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _cost(night: Night, costs: Costs, subject: Subject, outcome: Outcome) -> int:
    if not outcome.sends or outcome.policy is None or outcome.version is None or outcome.step is None:
        return 0
    step = night.frozen[outcome.policy, outcome.version].named(outcome.step, outcome.arm)
    return costs.of_sends(step.notice, outcome.sends, subject.language)


def planned_elsewhere(session: Session, night: Night, run_id: int, after: int, up_to: int, *, into: Planned) -> int:
    """Take in the contacts that another planner, or an earlier life of this one, planned for the accounts after one id
    and up to another; how many accounts were decided."""
    mine = (Decision.run_id == run_id, Decision.account_id > after, Decision.account_id <= up_to)
    rows = session.execute(
        select(Decision.account_id, Decision.sends)
        .where(*mine, Decision.outcome == "contact")
        .order_by(Decision.account_id)
    )
    sends: dict[int, list[Any]] = {row.account_id: row.sends for row in rows}
    for subject in facts.subjects(session, night.city, list(sends), night.now):
        for send in map(Send.from_json, sends[subject.account_id]):
            into.add(subject, send.channel)
    return session.scalar(select(func.count()).where(*mine)) or 0

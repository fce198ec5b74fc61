"""The notice-sufficiency gate: who may be on a shut-off list or a referral, and what is missing for everybody else.

An account passes when all of this is shown, for the day of the act:

1. it has an open delinquency whose policy decided the act, and no order of that kind is open;
2. each step that the policy requires is proven by its letter: right version, right words, right address, accepted by
   the post office, not returned, and the waiting days are over (``proving``);
3. the waiting times and copies that the rules ask for are kept, as of the day of the act;
4. the rules allow the act on that day: holds, seasons, weather, days on which nobody is cut off, what each service's
   debt allows;
5. what is known is fresh: the files of payments and of accounts are not older than the policy's brakes allow.

What is not known counts as missing. The gate is asked when a list is proposed and again when it is given out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import field
from comms.accounts import ImportFile, holds
from comms.accounts.schema import Account, CopyRecipient
from comms.db import one_of
from comms.field import Due
from comms.notices import Catalogue
from comms.outbox import Message, State
from comms.rules import Action, ActiveHold, Facts, Occasion, Purpose, Rulebook, Verdict, decide
from comms.rules.notice_clock import NoticeClock, requirements_for_disconnection

from .facts import subjects
from .night import Subject
from .policies import Policy, Step, versions
from .proving import Evidence, Letter, Question, letters_of, prove, statutes_of_seasons, unmet
from .schema import Decision, Episode

AT_ONCE = 500
Act = Literal["field_order", "referral"]
ACTION: Mapping[Act, Action] = {"field_order": Action.DISCONNECT, "referral": Action.REFER}
ORDER: Mapping[Act, str] = {"field_order": "disconnect", "referral": "refer"}
_WORDS: Mapping[Act, str] = {"field_order": "disconnection", "referral": "referral"}
_SENT = (
    State.SUBMITTED, State.SENT, State.DELIVERED, State.HANDED_OVER, State.MAILED,
)  # fmt: skip
"""States in which a copy for a third party has left us."""


@dataclass(frozen=True)
class Sufficiency:
    """What the gate found for one account: what is not proven (``wanting``) and what the rules say against the act
    (``against``), in sentences. ``establish`` is what staff must have made sure of besides, for no file can show it."""

    account_id: int
    number: str
    name: str
    episode_id: int | None
    services: tuple[Due, ...]
    amount_cents: int
    facts_version: int
    evidence: tuple[Evidence, ...]
    wanting: tuple[str, ...]
    against: tuple[str, ...]
    establish: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return (*self.wanting, *self.against)

    @property
    def passes(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class _Case:
    """One account with its delinquency: the policy it runs by, the act, and what was decided and written for it."""

    subject: Subject
    name: str
    episode: Any
    policy: Policy | None
    step: Step | None
    decided: Mapping[str, Any]
    letters: Mapping[int, Sequence[Letter]]
    copies: Mapping[str, str]
    recipients: Sequence[CopyRecipient]
    order: str | None


def gate(
    session: Session,
    rulebook: Rulebook,
    catalogue: Catalogue,
    account_ids: Collection[int],
    day: date,
    *,
    now: datetime,
    act: Act = "field_order",
    apart_from: Collection[int] = (),
) -> list[Sufficiency]:
    """The gate for these accounts and an act on ``day``, by account number. Orders in ``apart_from`` (ids) do not count
    as open: they are those that are looked at again."""
    stale = _stale_files(session, now)
    ordered, found = sorted(set(account_ids)), []
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered[start : start + AT_ONCE]
        for case in _cases(session, rulebook, part, act, day, now, set(apart_from)):
            found.append(_judged(rulebook, catalogue, case, act, day, now, stale))
    return sorted(found, key=lambda one: one.number)


def _judged(
    rulebook: Rulebook, catalogue: Catalogue, case: _Case, act: Act, day: date, now: datetime,
    stale: Mapping[str, datetime | None],
) -> Sufficiency:  # fmt: skip
    subject, facts = case.subject, case.subject.facts
    services, wanting = _reached(rulebook, act, facts, day)
    clock = requirements_for_disconnection(rulebook, day, facts, [one.service for one in services])
    proofs: list[Evidence] = []
    against: list[str] = []
    wanting += _standing(case, act)
    if case.policy is not None and case.step is not None:
        proofs, unproven = _proven(rulebook, catalogue, case, case.policy, case.step, clock, act, day)
        wanting += [*unproven, *_old_files(case.policy, stale, now)]
        against = _forbidden(rulebook, case.policy, facts, services, act, day, now)
    return Sufficiency(
        subject.account_id, subject.number, case.name, case.episode.id if case.episode else None, services,
        _amount(act, facts, services), subject.facts_version, tuple(proofs), tuple(dict.fromkeys(wanting)),
        tuple(against), clock.establish if act == "field_order" else (),
    )  # fmt: skip


def _amount(act: Act, facts: Facts, services: Sequence[Due]) -> int:
    """What the order is about: all that is owed; of a referral only the services that may be referred."""
    owed = max(facts.owed_cents, 0)
    return owed if act == "field_order" else min(owed, sum(one.cents for one in services))


def _reached(rulebook: Rulebook, act: Act, facts: Facts, day: date) -> tuple[tuple[Due, ...], list[str]]:
    """The services past due that the act reaches."""
    if facts.service_past_due is None:
        return (), ["It is not known which services are past due."]
    owing = field.in_order(rulebook.city, facts.service_past_due)
    reached = tuple(due for due in owing if rulebook.has_lever(ACTION[act], due.service, day))
    if reached:
        return reached, []
    names = ", ".join(due.service for due in owing) or "none"
    return (), [f"No service that is past due ({names}) allows a {_WORDS[act]}."]


def _standing(case: _Case, act: Act) -> list[str]:
    """What keeps the act from being due at all."""
    words = _WORDS[act]
    if case.episode is None:
        return [f"It has no open delinquency, so no policy asks for a {words}."]
    if case.policy is None:
        return [f"The policy {case.episode.policy}, version {case.episode.policy_version}, is not kept any more."]
    if case.step is None:
        return [f"The policy {case.policy.policy} has no step for a {words}."]
    missing = []
    if act == "field_order" and case.subject.facts.status != "active":
        missing.append(f"The account is not active but {case.subject.facts.status.replace('_', ' ')}.")
    if case.step.id not in case.decided:
        missing.append(f"{case.step.name}: it is not decided. See: comms why {case.subject.number}")
    if case.order is not None:
        missing.append(f"Order {case.order} is open already.")
    if case.subject.returned_mail:
        missing.append("The last letter to the mailing address on file came back; a right address is wanted.")
    return missing


def _proven(
    rulebook: Rulebook, catalogue: Catalogue, case: _Case, policy: Policy, step: Step, clock: NoticeClock, act: Act,
    day: date,
) -> tuple[list[Evidence], list[str]]:  # fmt: skip
    wait = step.require
    if wait is None:
        return [], [f"{step.name}: the policy does not say which notices it requires."]
    needs = clock.requirements if act == "field_order" else ()
    question = Question(
        rulebook.city, catalogue, day, case.subject.facts.addresses.get("letter"), wait.days, wait.count, needs,
        statutes_of_seasons(rulebook.requirements),
    )  # fmt: skip
    proofs, missing = [], []
    for step_id in wait.steps:
        required = policy.named(step_id, case.episode.arm)
        decision_id = case.decided.get(step_id)
        letters = case.letters.get(decision_id, ()) if decision_id else ()
        proof, wanting = prove(required, letters, question)
        missing += wanting
        if proof:
            proofs.append(proof)
            missing += _uncopied(case, required, proof, decision_id, clock if act == "field_order" else None)
    return proofs, missing + unmet(rulebook.city, day, proofs, needs)


def _uncopied(
    case: _Case, step: Step, proof: Evidence, decision_id: int | None, clock: NoticeClock | None
) -> Iterator[str]:
    """Copies that the policy or the rules want and that have not left."""
    wanted = {*step.copies, *(clock.copies if clock else ())}
    for recipient in case.recipients:
        due = recipient.kind in wanted and recipient.starts_on <= proof.mailed_on
        if due and case.copies.get(f"copy:{decision_id}:{recipient.id}") not in _SENT:
            kind = recipient.kind.replace("_", " ")
            yield f"{step.name}: the copy for {recipient.name} ({kind}) has not left."


def _forbidden(
    rulebook: Rulebook, policy: Policy, facts: Facts, services: Sequence[Due], act: Act, day: date, now: datetime
) -> list[str]:
    """What the rules say against the act on that day."""
    occasion = Occasion(Purpose.LEGAL, "field", now, ACTION[act], day, services=tuple(one.service for one in services))
    ruling = decide(rulebook, facts, occasion, settled_at=policy.exit.past_due_at_most)
    if ruling.verdict is Verdict.ALLOW:
        return []
    when = f" Possible from {ruling.next_on}." if ruling.verdict is Verdict.DEFER and ruling.next_on else ""
    return [
        f"The rule {reason.rule} stands against it: {reason.fact} {reason.value} ({reason.citation}).{when}"
        for reason in ruling.reasons
    ]


def _stale_files(session: Session, now: datetime) -> dict[str, datetime | None]:
    """When the last file of each kind was taken in."""
    rows = session.execute(
        select(ImportFile.kind, func.max(ImportFile.finished_at))
        .where(ImportFile.state == "done", ImportFile.finished_at <= now)
        .group_by(ImportFile.kind)
    )
    return dict(rows.all())


def _old_files(policy: Policy, last: Mapping[str, datetime | None], now: datetime) -> Iterator[str]:
    limits = {
        "payments": policy.brakes.payments_older_than_hours,
        "accounts": policy.brakes.accounts_older_than_hours,
    }
    for kind, hours in limits.items():
        taken = last.get(kind)
        if taken is None:
            yield f"No file of {kind} was ever taken in. Next step: comms import {kind} FILE"
        elif taken < now - timedelta(hours=hours):
            yield f"The last file of {kind} is older than {hours} hours. Next step: comms import {kind} FILE"


def _cases(
    session: Session, rulebook: Rulebook, ids: list[int], act: Act, day: date, now: datetime, apart_from: set[int]
) -> Iterator[_Case]:
    frozen = versions.frozen(session)
    episodes = {
        row.account_id: row
        for row in session.scalars(
            select(Episode).where(one_of(session, Episode.account_id, ids), Episode.closed_at.is_(None))
        )
    }
    decided = _decided(session, [row.id for row in episodes.values()])
    letters = letters_of(session, [one for steps in decided.values() for one in steps.values()])
    copies = _copies(session, [letter.message_id for found in letters.values() for letter in found])
    recipients = _recipients(session, ids, day)
    orders = {
        order.account_id: order.number
        for order in field.open_orders(session, ids, (ORDER[act],))
        if order.id not in apart_from
    }
    names = dict(session.execute(select(Account.id, Account.name).where(one_of(session, Account.id, ids))).all())
    held = holds.active(session, ids, day)
    for subject in subjects(session, rulebook.city, ids, now):
        episode = episodes.get(subject.account_id)
        policy = frozen.get((episode.policy, episode.policy_version)) if episode else None
        on_the_day = [
            ActiveHold(one.kind, one.ends_on, one.amount_cents, one.note) for one in held.get(subject.account_id, ())
        ]
        yield _Case(
            replace(subject, facts=replace(subject.facts, holds=on_the_day)), names[subject.account_id], episode,
            policy, _step_of(policy, episode, act), decided.get(episode.id, {}) if episode else {}, letters, copies,
            recipients.get(subject.account_id, ()), orders.get(subject.account_id),
        )  # fmt: skip


def _step_of(policy: Policy | None, episode: Any, act: Act) -> Step | None:
    if policy is None:
        return None
    return next((step for step in policy.steps_of(episode.arm) if step.action == act), None)


def _decided(session: Session, episode_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """The decision of the last occurrence of each step, by episode; what was only planned is not decided yet."""
    rows = session.execute(
        select(Decision.episode_id, Decision.step, Decision.id)
        .where(
            one_of(session, Decision.episode_id, sorted(episode_ids)),
            Decision.occurrence.is_not(None),
            Decision.state.in_(("released", "noted")),
        )
        .order_by(Decision.occurrence, Decision.id)
    )
    found: dict[int, dict[str, int]] = {}
    for episode_id, step, decision_id in rows:
        found.setdefault(episode_id or 0, {})[step or ""] = decision_id
    return found


def _copies(session: Session, message_ids: Collection[int]) -> dict[str, str]:
    """How the copies of these letters stand, by what they were written under (``copy:decision:recipient``)."""
    rows = session.execute(
        select(Message.dedupe_key, Message.state)
        .where(one_of(session, Message.copy_of_id, sorted(message_ids)), Message.state != State.SUPERSEDED)
        .order_by(Message.id)
    )
    return {":".join(key.split(":")[:3]): state for key, state in rows}


def _recipients(session: Session, ids: Collection[int], day: date) -> dict[int, list[CopyRecipient]]:
    found: dict[int, list[CopyRecipient]] = {}
    rows = session.scalars(
        select(CopyRecipient).where(
            one_of(session, CopyRecipient.account_id, sorted(ids)),
            (CopyRecipient.ends_on.is_(None)) | (CopyRecipient.ends_on >= day),
        )
    )
    for row in rows:
        found.setdefault(row.account_id, []).append(row)
    return found

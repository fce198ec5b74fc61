"""What is counted of one day of the city, each figure with one statement.

==============  ==============================  ===============================================================
figure          key                             count, total
==============  ==============================  ===============================================================
``notice``      the state it is in              notices written that day, their segments; no copies, no answers
``left``        the day it left (ISO)           messages of every kind, their segments
``lost``        state and code: ``failed 30003``  notices that did not arrive
``response``    ``wrote``, ``promised``,        notices that went out and whose customer did so by the end of
                ``paid``, ``any``               the seventh day after
``reply``       how soon it was answered        customers' messages received that day
``step``        the step                        first notices of a step, the debt they were about
``cured``       the step                        those whose episode ended as paid before the next step, within
                                                thirty days, and that debt
``aging``       age of the debt, contacts       accounts that owe something on that day, what they owe in cents
==============  ==============================  ===============================================================
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import Account, Payment
from comms.campaigns.schema import Decision, Episode
from comms.db import on_postgres, one_of
from comms.outbox import Message, State
from comms.promises.schema import Promise
from comms.replies.schema import InboundMessage
from comms.worklist import Task

RESPONDS_WITHIN = 7
"""Days in which a customer's word or payment is counted as an answer to a notice."""
CURED_WITHIN = 30
"""Days in which a payment is counted as an effect of a step."""
CONTACTS_OF = 30
"""Days whose contacts are held against the age of a debt."""
LOST = (State.FAILED, State.UNDELIVERED, State.BOUNCED, State.RETURNED)
OUT = (State.SUBMITTED, State.SENT, State.DELIVERED, State.HANDED_OVER, State.MAILED)
"""Went out, and did not come back so far."""
AGES = (("1-30", 30), ("31-60", 60), ("61-90", 90), ("91-120", 120))
"""The age of the oldest unpaid bill in days after its due date: the name of each span and its last day."""
SOON = (("15 min", 15), ("1 h", 60), ("4 h", 240), ("24 h", 1440))
"""How soon a customer is answered: the name of each span and its last minute."""

Key = tuple[str, str, str, str]
"""Figure, policy, channel, key."""
Tally = dict[Key, tuple[int, int]]


@dataclass(frozen=True)
class Day:
    """A day of the city as instants, and the ids between which its messages lie (0, 0: there are none)."""

    on: date
    zone: ZoneInfo
    first_id: int = 0
    last_id: int = 0

    @property
    def begins(self) -> datetime:
        return self.after(0)

    @property
    def ends(self) -> datetime:
        return self.after(1)

    def after(self, days: int) -> datetime:
        """Midnight so many days later, as an instant."""
        return datetime.combine(self.on + timedelta(days), time(), self.zone).astimezone(UTC)

    def holds_message(self) -> ColumnElement[bool]:
        """Whether a message was written on this day."""
        return and_(
            Message.id.between(self.first_id, self.last_id),
            Message.created_at >= self.begins, Message.created_at < self.ends,
        )  # fmt: skip


def hour_of(session: Session, column: Any) -> ColumnElement[Any]:
    """The hour of an instant in SQL, for grouping; ``local_day`` reads it. American zones differ by whole hours."""
    return func.date_trunc("hour", column) if on_postgres(session) else func.substr(column, 1, 13)


def local_day(hour: Any, zone: ZoneInfo) -> date | None:
    """The city's day of an hour from ``hour_of``."""
    if hour is None:
        return None
    at = datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC) if isinstance(hour, str) else hour
    return at.astimezone(zone).date()


def messages(session: Session, day: Day) -> Tally:
    """``notice``, ``left`` and ``lost``."""
    columns = (
        func.coalesce(Decision.policy, ""), Message.channel, Message.state, _is_notice(),
        hour_of(session, Message.submitted_at), case((Message.state.in_(LOST), func.coalesce(Message.error_code, ""))),
    )  # fmt: skip
    rows = session.execute(
        select(*columns, func.count(), func.coalesce(func.sum(Message.segments), 0))
        .outerjoin(Decision, Decision.id == Message.decision_id)
        .where(day.holds_message())
        .group_by(*columns)
    )
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for policy, channel, state, is_notice, hour, code, count, segments in rows:
        keys: list[Key] = []
        if is_notice:
            keys.append(("notice", policy, channel, state))
        if is_notice and code is not None:
            keys.append(("lost", policy, channel, f"{state} {code}".strip()))
        if left := local_day(hour, day.zone):
            keys.append(("left", policy, channel, left.isoformat()))
        for key in keys:
            found[key][0] += count
            found[key][1] += int(segments)
    return {key: (count, total) for key, (count, total) in found.items()}


def responses(session: Session, day: Day) -> Tally:
    """``response``: whose customer wrote, promised or paid by the end of the seventh day after the notice."""
    until = day.after(RESPONDS_WITHIN + 1)
    own = aliased(InboundMessage)
    wrote = exists().where(
        own.account_id == Message.account_id, own.received_at > Message.created_at, own.received_at < until
    )
    promised = exists().where(
        Promise.account_id == Message.account_id, Promise.confirmed_at > Message.created_at,
        Promise.confirmed_at < until,
    )  # fmt: skip
    paid = exists().where(
        Payment.account_id == Message.account_id, Payment.kind == "payment", Payment.reversed_by_id.is_(None),
        Payment.paid_on > day.on, Payment.paid_on <= day.on + timedelta(RESPONDS_WITHIN),
    )  # fmt: skip
    inner = (
        select(
            func.coalesce(Decision.policy, "").label("policy"), Message.channel, wrote.label("wrote"),
            promised.label("promised"), paid.label("paid"),
        )
        .outerjoin(Decision, Decision.id == Message.decision_id)
        .where(day.holds_message(), _is_notice(), Message.state.in_(OUT))
        .subquery()
    )  # fmt: skip
    rows = session.execute(select(inner, func.count()).group_by(*inner.c))
    found: Counter[Key] = Counter()
    for policy, channel, *did, count in rows:
        for name, it_did in zip(("wrote", "promised", "paid"), did, strict=True):
            found["response", policy, channel, name] += count if it_did else 0
        found["response", policy, channel, "any"] += count if any(did) else 0
    return {key: (count, 0) for key, count in found.items() if count}


def _is_notice() -> ColumnElement[bool]:
    return and_(Message.purpose != "conversational", Message.copy_of_id.is_(None))


def replies(session: Session, day: Day) -> Tally:
    """``reply``: by the first answer, the service's or a person's; a matter that a clerk closed without writing counts
    as answered when it was closed."""
    rows = session.execute(
        select(
            InboundMessage.id, InboundMessage.channel, InboundMessage.received_at, InboundMessage.handling,
            func.coalesce(policy_at(InboundMessage.account_id, InboundMessage.received_at), ""),
        ).where(InboundMessage.received_at >= day.begins, InboundMessage.received_at < day.ends)
    ).all()  # fmt: skip
    answers = _answers(session, [row[0] for row in rows])
    closed = _closed(session, [row[0] for row in rows])
    found: Counter[Key] = Counter()
    for inbound_id, channel, received_at, handling, policy in rows:
        by_service, by_person = answers.get(inbound_id, (None, None))
        done = min((at for at in (by_person, closed.get(inbound_id)) if at is not None), default=None)
        found["reply", policy, channel, _how_soon(handling, received_at, by_service, done)] += 1
    return {key: (count, 0) for key, count in found.items()}


def _answers(session: Session, inbound_ids: list[int]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """When the service first answered each, and when a person did."""
    by_hand = Message.notice_version == "by-hand"
    rows = session.execute(
        select(
            Message.in_reply_to_id, func.min(case((~by_hand, Message.created_at))),
            func.min(case((by_hand, Message.created_at))),
        )
        .where(one_of(session, Message.in_reply_to_id, inbound_ids), Message.in_reply_to_id.is_not(None))
        .group_by(Message.in_reply_to_id)
    )  # fmt: skip
    return {inbound_id: (service, person) for inbound_id, service, person in rows}


def _closed(session: Session, inbound_ids: list[int]) -> dict[int, datetime]:
    keys = [f"reply:{inbound_id}" for inbound_id in inbound_ids]
    rows = session.execute(
        select(Task.subject_id, Task.resolved_at).where(
            one_of(session, Task.dedupe_key, keys), Task.resolved_at.is_not(None)
        )
    )
    return {inbound_id: at for inbound_id, at in rows if inbound_id is not None and at is not None}


def _how_soon(handling: str, received: datetime, by_service: datetime | None, by_person: datetime | None) -> str:
    if handling != "with_clerk" and by_person is None:
        return "service" if by_service is not None else "none"
    if by_person is None:
        return "waiting"
    minutes = (by_person - received) / timedelta(minutes=1)
    return next((name for name, most in SOON if minutes < most), "later")


def steps(session: Session, day: Day) -> Tally:
    """``step`` and ``cured``. A step belongs to the day on which its first message was written."""
    earlier, later = aliased(Message), aliased(Decision)
    first = (
        select(Message.decision_id)
        .where(
            day.holds_message(), Message.decision_id.is_not(None), _is_notice(),
            ~exists().where(earlier.decision_id == Message.decision_id, earlier.id < Message.id),
        )
        .subquery()
    )  # fmt: skip
    next_step = exists().where(
        later.episode_id == Decision.episode_id, later.step.is_not(None), later.state == "released",
        later.decided_at > Decision.decided_at, later.decided_at < Episode.closed_at,
    )  # fmt: skip
    cured = and_(
        Episode.close_reason == "paid", Episode.closed_at > Decision.decided_at,
        Episode.closed_at < day.after(CURED_WITHIN + 1), ~next_step,
    )  # fmt: skip
    inner = (
        select(Decision.policy, Decision.step, Decision.amount_cents.label("cents"), cured.label("cured"))
        .join(first, first.c.decision_id == Decision.id)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.step.is_not(None))
        .subquery()
    )
    rows = session.execute(
        select(inner.c.policy, inner.c.step, inner.c.cured, func.count(), func.sum(inner.c.cents)).group_by(
            inner.c.policy, inner.c.step, inner.c.cured
        )
    )
    found: dict[Key, tuple[int, int]] = {}
    for policy, step, it_cured, count, cents in rows:
        before = found.get(("step", policy, "", step), (0, 0))
        found["step", policy, "", step] = (before[0] + count, before[1] + int(cents))
        if it_cured:
            found["cured", policy, "", step] = (count, int(cents))
    return found


def aging(session: Session, day: Day, first_id: int) -> Tally:
    """``aging``: accounts that owe something, by the age of their oldest unpaid bill and the notices that went out to
    them in the last thirty days. ``first_id``: no message of those days has a lower id."""
    contacts = (
        select(Message.account_id, func.count().label("count"))
        .where(
            Message.id >= first_id, Message.created_at >= day.after(1 - CONTACTS_OF), Message.created_at < day.ends,
            _is_notice(), or_(Message.state.in_(OUT), Message.submitted_at.is_not(None)),
        )
        .group_by(Message.account_id)
        .subquery()
    )  # fmt: skip
    age = case(
        (Account.oldest_due_on.is_(None), literal("unknown")),
        *((Account.oldest_due_on >= day.on - timedelta(most), literal(name)) for name, most in AGES),
        else_=literal("over 120"),
    )
    times = case(*((contacts.c.count == n, literal(str(n))) for n in (1, 2)), (contacts.c.count > 2, "3+"), else_="0")
    policy = func.coalesce(Episode.policy, "")
    rows = session.execute(
        select(policy, age, times, func.count(), func.sum(Account.past_due_cents))
        .select_from(Account)
        .outerjoin(contacts, contacts.c.account_id == Account.id)
        .outerjoin(Episode, and_(Episode.account_id == Account.id, Episode.closed_at.is_(None)))
        .where(Account.past_due_cents > 0)
        .group_by(policy, age, times)
    )
    return {("aging", of, "", f"{old} {often}"): (count, int(cents)) for of, old, often, count, cents in rows}


def policy_at(account_id: Any, at: Any) -> ScalarSelect[Any]:
    """The policy whose episode an account was in at a time; NULL when it was in none."""
    found: Select[Any] = (
        select(Episode.policy)
        .where(
            Episode.account_id == account_id, Episode.opened_at <= at,
            or_(Episode.closed_at.is_(None), Episode.closed_at > at),
        )
        .limit(1)
    )  # fmt: skip
    return found.scalar_subquery()


OF_MESSAGES: tuple[Callable[[Session, Day], Tally], ...] = (messages, responses, steps)
"""What is counted of the messages of a day."""


def of_messages(session: Session, day: Day) -> Iterator[tuple[Key, tuple[int, int]]]:
    """Everything that is counted of a day's messages."""
    for tally in OF_MESSAGES:
        yield from tally(session, day).items()

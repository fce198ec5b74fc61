"""Taking messages to send, and saying what came of each try. The steps, in order:

1. ``claim``: one statement takes up to N due messages of a lane, with a lease. What may no longer be sent (the
   account's facts changed, the address opted out, the time to give up has come, it is night) is sorted out at once.
2. ``open_attempts``: just before the requests leave, an attempt is committed for each message that is still ours.
3. the requests are made (``dispatch``).
4. ``settle``: attempts are closed and messages move on, in one transaction for many.

A worker that dies between 1 and 2 leaves messages that were surely not sent; between 2 and 4, messages that may have
been. The sweep tells them apart by the open attempt.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.accounts.schema import Account
from comms.city import City
from comms.db import bulk_insert
from comms.history import NewEvent, record
from comms.rules.quiet import next_open

from .schema import Attempt, Message
from .states import FINAL, STALE, State

LEASE = timedelta(seconds=120)
"""How long a claim holds without a sign of life; far above the 10 s a carrier may take."""

CARRIER_OF = {"sms": "twilio", "email": "sendgrid"}
UNSTOPPABLE = ("opt-out-confirmation", "emergency-answer")
"""Notices that may go to an address that has opted out: one confirmation, facts: 47 CFR 64.1200(a)(12); and the answer
to who reports an emergency, emergency purposes: 47 U.S.C. 227(b)(1)(A)."""


@dataclass(frozen=True)
class Claimed:
    """A message in our hands: what the carrier needs, and what the history will say."""

    id: int
    account_id: int | None
    channel: str
    notice: str
    purpose: str
    category: str
    recipient: str
    recipient_name: str
    subject: str | None
    body_text: str
    body_html: str | None
    segments: int | None
    attempt: int
    content_digest: str
    created_at: datetime
    give_up_at: datetime
    request_id: str | None


@dataclass(frozen=True)
class Sorted:
    """What a claim gave: to send now, and how many were put aside, by the state they went to."""

    sendable: list[Claimed]
    aside: dict[str, int]


def claim(
    session: Session,
    city: City,
    *,
    lane: str,
    owner: str,
    now: datetime,
    limit: int,
    ids: Collection[int] = (),
    lease: timedelta = LEASE,
) -> Sorted:
    """Take up to ``limit`` due messages of ``lane`` (of ``ids``, when given) for ``owner`` until the lease ends."""
    due = (
        select(Message.id)
        .where(Message.state == State.QUEUED, Message.lane == lane, Message.next_attempt_at <= now)
        .order_by(Message.priority, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if ids:
        due = due.where(Message.id.in_(list(ids)))
    taken = (
        update(Message)
        .where(Message.id.in_(due.scalar_subquery()))
        .values(
            state=State.CLAIMED, state_at=now, lease_owner=owner, lease_until=now + lease, attempts=Message.attempts + 1
        )
        .returning(
            Message.id, Message.account_id, Message.channel, Message.notice, Message.purpose, Message.category,
            Message.recipient, Message.recipient_name, Message.subject, Message.body_text, Message.body_html,
            Message.segments, Message.attempts, Message.content_digest, Message.created_at, Message.give_up_at,
            Message.request_id, Message.facts_version,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = sorted((tuple(row) for row in session.execute(taken)), key=lambda row: row[0])
    facts: dict[int, int | None] = {row[0]: row[-1] for row in rows}
    messages = [Claimed(*row[:-1]) for row in rows]
    aside = _put_aside(session, city, messages, facts, now)
    counts: dict[str, int] = {}
    for state, _, _ in aside.values():
        counts[state] = counts.get(state, 0) + 1
    return Sorted([message for message in messages if message.id not in aside], counts)


def _put_aside(
    session: Session, city: City, messages: Sequence[Claimed], facts: dict[int, int | None], now: datetime
) -> dict[int, tuple[State, str, datetime]]:
    """Messages that may not be sent now: the state each goes to, why, and when it is due again."""
    stale = _stale(session, messages, facts)
    blocked = _opted_out(session, messages)
    aside: dict[int, tuple[State, str, datetime]] = {}
    for message in messages:
        if message.give_up_at <= now:
            aside[message.id] = (State.FAILED, "It could not be sent in the time allowed for it.", now)
        elif message.id in stale:
            aside[message.id] = (State.HELD, STALE, now)
        elif message.notice not in UNSTOPPABLE and (message.channel, message.recipient, message.category) in blocked:
            aside[message.id] = (State.SUPPRESSED, "The address has opted out.", now)
        elif message.purpose != "conversational" and (
            opens := next_open(city, message.channel, message.recipient, now)
        ):
            aside[message.id] = (State.QUEUED, "Quiet hours; it waits for the morning.", opens)
    if aside:
        session.connection().execute(
            _move("at_state", "at_reason", "at_next"),
            [_back(id_, state, why, due, now) for id_, (state, why, due) in aside.items()],
        )
        ended = [(message, *aside[message.id][:2]) for message in messages if message.id in aside]
        record(session, [_ended(*one, now) for one in ended if one[1] in FINAL], now)
    return aside


def _ended(message: Claimed, state: State, why: str, now: datetime) -> NewEvent:
    """The line of the history for a message that will never leave, and why."""
    kind = "delivery.failed" if state is State.FAILED else "notice.suppressed"
    words = f"{message.notice.replace('-', ' ').capitalize()} by {message.channel} not sent: {why}"
    return NewEvent(
        message.account_id, now, kind, words, "none", message.channel, subject_type="message", subject_id=message.id
    )


def _back(id_: int, state: State, why: str, due: datetime, now: datetime) -> dict[str, Any]:
    return {
        "at_id": id_, "at_state": state, "at_reason": why, "at_next": due, "at_now": now,
        "at_final": now if state in FINAL else None,
    }  # fmt: skip


def _move(state: str, reason: str, due: str) -> Update:
    """Give claimed messages back: to the state, with the reason and the due time of each."""
    return (
        update(Message)
        .where(Message.id == bindparam("at_id"), Message.state == State.CLAIMED)
        .values(
            state=bindparam(state), state_reason=bindparam(reason), next_attempt_at=bindparam(due),
            state_at=bindparam("at_now"), final_at=bindparam("at_final"), lease_owner=None, lease_until=None,
            attempts=Message.attempts - 1,
        )
    )  # fmt: skip


def _stale(session: Session, messages: Sequence[Claimed], facts: dict[int, int | None]) -> set[int]:
    decided = {m.id: (m.account_id, facts[m.id]) for m in messages if facts[m.id] is not None}
    accounts = sorted({account_id for account_id, _ in decided.values() if account_id is not None})
    if not accounts:
        return set()
    current = dict(session.execute(select(Account.id, Account.facts_version).where(Account.id.in_(accounts))).all())
    return {id_ for id_, (account_id, version) in decided.items() if account_id and current[account_id] != version}


def _opted_out(session: Session, messages: Sequence[Claimed]) -> set[tuple[str, str, str]]:
    asked: dict[tuple[str, str], set[str]] = {}
    for message in messages:
        if message.notice not in UNSTOPPABLE:
            asked.setdefault((message.channel, message.category), set()).add(message.recipient)
    return {
        (channel, address, category)
        for (channel, category), addresses in asked.items()
        for address in consent.blocked(session, channel, addresses, category)
    }


def open_attempts(
    session: Session, messages: Sequence[Claimed], *, owner: str, now: datetime, lease: timedelta = LEASE
) -> list[Claimed]:
    """Write down that these requests are about to leave; only messages that are still ours are returned.

    The lease is renewed at the same time. A worker that was stopped for longer than its lease finds here that its
    messages have been given to another.
    """
    ours = set(
        session.scalars(
            update(Message)
            .where(
                Message.id.in_([message.id for message in messages]),
                Message.state == State.CLAIMED,
                Message.lease_owner == owner,
            )
            .values(lease_until=now + lease)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
    )
    leaving = [message for message in messages if message.id in ours]
    bulk_insert(
        session,
        Attempt,
        [
            {
                "message_id": m.id, "number": m.attempt, "carrier": CARRIER_OF[m.channel], "started_at": now,
                "outcome": "open", "worker": owner,
            }
            for m in leaving
        ],
    )  # fmt: skip
    return leaving


def hand_back(
    session: Session, messages: Sequence[Claimed], *, owner: str, now: datetime, due: datetime, reason: str
) -> None:
    """Return what ``owner`` claimed and still has, whose requests never left; it is due again at ``due``."""
    if messages:
        session.connection().execute(
            _move("at_state", "at_reason", "at_next").where(Message.lease_owner == owner),
            [_back(m.id, State.QUEUED, reason, due, now) for m in messages],
        )

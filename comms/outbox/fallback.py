"""The next channel, when the first failed or was not delivered in time: a new message of the same decision.

Each message falls back at most once (the key of the new one names the old one): where it failed and the customer has
another address on the same channel, to that one; else to the first channel of its list that can be used. It carries the
facts version of the decision: when the account has changed since (a payment, a promise, a hold), it is decided again
before it leaves. What cannot be reached on any channel is put before staff, once; but a courtesy beside a letter that
goes (a policy's ``also``) is followed by nothing, and its failure is nobody's work.
"""

from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Text, and_, cast, or_, select
from sqlalchemy.orm import Session, aliased

from comms.accounts import consent, contacts
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import record
from comms.notices.rendering import Renderer
from comms.worklist import Task, open_task

from .drafting import CANNOT_WRITE, UnaddressableError, facts_for, language_of, letter_address, write
from .drafts import Draft, insert_messages, queued_event
from .failures import FAILED, LOOK_BACK
from .mail_acks import returned_addresses
from .schema import Message
from .states import State

WAITING = (State.SUBMITTED, State.SENT)
SHORTEST = timedelta(hours=1)
"""No policy waits less for a receipt (``fallback_after_hours``)."""
FALLS_BACK_WITHIN = timedelta(days=1)
"""How long after it failed a campaign's message falls back. Once that is over its step counts as not taken and the next
night decides it anew; were the next channel still tried, the customer would hear the same twice."""
_TOLD = "unreachable:"
"""Begins the key of the task that tells staff; the message's number follows."""
ORIGINAL_FIELDS = ("due_date", "disconnect_date", "winter")


def fall_back(session: Session, city: City, renderer: Renderer, clock: Clock, *, limit: int = 500) -> list[int]:
    """Write the next-channel messages that are due; their ids. Record nothing twice: safe to run at any time."""
    now = clock.now()
    drafts: list[Draft] = []
    for message in _due(session, now, limit):
        account = session.get(Account, message.account_id)
        assert account is not None and message.fallback is not None
        try:
            draft = _next(session, city, renderer, clock, message, account)
        except CANNOT_WRITE as error:
            _tell_staff(session, message, now, f"it cannot be written for the next one: {error}")
            continue
        if draft is None:
            _tell_staff(session, message, now, "there is no other channel to use")
        else:
            drafts.append(draft)
    fresh = insert_messages(session, drafts, clock)
    record(session, [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh], now)
    return [message_id for _, message_id, _ in fresh]


def _due(session: Session, now: datetime, limit: int) -> list[Message]:
    """The messages to fall back from, locked. Those that merely wait for a receipt are many: they are sorted out
    before the limit counts."""
    later = aliased(Message)
    fallen = select(later.id).where(later.fallback_of_id == Message.id).exists()
    told = select(Task.id).where(Task.dedupe_key == _TOLD + cast(Message.id, Text)).exists()
    lately = Message.state_at > now - FALLS_BACK_WITHIN
    open_ones = (
        Message.fallback.is_not(None),
        Message.account_id.is_not(None),
        ~fallen,
        ~told,
        Message.state_at >= now - LOOK_BACK,
        or_(
            and_(Message.state.in_(FAILED), or_(Message.decision_id.is_(None), lately)),
            and_(Message.state.in_(WAITING), Message.submitted_at <= now - SHORTEST),
        ),
    )
    candidates = session.execute(
        select(Message.id, Message.state, Message.fallback, Message.submitted_at)
        .where(*open_ones)
        .execution_options(yield_per=1000)
    )
    due = list(
        islice((id_ for id_, state, later_by, left_at in candidates if _is_due(state, later_by, left_at, now)), limit)
    )
    if not due:
        return []
    locked = select(Message).where(Message.id.in_(due), *open_ones).order_by(Message.id)
    return list(session.scalars(locked.with_for_update(skip_locked=True, of=Message)))


def _is_due(state: str, fallback: dict[str, Any] | None, submitted_at: datetime | None, now: datetime) -> bool:
    if fallback is None or fallback.get("courtesy"):
        return False
    if state in FAILED:
        return True
    assert submitted_at is not None
    after = fallback.get("after_s") if fallback["channels"] else None
    return after is not None and submitted_at + timedelta(seconds=int(after)) <= now


def _next(
    session: Session, city: City, renderer: Renderer, clock: Clock, message: Message, account: Account
) -> Draft | None:
    assert message.fallback is not None
    rest: list[str] = list(message.fallback["channels"])
    again = [message.channel] if rest and message.state in FAILED else []
    for channel in (*again, *rest):
        recipient = _address(session, account, channel, message.category)
        if recipient is None or recipient == message.recipient:
            continue
        return write(
            renderer,
            account,
            channel=channel,
            notice=message.notice,
            recipient=recipient,
            fields=facts_for(city, clock, account, **_dates(message)),
            dedupe_key=f"fallback:{message.id}",
            language=language_of(account),
            facts_version=message.facts_version,
            decision_id=message.decision_id,
            run_id=message.run_id,
            fallback_of_id=message.id,
            fallback={**message.fallback, "channels": _after(rest, channel)},
        )
    return None


def _after(rest: list[str], channel: str) -> list[str]:
    """The channels that are left once this one is tried; all of them where it is the one that failed."""
    return rest[rest.index(channel) + 1 :] if channel in rest else rest


def _dates(message: Message) -> dict[str, Any]:
    """The dates the first message gave, so that the second one says the same."""
    kept = (message.fallback or {}).get("fields", {})
    return {
        name: date.fromisoformat(kept[name]) if name.endswith("date") else kept[name]
        for name in ORIGINAL_FIELDS
        if name in kept
    }


def _address(session: Session, account: Account, channel: str, category: str) -> str | None:
    if channel == "letter":
        try:
            return letter_address(account, returned=account.id in returned_addresses(session, [account.id]))
        except UnaddressableError:
            return None
    points = contacts.preferred(session, [account.id], channel).get(account.id, [])
    values = [point.value for point in points if point.value]
    refused = consent.blocked(session, channel, values, category)
    return next((value for value in values if value not in refused), None)


def _tell_staff(session: Session, message: Message, now: datetime, why: str) -> None:
    open_task(
        session,
        kind="failed_notice",
        dedupe_key=f"{_TOLD}{message.id}",
        reason=f"{message.notice.replace('-', ' ').capitalize()} could not be delivered by {message.channel}, and "
        f"{why.rstrip('.')}. Find another address for this customer, or another way to reach them.",
        at=now,
        account_id=message.account_id,
        subject_type="message",
        subject_id=message.id,
    )

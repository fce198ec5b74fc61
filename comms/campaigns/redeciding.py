"""Deciding again: what was held because its account had changed, and what a new file of the CIS brings about.

A frozen message says what was true when it was decided. When its account has changed since, it does not leave: either
a new one is written with today's facts, or none is, and the history says why. What a campaign decided is decided again
by the same version of its policy: its caps and its exit. A legal notice gives the customer time; when it was held over
a day, the new one gives as much time from today.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from comms import field, promises
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.history import NewEvent, record
from comms.notices.rendering import Renderer
from comms.outbox import Draft, Message, State, facts_for, insert_messages, queued_event, set_aside, write
from comms.outbox.drafting import CANNOT_WRITE, language_of
from comms.outbox.states import STALE
from comms.rules import Purpose, rulebook_of
from comms.worklist import open_task

from .choosing import Choice, choose, main_reason
from .copying import settle_held
from .facts import picture
from .policies import Policy, versions
from .schema import Decision, Episode

AT_ONCE = 500
DEFAULT_TERM = timedelta(days=10)
"""Time to pay that a notice gives when the message it replaces kept none."""


@dataclass(frozen=True)
class Followed:
    """What new facts brought about: promises decided, what became of messages that had not left, and how many orders
    of the field were called back."""

    evaluation: promises.Evaluation
    set_aside: int
    written_anew: int
    orders_recalled: int = 0

    @property
    def called_back(self) -> int:
        """Messages that are not sent any more."""
        return self.set_aside - self.written_anew


def follow(
    database: Database, city: City, renderer: Renderer, clock: Clock, account_ids: Collection[int], *,
    reason: str = "a file of the billing system came in",
) -> Followed:  # fmt: skip
    """What follows when something changed these accounts: promises are evaluated, what rests on old facts is decided
    again before it leaves, and nobody is sent out to an account that has paid. ``reason``: a clause on what it was."""
    evaluation = database.run(lambda session: promises.evaluate(session, city, clock))
    ordered = sorted(account_ids)
    held = anew = recalled = 0
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered[start : start + AT_ONCE]
        held += database.run(lambda session: set_aside(session, part, clock))  # noqa: B023
        orders = database.run(lambda session: field.recall(session, city, clock, part, reason=reason))  # noqa: B023
        recalled += len(orders)
    while waiting(database):
        anew += len(database.run(lambda session: redecide(session, city, renderer, clock, limit=AT_ONCE)))
    return Followed(evaluation, held, anew, recalled)


def waiting(database: Database) -> int:
    """How many held messages wait to be decided again."""
    with database.read() as session:
        return session.scalar(select(func.count(Message.id)).where(*_STALE)) or 0


_STALE = (
    Message.state == State.HELD,
    Message.state_reason == STALE,
    Message.account_id.is_not(None),
    Message.copy_of_id.is_(None),
)
"""What waits to be decided again; a copy goes the way of its notice."""


def redecide(session: Session, city: City, renderer: Renderer, clock: Clock, *, limit: int = 500) -> list[int]:
    """Decide again the messages that were held because their account had changed; the ids of what replaces them, and of
    their copies.

    Still allowed: the old message is superseded by one with today's facts. No longer: it is suppressed, with why.
    """
    now = clock.now()
    held = list(
        session.scalars(
            select(Message).where(*_STALE).order_by(Message.id).limit(limit).with_for_update(skip_locked=True)
        )
    )
    if not held:
        return settle_held(session, city, clock, renderer, limit=limit)
    accounts = {
        account.id: account
        for account in session.scalars(select(Account).where(Account.id.in_({message.account_id for message in held})))
    }
    seen = picture(session, city, list(accounts), now, without=[message.id for message in held])
    by_policy = _policies(session, held)
    rulebook = rulebook_of(city)
    drafts: list[Draft] = []
    moves: list[dict[str, Any]] = []
    events: list[NewEvent] = []
    for message in held:
        account = accounts[message.account_id or 0]
        facts = seen.subjects[account.id].facts
        dates = _dates(city, message, now)
        choice = choose(
            rulebook, _channels(message), Purpose(message.purpose), facts, seen.recent(account.id), now,
            policy=by_policy.get(message.decision_id or 0), announces=dates.get("disconnect_date"),
        )  # fmt: skip
        if choice.channel is None:
            reason = main_reason(choice.ruling.reasons)
            why = f"{reason.rule}: {reason.fact} {reason.value}"
        else:
            try:
                draft = _again(city, clock, renderer, message, account, choice, facts.addresses[choice.channel], dates)
            except CANNOT_WRITE as error:
                why = f"It cannot be written with today's facts: {error}"
                _tell_staff(session, message, why, now)
            else:
                drafts.append(draft)
                seen.add(account.id, draft.recipient, now, ("again", message.id))
                anew = {"to_state": State.SUPERSEDED, "to_reason": "Written anew."}
                moves.append({"at_id": message.id, "at_now": now, **anew})
                continue
        moves.append({"at_id": message.id, "to_state": State.SUPPRESSED, "to_reason": why, "at_now": now})
        events.append(_suppressed(message, why, now))
    session.connection().execute(_MOVE, moves)
    fresh = insert_messages(session, drafts, clock)
    events += [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh]
    record(session, events, now)
    copies = settle_held(session, city, clock, renderer, limit=limit)
    return [message_id for _, message_id, _ in fresh] + copies


_MOVE = (
    update(Message)
    .where(Message.id == bindparam("at_id"), Message.state == State.HELD)
    .values(
        state=bindparam("to_state"),
        state_reason=bindparam("to_reason"),
        state_at=bindparam("at_now"),
        final_at=bindparam("at_now"),
    )
)


def _policies(session: Session, messages: Sequence[Message]) -> dict[int, Policy]:
    """The version of the policy that decided each of these messages, by decision; manual ones have none."""
    decided = [message.decision_id for message in messages if message.decision_id is not None]
    if not decided:
        return {}
    frozen = versions.frozen(session)
    rows = session.execute(
        select(Decision.id, Episode.policy, Episode.policy_version)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.id.in_(decided))
    )
    return {id_: frozen[policy, version] for id_, policy, version in rows if (policy, version) in frozen}


def _dates(city: City, message: Message, now: datetime) -> dict[str, Any]:
    """The dates that a message written anew gives: those of the old one, but for a legal notice that lay for days, and
    a day to pay by that has come. They give as much time from today as the old ones gave from their day."""
    kept = (message.fallback or {}).get("fields", {})
    dates = {name: date.fromisoformat(value) if name.endswith("date") else value for name, value in kept.items()}
    today = city.local_date(now)
    dates.setdefault("due_date", city.business_day_from(today + DEFAULT_TERM))
    lain = today - city.local_date(message.created_at)
    if lain and (message.purpose == Purpose.LEGAL or dates["due_date"] <= today):
        for name in ("due_date", "disconnect_date"):
            if name in kept:
                dates[name] = city.business_day_from(dates[name] + lain)
    return dates


def _channels(message: Message) -> Sequence[str]:
    later = (message.fallback or {}).get("channels", [])
    return [message.channel, *later]


def _suppressed(message: Message, why: str, now: datetime) -> NewEvent:
    return NewEvent(
        message.account_id, now, "notice.suppressed",
        f"{message.notice.replace('-', ' ').capitalize()} by {message.channel} not sent: {why}",
        "none", message.channel, subject_type="message", subject_id=message.id,
    )  # fmt: skip


def _tell_staff(session: Session, message: Message, why: str, now: datetime) -> None:
    open_task(
        session,
        kind="failed_notice",
        dedupe_key=f"unwritable:{message.id}",
        reason=f"{message.notice.replace('-', ' ').capitalize()} was not sent. {why}",
        at=now,
        account_id=message.account_id,
        subject_type="message",
        subject_id=message.id,
    )


def _again(
    city: City,
    clock: Clock,
    renderer: Renderer,
    message: Message,
    account: Account,
    choice: Choice,
    recipient: str,
    dates: Mapping[str, Any],
) -> Draft:
    assert choice.channel is not None
    channels = list(_channels(message))
    rest = channels[channels.index(choice.channel) + 1 :]
    fallback = None
    if message.fallback:
        fields = {name: value.isoformat() if isinstance(value, date) else value for name, value in dates.items()}
        fallback = {**message.fallback, "channels": rest, "fields": fields}
    return write(
        renderer,
        account,
        channel=choice.channel,
        notice=message.notice,
        recipient=recipient,
        fields=facts_for(city, clock, account, **dates),
        dedupe_key=f"again:{message.id}",
        language=language_of(account),
        facts_version=account.facts_version,
        send_at=choice.ruling.until,
        decision_id=message.decision_id,
        run_id=message.run_id,
        fallback_of_id=message.fallback_of_id,
        fallback=fallback,
    )

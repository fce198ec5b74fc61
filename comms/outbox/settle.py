"""What came of the tries: attempts closed, messages moved on, the history told. One transaction for many.

============================  ==========================================================================
``accepted``                  submitted, with the carrier's id
``refused_now``               queued again at a later time; failed when that is past the time to give up
``refused_for_good``          failed; what it says of the address is noted (opted out, unreachable …)
``ambiguous``                 unknown: the carrier is asked before anything is sent again
============================  ==========================================================================

A receipt may arrive before its own answer does: what it has made of the message stays. And an answer may come after the
lease, when the message is in doubt, queued again or with another worker. ``accepted`` is then still the truth, and
whatever was about to be sent is not sent again; the other outcomes only move a message whose last attempt is this one.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, update
from sqlalchemy.orm import Session

from comms.accounts import consent, contacts
from comms.channels import Outcome, Result
from comms.history import NewEvent, record

from .claims import CARRIER_OF, Claimed
from .schema import Attempt, Message
from .states import RANK, State

BACKOFF = timedelta(seconds=15)
BACKOFF_CAP = timedelta(hours=1)
HALTED = timedelta(minutes=5)
"""How long a lane rests when the carrier refuses everybody (credentials, suspension)."""
CARRIER_LAGS = timedelta(seconds=45)
"""When to try again where the carrier's list of opt-outs is behind ours: more than a round of housekeeping."""


@dataclass(frozen=True)
class Tried:
    """One attempt and its result."""

    message: Claimed
    result: Result


@dataclass
class Settled:
    """What a round of attempts came to: how many by outcome, and which are due again when."""

    outcomes: dict[str, int] = field(default_factory=dict)
    again: dict[int, datetime] = field(default_factory=dict)
    halted: str | None = None


def backoff(attempt: int, draw: random.Random) -> timedelta:
    """How long to wait after the ``attempt``-th refusal: doubling from 15 s to an hour, with jitter of a half."""
    full: timedelta = min(BACKOFF_CAP, BACKOFF * 2 ** min(attempt - 1, 12))
    return full * (0.5 + draw.random() / 2)


def settle(session: Session, tried: Sequence[Tried], *, now: datetime, draw: random.Random) -> Settled:
    """Close the attempts and move the messages; see the table above."""
    done = Settled()
    tried = sorted(tried, key=lambda item: item.message.id)  # the order in which receipts lock messages
    tried = [_unless_it_lags(session, item, now) for item in tried]
    moves: dict[Outcome, list[dict[str, Any]]] = {outcome: [] for outcome in Outcome}
    events: list[NewEvent] = []
    for item in tried:
        outcome, row, event = _one(item, now, draw)
        moves[outcome].append(row)
        events.append(event)
        done.outcomes[outcome] = done.outcomes.get(outcome, 0) + 1
        if outcome is Outcome.REFUSED_NOW:
            done.again[item.message.id] = row["at_next"]
        if item.result.halt:
            done.halted = f"{CARRIER_OF[item.message.channel]} {item.result.error_code}: {item.result.detail}"
    _close_attempts(session, tried, now)
    connection = session.connection()
    for outcome, rows in moves.items():
        if rows:
            connection.execute(_MOVES[outcome], rows)
    if moves[Outcome.ACCEPTED]:
        connection.execute(_CARRIER_ID, moves[Outcome.ACCEPTED])
    for item in tried:
        events += _note_address(session, item, now)
    record(session, events, now)
    return done


def _unless_it_lags(session: Session, item: Tried, now: datetime) -> Tried:
    """A refusal because of an opt-out that the customer has taken back meanwhile is one for now: the carrier is being
    told (``mirroring``)."""
    result = item.result
    if result.address_status != "opted_out" or item.message.channel != "sms":
        return item
    if not consent.carrier_lags(session, item.message.recipient, now):
        return item
    patient = replace(result, outcome=Outcome.REFUSED_NOW, address_status=None, retry_after=CARRIER_LAGS)
    return replace(item, result=patient)


def _one(item: Tried, now: datetime, draw: random.Random) -> tuple[Outcome, dict[str, Any], NewEvent]:
    message, result = item.message, item.result
    row = {
        "at_id": message.id, "at_now": now, "at_code": result.error_code, "at_text": result.detail,
        "at_carrier": result.carrier_id, "at_attempt": message.attempt,
    }  # fmt: skip
    outcome = result.outcome
    if outcome is Outcome.REFUSED_NOW:
        wait = HALTED if result.halt else (result.retry_after or backoff(message.attempt, draw))
        if now + wait >= message.give_up_at:
            outcome = Outcome.REFUSED_FOR_GOOD
            row["at_text"] = f"Given up after {message.attempt} tries. {result.detail or ''}".strip()
        else:
            row |= {"at_next": now + wait}
    return outcome, row, _event(message, outcome, result, now)


_WORDS = {
    Outcome.ACCEPTED: ("delivery.submitted", "handed to {carrier}"),
    Outcome.REFUSED_NOW: ("delivery.refused", "not taken by {carrier} for now; it is tried again{why}"),
    Outcome.REFUSED_FOR_GOOD: ("delivery.failed", "could not be sent{why}"),
    Outcome.AMBIGUOUS: ("delivery.unknown", "may or may not have reached {carrier}; it is being asked{why}"),
}
_CHANNEL = {"sms": "Text", "email": "Email"}
_CARRIER = {"twilio": "Twilio", "sendgrid": "SendGrid"}


def _event(message: Claimed, outcome: Outcome, result: Result, now: datetime) -> NewEvent:
    kind, words = _WORDS[outcome]
    why = f" ({result.error_code}: {result.detail})" if result.error_code and result.detail else ""
    carrier = CARRIER_OF[message.channel]
    return NewEvent(
        account_id=message.account_id,
        at=now,
        kind=kind,
        summary=f"{_CHANNEL[message.channel]} to {message.recipient} "
        + words.format(carrier=_CARRIER[carrier], why=why),
        direction="out",
        channel=message.channel,
        actor="carrier" if result.error_code else "system",
        subject_type="message",
        subject_id=message.id,
        facts={
            "carrier": carrier, "carrier_id": result.carrier_id, "attempt": message.attempt, "code": result.error_code,
        },
        content_digest=message.content_digest if outcome is Outcome.ACCEPTED else None,
    )  # fmt: skip


def _close_attempts(session: Session, tried: Sequence[Tried], now: datetime) -> None:
    session.connection().execute(
        update(Attempt)
        .where(Attempt.message_id == bindparam("at_message"), Attempt.number == bindparam("at_number"))
        .values(
            outcome=bindparam("at_outcome"), ended_at=bindparam("at_now"), http_status=bindparam("at_http"),
            error_code=bindparam("at_code"), detail=bindparam("at_text"), carrier_id=bindparam("at_carrier"),
        ),
        [
            {
                "at_message": t.message.id, "at_number": t.message.attempt, "at_outcome": t.result.outcome.value,
                "at_now": now, "at_http": t.result.http_status, "at_code": t.result.error_code,
                "at_text": t.result.detail, "at_carrier": t.result.carrier_id,
            }
            for t in tried
        ],
    )  # fmt: skip


def _note_address(session: Session, item: Tried, now: datetime) -> list[NewEvent]:
    """What the refusal says of the address itself: an opt-out only the carrier knew of, a number that is none."""
    status = item.result.address_status
    if status is None:
        return []
    message = item.message
    why = f"{_CARRIER[CARRIER_OF[message.channel]]} {item.result.error_code}"
    if status == "opted_out":
        accounts = consent.record(
            session, channel=message.channel, address=message.recipient, action="revoked", source="carrier",
            evidence=why, at=now, account_id=message.account_id,
        )  # fmt: skip
        kind, words = "consent.revoked", f"{message.recipient} has opted out, the carrier says ({why})"
    else:
        point = "phone" if message.channel == "sms" else "email"
        accounts = contacts.mark(session, point, message.recipient, status, why, now)
        kind, words = "contact.unusable", f"{message.recipient} is not written to any more: {status} ({why})"
    return [NewEvent(account, now, kind, words, channel=message.channel, actor="carrier") for account in accounts]


_OURS = (
    or_(Message.state == State.CLAIMED, Message.state == State.UNKNOWN),
    Message.attempts == bindparam("at_attempt"),
)
"""With the worker of this attempt, or in doubt because of it; a later attempt has a higher number."""
_NOT_KNOWN_TO_HAVE_LEFT = tuple(Message.state != state for state in sorted(RANK))


def _leave(state: State, where: tuple[ColumnElement[bool], ...], **values: Any) -> Any:
    return (
        update(Message)
        .where(Message.id == bindparam("at_id"), *where)
        .values(
            state=state, state_at=bindparam("at_now"), error_code=bindparam("at_code"), error_text=bindparam("at_text"),
            lease_owner=None, lease_until=None, **values,
        )
    )  # fmt: skip


_MOVES = {
    Outcome.ACCEPTED: _leave(
        State.SUBMITTED, _NOT_KNOWN_TO_HAVE_LEFT, carrier_id=bindparam("at_carrier"), submitted_at=bindparam("at_now"),
        final_at=None,
    ),
    Outcome.REFUSED_NOW: _leave(
        State.QUEUED, _OURS, next_attempt_at=bindparam("at_next"), state_reason="Refused for now."
    ),
    Outcome.REFUSED_FOR_GOOD: _leave(State.FAILED, _OURS, final_at=bindparam("at_now")),
    Outcome.AMBIGUOUS: _leave(State.UNKNOWN, _OURS, asked_at=None, carrier_id=bindparam("at_carrier")),
}  # fmt: skip

_CARRIER_ID = (
    update(Message)
    .where(Message.id == bindparam("at_id"), or_(Message.carrier_id.is_(None), Message.submitted_at.is_(None)))
    .values(
        carrier_id=func.coalesce(Message.carrier_id, bindparam("at_carrier")),
        submitted_at=func.coalesce(Message.submitted_at, bindparam("at_now", type_=Message.submitted_at.type)),
        lease_owner=None,
        lease_until=None,
    )
)
"""For a message whose receipt came before this answer: only what the answer alone knows."""

"""What a clerk says a reply means, kept as a labelled example, by which an office measures the understanding.

A label has the words as they were understood and what was owed when they came, so that it can be understood again and
compared. ``export`` writes labels in the format that ``comms reply score`` reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import history
from comms.accounts import Account, consent
from comms.city import City
from comms.clock import Clock
from comms.db import upsert
from comms.history import NewEvent
from comms.money import dollars
from comms.outbox.consenting import record_word

from .reading import owed, understood, words_of
from .schema import InboundMessage, ReplyLabel
from .scoring import same
from .understanding import Instalment
from .understanding.model import INTENTS

MEANINGS = {
    "promise": "a promise to pay",
    "paid": "already paid",
    "arrangement_request": "asks for more time or a plan",
    "hardship": "cannot pay, needs help",
    "dispute": "disputes the bill",
    "balance_question": "asks about the balance, a date or how to pay",
    "help": "asks for help or a person",
    "emergency": "an emergency",
    "opt_out": "wants no more messages",
    "opt_in": "wants messages again",
    "wrong_number": "not the customer’s number",
    "language_request": "asks for another language",
    "abuse_or_threat": "a threat, a legal matter or an insult",
    "confirm_yes": "yes",
    "confirm_no": "no",
    "other": "something else",
}
"""Each intent in the words of the office."""

WORDS = ("full", "half", "minimum")
MOST_INSTALMENTS = 24
MOST_CENTS = 100_000_000


class LabelError(ValueError):
    """What cannot be a label: a sentence and a next step."""


@dataclass(frozen=True)
class Corrected:
    """``confirmed``: the clerk says what was understood. ``news``: another label, or the first one. ``opted_out``: an
    opt-out that had not been understood has taken effect."""

    inbound_id: int
    account_id: int | None
    confirmed: bool
    news: bool
    opted_out: bool = False


def correct(
    session: Session,
    city: City,
    clock: Clock,
    inbound_id: int,
    *,
    intent: str,
    instalments: Sequence[Instalment] = (),
    by: str,
    note: str | None = None,
) -> Corrected:
    """Keep the word of ``by`` (``user:park``) on what a reply means; a later word takes the place of an earlier one.

    ``instalments`` are of a promise only. A reply that is said to be an opt-out is one from now on, also if it had been
    taken for something else; everything else stays to be done by the person who looks at it. Raises ``LabelError``.
    """
    inbound = session.get(InboundMessage, inbound_id)
    if inbound is None:
        raise LabelError(f"There is no reply {inbound_id}. List them: comms reply show")
    _check(intent, instalments)
    means = [one.as_json() for one in instalments]
    account = session.get(Account, inbound.account_id) if inbound.account_id is not None else None
    words = words_of(inbound)
    guessed = inbound.understanding or understood(words, inbound, city, account).as_json()
    earlier = session.scalar(select(ReplyLabel).where(ReplyLabel.inbound_id == inbound_id))
    news = earlier is None or (earlier.intent, earlier.instalments) != (intent, means)
    owes = {name: guessed.get(name, value) for name, value in owed(account).items()}
    row = {
        "inbound_id": inbound_id, "text": words, "received_at": inbound.received_at, "tz": city.time_zone, **owes,
        "guessed": {name: value for name, value in guessed.items() if name not in owes},
        "intent": intent, "instalments": means,
        "lang": str(guessed.get("lang") or "en"), "labelled_by": by, "labelled_at": clock.now(),
        "note": (note or "").strip() or None,
    }  # fmt: skip
    upsert(session, ReplyLabel, [row], key=["inbound_id"], update=[name for name in row if name != "inbound_id"])
    confirmed = guessed["intent"] == intent and same(means, guessed["instalments"], owes["past_due_cents"])
    event = _event(inbound, row, guessed, confirmed, by, clock.now()) if news else None
    opts_out = intent == "opt_out" and not consent.blocked(session, inbound.channel, [inbound.sender])
    events = [event] if event else []
    if opts_out:
        record_word(
            session, clock, channel=inbound.channel, address=inbound.sender, action="revoked", by=by, evidence=words,
            account_id=inbound.account_id, inbound_id=inbound_id, beside=events,
        )  # fmt: skip
    else:
        history.record(session, events, clock.now())
    return Corrected(inbound_id, inbound.account_id, confirmed, news, opts_out)


def export(session: Session, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """The labels of replies received since then, oldest first: one JSON object a line of the corpus. The words are the
    customers' own: personal data."""
    statement = select(ReplyLabel).order_by(ReplyLabel.received_at, ReplyLabel.id).execution_options(yield_per=500)
    if since is not None:
        statement = statement.where(ReplyLabel.received_at >= since)
    for label in session.scalars(statement):
        yield {
            "id": f"r{label.inbound_id}",
            "text": label.text,
            "received_at": label.received_at.astimezone(ZoneInfo(label.tz)).isoformat(timespec="seconds"),
            "tz": label.tz,
            "past_due_cents": label.past_due_cents,
            "total_cents": label.total_cents,
            "intent": label.intent,
            "instalments": label.instalments,
            "lang": label.lang,
            "note": label.note or "",
        }


def in_words(intent: str, instalments: Sequence[Mapping[str, Any]] = ()) -> str:
    """``a promise to pay $50.00 on 2026-11-27`` …"""
    parts = [
        _amount(one.get("amount_cents")) + (f" on {one['date']}" if one.get("date") else " (no day)")
        for one in instalments
    ]
    return " ".join([MEANINGS.get(intent, intent), ", ".join(parts)]).strip()


def _amount(cents: Any) -> str:
    if isinstance(cents, int):
        return dollars(cents)
    return str(cents) if cents else "(no amount)"


def _check(intent: str, instalments: Sequence[Instalment]) -> None:
    if intent not in INTENTS:
        raise LabelError(f"{intent!r} is no meaning that a reply can have. Choose one of: {', '.join(INTENTS)}.")
    if bool(instalments) != (intent == "promise"):
        raise LabelError(
            "A promise has at least one amount or day. Give what was said, or leave both unsaid."
            if intent == "promise"
            else "Amounts and days belong to a promise only. Take them out, or choose a promise."
        )
    if len(instalments) > MOST_INSTALMENTS:
        raise LabelError(f"No promise has more than {MOST_INSTALMENTS} parts. Give those that were said.")
    for one in instalments:
        cents = one.amount_cents
        if isinstance(cents, int) and not 0 < cents <= MOST_CENTS:
            raise LabelError("An amount is more than nothing and at most $1,000,000. Correct it.")
        if isinstance(cents, str) and cents not in WORDS:
            raise LabelError(f"{cents!r} is no amount. Give dollars, or one of: {', '.join(WORDS)}.")


def _event(
    inbound: InboundMessage, row: dict[str, Any], guessed: dict[str, Any], confirmed: bool, by: str, at: datetime
) -> NewEvent:
    means = in_words(row["intent"], row["instalments"])
    taken = in_words(guessed["intent"], guessed["instalments"])
    summary = f"The reply was understood rightly: {means}"
    if not confirmed:
        summary = f"The reply means: {means}; it was taken for: {taken}"
    return NewEvent(
        account_id=inbound.account_id, at=at, kind="reply.corrected", summary=summary, channel=inbound.channel,
        actor=by, subject_type="inbound_message", subject_id=inbound.id,
        facts={
            "understood": {"intent": guessed["intent"], "instalments": guessed["instalments"]},
            "means": {"intent": row["intent"], "instalments": row["instalments"]},
        },
    )  # fmt: skip

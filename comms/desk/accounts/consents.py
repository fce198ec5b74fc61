"""What the holders of an account's phones and mailboxes said about being written to, and every line behind it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import ContactPoint, consent
from comms.accounts.schema import Consent, ConsentEvent, ConsentMirror
from comms.desk.frame import formats
from comms.desk.frame.words import Tone

WAYS = {"sms": "Texts", "voice": "Calls", "email": "Emails"}
CATEGORIES = {"all": "Everything", "billing": "About bills", "conversation": "Answers to what they write"}
"""The categories of notices that one may opt out of alone."""
TWILIO = {
    "waiting": "Twilio is not told yet", "told": "Twilio is told", "not_needed": "a newer line was told to Twilio",
    "refused": "Twilio refuses it",
}  # fmt: skip
LINES_SHOWN = 30


@dataclass(frozen=True)
class Standing:
    """How one way to one address stands: the word of it, and whether it may be opened or closed."""

    channel: str
    way: str
    word: str
    tone: Tone
    blocked: bool


@dataclass(frozen=True)
class Line:
    """One line of the ledger."""

    at: datetime
    channel: str
    words: str
    source: str
    evidence: str
    twilio: str


@dataclass(frozen=True)
class Address:
    """A phone or a mailbox with its ways and its lines, the newest first."""

    value: str
    shown: str
    label: str
    status: str
    ways: Sequence[Standing]
    lines: Sequence[Line]
    shared: int
    """How many other accounts have it: what is said of it holds for them too."""


def addresses(session: Session, account_id: int) -> list[Address]:
    """Every address of an account, the preferred ones first."""
    points = session.scalars(
        select(ContactPoint)
        .where(ContactPoint.account_id == account_id, ContactPoint.value.is_not(None))
        .order_by(ContactPoint.kind.desc(), ContactPoint.rank, ContactPoint.id)
    ).all()
    first = {point.value: point for point in reversed(points) if point.value}
    values = list(dict.fromkeys(point.value for point in points if point.value))
    said, lines = _said(session, values), _lines(session, values)
    others = _others(session, account_id, values)
    return [
        Address(
            value, formats.address_of(value), first[value].label, first[value].status,
            [_standing(channel, said[value]) for channel in _ways(first[value].kind)],
            lines[value], others.get(value, 0),
        )
        for value in values
    ]  # fmt: skip


def _ways(kind: str) -> list[str]:
    return [channel for channel, of in consent.KINDS.items() if of == kind]


def _said(session: Session, values: Sequence[str]) -> dict[str, list[tuple[str, str, bool]]]:
    found: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    statement = select(Consent.address, Consent.channel, Consent.category, Consent.allowed).order_by(Consent.category)
    for address, channel, category, allowed in session.execute(
        statement.where(Consent.channel.in_(list(WAYS)), Consent.address.in_(values))
    ):
        found[address].append((channel, category, allowed))
    return found


def _standing(channel: str, said: Sequence[tuple[str, str, bool]]) -> Standing:
    mine = [(category, allowed) for way, category, allowed in said if way == channel]
    against = [category for category, allowed in mine if not allowed]
    word, tone = _word(mine, against)
    return Standing(channel, WAYS[channel], word, tone, bool(against))


def _word(said: Sequence[tuple[str, bool]], against: Sequence[str]) -> tuple[str, Tone]:
    if "all" in against:
        return "opted out", "bad"
    if against:
        return f"opted out of {' and '.join(CATEGORIES.get(one, one).lower() for one in against)}", "bad"
    return ("agreed", "good") if said else ("nothing was said", "plain")


def _lines(session: Session, values: Sequence[str]) -> dict[str, list[Line]]:
    rows = session.execute(
        select(ConsentEvent, ConsentMirror.state, ConsentMirror.answer)
        .outerjoin(ConsentMirror, ConsentMirror.event_id == ConsentEvent.id)
        .where(ConsentEvent.channel.in_(list(WAYS)), ConsentEvent.address.in_(values))
        .order_by(ConsentEvent.at.desc(), ConsentEvent.id.desc())
        .limit(LINES_SHOWN)
    )
    found: dict[str, list[Line]] = defaultdict(list)
    for event, state, answer in rows:
        wants = "wants" if event.action == "granted" else "wants no"
        about = "" if event.category == "all" else f" ({CATEGORIES.get(event.category, event.category).lower()})"
        twilio = (TWILIO.get(state, "") + (f": {answer}" if answer else "")) if state else ""
        words = f"{wants} {WAYS.get(event.channel, event.channel).lower()}{about}"
        found[event.address].append(Line(event.at, event.channel, words, event.source, event.evidence, twilio))
    return found


def _others(session: Session, account_id: int, values: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(ContactPoint.value, ContactPoint.account_id)
        .where(ContactPoint.kind.in_(("phone", "email")), ContactPoint.value.in_(values))
        .where(ContactPoint.account_id != account_id)
        .distinct()
    )
    counted: dict[str, int] = defaultdict(int)
    for value, _ in rows:
        counted[value or ""] += 1
    return counted

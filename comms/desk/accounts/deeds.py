"""Writing down a call, a visit at the counter or a door tag: what the form holds, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import outbox
from comms.accounts import Account, ContactPoint, contacts
from comms.accounts.sheets import SheetError, day
from comms.city import City
from comms.clock import Clock
from comms.desk.accounts import composing
from comms.desk.frame import formats
from comms.history import DEEDS, Logged, NewEvent
from comms.history.by_hand import LONGEST

HOW = {
    "talked": "We called and talked with the customer",
    "message": "We called and left a message",
    "no_answer": "We called, nobody answered",
    "wrong_person": "We called, somebody else has this number",
    "called_us": "The customer called us",
    "visit": "The customer came to the counter",
    "door_tag": "A door tag was left",
}
NEEDS_WORDS = ("talked", "called_us", "visit")
"""What tells nothing without a word of what was said."""
BACK = timedelta(days=31)
"""How long ago something may be that is written down only now."""
MINUTES_AT_MOST = 600


class FormError(ValueError):
    """Something in the form cannot be read; the message says what."""


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    how: str = ""
    number: str = ""
    minutes: str = ""
    on: str = ""
    at: str = ""
    text: str = ""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Typed":
        given = {name: form.get(name, "").replace("\0", "").strip()[:40] for name in ("how", "number", "minutes")}
        when = {"on": form.get("on", "").strip()[:20], "at": form.get("at", "").strip()[:20]}
        return cls(**given, **when, text=composing.tidy(form.get("text", "")))


def numbers(session: Session, account: Account) -> list[tuple[str, str]]:
    """The phones that may have been called: value and how it is written."""
    found = session.scalars(
        select(ContactPoint.value)
        .where(ContactPoint.account_id == account.id, ContactPoint.kind == "phone", ContactPoint.value.is_not(None))
        .order_by(ContactPoint.rank, ContactPoint.id)
    )
    return [(value, formats.phone(value)) for value in dict.fromkeys(found) if value]


def read(session: Session, city: City, account: Account, typed: Typed, by: str, now: datetime) -> Logged:
    """What was written down, checked. Raises ``FormError`` with what is missing."""
    if typed.how not in DEEDS:
        raise FormError("Choose what happened.")
    if typed.how in NEEDS_WORDS and not typed.text:
        raise FormError("Say in a few words what was said.")
    if len(typed.text) > LONGEST:
        raise FormError(f"At most {LONGEST:,} characters; this has {len(typed.text):,}. Put the rest into a note.")
    known = dict(numbers(session, account))
    called = DEEDS[typed.how].channel == "phone"
    if typed.number and typed.number not in known:
        raise FormError("That number is not one of this account’s. Choose another one.")
    if typed.how == "wrong_person" and not typed.number:
        raise FormError("Choose the number that somebody else has; it is not written to any more.")
    return Logged(
        how=typed.how, at=_when(city, typed, now), by=by, text=typed.text, number=typed.number if called else "",
        minutes=_minutes(typed.minutes) if called else None,
    )  # fmt: skip


def wrong_number(session: Session, clock: Clock, account: Account, number: str) -> list[NewEvent]:
    """Somebody else has the number: it is not written to any more, what was to go there is called back or decided
    again; the events for the history."""
    because = "somebody else answered when it was called"
    concerned = contacts.mark(session, "phone", number, "wrong_number", f"Called: {because}.", clock.now())
    events = [
        NewEvent(
            account_id=account_id, at=clock.now(), kind="contact.unusable", channel="sms",
            summary=f"{formats.phone(number)} is not the customer’s: {because}",
        )
        for account_id in concerned
    ]  # fmt: skip
    for purposes, decided in ((("dunning", "informational"), False), (("conversational",), True)):
        events += outbox.recall(
            session, concerned, clock, reason="the number is not the customer’s", purposes=purposes,
            channels=("sms",), recipient=number, decided=decided, announce=False,
        ).events  # fmt: skip
    outbox.set_aside(session, concerned, clock)
    return events


def _minutes(typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and int(typed) <= MINUTES_AT_MOST):
        raise FormError(f"“{typed}” is no length in minutes; write a whole number up to {MINUTES_AT_MOST}.")
    return int(typed) or None


def _when(city: City, typed: Typed, now: datetime) -> datetime:
    """When it was: now, or the day and time of the form in the city; a day without a time is its noon."""
    if not typed.on and not typed.at:
        return now
    try:
        on = day(typed.on, "Day") or city.local_date(now)
        at = time.fromisoformat(typed.at) if typed.at else time(12)
    except SheetError as wrong:
        raise FormError(str(wrong)) from None
    except ValueError:
        raise FormError(f"“{typed.at}” is no time; write it as 14:30.") from None
    when = datetime.combine(on, at.replace(tzinfo=None), city.zone).astimezone(now.tzinfo)
    if when > now:
        if typed.at or on > city.local_date(now):
            raise FormError("That is still to come. Only what has happened goes into the history.")
        return now
    if when < now - BACK:
        raise FormError(f"That is more than {BACK.days} days ago. Write a private note that says when it was.")
    return when

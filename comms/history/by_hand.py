"""What people did without a message of ours: calls, visits at the counter, door tags.

The kind says whether the household heard of its bill from us, because the office's caps count by it (``CONTACTS``): a
call of ours that reached somebody or left a message, and a door tag. A call that nobody answered told nobody anything;
who called us or came in wanted to hear from us, and an answer is no contact (the caps leave answers out too).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from .chain import NewEvent
from .content import remember

CONTACTS = ("call.made", "door_tag.left")
"""The kinds that count as a contact with the household."""

LONGEST = 4000
"""Characters of what was said."""


@dataclass(frozen=True)
class Deed:
    """One way of getting in touch: the kind of its event, the channel, the direction, and how its line begins."""

    kind: str
    channel: str
    direction: str
    summary: str


DEEDS = {
    "talked": Deed("call.made", "phone", "out", "Called the customer"),
    "message": Deed("call.made", "phone", "out", "Called and left a message"),
    "no_answer": Deed("call.tried", "phone", "out", "Called, nobody answered"),
    "wrong_person": Deed("call.tried", "phone", "out", "Called, somebody else answered: not the customer’s number"),
    "called_us": Deed("call.received", "phone", "in", "The customer called"),
    "visit": Deed("visit.received", "counter", "in", "The customer came to the counter"),
    "door_tag": Deed("door_tag.left", "door", "out", "Door tag left at the service address"),
}
"""What can be logged, by the word of the form."""


@dataclass(frozen=True)
class Logged:
    """What a person writes down: ``how`` is a word of ``DEEDS``, ``at`` when it was, ``minutes`` and ``number`` (E.164)
    of a call where they are known, ``text`` what was said, for staff only."""

    how: str
    at: datetime
    by: str
    text: str = ""
    number: str = ""
    minutes: int | None = None


def logged_event(session: Session, account_id: int, logged: Logged, now: datetime) -> NewEvent:
    """The event of it for the history, with its words kept; ``record`` adds it."""
    deed = DEEDS[logged.how]
    length = f", {logged.minutes} minute{'' if logged.minutes == 1 else 's'}" if logged.minutes else ""
    content = {"channel": deed.channel, "text": logged.text}
    facts: dict[str, Any] = {"how": logged.how}
    if logged.number:
        facts["number"] = logged.number
    if logged.minutes:
        facts["minutes"] = logged.minutes
    return NewEvent(
        account_id=account_id, at=logged.at, kind=deed.kind, summary=deed.summary + length, direction=deed.direction,
        channel=deed.channel, actor=logged.by, facts=facts,
        content_digest=remember(session, [content], now)[0] if logged.text else None,
    )  # fmt: skip

"""The contact history of an account as a clerk reads it: days, bubbles, cards and notes, oldest first.

A message is shown once, where it was written, with its exact content and what became of it since; the carrier's
single reports are folded into that, unless they say that something went wrong or the page asks for every step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.city import City
from comms.desk.accounts import composing, narrowing
from comms.desk.accounts.narrowing import EVERYTHING, Narrow
from comms.desk.frame import formats, words
from comms.desk.frame.words import Tone
from comms.desk.schema import User
from comms.history import Entry
from comms.outbox import Message, State
from comms.worklist import Task

PER_PAGE = 60
SOON = timedelta(minutes=1)
"""A message that waits no longer than this is as good as under way."""

_FOLDED = ("delivery.submitted", "delivery.sent", "delivery.delivered", "delivery.refused")
_ICONS = {"sms": "chat", "email": "alternate_email", "letter": "mail", "phone": "phone", "note": "lock",
          "counter": "info", "door": "push_pin"}  # fmt: skip
_KIND_ICONS = {"payment": "attach_money", "promise": "event", "consent": "do_not_disturb", "hold": "do_not_disturb"}


@dataclass(frozen=True)
class Item:
    """One thing in the history. ``bubble``: a text, on the left when it came in; ``card``: anything with a heading;
    ``note``: a private note; ``line``: a small remark between the others."""

    shape: Literal["bubble", "card", "note", "line"]
    entry: Entry
    inbound: bool
    icon: str
    heading: str
    text: str
    who: str
    """The member of staff, or where it came from; empty for what the customer did."""
    address: str
    """Where it went to or came from; empty where nothing was sent."""
    asks: datetime | None
    """Since when this message waits for an answer."""
    state: str
    tone: Tone
    why: str
    waits: int | None
    """The number of a text written by hand that has not left and can be taken back."""
    sent: int | None
    """The number of the message of ours that this line is about, where it was written."""


@dataclass(frozen=True)
class Day:
    date: date
    heading: str
    items: list[Item]


@dataclass(frozen=True)
class Pane:
    """A page of the history; ``before`` leads to the page of earlier events, None at the beginning."""

    days: list[Day]
    before: int | None
    narrow: Narrow
    every_step: bool
    paged: bool


def read(
    session: Session, city: City, account_id: int, narrow: Narrow = EVERYTHING, *, before: int | None = None,
    every_step: bool = False, now: datetime, limit: int = PER_PAGE,
) -> Pane:  # fmt: skip
    """The events up to position ``before`` (None: the newest), narrowed to what is asked for, grouped by day in the
    city."""
    found = narrowing.find(session, city, account_id, narrow, before=before, limit=limit)
    entries = found.entries
    messages, people, asking = _messages(session, entries), _people(session, entries), _asking(session, account_id)
    today = city.local_date(now)
    days: list[Day] = []
    for entry in sorted(entries, key=lambda each: (each.at, each.position)):
        if entry.kind in _FOLDED and not every_step:
            continue
        on = city.local_date(entry.at)
        if not days or days[-1].date != on:
            days.append(Day(on, formats.day_heading(on, today), []))
        message = messages.get(entry.subject_id) if entry.subject_type == "message" and entry.subject_id else None
        item = _item(entry, message, now, city)
        asks = asking.get(entry.subject_id) if item.inbound and entry.subject_id else None
        days[-1].items.append(replace(item, who=people.get(entry.actor, item.who), asks=asks))
    return Pane(days, found.before, narrow, every_step, before is not None)


def _messages(session: Session, entries: Sequence[Entry]) -> dict[int, Message]:
    ids = {entry.subject_id for entry in entries if entry.subject_type == "message" and entry.subject_id is not None}
    return {message.id: message for message in session.scalars(select(Message).where(Message.id.in_(ids)))}


def _people(session: Session, entries: Sequence[Entry]) -> dict[str, str]:
    """The names of the staff who acted, by ``user:<username>``."""
    usernames = {entry.actor.removeprefix("user:") for entry in entries if entry.actor.startswith("user:")}
    found = session.execute(select(User.username, User.name).where(User.username.in_(usernames)))
    return {f"user:{username}": name for username, name in found}


def _asking(session: Session, account_id: int) -> dict[int, datetime]:
    """The customer's messages that wait for a person, and since when."""
    tasks = session.execute(
        select(Task.subject_id, Task.waiting_since).where(
            Task.account_id == account_id, Task.state == "open", Task.kind == "reply", Task.subject_id.is_not(None)
        )
    )
    return {subject_id: since for subject_id, since in tasks if subject_id is not None}


def _item(entry: Entry, message: Message | None, now: datetime, city: City) -> Item:
    inbound = entry.direction == "in"
    written = entry.kind == "notice.queued" or inbound
    text = words.PURGED if entry.content is None and entry.content_digest else _said(entry.content)
    state, tone, why = _became(message, now, city) if message is not None and written else ("", "plain", "")
    shape: Literal["bubble", "card", "note", "line"]
    if entry.kind.startswith("note."):
        shape = "note"
    elif entry.channel == "sms" and written and entry.content_digest is not None:
        shape = "bubble"
    elif entry.kind.startswith(("delivery.", "notice.", "task.", "reply.corrected")) and not written:
        shape, text = "line", ""
    else:
        shape = "card"
    return Item(
        shape=shape,
        entry=entry,
        inbound=inbound,
        icon=_KIND_ICONS.get(entry.kind.partition(".")[0]) or _ICONS.get(entry.channel or "", "info"),
        heading=_heading(entry),
        text=text,
        who="" if inbound and entry.actor == "customer" else words.actor(entry.actor),
        address=_address(entry),
        asks=None,
        state=state,
        tone=tone,
        why=why,
        waits=message.id if message is not None and written and _can_be_taken_back(message) else None,
        sent=message.id if message is not None and entry.kind == "notice.queued" else None,
    )


def _can_be_taken_back(message: Message) -> bool:
    return message.notice == composing.NOTICE and message.state == State.QUEUED


def _heading(entry: Entry) -> str:
    subject = (entry.content or {}).get("subject")
    if entry.kind.startswith("note."):
        return "Private note"
    if entry.channel == "email" and subject:
        return f"Email · “{subject}”"
    return entry.summary


def _address(entry: Entry) -> str:
    content = entry.content or {}
    known = content.get("from" if entry.direction == "in" else "to") or entry.facts.get("number") or ""
    return formats.address_of(str(known)).replace("\n", ", ")


def _said(content: dict[str, Any] | None) -> str:
    """The words of a message or a note, exactly as they were kept."""
    return str((content or {}).get("text") or "")


def _became(message: Message, now: datetime, city: City) -> tuple[str, Tone, str]:
    """What became of a message, in words: the state, how it should strike the eye, and the reason."""
    state, tone = words.delivery(message.state)
    if message.state == "queued" and message.next_attempt_at > now:
        soon = message.next_attempt_at - now < SOON
        state = "Leaves in a few seconds" if soon else f"Goes out {_when(message.next_attempt_at, now, city)}"
    failed = message.state in ("failed", "undelivered", "bounced", "returned", "suppressed", "cancelled", "superseded")
    if not failed and message.state not in ("held", "unknown", "queued"):
        return state, tone, ""
    said = (message.error_text or message.state_reason or "").removeprefix(f"{state}: ")
    code = f" (code {message.error_code})" if message.error_code and message.error_code not in said else ""
    return state, tone, f"{said.rstrip('.')}{code}" if said else code.strip(" ()").capitalize()


def _when(at: datetime, now: datetime, city: City) -> str:
    return f"at {formats.opening(at, now, city.zone)}"

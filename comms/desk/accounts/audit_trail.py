"""Who saw an account's record and what they did there, read from the audit for a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.city import City
from comms.desk.frame import formats
from comms.desk.schema import AuditEvent, User

PER_PAGE = 100
LOOKS = ("account.viewed", "message.viewed", "audit.viewed", "list.viewed", "account.searched")
"""Actions that changed nothing."""

SAID = {
    "account.viewed": "Opened the record",
    "audit.viewed": "Looked at this page",
    "text.queued": "Wrote a text to the customer",
    "text.taken_back": "Took a text back before it left",
    "note.added": "Added a private note",
    "contact.logged": "Logged a call, a visit or a door tag",
    "message.viewed": "Looked at a message as it was sent",
    "account.printed": "Opened the history for printing",
    "task.resolved": "Resolved a matter",
    "task.assigned": "Gave a matter to somebody, or took it",
    "task.snoozed": "Set a matter aside",
    "task.brought_back": "Put a matter back on the list",
    "reply.assigned": "Gave this customer a message of an unknown sender",
    "reply.labelled": "Said what a reply means",
    "mail.returned": "Scanned a letter that came back",
    "mail.return_undone": "Took back that a letter came back",
    "address.confirmed": "Confirmed the mailing address",
    "promise.entered": "Recorded a promise",
    "promise.approved": "Approved a promise",
    "promise.refused": "Refused a promise",
    "promise.withdrawn": "Took a promise back",
    "hold.placed": "Placed a hold",
    "hold.reviewed": "Looked at a hold, which stands",
    "hold.released": "Ended a hold",
    "notice.sent": "Sent a notice by hand",
    "consent.granted": "Wrote down that the customer wants messages",
    "consent.revoked": "Wrote down that the customer wants no messages",
    "copies.added": "Wrote down who gets copies",
    "copies.ended": "Ended somebody’s copies",
}
"""What the actions of the audit are called on the page; an action without words of its own is read as it is spelled."""

_DETAILS = ("intent", "kind", "amount", "until", "day", "reason", "how", "format", "what")
"""Which facts of an event are worth a reader's time; numbers of rows are not."""


@dataclass(frozen=True)
class Step:
    """What one person did, once or several times in a row."""

    who: str
    what: str
    detail: str
    times: int
    at: datetime
    """When, the last time."""


@dataclass(frozen=True)
class Day:
    heading: str
    steps: list[Step]


@dataclass(frozen=True)
class Trail:
    """A page of the trail, newest first. ``before``: the cursor of the older ones, None at the end."""

    days: list[Day]
    before: int | None


def read(
    session: Session, city: City, account_id: int, *, changes_only: bool, before: int | None, today: date
) -> Trail:
    """Who saw and did what with an account's record. Lists and searches that only named it are not among it."""
    asked = select(AuditEvent, User.name).outerjoin(User, User.username == AuditEvent.username)
    asked = asked.where(AuditEvent.account_id == account_id)
    if changes_only:
        asked = asked.where(AuditEvent.action.not_in(LOOKS))
    if before is not None:
        asked = asked.where(AuditEvent.id < before)
    found = session.execute(asked.order_by(AuditEvent.id.desc()).limit(PER_PAGE + 1)).all()
    events = [(event, name or event.username) for event, name in found[:PER_PAGE]]
    days = [
        Day(formats.day_heading(on, today), list(_steps(group)))
        for on, group in groupby(events, key=lambda pair: city.local_date(pair[0].at))
    ]
    return Trail(days, events[-1][0].id if len(found) > PER_PAGE else None)


def said(action: str) -> str:
    """An action in words: ``promise.taken`` without words of its own is ``Promise taken``."""
    return SAID.get(action, action.replace(".", " ").replace("_", " ").capitalize())


def _steps(events: Any) -> Iterator[Step]:
    """Like things done in a row are one step."""
    alike = groupby(events, key=lambda pair: (pair[1], pair[0].action, _detail(pair[0])))
    for (who, action, detail), group in alike:
        times = list(group)
        yield Step(who, said(action), detail, len(times), times[0][0].at)


def _detail(event: AuditEvent) -> str:
    told = (event.facts.get(name) for name in _DETAILS)
    return ", ".join(str(value) for value in told if isinstance(value, str | int) and value != "")

"""The correspondence log as a table: everything said in a span of days, or with one account, in the exact words.

Rows come in the order in which things happened. They are read in pieces, each with a transaction of its own, so that a
long log holds up nobody.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import Account
from comms.city import City
from comms.db import Database, one_of
from comms.desk.access.users import names_of
from comms.desk.frame import formats, words
from comms.desk.frame.sheets import Cell, Column
from comms.history.schema import ContactContent, ContactEvent
from comms.outbox import Message
from comms.replies.schema import InboundMessage

PIECE = 1000
"""Rows read at a time."""
_SAID = frozenset({"notice.queued", "reply.received"})
_SAID_ROOMS = frozenset({"call", "visit", "tag", "counter", "door_tag"})
"""What was said, and not only what became of it: messages of both sides, calls, visits, door tags."""
_DIRECTIONS = {"out": "To the customer", "in": "From the customer", "none": ""}

COLUMNS = (
    Column("When", "time"), Column("Account", width=14), Column("Name", width=26), Column("Direction", width=18),
    Column("Channel", width=10), Column("What happened", "long", 44), Column("By", width=18),
    Column("Address", width=28), Column("Subject", width=30), Column("Words", "long", 70),
    Column("What became of it", width=26), Column("Why", "long", 36), Column("Event", "number", 10),
    Column("Position in the account's history", "number", 10), Column("Proof (hash of the event)", width=20),
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Which part of the log: the city's days from ``first`` to ``last``, one account or all. ``everything``: also
    carriers' reports, promises, payments, holds and the rest; ``notes``: private notes too."""

    first: date
    last: date
    account_id: int | None = None
    everything: bool = False
    notes: bool = False


def count(session: Session, city: City, wanted: Wanted, *, most: int) -> int:
    """How many rows it will be, counted no further than ``most``."""
    found = select(ContactEvent.id).where(*_among(session, city, wanted)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def rows(database: Database, city: City, wanted: Wanted) -> Iterator[Sequence[Cell]]:
    """The rows, in the order of ``COLUMNS``."""
    with database.read() as session:
        statement = select(ContactEvent.id).where(*_among(session, city, wanted))
        ids = array("q", session.scalars(statement.order_by(ContactEvent.at, ContactEvent.id)))
        people = {f"user:{username}": name for username, name in names_of(session).items()}
    for start in range(0, len(ids), PIECE):
        with database.read() as session:
            piece = _piece(session, ids[start : start + PIECE], people)
        yield from piece


def _among(session: Session, city: City, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions on events. Without an account they are found by kind and time, which one index holds."""
    first, after = (
        datetime.combine(on, time(), city.zone).astimezone(UTC) for on in (wanted.first, wanted.last + timedelta(1))
    )
    among = [ContactEvent.at >= first, ContactEvent.at < after]
    kinds = [kind for kind in _kinds(session) if _is_wanted(kind, wanted)]
    among.append(ContactEvent.kind.in_(kinds))
    if wanted.account_id is not None:
        among.append(ContactEvent.chain == wanted.account_id)
    return among


def _kinds(session: Session) -> list[str]:
    """Every kind of event there is: from each one the index leads to the next, without reading what lies between."""
    walk = select(func.min(ContactEvent.kind).label("kind")).cte("kinds", recursive=True)
    event = aliased(ContactEvent)
    following = select(func.min(event.kind)).where(event.kind > walk.c.kind).scalar_subquery()
    walk = walk.union_all(select(following).where(walk.c.kind.is_not(None)))
    return list(session.scalars(select(walk.c.kind).where(walk.c.kind.is_not(None))))


def _is_wanted(kind: str, wanted: Wanted) -> bool:
    room = kind.partition(".")[0]
    if room == "note":
        return wanted.notes
    return wanted.everything or kind in _SAID or room in _SAID_ROOMS


def _piece(session: Session, ids: Sequence[int], people: dict[str, str]) -> list[Sequence[Cell]]:
    of_message = ContactEvent.subject_type == literal("message")
    of_inbound = ContactEvent.subject_type == literal("inbound_message")
    found = session.execute(
        select(
            ContactEvent.id, ContactEvent.at, ContactEvent.kind, ContactEvent.direction, ContactEvent.channel,
            ContactEvent.actor, ContactEvent.summary, ContactEvent.position, ContactEvent.hash,
            ContactEvent.content_digest, ContactContent.content, Account.number, Account.name, Message.recipient,
            Message.state, Message.error_text, Message.state_reason, InboundMessage.sender,
        )
        .outerjoin(Account, Account.id == ContactEvent.account_id)
        .outerjoin(ContactContent, ContactContent.digest == ContactEvent.content_digest)
        .outerjoin(Message, of_message & (Message.id == ContactEvent.subject_id))
        .outerjoin(InboundMessage, of_inbound & (InboundMessage.id == ContactEvent.subject_id))
        .where(one_of(session, ContactEvent.id, ids))
    )  # fmt: skip
    by_id = {row.id: _row(row, people) for row in found}
    return [by_id[id_] for id_ in ids]


def _row(row: Any, people: dict[str, str]) -> Sequence[Cell]:
    content = row.content or {}
    text = str(content.get("text") or "")
    if row.content is None and row.content_digest is not None:
        text = words.PURGED
    written = row.kind == "notice.queued" and row.state is not None
    address = row.recipient or row.sender or ""
    return (
        row.at, row.number or "", row.name or "", _DIRECTIONS.get(row.direction, ""),
        words.CHANNELS.get(row.channel or "", (row.channel or "").capitalize()), row.summary,
        people.get(row.actor) or words.actor(row.actor), formats.address_of(address).replace("\n", ", "),
        str(content.get("subject") or ""), text, words.delivery(row.state)[0] if written else "",
        (row.error_text or row.state_reason or "") if written else "", row.id, row.position, row.hash,
    )  # fmt: skip

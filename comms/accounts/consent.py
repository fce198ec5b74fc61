"""Consent: a ledger that is only added to, and what it says now per channel, address and category.

An address is a phone number in E.164 or an email address in lower case: consent belongs to who holds the phone, so a
revocation reaches every account that has it. Nothing here says that a message may be sent where no row exists; that is
for the rules.

The carrier of texts keeps a list of its own. A line that it has not seen itself goes on ``consent_mirror`` in the same
transaction; ``outbox.tell_carrier`` works that list off.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import BindParameter, Table, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from comms.db import insert_rows, instant, one_of, reserve, upsert

from .facts import AT_ONCE, touch
from .schema import Consent, ConsentEvent, ConsentMirror, ContactPoint

Action = Literal["granted", "revoked"]

KINDS = {"sms": "phone", "voice": "phone", "email": "email"}
"""The kind of contact point a channel writes to."""

CARRIER = "carrier"
"""The source of a line that the carrier told us: its own list says so already."""

CONFIRMED_WITHIN = timedelta(minutes=5)
"""How long the one confirmation of an opt-out may take (47 CFR 64.1200(a)(12)). The carrier would refuse it, so that it
is told of an opt-out by text only then; our own ledger holds from the first moment."""

SETTLES = timedelta(minutes=2)
"""How long the carrier may go on refusing a number after it was told that its holder wants texts again."""
LAGS = timedelta(hours=1)
"""How long the carrier is waited for to be told at all; then what it says counts."""

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Change:
    """One line for the ledger. ``evidence`` is what was said or seen, in words that will stand up later."""

    channel: str
    address: str
    action: Action
    source: str
    evidence: str
    at: datetime
    category: str = "all"
    account_id: int | None = None
    inbound_id: int | None = None


def record(
    session: Session,
    *,
    channel: str,
    address: str,
    action: Action,
    source: str,
    evidence: str,
    at: datetime,
    category: str = "all",
    account_id: int | None = None,
    inbound_id: int | None = None,
) -> list[int]:
    """Add one line to the ledger and bring the projection up to it.

    Returns the ids of the accounts it concerns (those with the address, and ``account_id``); their facts version has
    risen. The caller writes ``consent.granted`` or ``consent.revoked`` into the history of each.
    """
    change = Change(channel, address, action, source, evidence, at, category, account_id, inbound_id)
    return record_all(session, [change])


def record_all(session: Session, changes: Sequence[Change]) -> list[int]:
    """``record`` for many at once, in the order given.

    The newest ``at`` wins, so a line that arrives late does not undo a newer one; of two at the same instant the one
    recorded last wins. Granting ``all`` also lifts the revocations of single categories; granting one category does
    not lift a revocation of ``all``.
    """
    if not changes:
        return []
    rows = [
        {
            "channel": change.channel, "address": _folded(change.address), "category": change.category,
            "action": change.action, "source": change.source, "evidence": change.evidence,
            "account_id": change.account_id, "inbound_id": change.inbound_id, "at": change.at,
        }
        for change in changes
    ]  # fmt: skip
    ids = reserve(session, ConsentEvent, len(rows))
    lines = [
        (key, *(row[name] for name in _LEDGER), instant(session, change.at))
        for key, row, change in zip(ids, rows, changes, strict=True)
    ]
    insert_rows(session, ConsentEvent, ("id", *_LEDGER, "at"), lines)
    waiting: dict[tuple[object, ...], dict[str, object]] = {}
    for row, event_id in zip(rows, ids, strict=True):
        key = (row["channel"], row["address"])
        if key in waiting:
            _project(session, list(waiting.values()))
            waiting = {}
        waiting[key] = {**row, "event_id": event_id, "allowed": row["action"] == "granted"}
    _project(session, list(waiting.values()))
    _mirror(session, [{**row, "event_id": event_id} for row, event_id in zip(rows, ids, strict=True)])
    concerned = {change.account_id for change in changes if change.account_id is not None}
    for channel in {change.channel for change in changes}:
        addresses = {row["address"] for row in rows if row["channel"] == channel}
        concerned |= _holders(session, channel, sorted(str(address) for address in addresses))
    touch(session, concerned, max(change.at for change in changes))
    return sorted(concerned)


_LEDGER = ("channel", "address", "category", "action", "source", "evidence", "account_id", "inbound_id")


def _project(session: Session, rows: list[dict[str, object]]) -> None:
    """Bring the projection up to these lines, of which no two are of one address."""
    connection = session.connection()
    table = Consent.__table__
    assert isinstance(table, Table)
    names = ("channel", "address", "category", "allowed", "event_id", "at")
    lifted = [
        {f"to_{name}": row[name] for name in names} for row in rows if row["allowed"] and row["category"] == "all"
    ]
    if lifted:
        lift = update(table).where(
            table.c.channel == bindparam("to_channel"),
            table.c.address == bindparam("to_address"),
            table.c.at <= bindparam("to_at"),
        )
        new: dict[str, BindParameter[object]] = {
            name: bindparam(f"to_{name}") for name in ("allowed", "event_id", "at")
        }
        connection.execute(lift.values(new), [{k: v for k, v in one.items() if k != "to_category"} for one in lifted])
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "address", "category"],
        set_={name: statement.excluded[name] for name in ("allowed", "event_id", "at")},
        where=table.c.at <= statement.excluded.at,
    )
    connection.execute(statement, [{name: row[name] for name in names} for row in rows])


def _mirror(session: Session, rows: list[dict[str, Any]]) -> None:
    """Put on the carrier's list what it has not seen: lines about all texts to a number. Its list knows no categories,
    so a line about one of them stays with us.

    What the carrier told us itself need not be told back, unless we told it something since the customer spoke: then
    its list says what we said.
    """
    texts = [r for r in rows if r["channel"] == "sms" and r["category"] == "all" and _PHONE.fullmatch(r["address"])]
    ours = [row for row in texts if row["source"] != CARRIER]
    told = _told_since(session, [row for row in texts if row["source"] == CARRIER])
    mirror(session, [(row["event_id"], _from(row)) for row in [*ours, *told]])


def _from(row: dict[str, Any]) -> datetime:
    """From when on the carrier is told of a line."""
    at: datetime = row["at"]
    return at + CONFIRMED_WITHIN if row["action"] == "revoked" and row["source"] == "reply:sms" else at


def mirror(session: Session, lines: Sequence[tuple[int, datetime]]) -> None:
    """Have the carrier told of these lines of the ledger (their ids, and from when on); also once more."""
    fresh = [
        {"event_id": event_id, "state": "waiting", "attempts": 0, "next_at": at, "answer": None, "told_at": None}
        for event_id, at in lines
    ]
    upsert(session, ConsentMirror, fresh, key=["event_id"], update=["state", "attempts", "next_at", "answer"])


def _told_since(session: Session, heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the carrier's lines after whose instant we told it something about the same number."""
    if not heard:
        return []
    told = dict(
        session.execute(
            select(ConsentEvent.address, func.max(ConsentMirror.told_at))
            .join(ConsentMirror, ConsentMirror.event_id == ConsentEvent.id)
            .where(ConsentEvent.channel == "sms", ConsentEvent.address.in_({row["address"] for row in heard}))
            .group_by(ConsentEvent.address)
        ).all()
    )
    return [row for row in heard if (at := told.get(row["address"])) is not None and at > row["at"]]


def carrier_lags(session: Session, address: str, at: datetime) -> bool:
    """Whether the carrier may still refuse a number (Twilio 21610) whose holder wants texts again: it has not been told
    of that yet, or only just. Its refusal is then old news, not a new opt-out."""
    statement = (
        select(ConsentMirror.event_id)
        .join(Consent, Consent.event_id == ConsentMirror.event_id)
        .where(
            Consent.channel == "sms",
            Consent.address == _folded(address),
            Consent.category == "all",
            Consent.allowed.is_(True),
            or_(
                and_(ConsentMirror.state == "waiting", Consent.at > at - LAGS),
                and_(ConsentMirror.state == "told", ConsentMirror.told_at > at - SETTLES),
            ),
        )
    )
    return session.scalar(statement) is not None


def _holders(session: Session, channel: str, addresses: list[str]) -> set[int]:
    kind = KINDS.get(channel)
    found: set[int] = set()
    if kind is None:
        return found
    for start in range(0, len(addresses), AT_ONCE):
        part = addresses[start : start + AT_ONCE]
        holds = one_of(session, ContactPoint.value, part)
        found |= set(session.scalars(select(ContactPoint.account_id).where(ContactPoint.kind == kind, holds)))
    return found


def blocked(session: Session, channel: str, addresses: Collection[str], category: str = "all") -> set[str]:
    """Those of ``addresses`` that may not be written to: revoked for everything, or for this category."""
    as_given = {_folded(address): address for address in addresses}
    ordered = sorted(as_given)
    found: set[str] = set()
    for start in range(0, len(ordered), AT_ONCE):
        statement = select(Consent.address).where(
            Consent.channel == channel,
            one_of(session, Consent.address, ordered[start : start + AT_ONCE]),
            Consent.category.in_({"all", category}),
            Consent.allowed.is_(False),
        )
        found |= {as_given[address] for address in session.scalars(statement)}
    return found


def _folded(address: str) -> str:
    return address.strip().lower()

"""Folding what carriers report into the state of a message.

A report holds when it outranks what is known (``states.RANK``); of two that say the same, the earlier one holds. This
is a least upper bound: any order, any repetition and any split of the reports into transactions ends the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.history import NewEvent, record

from .schema import Message
from .states import FINAL, RANK, State


@dataclass(frozen=True)
class Receipt:
    """One report of a carrier about one message, found by our id or by the carrier's."""

    message_id: int | None
    carrier_id: str | None
    carrier: str
    state: str
    at: datetime
    error_code: str | None = None
    error_text: str | None = None
    webhook_event_id: int | None = None


@dataclass(frozen=True)
class Folded:
    """How many messages changed, which (with their new state), and the reports that belong to no message of ours."""

    changed: int
    unmatched: list[Receipt]
    moved: dict[int, str]


@dataclass(frozen=True)
class _Known:
    state: State
    at: datetime
    code: str | None

    def outranked_by(self, receipt: Receipt) -> bool:
        ours, theirs = RANK.get(self.state, 0), RANK[State(receipt.state)]
        if ours != theirs:
            return theirs > ours
        return (receipt.at, receipt.error_code or "") < (self.at, self.code or "")


def fold(session: Session, receipts: Sequence[Receipt], clock: Clock, *, announce: bool = True) -> Folded:
    """Fold reports into their messages, in one transaction; the history gets a line for each change of state."""
    folded, events = fold_quietly(session, receipts)
    if announce:
        record(session, events, clock.now())
    return folded


def fold_quietly(session: Session, receipts: Sequence[Receipt]) -> tuple[Folded, list[NewEvent]]:
    """The folding alone; the caller records the events, together with its own."""
    rows = _locked(session, receipts)
    by_id = {row["id"]: row for row in rows}
    by_carrier = {row["carrier_id"]: row for row in rows if row["carrier_id"]}
    changes: dict[int, dict[str, Any]] = {}
    unmatched: list[Receipt] = []
    events: list[NewEvent] = []
    for receipt in receipts:
        row = by_id.get(receipt.message_id or 0) or by_carrier.get(receipt.carrier_id or "")
        if row is None:
            unmatched.append(receipt)
            continue
        if not _Known(State(row["state"]), row["state_at"], row["error_code"]).outranked_by(receipt):
            continue
        if row["state"] != receipt.state:
            events.append(_event(row, receipt))
        row |= {"state": receipt.state, "state_at": receipt.at, "error_code": receipt.error_code}
        changes[row["id"]] = _change(row, receipt)
    if changes:
        session.connection().execute(_FOLD, [changes[id_] for id_ in sorted(changes)])
    return Folded(len(changes), unmatched, {id_: change["to_state"] for id_, change in changes.items()}), events


def _locked(session: Session, receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    ids = {receipt.message_id for receipt in receipts if receipt.message_id}
    carrier_ids = {receipt.carrier_id for receipt in receipts if receipt.carrier_id and not receipt.message_id}
    if not ids and not carrier_ids:
        return []
    table = Message.__table__
    found = session.execute(
        select(
            table.c.id, table.c.account_id, table.c.channel, table.c.recipient, table.c.notice, table.c.state,
            table.c.state_at, table.c.error_code, table.c.carrier_id,
        )
        .where(or_(table.c.id.in_(sorted(ids)), table.c.carrier_id.in_(sorted(carrier_ids))))
        .order_by(table.c.id)
        .with_for_update()
    )  # fmt: skip
    return [dict(row) for row in found.mappings()]


def _change(row: dict[str, Any], receipt: Receipt) -> dict[str, Any]:
    return {
        "at_id": row["id"], "to_state": receipt.state, "to_at": receipt.at, "to_code": receipt.error_code,
        "to_text": receipt.error_text, "to_carrier": row["carrier_id"] or receipt.carrier_id,
        "to_final": receipt.at if State(receipt.state) in FINAL else None,
    }  # fmt: skip


_FOLD = (
    update(Message)
    .where(Message.id == bindparam("at_id"))
    .values(
        state=bindparam("to_state"), state_at=bindparam("to_at"), error_code=bindparam("to_code"),
        error_text=bindparam("to_text"), carrier_id=bindparam("to_carrier"), final_at=bindparam("to_final"),
        submitted_at=case(
            (Message.submitted_at <= bindparam("to_at", type_=Message.submitted_at.type), Message.submitted_at),
            else_=bindparam("to_at", type_=Message.submitted_at.type),
        ),
        lease_owner=None, lease_until=None, state_reason=None,
    )
)  # fmt: skip

_WORDS = {
    State.SUBMITTED: "was taken by the carrier",
    State.SENT: "left the carrier",
    State.DELIVERED: "was delivered",
    State.UNDELIVERED: "was not delivered",
    State.BOUNCED: "bounced",
    State.FAILED: "failed at the carrier",
}
_CHANNEL = {"sms": "Text", "email": "Email", "letter": "Letter"}


def _event(row: dict[str, Any], receipt: Receipt) -> NewEvent:
    why = f": {receipt.error_text or receipt.error_code}" if receipt.error_text or receipt.error_code else ""
    return NewEvent(
        account_id=row["account_id"],
        at=receipt.at,
        kind=f"delivery.{receipt.state}",
        summary=f"{_CHANNEL[row['channel']]} to {row['recipient']} {_WORDS[State(receipt.state)]}{why}",
        direction="out",
        channel=row["channel"],
        actor="carrier",
        subject_type="message",
        subject_id=row["id"],
        facts={
            "carrier": receipt.carrier, "carrier_id": receipt.carrier_id, "code": receipt.error_code,
            "webhook_event": receipt.webhook_event_id,
        },
    )  # fmt: skip

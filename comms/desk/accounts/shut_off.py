"""The day an account may be without service: of the order that is open, or the one that a notice has announced."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.campaigns import Decision, Episode
from comms.field import FieldList, FieldOrder
from comms.outbox import Message, State

ORDERS = {
    "proposed": "on a list that is not given out yet",
    "issued": "the order is out with the Service Department",
}
GONE = (State.SUPERSEDED, State.CANCELLED, State.SUPPRESSED, State.FAILED, State.RETURNED)
"""Letters that announce nothing (any more)."""


@dataclass(frozen=True)
class ShutOffDay:
    """The day, None where none is set, and what it rests on."""

    on: date | None
    because: str


def shut_off_day(session: Session, account: Account) -> ShutOffDay:
    """When the account may be shut off, by the surest source there is."""
    if account.status == "shut_off":
        return ShutOffDay(None, "Service is off")
    order = session.execute(
        select(FieldList.for_day, FieldOrder.state)
        .join(FieldOrder, FieldOrder.list_id == FieldList.id)
        .where(FieldOrder.account_id == account.id, FieldOrder.kind == "disconnect", FieldOrder.state.in_(ORDERS))
    ).first()
    if order is not None:
        return ShutOffDay(order.for_day, ORDERS[order.state])
    announced = _announced(session, account.id)
    if announced is not None:
        return ShutOffDay(announced, "or later, as the notice says that was written")
    return ShutOffDay(None, "No day is set")


def _announced(session: Session, account_id: int) -> date | None:
    """What the newest letter of the delinquency that is open says, when it names a day."""
    letters = session.scalars(
        select(Message.fallback)
        .join(Decision, Decision.id == Message.decision_id)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.account_id == account_id, Episode.closed_at.is_(None), Message.channel == "letter")
        .where(Message.copy_of_id.is_(None), Message.state.not_in(GONE))
        .order_by(Message.id.desc())
    )
    named = ((one or {}).get("fields", {}).get("disconnect_date") for one in letters)
    return next((date.fromisoformat(day) for day in named if day), None)

"""Calling orders back: after a payment, a promise, a hold, a returned letter; and telling who is to be turned on again.

1. The open orders of the accounts are looked at as the accounts are now (``standing.against``).
2. What something stands against is ``recalled``. One that is only proposed simply leaves its list. One that was issued
   is out with a truck: a task of the highest priority says whom to call.
3. An account whose service was shut off and that owes nothing any more becomes a task: turn it on again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import record
from comms.worklist import open_task

from .orders import OPEN, OrderError, by_number, end, open_orders
from .schema import FieldOrder
from .standing import against, shut_off
from .telling import TASK, event_of, what

CALL_THE_TRUCK = 1
TURN_ON = 2
"""Priorities of the tasks; 1 is an emergency."""


@dataclass(frozen=True)
class RecalledOrder:
    """An order that was called back; ``was_issued``: somebody outside may be about to carry it out."""

    order_id: int
    number: str
    account_id: int
    kind: str
    was_issued: bool
    why: str


def recall(
    session: Session, city: City, clock: Clock, account_ids: Collection[int], *, reason: str
) -> list[RecalledOrder]:
    """Call back those open orders of these accounts that something now stands against. ``reason`` is a clause on what
    made us look ("a payments file came in"); an order that still stands is left alone. Records the history."""
    if not account_ids or not _any(session):
        return []
    orders = [order for order in open_orders(session, account_ids) if order.kind != "reconnect"]
    found = against(session, city, orders, city.local_date(clock.now()))
    _say_who_is_to_be_turned_on(session, city, account_ids, clock.now())
    return recall_for(session, city, clock, {id_: f"{why} ({reason})" for id_, why in found.items()})


def look_over(session: Session, city: City, clock: Clock) -> list[RecalledOrder]:
    """``recall`` for every account that has an open order or is shut off by one: what no other call brought about."""
    concerned = {order.account_id for order in open_orders(session, None, ("disconnect", "refer"))}
    concerned |= {one.account_id for one in shut_off(session, city, only_ours=True)}
    return recall(session, city, clock, concerned, reason="looked over again")


def recall_for(session: Session, city: City, clock: Clock, reasons: Mapping[int, str]) -> list[RecalledOrder]:
    """Call back these orders, by id, each for its reason; those that are not open any more are left out."""
    recalled, events = [], []
    for order in open_orders(session):
        why = reasons.get(order.id)
        done = _call_back(session, city, order, why, "system", clock.now()) if why else None
        if done:
            recalled.append(done)
            events.append(event_of(city, order, "recalled", clock.now(), f"called back: {done.why}"))
    record(session, events, clock.now())
    return recalled


def recall_one(session: Session, city: City, clock: Clock, number: str, *, because: str, by: str) -> RecalledOrder:
    """Call back an order because somebody says so. Raises ``OrderError`` when there is none or it is not open."""
    order = by_number(session, number)
    if order.state not in OPEN:
        raise OrderError(f"Order {order.number} is {order.state.replace('_', ' ')}; only an open order is called back.")
    done = _call_back(session, city, order, because, f"user:{by}", clock.now())
    if done is None:
        raise OrderError(f"Order {order.number} was ended by somebody else just now. See: comms shutoff orders")
    words = f"called back: {because}"
    record(session, [event_of(city, order, "recalled", clock.now(), words, actor=f"user:{by}")], clock.now())
    return done


def _any(session: Session) -> bool:
    """Most offices have no order at all on most days, and files change many thousand accounts."""
    return bool(session.scalar(select(func.count()).select_from(select(FieldOrder.id).limit(1).subquery())))


def _call_back(
    session: Session, city: City, order: FieldOrder, why: str, by: str, now: datetime
) -> RecalledOrder | None:
    issued = order.state == "issued"
    if not end(session, order.id, "recalled", at=now, result=why, by=by, from_states=(order.state,)):
        return None
    if issued and order.kind == "disconnect":
        account = session.get_one(Account, order.account_id)
        open_task(
            session,
            kind=TASK,
            dedupe_key=f"field_order:{order.number}:recalled",
            reason=(
                f"Call the truck: order {order.number} {what(city, order)} at {account.service_address} is called "
                f"back. {why[0].upper()}{why[1:]}. If it is done already, have it turned on again."
            ),
            at=now,
            account_id=order.account_id,
            subject_type="field_order",
            subject_id=order.id,
            priority=CALL_THE_TRUCK,
        )
    return RecalledOrder(order.id, order.number, order.account_id, order.kind, issued, why)


def _say_who_is_to_be_turned_on(session: Session, city: City, account_ids: Collection[int], now: datetime) -> None:
    """A task for each of these accounts that was shut off by an order of ours and owes nothing any more."""
    paid = [one for one in shut_off(session, city, account_ids, only_ours=True) if one.owed_cents <= 0]
    for one in paid:
        open_task(
            session,
            kind=TASK,
            dedupe_key=f"field_order:{one.order}:paid",
            reason=(
                f"Paid in full, and the service has been off since {one.off_since}. "
                "Turn it on again: comms shutoff propose --kind reconnect"
            ),
            at=now,
            account_id=one.account_id,
            subject_type="account",
            subject_id=one.account_id,
            priority=TURN_ON,
        )

"""What stands against an open order as the account is now, and which accounts whose service was shut off have paid.

An order is made on proof and on one day's facts. These are the facts that take it back: less is owed than it says, a
hold came, a letter it rests on came back, the account ended. Each is looked at fresh, whoever asks, so that nothing
rests on a call that was forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from comms.accounts import holds
from comms.accounts.balances import paid_since
from comms.accounts.schema import Account, Hold
from comms.city import City
from comms.db import one_of
from comms.money import dollars
from comms.outbox import Message, State

from .orders import Due, in_order, services_of
from .schema import FieldList, FieldOrder

ENDED = ("inactive", "final")
"""Accounts that nobody is disconnected on; the debt may still be referred."""


def against(session: Session, city: City, orders: Sequence[FieldOrder], today: date) -> dict[int, str]:
    """A clause on what stands against each of these open orders, by order id; those that still stand are left out."""
    ids = sorted({order.account_id for order in orders})
    if not ids:
        return {}
    accounts = {one.id: one for one in session.scalars(select(Account).where(one_of(session, Account.id, ids)))}
    paid = paid_since(session, ids)
    days = dict(
        session.execute(
            select(FieldList.id, FieldList.for_day).where(FieldList.id.in_({order.list_id for order in orders}))
        ).all()
    )
    held = _held(session, ids, {today, *days.values()})
    returned = _returned(session, orders)
    found = {}
    for order in orders:
        account = accounts[order.account_id]
        on_the_day = max(today, days[order.list_id])
        mine = [*held[today].get(account.id, []), *held[on_the_day].get(account.id, [])]
        owed = account.past_due_cents - paid.get(account.id, 0)
        if why := _against(city, order, account, owed, mine, returned):
            found[order.id] = why
    return found


def _against(
    city: City, order: FieldOrder, account: Account, owed: int, held: Sequence[Hold], returned: Mapping[int, str]
) -> str | None:
    if owed < order.amount_cents:
        less = order.amount_cents - owed
        return f"{dollars(less)} less is owed than when it was made ({dollars(max(owed, 0))} is left)"
    made_on = city.local_date(order.created_at)
    for hold in held:
        if hold.placed_at > order.created_at or hold.starts_on > made_on:
            return f"a hold stands against it ({hold.kind.replace('_', ' ')})"
    for one in order.evidence:
        if one.get("message_id") in returned:
            return f"the letter that it rests on came back ({returned[one['message_id']]})"
    if order.kind == "disconnect" and account.status in ENDED:
        return f"the account is {account.status} now"
    if not account.in_latest_file:
        return "the billing system does not list the account any more"
    return None


def _held(session: Session, ids: Collection[int], days: Collection[date]) -> dict[date, dict[int, list[Hold]]]:
    return {day: holds.active(session, ids, day) for day in days}


def _returned(session: Session, orders: Sequence[FieldOrder]) -> dict[int, str]:
    """Letters that orders rest on and that came back, with why, by message id."""
    letters = sorted({one["message_id"] for order in orders for one in order.evidence if one.get("message_id")})
    rows = session.execute(
        select(Message.id, Message.state_reason, Message.error_text).where(
            one_of(session, Message.id, letters), Message.state == State.RETURNED
        )
    )
    return {message_id: reason or error or "returned by the post office" for message_id, reason, error in rows}


@dataclass(frozen=True)
class ShutOff:
    """An account whose service is off: by our own order (``order``), or as the billing system says (None)."""

    account_id: int
    services: tuple[Due, ...]
    off_since: date | None
    owed_cents: int
    order: str | None
    facts_version: int
    affects_heat: bool | None
    service_class: str


def shut_off(
    session: Session, city: City, account_ids: Collection[int] | None = None, *, only_ours: bool = False
) -> list[ShutOff]:
    """Accounts whose service is off and for which no reconnection is open: those the billing system calls shut off, and
    those with a disconnection done and no reconnection done after it (``only_ours``: these alone)."""
    later = aliased(FieldOrder)
    undone = select(FieldOrder).where(
        FieldOrder.kind == "disconnect",
        FieldOrder.state == "done",
        ~select(later.id)
        .where(
            later.account_id == FieldOrder.account_id,
            ((later.kind == "reconnect") & (later.state == "done") & (later.ended_at >= FieldOrder.ended_at))
            | ((later.kind == "disconnect") & (later.state == "done") & (later.id > FieldOrder.id)),
        )
        .exists(),
    )
    told = select(Account).where(Account.status == "shut_off")
    if account_ids is not None:
        ids = sorted(set(account_ids))
        undone = undone.where(one_of(session, FieldOrder.account_id, ids))
        told = told.where(one_of(session, Account.id, ids))
    ours = {order.account_id: order for order in session.scalars(undone)}
    accounts = {} if only_ours else {account.id: account for account in session.scalars(told)}
    missing = sorted(set(ours) - set(accounts))
    accounts |= {one.id: one for one in session.scalars(select(Account).where(one_of(session, Account.id, missing)))}
    waiting = set(
        session.scalars(
            select(FieldOrder.account_id).where(
                FieldOrder.kind == "reconnect", FieldOrder.state.in_(("proposed", "issued"))
            )
        )
    )
    waiting |= _turned_on_since(session, city, accounts) - set(ours)
    paid = paid_since(session, sorted(accounts))
    return [
        _shut_off(city, account, ours.get(account.id), paid.get(account.id, 0))
        for account in sorted(accounts.values(), key=lambda one: one.number)
        if account.id not in waiting
    ]


def _turned_on_since(session: Session, city: City, accounts: Mapping[int, Account]) -> set[int]:
    """Accounts that the billing system calls shut off only because its file is older than our reconnection."""
    latest = session.execute(
        select(FieldOrder.account_id, func.max(FieldOrder.ended_at))
        .where(
            one_of(session, FieldOrder.account_id, sorted(accounts)),
            FieldOrder.kind == "reconnect",
            FieldOrder.state == "done",
        )
        .group_by(FieldOrder.account_id)
    )
    return {number for number, at in latest if at and city.local_date(at) >= accounts[number].balance_as_of}


def _shut_off(city: City, account: Account, order: FieldOrder | None, paid: int) -> ShutOff:
    services = services_of(order) if order else tuple(in_order(city, account.service_past_due, at_least=0))
    return ShutOff(
        account.id, services, _day(city, order.ended_at) if order else None, account.past_due_cents - paid,
        order.number if order else None, account.facts_version, account.affects_heat, account.service_class,
    )  # fmt: skip


def _day(city: City, at: datetime | None) -> date | None:
    return city.local_date(at) if at else None

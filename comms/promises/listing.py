"""Reading promises for people: the list, and one with its parts, money and log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account, Payment

from .schema import Promise, PromiseAllocation, PromiseEvent, PromisePart


@dataclass(frozen=True)
class PromiseLine:
    """One promise in a list. Amounts are cents."""

    id: int
    account: str
    name: str
    status: str
    kind: str
    awaits: str | None
    """Of a proposed one: ``customer`` or ``supervisor``."""
    promised_cents: int
    allocated_cents: int
    next_due_on: date | None
    """The first part that is not decided yet, else the last one."""
    source: str
    created_at: datetime


@dataclass(frozen=True)
class PromiseDetail:
    """One promise entire."""

    line: PromiseLine
    said_text: str | None
    status_reason: str | None
    debt_cents: int
    category: str
    terms: dict[str, Any] | None
    taken_by: str | None
    approved_by: str | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    parts: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    log: list[dict[str, Any]]


def listed(
    session: Session,
    *,
    statuses: Sequence[str] = (),
    account_id: int | None = None,
    awaits: str | None = None,
    limit: int = 50,
) -> list[PromiseLine]:
    """Promises, the newest first; with ``awaits``, the proposed ones that wait for this word."""
    statement = select(Promise, Account.number, Account.name).join(Account).order_by(Promise.id.desc()).limit(limit)
    if statuses:
        statement = statement.where(Promise.status.in_(list(statuses)))
    if awaits is not None:
        statement = statement.where(Promise.awaits == awaits, Promise.status == "proposed")
    if account_id is not None:
        statement = statement.where(Promise.account_id == account_id)
    rows = session.execute(statement).all()
    parts: dict[int, list[PromisePart]] = {}
    wanted = select(PromisePart).where(PromisePart.promise_id.in_([row[0].id for row in rows]))
    for part in session.scalars(wanted.order_by(PromisePart.promise_id, PromisePart.seq)):
        parts.setdefault(part.promise_id, []).append(part)
    return [_line(promise, number, name, parts.get(promise.id, [])) for promise, number, name in rows]


def detail(session: Session, promise_id: int) -> PromiseDetail | None:
    """One promise with everything that happened to it; None when there is none with this number."""
    row = session.execute(
        select(Promise, Account.number, Account.name).join(Account).where(Promise.id == promise_id)
    ).one_or_none()
    if row is None:
        return None
    promise, number, name = row
    parts = list(
        session.scalars(select(PromisePart).where(PromisePart.promise_id == promise_id).order_by(PromisePart.seq))
    )
    counted = session.execute(
        select(PromisePart.seq, Payment.transaction_id, Payment.paid_on, PromiseAllocation)
        .select_from(PromiseAllocation)
        .join(PromisePart, PromisePart.id == PromiseAllocation.part_id)
        .join(Payment, Payment.id == PromiseAllocation.payment_id)
        .where(PromisePart.promise_id == promise_id)
        .order_by(Payment.paid_on, PromiseAllocation.id)
    ).all()
    log = session.scalars(
        select(PromiseEvent).where(PromiseEvent.promise_id == promise_id).order_by(PromiseEvent.id)
    ).all()
    return PromiseDetail(
        line=_line(promise, number, name, parts),
        said_text=promise.said_text,
        status_reason=promise.status_reason,
        debt_cents=promise.debt_cents,
        category=promise.category,
        terms=promise.terms,
        taken_by=promise.taken_by,
        approved_by=promise.approved_by,
        confirmed_at=promise.confirmed_at,
        closed_at=promise.closed_at,
        parts=[
            {
                "seq": part.seq,
                "due_on": part.due_on,
                "amount_cents": part.amount_cents,
                "allocated_cents": part.allocated_cents,
                "state": part.state,
                "deadline_at": part.deadline_at,
            }
            for part in parts
        ],
        payments=[
            {
                "part": seq,
                "transaction": transaction,
                "paid_on": paid_on,
                "amount_cents": allocation.amount_cents,
                "reversed": allocation.reversed_at is not None,
            }
            for seq, transaction, paid_on, allocation in counted
        ],
        log=[{"at": entry.at, "kind": entry.kind, "actor": entry.actor} for entry in log],
    )


def _line(promise: Promise, number: str, name: str, parts: Sequence[PromisePart]) -> PromiseLine:
    undecided = [part.due_on for part in parts if part.state in ("waiting", "pending_feed")]
    return PromiseLine(
        id=promise.id,
        account=number,
        name=name,
        status=promise.status,
        kind=promise.kind,
        awaits=promise.awaits if promise.status == "proposed" else None,
        promised_cents=promise.promised_cents,
        allocated_cents=sum(part.allocated_cents for part in parts),
        next_due_on=min(undecided, default=parts[-1].due_on if parts else None),
        source=promise.source,
        created_at=promise.created_at,
    )

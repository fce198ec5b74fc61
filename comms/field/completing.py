"""Taking back what the field did: each row refused with a reason or taken, the same file twice changing nothing.

What was done stays true even when the order had been called back: then the order counts as done, and a task of the
highest priority says to put it right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import touch
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import one_of
from comms.history import NewEvent, record
from comms.worklist import open_task

from .order_file import Report, read_reports
from .orders import end
from .recalling import CALL_THE_TRUCK
from .schema import FieldOrder
from .telling import TASK, event_of, what

AHEAD = timedelta(minutes=15)
"""How far a clock in a truck may be ahead of ours."""


@dataclass
class Completed:
    """What a completion file brought. ``known``: told before; ``still_open``: no result yet; ``against_recall``: done
    although called back."""

    done: int = 0
    not_done: int = 0
    known: int = 0
    still_open: int = 0
    against_recall: int = 0
    refused: list[tuple[Report, str]] = field(default_factory=list)


def complete(session: Session, city: City, clock: Clock, content: bytes, *, by: str) -> Completed:
    """Take in a completion file (its bytes). ``by`` is who gave it to us. Raises ``CompletionFileError``."""
    reports = read_reports(content, city.zone)
    orders = _orders(session, reports)
    told, events, touched = Completed(), [], set()
    for report in reports:
        order = orders.get(report.order)
        if why := _refuse(report, order, clock.now()):
            told.refused.append((report, why))
            continue
        assert order is not None
        if not report.result:
            told.still_open += 1
            continue
        if _known(report, order):
            told.known += 1
            continue
        events += _take(session, city, report, order, by, clock.now(), told)
        touched.add(order.account_id)
    touch(session, touched, clock.now())
    record(session, events, clock.now())
    return told


def _orders(session: Session, reports: Sequence[Report]) -> dict[str, FieldOrder]:
    numbers = sorted({report.order for report in reports})
    found = session.scalars(
        select(FieldOrder)
        .where(one_of(session, FieldOrder.number, numbers))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {order.number: order for order in found}


def _refuse(report: Report, order: FieldOrder | None, now: datetime) -> str | None:
    """Why a row cannot be taken."""
    if report.wrong:
        return report.wrong
    if order is None:
        return f"there is no order {report.order or '(empty)'}"
    if not report.result or _known(report, order):
        return None
    if order.state in ("proposed", "cancelled"):
        return f"order {order.number} was never issued ({order.state})"
    if order.state in ("done", "not_done"):
        was = order.state.replace("_", " ")
        return f"order {order.number} was told as {was} before, by {order.result_by}; call whoever filled this in"
    if not report.by:
        return "by is empty; write who was there"
    if report.result == "not_done" and not report.reason:
        return "reason is empty; write why it was not done"
    if report.result == "done" and report.at is None:
        return "at is empty; write day and time, such as 2026-12-03 10:40"
    if report.at and report.at > now + AHEAD:
        return f"at lies in the future ({report.cells['at']})"
    if report.at and order.issued_at and report.at < order.issued_at.replace(second=0, microsecond=0):
        return f"at lies before the order was issued ({report.cells['at']})"
    return None


def _known(report: Report, order: FieldOrder) -> bool:
    if order.state == "recalled":
        return report.result == "not_done"
    same_end = order.state == report.result and order.result_by == _by(report)
    return same_end and (report.at is None or order.ended_at == report.at)


def _by(report: Report) -> str:
    return f"field:{report.by}"


def _take(
    session: Session, city: City, report: Report, order: FieldOrder, by: str, now: datetime, told: Completed
) -> list[NewEvent]:
    recalled = order.state == "recalled"
    at = report.at or now
    words = f"{report.result.replace('_', ' ')} by {report.by}" + (f": {report.reason}" if report.reason else "")
    if recalled:
        words += " (although it had been called back)"
    end(
        session, order.id, report.result, at=at, result=report.reason or report.result.replace("_", " "),
        by=_by(report), from_states=("issued", "recalled"),
    )  # fmt: skip
    session.refresh(order)
    if report.result == "done":
        told.done += 1
    else:
        told.not_done += 1
    if recalled:
        told.against_recall += 1
        _to_put_right(session, city, order, words, now)
    elif report.result == "not_done":
        _to_look_at(session, city, order, report, now)
    facts = {"reason": report.reason, "told_by": by}
    return [event_of(city, order, report.result, at, words, actor=_by(report), **facts)]


def against_recall(order: FieldOrder) -> str:
    """The key of the task to put right what was done although it had been called back."""
    return f"field_order:{order.number}:against-recall"


def _to_put_right(session: Session, city: City, order: FieldOrder, words: str, now: datetime) -> None:
    account = session.get_one(Account, order.account_id)
    open_task(
        session,
        kind=TASK,
        dedupe_key=against_recall(order),
        reason=(
            f"Order {order.number} {what(city, order)} at {account.service_address} was {words}. "
            "Put it right today, and tell the customer."
        ),
        at=now,
        account_id=order.account_id,
        subject_type="field_order",
        subject_id=order.id,
        priority=CALL_THE_TRUCK,
    )


def _to_look_at(session: Session, city: City, order: FieldOrder, report: Report, now: datetime) -> None:
    open_task(
        session,
        kind=TASK,
        dedupe_key=f"field_order:{order.number}:not-done",
        reason=f"Order {order.number} {what(city, order)} was not done: {report.reason}",
        at=now,
        account_id=order.account_id,
        subject_type="field_order",
        subject_id=order.id,
    )

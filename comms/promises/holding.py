"""The hold that an open promise places on the debt it is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from comms.accounts import holds
from comms.accounts.schema import Hold
from comms.city import City

from .schema import Promise


def source_of(promise_id: int) -> str:
    """How a hold names the promise it came from."""
    return f"promise:{promise_id}"


def covered(promise: Promise, counted_cents: int = 0) -> int:
    """What an open promise holds, in cents: the debt it is about, or what was promised where that is more, without the
    money that has counted towards it. As the debt is paid down, what is held goes down with it, so that a new bill is
    never taken for the old debt."""
    return max(promise.debt_cents, promise.promised_cents) - counted_cents


def place(session: Session, city: City, promise: Promise, words: str, at: datetime, counted_cents: int = 0) -> int:
    """Hold the promised debt. No end date: a promise whose payment file is late goes on holding until it is decided."""
    return holds.place(
        session,
        promise.account_id,
        "promise",
        city.local_date(at),
        None,
        f"Promised {words}",
        source_of(promise.id),
        at,
        amount_cents=covered(promise, counted_cents),
    )


def resize(session: Session, counted: Mapping[int, tuple[Promise, int]]) -> None:
    """Hold what is left of the debt of these open promises (by id, with the cents that count towards each by now)."""
    rows = [
        {"of_account": promise.account_id, "of_source": source_of(promise.id), "to_cents": covered(promise, cents)}
        for promise, cents in counted.values()
    ]
    if rows:
        table = Hold.__table__
        statement = update(Hold).where(
            table.c.account_id == bindparam("of_account"),
            table.c.source == bindparam("of_source"),
            table.c.released_at.is_(None),
        )
        session.connection().execute(statement.values(amount_cents=bindparam("to_cents")), rows)


def release(session: Session, promise: Promise, by: str, at: datetime) -> None:
    """Let go of whatever this promise holds."""
    release_all(session, [promise], by, at)


def release_all(session: Session, promises: Sequence[Promise], by: str, at: datetime) -> None:
    """Let go of whatever these promises hold, in bulk. The caller touches the accounts."""
    for start in range(0, len(promises), 500):
        part = promises[start : start + 500]
        session.execute(
            update(Hold)
            .where(
                Hold.account_id.in_([promise.account_id for promise in part]),
                Hold.source.in_([source_of(promise.id) for promise in part]),
                Hold.released_at.is_(None),
            )
            .values(released_at=at, released_by=by)
            .execution_options(synchronize_session=False)
        )

"""The hold that an open promise places on the debt it is about."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from comms.accounts import holds
from comms.accounts.schema import Hold
from comms.city import City

from .schema import Promise


def source_of(promise_id: int) -> str:
    """How a hold names the promise it came from."""
    return f"promise:{promise_id}"


def place(session: Session, city: City, promise: Promise, words: str, at: datetime) -> int:
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
        amount_cents=promise.debt_cents or None,
    )


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

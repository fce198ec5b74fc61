"""The hold that an open promise places on the debt it is about."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Hold
from comms.city import City

from .schema import Promise


def source_of(promise_id: int) -> str:
    """How a hold names the promise it came from."""
    return f"promise:{promise_id}"


def place(session: Session, city: City, promise: Promise, words: str, at: datetime) -> int:
    """Hold the promised debt. No end date: a promise whose payment file is late goes on holding until it is decided."""
    from comms.accounts import holds

    return holds.place(
        session,
        promise.account_id,
        "promise",
        city.local_date(at),
        None,
        f"Promised {words}",
        source_of(promise.id),
        at,
        amount_cents=promise.debt_cents,
    )


def release(session: Session, promise: Promise, by: str, at: datetime) -> None:
    """Let go of whatever this promise holds."""
    from comms.accounts import holds

    held = session.scalars(
        select(Hold.id).where(
            Hold.account_id == promise.account_id,
            Hold.source == source_of(promise.id),
            Hold.released_at.is_(None),
        )
    ).all()
    for hold_id in held:
        holds.release(session, hold_id, by, at)

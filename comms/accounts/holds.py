"""Holds: reasons to leave an account alone, from a date to a date. What a hold stops is for the rules to say."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .facts import AT_ONCE, touch
from .schema import Hold

KINDS = (
    "medical", "military", "bankruptcy", "deceased", "dispute", "energy_assistance", "promise", "moratorium", "office",
)  # fmt: skip


SILENCING = frozenset({"bankruptcy", "deceased", "dispute", "office"})
"""Holds under which nobody is reminded of a promise, or asked again for one."""


def place(
    session: Session,
    account_id: int,
    kind: str,
    starts_on: date,
    ends_on: date | None,
    note: str,
    source: str,
    at: datetime,
    amount_cents: int | None = None,
    review_on: date | None = None,
) -> int:
    """Place a hold (both days included; ``ends_on`` None: until released; ``review_on``: the day somebody looks at it)
    and return its id. The caller records it."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of hold; allowed: {', '.join(KINDS)}")
    if ends_on is not None and ends_on < starts_on:
        raise ValueError(f"The hold would end on {ends_on} before it starts on {starts_on}; give a later end.")
    if amount_cents is not None and amount_cents <= 0:
        raise ValueError("The amount held must be more than nothing; leave it out to hold all of the debt.")
    if review_on is not None and review_on < starts_on:
        raise ValueError(f"It would be reviewed on {review_on} before it starts on {starts_on}; give a later day.")
    hold = Hold(
        account_id=account_id, kind=kind, starts_on=starts_on, ends_on=ends_on, amount_cents=amount_cents, note=note,
        source=source, placed_at=at, released_at=None, released_by=None, review_on=review_on,
    )  # fmt: skip
    session.add(hold)
    session.flush()
    touch(session, [account_id], at)
    return hold.id


def release(session: Session, hold_id: int, by: str, at: datetime) -> bool:
    """End a hold now; False when it was already released."""
    statement = (
        update(Hold)
        .where(Hold.id == hold_id, Hold.released_at.is_(None))
        .values(released_at=at, released_by=by)
        .returning(Hold.account_id)
        .execution_options(synchronize_session=False)
    )
    account_id = session.scalar(statement)
    if account_id is None:
        return False
    touch(session, [account_id], at)
    return True


def active(session: Session, account_ids: Collection[int], on: date) -> dict[int, list[Hold]]:
    """The holds in force on a day (a date in the city), by account; accounts without one are left out."""
    ordered = sorted(set(account_ids))
    found: dict[int, list[Hold]] = defaultdict(list)
    for start in range(0, len(ordered), AT_ONCE):
        statement = (
            select(Hold)
            .where(
                Hold.account_id.in_(ordered[start : start + AT_ONCE]),
                Hold.released_at.is_(None),
                Hold.starts_on <= on,
                (Hold.ends_on.is_(None)) | (Hold.ends_on >= on),
            )
            .order_by(Hold.id)
            .execution_options(populate_existing=True)
        )
        for hold in session.scalars(statement):
            found[hold.account_id].append(hold)
    return dict(found)

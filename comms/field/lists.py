"""Lists: proposed by one person, approved by another, cancelled by anybody. Issuing one is in ``issuing``."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from comms.city import City
from comms.clock import Clock
from comms.db import on_postgres

from .orders import KIND_OF, LETTER_OF, LeftOut, OrderError, Wanted, list_named
from .schema import FieldList, FieldOrder

SECOND_PERSON = ("shutoff", "referral")
"""Kinds of lists that somebody else than their maker approves. Turning service on again needs no second person."""


def propose(
    session: Session, city: City, clock: Clock, *, kind: str, for_day: date, wanted: Sequence[Wanted],
    left_out: Sequence[LeftOut], by: str,
) -> str:  # fmt: skip
    """Make a list for a day; its name. Accounts with an open order of the kind must not be wanted again.

    Raises ``OrderError`` for a day that is past, and when there is nobody to put on it.
    """
    now = clock.now()
    if kind not in KIND_OF:
        raise OrderError(f"{kind!r} is not a kind of list; allowed: {', '.join(KIND_OF)}")
    if for_day < city.local_date(now):
        raise OrderError(f"{for_day} is past. Give today or a later day.")
    if not wanted:
        raise OrderError(
            f"Nobody can be on a {kind} list for {for_day}; {len(left_out)} accounts are left out. "
            "See why: comms shutoff propose --dry-run"
        )
    made = _new_list(session, kind, for_day, left_out, by, now)
    for seq, one in enumerate(wanted, 1):
        session.add(_order(made, seq, one, now))
    session.flush()
    return made.name


def _new_list(
    session: Session, kind: str, for_day: date, left_out: Sequence[LeftOut], by: str, now: datetime
) -> FieldList:
    """A list under the first name that nobody has taken: ``shutoff-2026-12-03``, then ``shutoff-2026-12-03-b`` …"""
    values = {
        "kind": kind, "for_day": for_day, "state": "proposed", "left_out": [one.as_json() for one in left_out],
        "manifest": {}, "made_by": by, "made_at": now,
    }  # fmt: skip
    make = postgresql.insert if on_postgres(session) else sqlite.insert
    for suffix in ("", *(f"-{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")):
        name = f"{kind}-{for_day}{suffix}"
        statement = make(FieldList).values(name=name, **values).on_conflict_do_nothing(index_elements=["name"])
        made = session.scalar(statement.returning(FieldList.id))
        if made is not None:
            return session.get_one(FieldList, made)
    raise OrderError(f"There are 26 {kind} lists for {for_day} already. Choose another day.")


def _order(made: FieldList, seq: int, one: Wanted, now: datetime) -> FieldOrder:
    letter = made.name[-1].upper() if made.name[-2] == "-" else ""
    return FieldOrder(
        number=f"{LETTER_OF[made.kind]}{made.for_day:%y%m%d}{letter}-{seq:03d}", list_id=made.id,
        account_id=one.account_id, episode_id=one.episode_id, kind=KIND_OF[made.kind],
        services=[due.as_json() for due in one.services], state="proposed", amount_cents=one.amount_cents,
        evidence=[dict(proof) for proof in one.evidence], facts_version=one.facts_version, created_at=now,
        issued_at=None, ended_at=None, result=None, result_by=None,
    )  # fmt: skip


def approve(session: Session, clock: Clock, name: str, *, by: str) -> None:
    """Say yes to a proposed list. Raises ``OrderError`` when it is not proposed, or ``by`` made it."""
    found = list_named(session, name, lock=True)
    if found.state != "proposed":
        raise OrderError(f"List {found.name} is {found.state} already.")
    if found.kind in SECOND_PERSON and _same(found.made_by, by):
        raise OrderError(f"{by} made list {found.name}, so somebody else must approve it.")
    found.state, found.approved_by, found.approved_at = "approved", by, clock.now()
    session.flush()


def cancel(session: Session, clock: Clock, name: str, *, by: str, because: str) -> int:
    """Give up a list that was not issued; how many orders end with it."""
    found = list_named(session, name, lock=True)
    if found.state not in ("proposed", "approved"):
        raise OrderError(
            f"List {found.name} is {found.state}; only a list that was not issued can be cancelled. "
            "Call its orders back one by one: comms shutoff recall"
        )
    found.state = "cancelled"
    ended = session.execute(
        update(FieldOrder)
        .where(FieldOrder.list_id == found.id, FieldOrder.state == "proposed")
        .values(state="cancelled", ended_at=clock.now(), result=because, result_by=f"user:{by}")
        .returning(FieldOrder.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.flush()
    return len(ended)


def orders_of(session: Session, list_id: int, state: str | None = None) -> list[FieldOrder]:
    """The orders of a list by number; only those in ``state`` when given."""
    statement = select(FieldOrder).where(FieldOrder.list_id == list_id).order_by(FieldOrder.number)
    if state:
        statement = statement.where(FieldOrder.state == state)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()

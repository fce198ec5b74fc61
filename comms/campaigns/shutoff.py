"""Shut-off lists, referrals and reconnections: who the gate lets through, and what follows when that changes.

``propose`` puts those who pass on a list and keeps, for everybody else, what is missing. ``issue`` asks the gate again.
``keep_watch`` calls back what must not be carried out any more, also on the day itself (a heat alert). ``to_turn_on``
says whose service is to be turned on again, and why.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from comms import field
from comms.accounts import holds
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database, one_of
from comms.field import Due, FieldList, FieldOrder, LeftOut, Wanted
from comms.notices import Catalogue
from comms.rules import Action, rulebook_of
from comms.worklist import Task, open_task

from .policies import versions
from .schema import Decision, Episode
from .sufficiency import ORDER, Act, Sufficiency, gate

ACT: Mapping[str, Act] = {"shutoff": "field_order", "referral": "referral"}
"""What the orders of a list do, by the list's kind."""
_TURN_ON_FOR = {
    "promise": "there is a payment agreement", "medical": "there is a medical emergency or equipment",
    "military": "a member of the household has military orders",
    "energy_assistance": "an agency pledged what is owed",
}  # fmt: skip
TURN_ON_PRIORITY = 3


@dataclass(frozen=True)
class Proposed:
    """A list that was made: who is on it, and who was left out."""

    name: str
    on_it: tuple[Sufficiency, ...]
    left_out: tuple[Sufficiency, ...]


def candidates(session: Session, kind: str) -> list[int]:
    """Accounts whose policy decided the act of this kind of list, and that have no order for it yet."""
    later = aliased(Decision)
    rows = session.execute(
        select(Decision.account_id, Decision.step, Episode.policy, Episode.policy_version, Episode.arm)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(
            Decision.outcome == "action",
            Decision.state.in_(("noted", "released")),
            Decision.occurrence.is_not(None),
            Episode.closed_at.is_(None),
            ~select(FieldOrder.id)
            .where(
                FieldOrder.episode_id == Decision.episode_id,
                FieldOrder.kind == ORDER[ACT[kind]],
                FieldOrder.created_at >= Decision.decided_at,
            )
            .exists(),
            ~select(later.id)
            .where(
                later.episode_id == Decision.episode_id,
                later.step == Decision.step,
                later.occurrence > Decision.occurrence,
            )
            .exists(),
        )
        .order_by(Decision.account_id)
    ).all()
    frozen = versions.frozen(session)
    return [
        row.account_id
        for row in rows
        if (policy := frozen.get((row.policy, row.policy_version))) is not None
        and policy.named(row.step or "", row.arm).action == ACT[kind]
    ]


def look(
    session: Session, city: City, clock: Clock, catalogue: Catalogue, *, kind: str, day: date,
    account_ids: Collection[int] | None = None,
) -> list[Sufficiency]:  # fmt: skip
    """What the gate says of these accounts (None: of all candidates) for an act on ``day``."""
    ids = candidates(session, kind) if account_ids is None else account_ids
    return gate(session, rulebook_of(city), catalogue, ids, day, now=clock.now(), act=ACT[kind])


def propose(
    session: Session, city: City, clock: Clock, catalogue: Catalogue, *, kind: str, day: date, by: str,
    account_ids: Collection[int] | None = None,
) -> Proposed:  # fmt: skip
    """Make a list of those who pass. Raises ``field.OrderError`` when nobody does."""
    found = look(session, city, clock, catalogue, kind=kind, day=day, account_ids=account_ids)
    on_it = tuple(one for one in found if one.passes)
    left_out = tuple(one for one in found if not one.passes)
    name = field.propose(
        session, city, clock, kind=kind, for_day=day, by=by,
        wanted=[_wanted(one) for one in on_it],
        left_out=[LeftOut(one.number, one.name, one.amount_cents, one.missing) for one in left_out],
    )  # fmt: skip
    return Proposed(name, on_it, left_out)


def _wanted(one: Sufficiency) -> Wanted:
    proofs = tuple(proof.as_json() for proof in one.evidence)
    return Wanted(one.account_id, one.episode_id, one.services, one.amount_cents, one.facts_version, proofs)


def issue(
    database: Database, city: City, clock: Clock, catalogue: Catalogue, home: Path, name: str, *, by: str
) -> field.Issued:
    """Give out an approved list in a folder of ``home``, after asking the gate again. Raises ``field.OrderError``."""

    def recheck(session: Session, orders: Sequence[FieldOrder], made: FieldList) -> Mapping[int, Sequence[str]]:
        if made.kind == "reconnect":
            return {}
        found = _again(session, city, clock, catalogue, orders, made.kind, made.for_day)
        return {order.id: one.missing for order, one in found if one.missing}

    return field.issue(database, city, clock, home, name, by=by, recheck=recheck)


def keep_watch(session: Session, city: City, clock: Clock, catalogue: Catalogue) -> list[field.RecalledOrder]:
    """Call back open orders that something stands against now: what the accounts owe, holds, returned letters, and, up
    to the day of the order, what the rules say of that day (a heat alert, a moratorium)."""
    recalled = field.look_over(session, city, clock)
    today = city.local_date(clock.now())
    days: dict[tuple[str, date], list[FieldOrder]] = {}
    waiting = session.execute(
        select(FieldOrder, FieldList.kind, FieldList.for_day)
        .join(FieldList, FieldList.id == FieldOrder.list_id)
        .where(FieldOrder.state == "issued", FieldOrder.kind == "disconnect", FieldList.for_day >= today)
    )
    for order, kind, day in waiting:
        days.setdefault((kind, day), []).append(order)
    reasons = {
        order.id: one.against[0].rstrip(".")
        for (kind, day), orders in days.items()
        for order, one in _again(session, city, clock, catalogue, orders, kind, day)
        if one.against
    }
    return recalled + (field.recall_for(session, city, clock, reasons) if reasons else [])


def _again(
    session: Session, city: City, clock: Clock, catalogue: Catalogue, orders: Sequence[FieldOrder], kind: str, day: date
) -> list[tuple[FieldOrder, Sufficiency]]:
    by_account = {order.account_id: order for order in orders}
    found = gate(
        session, rulebook_of(city), catalogue, by_account, day, now=clock.now(), act=ACT[kind],
        apart_from=[order.id for order in orders],
    )  # fmt: skip
    return [(by_account[one.account_id], one) for one in found]


@dataclass(frozen=True)
class TurnOn:
    """An account whose service is off and that is to be turned on again. ``certain``: nothing is left to establish."""

    account_id: int
    number: str
    name: str
    address: str
    services: tuple[Due, ...]
    owed_cents: int
    off_since: date | None
    why: str
    establish: tuple[str, ...]
    citation: str
    facts_version: int

    @property
    def certain(self) -> bool:
        return not self.establish

    def as_json(self) -> dict[str, Any]:
        return {
            "account": self.number, "name": self.name, "service_address": self.address,
            "services": [one.service for one in self.services], "owed_cents": self.owed_cents,
            "off_since": self.off_since, "why": self.why, "establish": list(self.establish), "citation": self.citation,
        }  # fmt: skip


def to_turn_on(
    session: Session, city: City, clock: Clock, *, on: date | None = None, account_ids: Collection[int] | None = None
) -> list[TurnOn]:
    """Whose service is to be turned on again on a day (today), by account number: those who paid, those whom an
    agreement or a hold protects, and in a cold season those whose heat depends on it (with what is to be
    established)."""
    day = on or city.local_date(clock.now())
    off = field.shut_off(session, city, account_ids)
    ids = [one.account_id for one in off]
    accounts = {one.id: one for one in session.scalars(select(Account).where(one_of(session, Account.id, ids)))}
    held = holds.active(session, ids, day)
    found = []
    for one in off:
        why, citation, establish = _why_on(city, one, held.get(one.account_id, ()), day)
        if why:
            account = accounts[one.account_id]
            found.append(
                TurnOn(
                    account.id, account.number, account.name, account.service_address, _can_be_off(city, one, day),
                    max(one.owed_cents, 0), one.off_since, why, establish, citation, one.facts_version,
                )
            )  # fmt: skip
    return found


def _can_be_off(city: City, one: field.ShutOff, day: date) -> tuple[Due, ...]:
    """The services that can have been turned off at all."""
    return tuple(due for due in one.services if rulebook_of(city).has_lever(Action.DISCONNECT, due.service, day))


def _why_on(city: City, one: field.ShutOff, held: Sequence[Any], day: date) -> tuple[str, str, tuple[str, ...]]:
    """Why, by which source, and what must be established first; an empty clause: it stays off."""
    if one.owed_cents <= 0:
        return "everything past due is paid", "office policy", ()
    for hold in held:
        if hold.kind in _TURN_ON_FOR and (hold.amount_cents is None or hold.amount_cents >= one.owed_cents):
            return _TURN_ON_FOR[hold.kind], f"hold: {hold.kind.replace('_', ' ')}", ()
    services = [due.service for due in _can_be_off(city, one, day)]
    duties = rulebook_of(city).must_reconnect(day, services, one.service_class)
    if duties and one.affects_heat is not False:
        first = duties[0]
        heat = "the heat depends on it" if one.affects_heat else "it is not known whether the heat depends on it"
        return (
            f"from {first.first_day(day)} to {first.last_day(day)} service must be on again where {heat}",
            first.citation,
            first.text.establish,
        )
    return "", "", ()


def propose_reconnections(
    session: Session, city: City, clock: Clock, *, day: date, by: str, account_ids: Collection[int] | None = None
) -> tuple[str, list[TurnOn]]:
    """A list of reconnections: everybody for whom nothing is left to establish, or exactly these accounts, for which
    whoever names them says so. Raises ``field.OrderError`` when there is nobody."""
    found = to_turn_on(session, city, clock, on=day, account_ids=account_ids)
    chosen = [one for one in found if one.certain or account_ids is not None]
    wanted = [
        Wanted(one.account_id, None, one.services, one.owed_cents, one.facts_version, ({"why": one.why},))
        for one in chosen
    ]
    name = field.propose(session, city, clock, kind="reconnect", for_day=day, wanted=wanted, left_out=(), by=by)
    return name, chosen


def raise_reconnections(session: Session, city: City, clock: Clock) -> int:
    """In a season in which service must be on again, a task for each account that is off; one a season, whatever
    became of it. How many are new."""
    now, today = clock.now(), city.local_date(clock.now())
    duties = rulebook_of(city).must_reconnect(today)
    if not duties:
        return 0
    season = duties[0].first_day(today)
    waiting = {f"reconnect:{season}:{one.account_id}": one for one in to_turn_on(session, city, clock) if one.establish}
    known = set(session.scalars(select(Task.dedupe_key).where(one_of(session, Task.dedupe_key, sorted(waiting)))))
    fresh = {key: one for key, one in waiting.items() if key not in known}
    for key, one in fresh.items():
        open_task(
            session,
            kind="field_order",
            dedupe_key=key,
            reason=(
                f"Service is off at {one.address}: {one.why} ({one.citation}). To be established: "
                f"{'; '.join(one.establish)}. Then: comms shutoff propose --kind reconnect --account {one.number}"
            ),
            at=now,
            account_id=one.account_id,
            subject_type="account",
            subject_id=one.account_id,
            priority=TURN_ON_PRIORITY,
        )
    return len(fresh)

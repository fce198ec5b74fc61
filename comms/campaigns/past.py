"""What was true of accounts on days gone by, read from what is kept with its date.

Balances, payments, holds, consent and promises are those of each day: a figure counts from the day that it is of. What
is kept without dates is as it is now: addresses, class, language, who lives there, whether letters came back.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account, AccountBalance, ConsentEvent, ContactPoint, Hold, ImportFile, Payment
from comms.city import City
from comms.db import one_of
from comms.promises.schema import Promise
from comms.rules import ActiveHold, Weather

from . import facts
from .facts import BROKEN_WITHIN, CATEGORY
from .night import PromiseEnd, Subject
from .positions import ENDS

DAY = timedelta(1)
_CHANNEL_OF = {"phone": "sms", "email": "email"}


class Told(NamedTuple):
    """What was owed from the file of a day on."""

    as_of: date
    past_due_cents: int
    oldest_due_on: date | None
    status: str


class Stood(NamedTuple):
    """A hold: from a day, before a day (None: it still stands), and as the rules see it."""

    first: date
    before: date | None
    hold: ActiveHold


class Said(NamedTuple):
    """A line of the consent ledger."""

    on: date
    category: str
    allowed: bool


@dataclass(frozen=True)
class Life:
    """One account over the days. ``points`` are its addresses by channel, best first; ``said`` is by address."""

    now: Subject
    told: Sequence[Told]
    paid: Sequence[tuple[date, int]]
    holds: Sequence[Stood]
    points: Mapping[str, Sequence[str]]
    said: Mapping[tuple[str, str], Sequence[Said]]
    ended: Sequence[PromiseEnd]
    ended_on: Sequence[date]
    changes: Sequence[date]
    """The days on which something of this is another than the day before."""

    def next_change(self, day: date) -> date | None:
        """The first day after ``day`` on which something changes."""
        at = bisect_right(self.changes, day)
        return self.changes[at] if at < len(self.changes) else None

    def on(self, day: date, files: Sequence[date], weather: Weather) -> Subject | None:
        """The account as it stood on ``day``; None before anything was told of its debt. ``files`` are the days of the
        accounts files: a payment that a file knew of is no longer beside the balance."""
        at = bisect_right(self.told, day, key=_as_of)
        if not at:
            return None
        owed = self.told[at - 1]
        seen = bisect_right(files, day)
        as_of = max(owed.as_of, files[seen - 1]) if seen else owed.as_of
        addresses, blocked = self._reach(day)
        now = self.now.facts
        if "letter" in now.addresses:
            addresses["letter"] = now.addresses["letter"]
        unchanged = owed.past_due_cents == now.past_due_cents
        then = replace(
            now, status=owed.status, past_due_cents=owed.past_due_cents,
            paid_since_cents=sum(cents for on, cents in self.paid if as_of < on <= day),
            holds=[one.hold for one in self.holds if one.first <= day and (one.before is None or day < one.before)],
            blocked_channels=blocked, addresses=addresses, weather=weather,
            service_past_due=now.service_past_due if unchanged or _owes(now.service_past_due) else None,
        )  # fmt: skip
        broken = sum(
            1 for end, on in zip(self.ended, self.ended_on, strict=True)
            if end.status == "broken" and day - BROKEN_WITHIN < on <= day
        )  # fmt: skip
        return replace(self.now, facts=then, oldest_due_on=owed.oldest_due_on, broken_promises=broken)

    def promise_since(self, opened_on: date, day: date) -> PromiseEnd | None:
        """The promise that ended last from ``opened_on`` to ``day``."""
        mine = [end for end, on in zip(self.ended, self.ended_on, strict=True) if opened_on <= on <= day]
        return mine[-1] if mine else None

    def paid_after(self, day: date) -> date | None:
        """The first day from ``day`` on on which something was paid."""
        return next((on for on, cents in self.paid if on >= day and cents > 0), None)

    def _reach(self, day: date) -> tuple[dict[str, str], dict[str, str]]:
        addresses: dict[str, str] = {}
        blocked: dict[str, str] = {}
        for channel, values in self.points.items():
            open_ = next((value for value in values if not self._refused(channel, value, day)), None)
            if open_ is not None:
                addresses[channel] = open_
            elif values:
                blocked[channel] = "opted out"
        return addresses, blocked

    def _refused(self, channel: str, value: str, day: date) -> bool:
        stands: dict[str, bool] = {}
        for said in self.said.get((channel, value), ()):
            if said.on <= day:
                stands[said.category] = said.allowed
        return not all(stands.values())


def _as_of(told: Told) -> date:
    return told.as_of


def _owes(services: Mapping[str, int] | None) -> bool:
    return services is not None and any(cents > 0 for cents in services.values())


def file_days(session: Session) -> list[date]:
    """The days that the accounts files are of, in order."""
    found = session.scalars(
        select(ImportFile.as_of)
        .where(ImportFile.kind == "accounts", ImportFile.state == "done", ImportFile.as_of.is_not(None))
        .distinct()
    )
    return sorted(day for day in found if day is not None)


def lives(session: Session, city: City, account_ids: Collection[int], now: datetime) -> list[Life]:
    """These accounts, by ascending id, with all that is kept of them up to ``now``."""
    ids = sorted(set(account_ids))
    subjects = facts.subjects(session, city, ids, now)
    told, paid, holds = _told(session, ids), _paid(session, ids), _holds(session, city, ids)
    points, ended = _points(session, ids), _ended(session, ids)
    said = _said(session, city, {value for of in points.values() for each in of.values() for value in each})
    made = []
    for subject in subjects:
        id_ = subject.account_id
        mine = {
            (channel, value): said[channel, value]
            for channel, values in points[id_].items()
            for value in values
            if (channel, value) in said
        }
        ends = ended[id_]
        ended_on = [city.local_date(end.ended_at) for end in ends]
        changes = {
            *(one.as_of for one in told[id_]), *(on for on, _ in paid[id_]), *(one.first for one in holds[id_]),
            *(one.before for one in holds[id_] if one.before), *(one.on for each in mine.values() for one in each),
            *ended_on,
        }  # fmt: skip
        dated = sorted(changes)
        made.append(Life(subject, told[id_], paid[id_], holds[id_], points[id_], mine, ends, ended_on, dated))
    return made


def _told(session: Session, ids: list[int]) -> Mapping[int, list[Told]]:
    """Debts as they were kept; where none were, the balance of now, from its own day on."""
    found: dict[int, list[Told]] = defaultdict(list)
    for row in session.execute(
        select(
            AccountBalance.account_id, AccountBalance.as_of, AccountBalance.past_due_cents,
            AccountBalance.oldest_due_on, AccountBalance.status,
        )
        .where(one_of(session, AccountBalance.account_id, ids))
        .order_by(AccountBalance.account_id, AccountBalance.as_of)
    ):  # fmt: skip
        found[row[0]].append(Told(*row[1:]))
    for row in session.execute(
        select(
            Account.id, Account.balance_as_of, Account.past_due_cents, Account.oldest_due_on, Account.status
        ).where(one_of(session, Account.id, [id_ for id_ in ids if id_ not in found]))
    ):  # fmt: skip
        found[row[0]].append(Told(*row[1:]))
    return found


def _paid(session: Session, ids: list[int]) -> Mapping[int, list[tuple[date, int]]]:
    found: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for account_id, paid_on, cents in session.execute(
        select(Payment.account_id, Payment.paid_on, Payment.amount_cents)
        .where(one_of(session, Payment.account_id, ids))
        .order_by(Payment.account_id, Payment.paid_on)
    ):
        found[account_id].append((paid_on, cents))
    return found


def _holds(session: Session, city: City, ids: list[int]) -> Mapping[int, list[Stood]]:
    found: dict[int, list[Stood]] = defaultdict(list)
    for row in session.execute(
        select(
            Hold.account_id, Hold.kind, Hold.starts_on, Hold.ends_on, Hold.released_at, Hold.amount_cents, Hold.note
        )
        .where(one_of(session, Hold.account_id, ids))
        .order_by(Hold.account_id, Hold.id)
    ):  # fmt: skip
        ends = [row.ends_on + DAY] if row.ends_on else []
        ends += [city.local_date(row.released_at)] if row.released_at else []
        hold = ActiveHold(row.kind, row.ends_on, row.amount_cents, row.note)
        found[row.account_id].append(Stood(row.starts_on, min(ends, default=None), hold))
    return found


def _points(session: Session, ids: list[int]) -> Mapping[int, dict[str, list[str]]]:
    found: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for account_id, kind, value in session.execute(
        select(ContactPoint.account_id, ContactPoint.kind, ContactPoint.value)
        .where(
            one_of(session, ContactPoint.account_id, ids),
            ContactPoint.status == "usable",
            ContactPoint.value.is_not(None),
        )
        .order_by(ContactPoint.account_id, ContactPoint.rank, ContactPoint.id)
    ):
        found[account_id].setdefault(_CHANNEL_OF[kind], []).append(value or "")
    return found


def _said(session: Session, city: City, values: Collection[str]) -> Mapping[tuple[str, str], list[Said]]:
    found: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for channel, address, category, action, at in session.execute(
        select(
            ConsentEvent.channel, ConsentEvent.address, ConsentEvent.category, ConsentEvent.action, ConsentEvent.at
        )
        .where(
            or_(ConsentEvent.channel == "sms", ConsentEvent.channel == "email"),
            one_of(session, ConsentEvent.address, sorted(values)),
            ConsentEvent.category.in_(("all", CATEGORY)),
        )
        .order_by(ConsentEvent.id)
    ):  # fmt: skip
        found[channel, address].append(Said(city.local_date(at), category, action == "granted"))
    return found


def _ended(session: Session, ids: list[int]) -> Mapping[int, list[PromiseEnd]]:
    found: dict[int, list[PromiseEnd]] = defaultdict(list)
    for account_id, status, closed_at in session.execute(
        select(Promise.account_id, Promise.status, Promise.closed_at)
        .where(
            one_of(session, Promise.account_id, ids),
            Promise.status.in_(sorted(ENDS)),
            Promise.closed_at.is_not(None),
        )
        .order_by(Promise.account_id, Promise.closed_at, Promise.id)
    ):
        if closed_at is not None:
            found[account_id].append(PromiseEnd(ENDS[status], closed_at))
    return found


Neighbours = Iterator[list[int]]


def neighbours(session: Session, account_ids: Sequence[int]) -> Neighbours:
    """Accounts that share a mailbox, a customer or an address are contacted as one; so they come together, each once.
    (Union by the first account that was seen with each.)"""
    parent: dict[int, int] = {id_: id_ for id_ in account_ids}
    seen: dict[tuple[Literal["household", "customer", "address"], str], int] = {}

    def root(id_: int) -> int:
        while parent[id_] != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    def join(kind: Literal["household", "customer", "address"], name: str | None, id_: int) -> None:
        if name:
            parent[root(id_)] = root(seen.setdefault((kind, name), id_))

    for start in range(0, len(account_ids), facts.AT_ONCE):
        ids = list(account_ids[start : start + facts.AT_ONCE])
        for id_, household, customer in session.execute(
            select(Account.id, Account.household, Account.customer_number).where(one_of(session, Account.id, ids))
        ):
            join("household", household, id_)
            join("customer", customer, id_)
        for id_, of in _points(session, ids).items():
            for values in of.values():
                for value in values:
                    join("address", value, id_)
    found: dict[int, list[int]] = defaultdict(list)
    for id_ in account_ids:
        found[root(id_)].append(id_)
    yield from found.values()

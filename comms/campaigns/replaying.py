"""A draft policy over the days gone by: whom it would have written to, what that would have cost, whom the rules would
have protected; beside what was really sent.

1. Accounts that owed within the days are gone through in chunks; those that share a mailbox, a customer or an address
   are in the same one, so that contact caps hold as they would have.
2. A chunk goes day by day. An account is judged by the real engine, with the facts of that day (``past``) and the rules
   in effect on it, on every day on which something can happen: the next one that the engine names, and whenever
   something of the account changed.
3. What is decided is taken as done (``walking``).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account, AccountBalance
from comms.city import City
from comms.db import Database
from comms.notices import Catalogue
from comms.rules import Weather, rulebook_of
from comms.weather import weather_for

from .costing import Costs
from .night import Night
from .past import DAY, file_days, lives, neighbours
from .policies import Policy, versions
from .policies.loading import declared_order
from .policies.model import Effective
from .replayed import Replay
from .retracing import Days, Retrace, sent_to

CHUNK = 1000
AT = time(10, 0)
"""The local time of the nights of a replay: one at which texts may be sent."""
LONGEST = timedelta(days=731)

Progress = Callable[[int, int], None]


class ReplayError(ValueError):
    """Days that cannot be replayed; the message says what to ask for."""


def replay(
    database: Database,
    city: City,
    catalogue: Catalogue,
    draft: Policy,
    first: date,
    last: date,
    now: datetime,
    *,
    sample: int | None = None,
    progress: Progress | None = None,
) -> Replay:
    """What ``draft`` would have done from ``first`` to ``last``, both included; nothing is written or sent.

    It is asked at its place in the city's declared order, instead of the version in use, whatever days it is in effect.
    ``sample``: only so many accounts, always the same ones. Raises ``ReplayError`` for days that cannot be replayed,
    ``NoticeError`` when the draft names a notice that there is not.
    """
    today = city.local_date(now)
    if not first <= last <= today:
        raise ReplayError(f"Give days gone by, the earlier first: --from {first} --to {last} (today is {today}).")
    if last - first > LONGEST:
        raise ReplayError(f"Two years are replayed at once at most; from {first} that is until {first + LONGEST}.")
    for step in draft.step:
        if step.notice:
            catalogue.get(step.notice)
    book = rulebook_of(city)
    names = {step.id: step.name for step in draft.step}
    found = Replay(draft.policy, draft.version, draft.title, names, first, last, book.digest)
    with database.read() as session:
        days = _days(session, city, catalogue, draft, first, last)
        found.begins = session.scalar(select(func.min(AccountBalance.as_of)))
        owing = _owing(session, draft, last)
        found.owing = len(owing)
        groups = list(neighbours(session, owing))
    chosen = groups if sample is None else _sampled(groups, sample)
    total = sum(map(len, chosen))
    costs = Costs(city, catalogue)
    for ids in _chunks(chosen):
        with database.read() as session:
            walk = Retrace(days, draft, costs, lives(session, city, ids, now), sent_to(session, days, ids))
        walk.go()
        walk.count(found)
        found.looked_at += len(ids)
        if progress:
            progress(found.looked_at, total)
    return found


def _days(session: Session, city: City, catalogue: Catalogue, draft: Policy, first: date, last: date) -> Days:
    """What all accounts have in common on each of the days."""
    then = draft.model_copy(update={"effective": Effective.model_validate({"from": first})})
    place = {name: at for at, name in enumerate(declared_order(city))}
    others = [policy for policy in versions.in_use(session, city) if policy.policy != draft.policy]
    asked = sorted([*others, then], key=lambda policy: (place.get(policy.policy, len(place)), policy.policy))
    purposes = {notice.name: str(notice.purpose) for notice in catalogue}
    frozen = {(policy.policy, policy.version): policy for policy in asked}
    nights, weather = {}, {}
    for number in range((last - first).days + 1):
        day = first + number * DAY
        at = datetime.combine(day, AT, city.zone)
        nights[day] = Night(city, rulebook_of(city), at, day, tuple(asked), frozen, purposes)
        # The feed is taken to have been read that day: how old it was then is not kept.
        weather[day] = Weather(at, tuple(weather_for(session, city, at).alerts))
    return Days(city, first, last, nights, weather, file_days(session))


def _owing(session: Session, draft: Policy, last: date) -> list[int]:
    """The accounts that owed enough to come in on some day up to ``last``."""
    least = draft.enter.past_due_at_least
    kept = select(AccountBalance.account_id).where(AccountBalance.as_of <= last, AccountBalance.past_due_cents >= least)
    standing = select(Account.id).where(
        Account.past_due_cents >= least,
        Account.balance_as_of <= last,
        ~exists().where(AccountBalance.account_id == Account.id),
    )
    return sorted(session.scalars(kept.union(standing)))


def _sampled(groups: Sequence[list[int]], size: int) -> list[list[int]]:
    """Whole groups until there are so many accounts, drawn by a hash: the same whenever asked."""
    chosen, taken = [], 0
    for group in sorted(groups, key=lambda group: hashlib.sha256(str(group[0]).encode()).digest()):
        if taken >= size:
            break
        chosen.append(group)
        taken += len(group)
    return chosen


def _chunks(groups: Sequence[list[int]]) -> Iterator[list[int]]:
    """Groups together, about ``CHUNK`` accounts at a time."""
    ids: list[int] = []
    for group in groups:
        ids += group
        if len(ids) >= CHUNK:
            yield ids
            ids = []
    if ids:
        yield ids

"""Champion and challenger: two ways to treat late payers, drawn by lot, and what came of each.

An episode is cured when it closed as paid, and the night that found it so is its day. Whoever left in another way, by
moving out or by being put in another class, was not cured; for the days to pay, what is known of them ends there. A
share within so many days is of the episodes that began at least so many days ago: the younger ones have not had the
time. Versions of a policy that compare the same two ways are counted together.

Looking at the report changes nothing, and looking often misleads: among many looks one shows a difference by chance.
What is to be judged by is therefore fixed beforehand, as the cures within ``JUDGED_BY`` days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.city import City

from .intervals import Difference, Median, Share, difference, median, share, wanted
from .policies import Policy, versions
from .policies.model import CHALLENGER, CHAMPION
from .policies.wording import on_day
from .schema import Decision, Episode

WITHIN = (30, 60, 90)
"""Days within which cures are counted."""
JUDGED_BY = 60
FEWEST = 30
"""With fewer episodes in one arm no share is told from chance, whatever its range says."""
WORTHWHILE = 0.05
"""A difference of five in a hundred: a smaller one is not looked for, it would take too many accounts."""
CURED = "paid"
ARMS = (CHAMPION, CHALLENGER)


class NothingComparedError(ValueError):
    """A policy, or a version of it, that compares nothing; the message says what to do."""


@dataclass(frozen=True)
class Arm:
    """What came of one way. Money in millionths of a dollar; contacts are decisions whose messages were written."""

    name: str
    opened: int
    cured: int
    within: Mapping[int, Share]
    days_to_pay: Median
    contacts: int
    cost_micros: int

    @property
    def contacts_per_cured(self) -> float | None:
        return self.contacts / self.cured if self.cured else None

    @property
    def cost_per_cured(self) -> int | None:
        """Millionths of a dollar."""
        return round(self.cost_micros / self.cured) if self.cured else None


@dataclass(frozen=True)
class Compared:
    """The difference in cures within ``days``, challenger less champion; what it tells, and how many more episodes it
    would take (0 where it tells, or where none are lacking)."""

    days: int
    difference: Difference
    tells: bool
    more_wanted: int
    words: str


@dataclass(frozen=True)
class Experiment:
    """A policy's two ways held against each other on one day."""

    policy: str
    title: str
    versions: tuple[int, ...]
    first_on: date
    last_on: date
    on: date
    arms: tuple[Arm, Arm]
    compared: tuple[Compared, ...]
    words: str
    """What it comes to, in a sentence or two."""

    @property
    def still_drawing(self) -> bool:
        return self.on <= self.last_on


def compare(session: Session, city: City, policy: str, now: datetime, *, version: int | None = None) -> Experiment:
    """Hold the two ways of ``policy`` against each other as of ``now``; without ``version`` those of the newest version
    that compares. Raises ``NothingComparedError``."""
    known = {number: one for (name, number), one in versions.frozen(session).items() if name == policy}
    chosen = _chosen(policy, known, version)
    assert chosen.challenger is not None
    alike = tuple(sorted(n for n, one in known.items() if _same_two_ways(one, chosen)))
    episodes = _episodes(session, policy, alike)
    spent = _spent(session, policy, alike)
    champion, challenger = (_arm(name, episodes[name], spent.get(name, (0, 0)), now) for name in ARMS)
    part = chosen.challenger.share
    compared = tuple(_compared(days, champion.within[days], challenger.within[days], part) for days in WITHIN)
    today, last = city.local_date(now), chosen.challenger.to
    return Experiment(
        policy=policy, title=chosen.challenger.title or chosen.title, versions=alike,
        first_on=chosen.challenger.from_, last_on=last, on=today, arms=(champion, challenger), compared=compared,
        words=_conclusion(next(one for one in compared if one.days == JUDGED_BY), today, last),
    )  # fmt: skip


def _chosen(policy: str, known: Mapping[int, Policy], version: int | None) -> Policy:
    """The version that is asked for. Raises ``NothingComparedError``."""
    if not known:
        raise NothingComparedError(f"No version of {policy} was ever submitted. See them with: comms policy list")
    if version is not None and version not in known:
        there = ", ".join(map(str, sorted(known)))
        raise NothingComparedError(f"There is no version {version} of {policy}; there are: {there}.")
    comparing = [n for n in sorted(known) if known[n].challenger is not None and version in (None, n)]
    if not comparing:
        which = f"Version {version} of {policy}" if version else policy
        raise NothingComparedError(
            f"{which} sends everybody the same way, so there is nothing to compare. A [challenger] table in its next "
            "version draws a share of the accounts; see docs/policies.md."
        )
    return known[comparing[-1]]


def _same_two_ways(one: Policy, other: Policy) -> bool:
    return one.challenger is not None and (one.challenger, one.step) == (other.challenger, other.step)


_Lived = tuple[datetime, datetime | None, str | None]
"""When an episode opened, when it closed, and how."""


def _episodes(session: Session, policy: str, numbers: Sequence[int]) -> dict[str, list[_Lived]]:
    found: dict[str, list[_Lived]] = {name: [] for name in ARMS}
    rows = session.execute(
        select(Episode.arm, Episode.opened_at, Episode.closed_at, Episode.close_reason).where(
            Episode.policy == policy, Episode.policy_version.in_(numbers), Episode.arm.in_(ARMS)
        )
    )
    for arm, opened_at, closed_at, how in rows:
        found[arm or CHAMPION].append((opened_at, closed_at, how))
    return found


def _spent(session: Session, policy: str, numbers: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Contacts and what they cost, by arm."""
    rows = session.execute(
        select(Episode.arm, func.count(), func.sum(Decision.cost_micros))
        .join(Decision, Decision.episode_id == Episode.id)
        .where(
            Episode.policy == policy,
            Episode.policy_version.in_(numbers),
            Episode.arm.in_(ARMS),
            Decision.outcome == "contact",
            Decision.state == "released",
        )
        .group_by(Episode.arm)
    )
    return {arm or CHAMPION: (contacts, int(micros or 0)) for arm, contacts, micros in rows}


def _arm(name: str, lived: Sequence[_Lived], spent: tuple[int, int], now: datetime) -> Arm:
    within = {}
    for days in WITHIN:
        window = timedelta(days)
        old = [one for one in lived if now - one[0] >= window]
        in_time = sum(_is_cured(one) and one[1] - one[0] <= window for one in old if one[1] is not None)
        within[days] = share(in_time, len(old))
    times = [((one[1] or now) - one[0], _is_cured(one)) for one in lived]
    days_to_pay = median((time / timedelta(1), cured) for time, cured in times)
    return Arm(name, len(lived), sum(map(_is_cured, lived)), within, days_to_pay, *spent)


def _is_cured(one: _Lived) -> bool:
    return one[1] is not None and one[2] == CURED


def _compared(days: int, champion: Share, challenger: Share, part: float) -> Compared:
    found = difference(champion, challenger)
    fewest = min(champion.of, challenger.of)
    if fewest < FEWEST or champion.rate is None or challenger.rate is None or found.value is None:
        lacking = _to_reach(FEWEST, champion, challenger, part)
        words = (
            f"Too few to tell: {champion.of:,} and {challenger.of:,} episodes are {days} days old, and each way needs "
            f"{FEWEST} at least; that takes about {lacking:,} more."
        )
        return Compared(days, found, False, lacking, words)
    points, span = _points(found.value), f"{_points(found.low)} to {_points(found.high)}"
    if found.tells:
        which = "more" if found.value > 0 else "less"
        words = f"The challenger cures {which}: {points} points ({span}); chance alone rarely does that."
        return Compared(days, found, True, 0, words)
    lacking = max(0, _enough(champion.rate, challenger.rate, part) - champion.of - challenger.of)
    words = f"Not to be told from chance: {points} points ({span}), and that range holds 0. "
    if lacking:
        sought = max(abs(found.value), WORTHWHILE)
        words += f"To see a difference of {sought * 100:.1f} points it would take about {lacking:,} more episodes."
    else:
        words += f"A difference of {WORTHWHILE * 100:.0f} points or more would probably have shown by now."
    return Compared(days, found, False, lacking, words)


def _enough(champion: float, challenger: float, part: float) -> int:
    """How many episodes in all would show the difference that was seen, or the smallest worth looking for."""
    if abs(challenger - champion) >= WORTHWHILE:
        return wanted(champion, challenger, part)
    apart = WORTHWHILE if champion + WORTHWHILE <= 1 else -WORTHWHILE
    return wanted(champion, champion + apart, part)


def _to_reach(fewest: int, champion: Share, challenger: Share, part: float) -> int:
    """How many more must begin until both ways have ``fewest``, as the lot falls on average."""
    missing = (max(0, fewest - champion.of) / (1 - part), max(0, fewest - challenger.of) / part)
    return max(1, round(max(missing)))


def _points(value: float) -> str:
    return f"{value * 100:+.1f}"


def _conclusion(judged: Compared, today: date, last: date) -> str:
    words = f"Judged by the cures within {judged.days} days: {judged.words[0].lower()}{judged.words[1:]}"
    if today <= last:
        words += f" Accounts are drawn until {on_day(last)}: what is seen before is for watching, not for deciding."
    return words

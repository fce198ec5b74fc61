"""What came of it: promises kept, debt by age against contacts, and payments after each step."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.campaigns.policies import versions
from comms.campaigns.schema import Episode
from comms.city import City
from comms.money import dollars
from comms.promises.schema import Promise

from .delivery import sums
from .model import Asked, Bar, Bars, Heading, Line, Report, Value, at, many, percent, short, spans
from .schema import ReportFigure
from .tallies import AGES, CONTACTS_OF, CURED_WITHIN, hour_of, local_day

KEPT = ("kept", "kept_late", "kept_short")
DECIDED = (*KEPT, "partial", "broken")
"""What a promise came to by money, or the lack of it; one that was withdrawn or replaced is not judged."""
WEEK = 7
"""Days up to which promises are told day by day: a day has few."""
ENOUGH = 20
"""With fewer on either side two shares are not compared."""
_WORDS = {
    "kept": "Kept", "kept_late": "Kept, late", "kept_short": "Kept, a little short", "partial": "Partly kept",
    "broken": "Broken",
}  # fmt: skip


def bounds(city: City, asked: Asked) -> tuple[datetime, datetime]:
    """The first instant of what was asked, and the first after it."""
    first, after = (
        datetime.combine(on, time(), city.zone).astimezone(UTC) for on in (asked.first, asked.last + timedelta(1))
    )
    return first, after


def promises(session: Session, city: City, asked: Asked) -> Report:
    """The share of promises that were kept, by the day on which it was decided."""
    by_day, cents = _decided(session, city, asked)
    total = sum(by_day.values(), Counter[str]())
    parts = spans(asked, by_day=WEEK)
    columns = [Counter[str]() for _ in parts]
    for on, counts in by_day.items():
        columns[at(parts, on)] += counts
    rows = tuple(
        (part.first, *(counts[state] for state in DECIDED), counts.total(), _share(counts))
        for part, counts in zip(parts, columns, strict=True)
        if counts
    )
    return Report(
        name="promises", title="Promises kept", finding=_promises_finding(session, city, asked, total, cents),
        note=(
            "Promises and arrangements by the day on which money, or the lack of it, decided them. Late: after the "
            "promised day, within the days of grace. What was withdrawn, replaced or settled by others is not judged."
        ),
        headings=(
            Heading("Day" if len(parts) == asked.days else "From", "day"),
            *(Heading(_WORDS[state], "number") for state in DECIDED), Heading("Decided", "number"),
            Heading("Kept of these", "share"),
        ),
        rows=rows,
        chart=Line(tuple((part.label, _share(counts)) for part, counts in zip(parts, columns, strict=True)))
        if rows else None,
    )  # fmt: skip


def _decided(session: Session, city: City, asked: Asked) -> tuple[dict[date, Counter[str]], Counter[str]]:
    """How many were decided each day by what they came to, and the cents promised in all."""
    first, after = bounds(city, asked)
    hour = hour_of(session, Promise.closed_at)
    statement = select(hour, Promise.status, func.count(), func.sum(Promise.promised_cents)).where(
        Promise.closed_at >= first, Promise.closed_at < after, Promise.status.in_(DECIDED)
    )
    if asked.policy is not None:
        statement = statement.join(Episode, Episode.id == Promise.episode_id).where(Episode.policy == asked.policy)
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    cents: Counter[str] = Counter()
    for at_hour, status, count, promised in session.execute(statement.group_by(hour, Promise.status)):
        on = local_day(at_hour, city.zone)
        assert on is not None
        by_day[on][status] += count
        cents[status] += int(promised)
    return by_day, cents


def _share(counts: Counter[str]) -> float | None:
    return sum(counts[state] for state in KEPT) / counts.total() if counts else None


def _promises_finding(session: Session, city: City, asked: Asked, total: Counter[str], cents: Counter[str]) -> str:
    share = _share(total)
    if share is None:
        return "No promise was decided in these days."
    kept = sum(cents[state] for state in KEPT)
    words = f"{percent(share)} of {many(total.total(), 'promise was', 'promises were')} kept, worth {dollars(kept)}"
    earlier = sum(_decided(session, city, asked.before)[0].values(), Counter[str]())
    before = _share(earlier)
    if before is None or min(earlier.total(), total.total()) < ENOUGH:
        return f"{words}."
    points = round((share - before) * 100)
    change = f"{'up' if points > 0 else 'down'} {abs(points)} points from" if points else "as many as in"
    return f"{words}; {change} the {asked.days} days before."


def aging(session: Session, _city: City, asked: Asked) -> Report:
    """Debt by its age, and how often those who owe it were written to: a picture of the last day that was counted."""
    latest = session.scalar(
        select(func.max(ReportFigure.on)).where(
            ReportFigure.figure == "aging", ReportFigure.on >= asked.first, ReportFigure.on <= asked.last
        )
    )
    accounts: dict[str, Counter[str]] = defaultdict(Counter)
    owed: Counter[str] = Counter()
    if latest is not None:
        for key, count, cents in sums(session, "aging", Asked(latest, latest, asked.policy), ReportFigure.key):
            age, _, contacts = key.rpartition(" ")
            accounts[age][contacts] += count
            owed[age] += int(cents)
    ages = [*(name for name, _ in AGES), "over 120", "unknown"]
    times = ("0", "1", "2", "3+")
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (_age(age), accounts[age].total(), owed[age], *(accounts[age][n] for n in times))
        for age in ages
        if accounts[age]
    )
    return Report(
        name="aging", title="Debt by age, against contacts", finding=_aging_finding(accounts, latest),
        note=(
            "Accounts that owe something, as they stood on the last day of these that was counted, by the age of the "
            f"oldest unpaid bill after its due date. Contacts are the notices that went out in the {CONTACTS_OF} days "
            "before. With a policy: the accounts in an episode of it."
        ),
        headings=(
            Heading("Oldest bill"), Heading("Accounts", "number"), Heading("Past due", "money"),
            Heading("Not written to", "number"), Heading("Once", "number"), Heading("Twice", "number"),
            Heading("Three times or more", "number"),
        ),
        rows=rows,
        chart=Bars(
            tuple(
                Bar(_age(age), accounts[age].total(), f"{accounts[age].total():,} · {dollars(owed[age])}")
                for age in ages
                if accounts[age]
            )
        ) if rows else None,
    )  # fmt: skip


def _age(name: str) -> str:
    return "Not known" if name == "unknown" else f"{name[0].upper()}{name[1:].replace('-', '–')} days"


def _aging_finding(accounts: dict[str, Counter[str]], latest: date | None) -> str:
    if latest is None or not accounts:
        return "Nobody owed anything." if latest else "The accounts were not counted in these days."
    total = sum(accounts.values(), Counter[str]())
    old = sum((accounts[age] for age in ("61-90", "91-120", "over 120")), Counter[str]())
    words = f"On {short(latest)}, {many(total.total(), 'account owed', 'accounts owed')} something"
    if not old:
        return f"{words}, none for more than 60 days."
    return f"{words}; {old.total():,} for more than 60 days, of whom {old['0']:,} had no notice in {CONTACTS_OF} days."


def cures(session: Session, _city: City, asked: Asked) -> Report:
    """Of the accounts that got a step, how many paid before the next one."""
    reached = {(row[0], row[1]): row[2:] for row in sums(session, "step", asked, ReportFigure.policy, ReportFigure.key)}
    cured = {(row[0], row[1]): row[2:] for row in sums(session, "cured", asked, ReportFigure.policy, ReportFigure.key)}
    names, titles = _steps(session)
    ordered = sorted(reached, key=lambda one: (one[0], names.get(one, (len(names), ""))[0], one[1]))
    rows = []
    for policy, step in ordered:
        (count, cents), (paid, paid_cents) = reached[policy, step], cured.get((policy, step), (0, 0))
        title = names.get((policy, step), (0, step.replace("-", " ").capitalize()))[1]
        rows.append((titles.get(policy, policy), title, count, paid, paid / count, int(cents), int(paid_cents)))
    return Report(
        name="cures", title="Paid after each step", finding=_cures_finding(rows, asked),
        note=(
            "Accounts by the step that reached them in these days. Paid: the debt was settled before the next step "
            f"and within {CURED_WITHIN} days; a step younger than that may still bring payments. Brought up to "
            "date each morning."
        ),
        headings=(
            Heading("Policy"), Heading("Step"), Heading("Accounts", "number"), Heading("Paid after it", "number"),
            Heading("Share", "share"), Heading("They owed", "money"), Heading("Of it settled", "money"),
        ),
        rows=tuple(rows),
        chart=Bars(
            tuple(Bar(_step_name(row, rows), row[4], f"{percent(row[4])} · {row[3]:,} of {row[2]:,}") for row in rows)
        ) if rows else None,
    )  # fmt: skip


def _step_name(row: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> str:
    """The step, behind its policy where there are several."""
    return str(row[1]) if len({one[0] for one in rows}) == 1 else f"{row[0]}: {row[1]}"


def _cures_finding(rows: list[tuple[Any, ...]], asked: Asked) -> str:
    if not rows:
        return "No step of a policy was taken in these days."
    reached, paid = sum(row[2] for row in rows), sum(row[3] for row in rows)
    steps = many(reached, "step was", "steps were")
    words = f"{paid:,} of {steps} followed by payment of the debt ({percent(paid / reached)})"
    large = [row for row in rows if row[2] >= ENOUGH]
    best = max(large, key=lambda row: row[4], default=None)
    if best is not None and len(large) > 1 and best[3]:
        among = "" if max(row[4] for row in rows) <= best[4] else f"of those that {ENOUGH} accounts or more got, "
        words += f"; {among}most often {_step_name(best, rows)}, with {percent(best[4])}"
    return f"{words}."


def in_short(title: str) -> str:
    """A policy's title up to its colon."""
    return title.partition(":")[0]


def _steps(session: Session) -> tuple[dict[tuple[str, str], tuple[int, str]], dict[str, str]]:
    """Where each step of each policy stands, and its title, and what each policy is called in short; the newest
    version that has it tells."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    titles: dict[str, str] = {}
    for (name, _), policy in sorted(versions.frozen(session).items(), key=lambda item: item[0]):
        found |= {(name, step.id): (number, step.name) for number, step in enumerate(policy.step)}
        titles[name] = in_short(policy.title)
    return found, titles

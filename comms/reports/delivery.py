"""What became of the notices: the funnel, messages a day, and what did not arrive."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.channels.errors import explain
from comms.channels.mail_house.nixies import nixies
from comms.city import City
from comms.outbox import State
from comms.outbox.claims import CARRIER_OF

from .model import CHANNELS, Asked, Bar, Bars, Heading, Report, Stacks, Value, at, channel, many, percent, spans
from .schema import ReportFigure
from .tallies import RESPONDS_WITHIN

CALLED_BACK = frozenset({State.CANCELLED, State.SUPERSEDED, State.SUPPRESSED})
WAITING = frozenset({State.HELD, State.QUEUED, State.CLAIMED, State.BATCHED})
ARRIVED = frozenset({State.DELIVERED, State.MAILED})
LEAVES_WITHIN = 31
"""Days: how long a message may have waited before it left."""
_STATES = {
    State.FAILED: "Not taken", State.UNDELIVERED: "Not delivered", State.BOUNCED: "Bounced",
    State.RETURNED: "Returned by the post office",
}  # fmt: skip


def sums(session: Session, figure: str, asked: Asked, *by: Any) -> list[tuple[Any, ...]]:
    """The counts and totals of a figure over the days and the policy asked for, by these columns."""
    statement = select(*by, func.sum(ReportFigure.count), func.sum(ReportFigure.total)).where(
        ReportFigure.figure == figure, ReportFigure.on >= asked.first, ReportFigure.on <= asked.last
    )
    if asked.policy is not None:
        statement = statement.where(ReportFigure.policy == asked.policy)
    rows = session.execute(statement.group_by(*by).order_by(*by))
    return [(*row[:-2], int(row[-2]), int(row[-1])) for row in rows]


def delivery(session: Session, _city: City, asked: Asked) -> Report:
    """Of the notices written in these days: how many left, arrived, and were followed by a word or a payment."""
    by_channel: dict[str, Counter[str]] = defaultdict(Counter)
    for name, state, count, _ in sums(session, "notice", asked, ReportFigure.channel, ReportFigure.key):
        counts = by_channel[name]
        counts["written"] += count
        counts["back"] += count if state in CALLED_BACK else 0
        counts["out"] += count if state not in CALLED_BACK | WAITING | {State.FAILED, State.UNKNOWN} else 0
        counts["arrived"] += count if state in ARRIVED else 0
    for name, key, count, _ in sums(session, "response", asked, ReportFigure.channel, ReportFigure.key):
        by_channel[name][key] += count
    total = sum(by_channel.values(), Counter[str]())
    names = ("written", "back", "out", "arrived", "wrote", "promised", "paid", "any")
    rows: list[tuple[Value, ...]] = [
        (channel(name), *(counts[key] for key in names)) for name, counts in sorted(by_channel.items())
    ]
    if len(rows) > 1:
        rows.append(("All", *(total[key] for key in names)))
    return Report(
        name="delivery", title="What became of the notices", finding=_delivery_finding(total),
        note=(
            "Notices written in these days, without copies for others and without single answers. A letter has arrived "
            "when the mail house mailed it and it has not come back. A customer's word, promise or payment counts "
            f"until the end of the {RESPONDS_WITHIN}th day after; it is brought up to date each morning."
        ),
        headings=(
            Heading("Channel"), Heading("Written", "number"), Heading("Called back before they left", "number"),
            Heading("Went out", "number"), Heading("Arrived", "number"), Heading("Customer wrote", "number"),
            Heading("Promised", "number"), Heading("Paid", "number"), Heading("Any of these", "number"),
        ),
        rows=tuple(rows), chart=_funnel(total) if rows else None,
    )  # fmt: skip


def _delivery_finding(total: Counter[str]) -> str:
    if not total["written"]:
        return "No notices were written in these days."
    if not total["out"]:
        return f"{many(total['written'], 'notice was', 'notices were')} written; none has left yet."
    arrived, did = total["arrived"] / total["out"], total["any"] / total["out"]
    return (
        f"{percent(arrived)} of the {many(total['out'], 'notice', 'notices')} that went out arrived; after "
        f"{percent(did)} the customer wrote, promised or paid within a week."
    )


def _funnel(total: Counter[str]) -> Bars:
    stages = (
        ("Written", "written"),
        ("Went out", "out"),
        ("Arrived", "arrived"),
        ("Customer wrote, promised or paid", "any"),
    )
    written = total["written"]
    return Bars(
        tuple(
            Bar(
                name,
                total[key],
                f"{total[key]:,}" + (f" · {percent(total[key] / written)}" if key != "written" else ""),
            )
            for name, key in stages
        )
    )


def sent(session: Session, _city: City, asked: Asked) -> Report:
    """Every message by the day it left: notices, answers, copies."""
    wider = Asked(asked.first - timedelta(LEAVES_WITHIN), asked.last, asked.policy)
    days = {asked.first + timedelta(n): Counter[str]() for n in range(asked.days)}
    texts = 0
    for key, name, count, segments in sums(session, "left", wider, ReportFigure.key, ReportFigure.channel):
        if (counts := days.get(date.fromisoformat(key))) is not None:
            counts[name] += count
            texts += segments
    total = sum(days.values(), Counter[str]())
    parts = spans(asked)
    columns = [Counter[str]() for _ in parts]
    for on, counts in days.items():
        columns[at(parts, on)] += counts
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (on, *(counts[name] for name in CHANNELS), counts.total()) for on, counts in days.items() if counts
    )
    return Report(
        name="sent", title="Messages a day", finding=_sent_finding(total, days, texts),
        note=(
            "Everything that left, by the day it left: notices, answers, and copies for others. A letter leaves when "
            "the mail house has it. Days on which nothing left are not in the table."
        ),
        headings=(
            Heading("Day", "day"), *(Heading(word, "number") for word in CHANNELS.values()), Heading("All", "number"),
        ),
        rows=rows,
        chart=Stacks(
            tuple(CHANNELS.values()),
            tuple((p.label, tuple(c[name] for name in CHANNELS)) for p, c in zip(parts, columns, strict=True)),
        ) if rows else None,
    )  # fmt: skip


def _sent_finding(total: Counter[str], days: dict[date, Counter[str]], segments: int) -> str:
    if not total:
        return "Nothing left in these days."
    name, most = total.most_common(1)[0]
    busiest = max(days, key=lambda on: days[on].total())
    words = f"{many(total.total(), 'message', 'messages')} left"
    if total.total() > most:
        words += f"; {percent(most / total.total())} of them by {channel(name).lower()}"
    words += f". The busiest day was {busiest:%b} {busiest.day} with {days[busiest].total():,}"
    return f"{words}. Texts cost {segments:,} segments." if total["sms"] else f"{words}."


def undeliverable(session: Session, _city: City, asked: Asked) -> Report:
    """Notices that did not arrive, by what the carrier or the post office said."""
    found = sums(session, "lost", asked, ReportFigure.channel, ReportFigure.key)
    written = sum(row[2] for row in sums(session, "notice", asked, ReportFigure.figure, ReportFigure.policy))
    ordered = sorted(found, key=lambda row: -row[2])
    rows = tuple(
        (channel(name), _STATES[State(state)], code or None, _meaning(name, code), count)
        for name, key, count, _ in ordered
        for state, _, code in [key.partition(" ")]
    )
    lost = sum(row[4] for row in rows)
    if not rows:
        finding = (
            "Every notice of these days arrived, or is still on its way." if written else "No notices were written."
        )
    else:
        finding = (
            f"{many(lost, 'notice', 'notices')} of {written:,} did not arrive ({percent(lost / written)}). "
            f"Most often: {_because(rows[0])}"
        )
    return Report(
        name="undeliverable", title="Notices that did not arrive", finding=finding,
        note=(
            "Notices written in these days, by the carrier's or the post office's reason. One that was tried on "
            "another channel afterwards is counted here all the same."
        ),
        headings=(
            Heading("Channel"), Heading("What happened"), Heading("Code"), Heading("Reason"),
            Heading("Notices", "number"),
        ),
        rows=rows,
        chart=Bars(tuple(Bar(_bar_name(row), row[4], f"{row[4]:,}") for row in rows[:8])) if rows else None,
    )  # fmt: skip


def _because(row: tuple[Any, ...]) -> str:
    reason = str(row[3] or row[1])
    return reason if reason.endswith(".") else f"{reason}."


def _bar_name(row: tuple[Any, ...]) -> str:
    """The channel and the first sentence of the reason."""
    return f"{row[0]}: {str(row[3] or row[1]).split('. ')[0].rstrip('.')}"


def _meaning(name: str, code: str) -> str:
    if not code:
        return "No reason was given."
    if name in ("sms", "email"):
        return explain(CARRIER_OF[name], code)[0]
    known = nixies().get(code)
    return f"{known.words[:1].upper()}{known.words[1:]}." if known else f"The mail house said {code}."

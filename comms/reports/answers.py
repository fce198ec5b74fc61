"""What customers say, and how soon they are answered; who does not want to be written to any more."""

from collections import Counter, defaultdict
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.accounts.schema import ConsentEvent
from comms.city import City

from .delivery import sums
from .model import CHANNELS, Asked, Bar, Bars, Heading, Report, Stacks, Value, at, channel, many, percent, spans
from .outcomes import bounds
from .schema import ReportFigure
from .tallies import SOON, hour_of, local_day, policy_at

BY_PERSON = (*(name for name, _ in SOON), "later")
_SOON = {
    "service": "The service, at once", "15 min": "Under 15 minutes", "1 h": "15 to 60 minutes", "4 h": "1 to 4 hours",
    "24 h": "4 to 24 hours", "later": "Over 24 hours", "waiting": "Still waiting", "none": "Wanted no answer",
}  # fmt: skip
_SOURCES = {
    "reply:sms": "Answered STOP by text", "reply:email": "Asked by email", "carrier": "Told by the carrier",
    "one_click": "Unsubscribe link of an email", "import": "Came with the billing system",
}  # fmt: skip


def replies(session: Session, _city: City, asked: Asked) -> Report:
    """Customers' messages by how soon each was answered, by the service or by a person."""
    counts: Counter[str] = Counter()
    by_channel: dict[str, Counter[str]] = defaultdict(Counter)
    for name, key, count, _ in sums(session, "reply", asked, ReportFigure.channel, ReportFigure.key):
        counts[key] += count
        by_channel[name][key] += count
    names = sorted(by_channel)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (words, *(by_channel[name][key] for name in names), counts[key]) for key, words in _SOON.items() if counts[key]
    )
    return Report(
        name="replies", title="How soon customers are answered", finding=_replies_finding(counts),
        note=(
            "Texts and emails received in these days, by the time until the first answer of a person, or until a clerk "
            "closed the matter; where nobody was asked for, by the service's own answer. Nights and weekends count."
        ),
        headings=(
            Heading("Answered"), *(Heading(channel(name), "number") for name in names), Heading("All", "number"),
        ),
        rows=rows,
        chart=Bars(tuple(Bar(words, counts[key], f"{counts[key]:,}") for key, words in _SOON.items() if key != "none"))
        if rows else None,
    )  # fmt: skip


def _replies_finding(counts: Counter[str]) -> str:
    total = counts.total()
    if not total:
        return "No customer wrote in these days."
    by_person = sum(counts[key] for key in BY_PERSON)
    words = f"{many(total, 'message', 'messages')} came in; "
    words += f"the service answered {percent(counts['service'] / total)} itself"
    if by_person:
        soon = counts["15 min"] + counts["1 h"]
        words += (
            f", and of the {by_person:,} that people answered {percent(soon / by_person)} had an answer within an hour"
        )
    if counts["waiting"]:
        words += f"; {counts['waiting']:,} still {'waits' if counts['waiting'] == 1 else 'wait'}"
    return f"{words}."


def opt_outs(session: Session, city: City, asked: Asked) -> Report:
    """Opt-outs by day, channel and how we learned of them."""
    first, after = bounds(city, asked)
    hour = hour_of(session, ConsentEvent.at)
    statement = select(hour, ConsentEvent.channel, ConsentEvent.source, func.count()).where(
        ConsentEvent.action == "revoked", ConsentEvent.at >= first, ConsentEvent.at < after
    )
    if asked.policy is not None:
        statement = statement.where(policy_at(ConsentEvent.account_id, ConsentEvent.at) == asked.policy)
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    table: Counter[tuple[str, str]] = Counter()
    for at_hour, name, source, count in session.execute(
        statement.group_by(hour, ConsentEvent.channel, ConsentEvent.source)
    ):
        on = local_day(at_hour, city.zone)
        assert on is not None
        by_day[on][name] += count
        table[name, source] += count
    out = Counter({row[0]: row[1] for row in sums(session, "left", asked, ReportFigure.channel)})
    parts = spans(asked)
    columns = [Counter[str]() for _ in parts]
    for on, counts in by_day.items():
        columns[at(parts, on)] += counts
    rows = tuple((channel(name), _source(source), count) for (name, source), count in table.most_common())
    used = tuple(name for name in CHANNELS if any(counts[name] for counts in columns))
    return Report(
        name="opt-outs", title="Opt-outs", finding=_opt_outs_finding(table, out),
        note=(
            "Lines of the consent ledger that take consent back, by the day they were written. With a policy: of "
            "accounts that were in an episode of it at that time. The rate is of the messages written in these days."
        ),
        headings=(Heading("Channel"), Heading("How we learned of it"), Heading("Opt-outs", "number")),
        rows=rows,
        chart=Stacks(
            tuple(channel(name) for name in used),
            tuple((p.label, tuple(c[name] for name in used)) for p, c in zip(parts, columns, strict=True)),
        ) if rows else None,
    )  # fmt: skip


def _source(source: str) -> str:
    return _SOURCES.get(source) or source.replace(":", ", ").replace("_", " ").capitalize()


def _opt_outs_finding(table: Counter[tuple[str, str]], out: Counter[str]) -> str:
    if not table:
        return "Nobody opted out in these days."
    total = table.total()
    texts = sum(count for (name, _), count in table.items() if name == "sms")
    words = many(total, "opt-out", "opt-outs")
    if texts and out["sms"]:
        words += (
            f"{'' if texts == total else f', {texts:,}'} by text: {texts * 1000 / out['sms']:.1f} for every 1,000 texts"
        )
    return f"{words}."

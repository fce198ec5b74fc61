"""Conditions as questions to one account: each rule becomes a check that finds nothing, or a reason.

What the calendar settles is settled when the rules of a day are put together; a check asks only for what differs from
account to account. A fact that is not known counts against the act, and the reason says "not known".
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from comms.city import City
from comms.money import dollars

from .facts import Action, ActiveHold, Facts, Occasion, Purpose, Reason, Verdict
from .hours import next_opening, together, zones_of_phone, zones_of_zip
from .loading import Rule
from .model import WEEKDAYS, Applies, Contacts, DayKind, FactTest
from .words import FACTS, day_of_year, value_of

BESIDE_A_HOLD = 500
"""Cents of debt beside a held one that are left alone when no policy says how much (office policy): a late fee of a few
dollars must not dun a customer who keeps to what was agreed."""

NOT_KNOWN = "not known"

Finding = tuple[Reason, date | None]
"""A reason, and the day on which it may have gone, where that is known."""
Check = Callable[[Facts, Occasion, int | None], Sequence[Finding]]
Wait = Callable[[Facts, Occasion, datetime], tuple[datetime, str] | None]
"""At an instant: None, or when to look again and what was seen."""
Guard = Callable[[Facts, Occasion], str | None]
"""None when the rule is not about this account; else what was seen, perhaps nothing."""
Ask = Callable[[Facts, Occasion], tuple[str, str, date | None] | None]
"""None when the condition does not hold; else the fact, its value and when it may have changed."""


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """The rules that bear on one kind of act on one day, as checks in the order in which their reasons are told."""

    checks: tuple[Check, ...]
    waits: tuple[tuple[Rule, Wait], ...]


def stand(
    rules: Sequence[Rule], city: City, known_holds: Collection[str], purpose: Purpose, action: Action, channel: str,
    day: date,
) -> Standing:  # fmt: skip
    """Put the rules of a day together."""

    def about(rule: Rule) -> Guard | None:
        matching = [
            to
            for to in rule.text.applies
            if action in to.action
            and (action is not Action.NOTICE or not to.purpose or purpose in to.purpose)
            and (not to.channel or channel in to.channel)
        ]
        return None if any(not to.service and not to.service_class for to in matching) else _guard(matching)

    today = [rule for rule in rules if _in_season(rule, day)]
    checks: list[Check] = []
    holds = {kind: (rule, about(rule)) for rule in today for kind in rule.text.when.hold or ()}
    unknown = next((rule for rule in today if rule.text.when.hold_of_no_rule), None)
    if holds or unknown:
        checks.append(_holds(holds, unknown, frozenset(known_holds)))
    for condition, check in (("consent", _consent), ("address", _address), ("owes", _owes), ("contacts", _contacts)):
        for rule in today:
            if getattr(rule.text.when, condition):
                checks.append(_guarded(check(rule, channel, city), about(rule)))
    for rule in today:
        if set(rule.text.when.given) & {"fact", "weather", "announces_sooner_than", "always"} or (
            rule.text.effect == "suppress" and rule.text.when.given == ("season",)
        ):
            checks.append(_guarded(_all_of(rule, city, day), about(rule)))
    waits = [(rule, _waiting(rule, city, channel, day, about(rule))) for rule in today if rule.text.effect == "defer"]
    return Standing(tuple(checks), tuple((rule, wait) for rule, wait in waits if wait))


def _in_season(rule: Rule, day: date) -> bool:
    season = rule.text.when.season
    return season is None or season.on == "announces" or season.holds(day)


def _reason(rule: Rule, fact: str, value: str, *, called: str = "") -> Reason:
    if rule.text.establish:
        value = f"{value}. To establish first: {rule.text.establish}"
    verdict = Verdict.SUPPRESS if rule.text.effect == "suppress" else Verdict.DEFER
    return Reason(called or rule.id, verdict, fact, value, rule.citation)


def _guard(matching: Sequence[Applies]) -> Guard:
    """Whether the rule is about this account's class and the services of the act."""

    def ask(facts: Facts, occasion: Occasion) -> str | None:
        for to in matching:
            if to.service_class and facts.service_class and facts.service_class not in to.service_class:
                continue
            seen = f"class {NOT_KNOWN}" if to.service_class and not facts.service_class else ""
            if not to.service:
                return seen
            services = occasion.services or facts.services_past_due
            if services is None:
                return ", ".join(filter(None, (seen, f"services past due {NOT_KNOWN}")))
            among = [service in to.service for service in services]
            if any(among) if occasion.services or to.combined == "any" else all(among):
                return seen
        return None

    return ask


def _guarded(check: Check, guard: Guard | None) -> Check:
    if guard is None:
        return check

    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        seen = guard(facts, occasion)
        if seen is None:
            return ()
        found = check(facts, occasion, settled_at)
        if not seen:
            return found
        return [
            (Reason(r.rule, r.verdict, r.fact, f"{r.value} ({seen})", r.citation), again) for r, again in found
        ]  # fmt: skip

    return ask


def _holds(holds: dict[str, tuple[Rule, Guard | None]], unknown: Rule | None, known: frozenset[str]) -> Check:
    """The holds that stand against it, in the order of the facts. Those that cover an amount stand until more than the
    policy leaves alone is owed beside all of their amounts together: a pledge and a promise may share a debt."""

    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        if not facts.holds:
            return ()
        left_alone = BESIDE_A_HOLD if settled_at is None else settled_at
        standing = []
        for hold in facts.holds:
            rule, guard = holds.get(hold.kind, (None if hold.kind in known else unknown, None))
            if rule is not None and (guard is None or guard(facts, occasion) is not None):
                standing.append((hold, rule))
        parts = [hold for hold, _ in standing if hold.amount_cents is not None]
        covered, until = _covered(parts, facts.owed_cents - left_alone) if parts else (False, None)
        found = []
        for hold, rule in standing:
            if hold.amount_cents is not None and not covered:
                continue
            last = hold.ends_on if hold.amount_cents is None else until
            again = last + timedelta(1) if last else None
            found.append((_reason(rule, "hold", _hold_in_words(hold)), again))
        return found

    return ask


def _covered(parts: Sequence[ActiveHold], cents: int) -> tuple[bool, date | None]:
    """Whether these amounts together come to ``cents``, and until when, as they end one after the other; None when
    nobody knows."""
    held = sum(hold.amount_cents or 0 for hold in parts)
    if held < cents:
        return False, None
    for hold in sorted(parts, key=lambda hold: hold.ends_on or date.max):
        held -= hold.amount_cents or 0
        if held < cents:
            return True, hold.ends_on
    return True, None


def _hold_in_words(hold: ActiveHold) -> str:
    ends = f"until {hold.ends_on}" if hold.ends_on else "open-ended"
    return f"{hold.kind}, {ends}" + (f", for {dollars(hold.amount_cents)}" if hold.amount_cents is not None else "")


def _consent(rule: Rule, channel: str, _: City) -> Check:
    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        said = facts.blocked_channels.get(channel)
        return () if said is None else ((_reason(rule, f"{channel} consent", said), None),)

    return ask


def _address(rule: Rule, channel: str, _: City) -> Check:
    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        if facts.addresses.get(channel) or channel in facts.blocked_channels:
            return ()
        why = facts.unreachable.get(channel, "none on file")
        return ((_reason(rule, f"{channel} address", why), None),)

    return ask


def _owes(rule: Rule, channel: str, _: City) -> Check:
    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        if facts.past_due_cents - facts.paid_since_cents > (settled_at or 0):
            return ()
        value = f"past due {dollars(facts.past_due_cents)}, paid since {dollars(facts.paid_since_cents)}"
        return ((_reason(rule, "balance", value), None),)

    return ask


def _contacts(rule: Rule, channel: str, city: City) -> Check:
    cap = rule.text.when.contacts
    assert cap is not None
    return contact_cap(cap, city, lambda value: _reason(rule, "contacts", value))


def contact_cap(cap: Contacts, city: City, reason: Callable[[str], Reason]) -> Check:
    """So many contacts in so many days. It is over when the oldest that is one too many falls out of the window."""
    window, most = timedelta(cap.within_days), cap.at_least

    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        if len(facts.recent_contacts) < most:
            return ()
        at = occasion.at
        within = sorted(contact for contact in facts.recent_contacts if at - window < contact <= at)
        if len(within) < most:
            return ()
        value = f"{len(within)} contacts with the household in {cap.within_days} days, at most {most}"
        return ((reason(value), city.local_date(within[len(within) - most] + window)),)

    return ask


def _all_of(rule: Rule, city: City, day: date) -> Check:
    """Every condition of the rule holds."""
    when = rule.text.when
    asks: list[Ask] = [_fact(test) for test in when.fact]
    if when.weather:
        asks.append(_weather(when.weather.alerts, timedelta(hours=when.weather.stale_after_hours), city, day))
    if when.announces_sooner_than:
        asks.append(_sooner(when.announces_sooner_than.days, when.announces_sooner_than.count, city, day))
    if when.season:
        season = when.season
        last = season.ends(day)
        words = f"{day_of_year(season.first)} to {day_of_year(season.last)}"

        def in_season(facts: Facts, occasion: Occasion) -> tuple[str, str, date | None] | None:
            if season.on == "day":
                return "day", f"{day} lies in {words}", last + timedelta(1)
            if occasion.announces is None or not season.holds(occasion.announces):
                return None
            return "announced day", f"{occasion.announces} lies in {words}", None

        asks.append(in_season)
    if when.always:
        asks.append(lambda facts, occasion: ("service", ", ".join(_services(facts, occasion)), None))

    def ask(facts: Facts, occasion: Occasion, settled_at: int | None) -> Sequence[Finding]:
        seen = []
        for one in asks:
            answer = one(facts, occasion)
            if answer is None:
                return ()
            seen.append(answer)
        value = "; ".join(value for _, value, _ in seen)
        again = min((date for _, _, date in seen if date), default=None)
        return ((_reason(rule, seen[0][0], value), again),)

    return ask


def _services(facts: Facts, occasion: Occasion) -> tuple[str, ...]:
    return occasion.services or facts.services_past_due or (NOT_KNOWN,)


def _fact(test: FactTest) -> Ask:
    name, words = test.fact, FACTS[test.fact]

    def ask(facts: Facts, occasion: Occasion) -> tuple[str, str, date | None] | None:
        value: Any = getattr(facts, name)
        return (words, value_of(name, value), None) if test.holds(value) else None

    return ask


def _weather(alerts: Collection[str], stale: timedelta, city: City, day: date) -> Ask:
    """An alert in force, or a feed that does not say because it is old or was never read."""
    names = {alert.casefold() for alert in alerts}
    tomorrow = day + timedelta(1)

    def ask(facts: Facts, occasion: Occasion) -> tuple[str, str, date | None] | None:
        weather = facts.weather
        if weather is None or weather.issued_at is None:
            return "weather", f"{NOT_KNOWN}: the feed was never read", tomorrow
        if found := sorted(alert for alert in weather.alerts if alert.casefold() in names):
            return "weather", ", ".join(found), tomorrow
        if occasion.at - weather.issued_at > stale:
            return "weather", f"{NOT_KNOWN}: the feed is of {_local(city.zone, weather.issued_at)}", tomorrow
        return None

    return ask


def _sooner(days: int, count: str, city: City, day: date) -> Ask:
    least = city.add_business_days(day, days) if count == "business" else day + timedelta(days)
    unit = "business days" if count == "business" else "days"

    def ask(facts: Facts, occasion: Occasion) -> tuple[str, str, date | None] | None:
        if occasion.announces is None or occasion.announces >= least:
            return None
        return "announced day", f"{occasion.announces}, less than {days} {unit} after {day}", None

    return ask


def _waiting(rule: Rule, city: City, channel: str, day: date, guard: Guard | None) -> Wait | None:
    """The rule's wait, or None when nothing of it can stand on ``day``."""
    when = rule.text.when
    seen = _day_in_words(when.day, city, day) if when.day else None
    if when.day and seen is None:
        return None
    hours = when.hours

    def ask(facts: Facts, occasion: Occasion, at: datetime) -> tuple[datetime, str] | None:
        if guard and guard(facts, occasion) is None:
            return None
        if hours is None:
            return datetime.combine(day + timedelta(1), time(0), city.zone).astimezone(at.tzinfo), seen or ""
        groups = []
        if "address" in hours.zones:
            groups.append(zones_of_zip(facts.service_zip))
        if channel == "sms" and "phone" in hours.zones:
            groups.append(zones_of_phone(facts.addresses.get(channel, "")))
        opens = next_opening(together(city.time_zone, *groups), at, hours.opens, hours.closes)
        return (opens, _local(city.zone, at)) if opens else None

    return ask


@lru_cache(maxsize=1024)
def _local(zone: ZoneInfo, at: datetime) -> str:
    """An instant as the clock of a zone shows it; a night asks it of one instant for every account."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _day_in_words(kinds: Collection[DayKind], city: City, day: date) -> str | None:
    """What ``day`` is, of the kinds that are asked for; None when it is none of them."""
    weekday = WEEKDAYS[day.weekday()]
    seen = [weekday.capitalize()] if weekday in kinds else []
    if "holiday" in kinds and city.is_holiday(day):
        seen.append(city.holidays(day.year)[day])
    tomorrow = day + timedelta(1)
    if "day_before_holiday" in kinds and city.is_holiday(tomorrow):
        seen.append(f"the day before {city.holidays(tomorrow.year)[tomorrow]}")
    if "office_closed" in kinds and not seen and not city.is_business_day(day):
        seen.append("the office is closed")
    return f"{day}: {', '.join(seen)}" if seen else None

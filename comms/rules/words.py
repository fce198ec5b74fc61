"""Rules in words: what a rule is about, when it stands, what it does, as a clerk reads it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from comms.money import dollars

from .model import Applies, FactTest, Hours, RequirementText, RuleText, Season, When

FACTS = {
    "status": "account status",
    "service_class": "class",
    "occupancy": "owner or tenant",
    "affects_heat": "primary heat source affected",
    "past_due_cents": "past due",
    "owed_cents": "still owed",
}
OPERATORS = {
    "is": "is", "is_not": "is not", "in": "is one of", "at_least": "is at least", "at_most": "is at most",
}  # fmt: skip
ZONES = {"city": "the city", "address": "the service address", "phone": "the phone's area code"}
DAYS = {
    "holiday": "a holiday",
    "day_before_holiday": "the day before a holiday",
    "office_closed": "a day the office is closed",
}
ACTS = {"notice": "notices", "disconnect": "disconnections", "refer": "referrals (tax list, agency)"}
CHANNELS = {"sms": "text", "email": "email", "letter": "letter", "field": "visit"}


def value_of(fact: str, value: Any) -> str:
    """A fact's value as a clerk reads it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return dollars(value) if fact.endswith("_cents") else str(value)


def day_of_year(month_day: tuple[int, int]) -> str:
    """``October 1``."""
    return f"{date(2000, *month_day):%B} {month_day[1]}"


def several(words: Sequence[str], last: str = "or") -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def about(applies: Sequence[Applies]) -> str:
    """What a rule is about."""
    return "; and ".join(_about(to) for to in applies)


def _about(to: Applies) -> str:
    acts = several([ACTS[action] for action in to.action], "and")
    purposes = f" that are {several([purpose.value for purpose in to.purpose])}" if to.purpose else ""
    channels = f" by {several([CHANNELS[channel] for channel in to.channel])}" if to.channel else ""
    services = f" of {several(to.service)}" if to.service else ""
    classes = f", {several(to.service_class)} accounts" if to.service_class else ""
    return f"{acts}{purposes}{channels}{services}{classes}"


def condition(when: When) -> str:
    """When the rule stands: everything that it names, joined."""
    said: list[str] = []
    if when.hold:
        said.append(f"a hold of kind {several(when.hold)} is in force and covers what is owed")
    if when.hold_of_no_rule:
        said.append("a hold is in force whose kind no rule knows")
    if when.consent:
        said.append("the customer has opted out of this channel")
    if when.address:
        said.append("there is no address to write to on this channel")
    if when.owes:
        said.append("what is owed, after payments, is no more than the policy leaves alone")
    if when.contacts:
        most, days = when.contacts.at_least, when.contacts.within_days
        said.append(f"the household was contacted {most} times or more in the last {days} days")
    said += [_test(test) for test in when.fact]
    if when.weather:
        hours = when.weather.stale_after_hours
        said.append(
            f"{several(when.weather.alerts)} is in force in the county, or the feed is older than {hours} hours or "
            "was never read"
        )
    if when.announces_sooner_than:
        days, unit = when.announces_sooner_than.days, when.announces_sooner_than.count
        said.append(f"the disconnection date announced is less than {days} {unit} days away")
    if when.season:
        said.append(season(when.season))
    if when.day:
        said.append(f"the day is {several([DAYS.get(kind, f'a {kind.capitalize()}') for kind in when.day])}")
    if when.hours:
        said.append(_hours(when.hours))
    if when.always:
        said.append("always")
    return ", and ".join(said)


def season(given: Season) -> str:
    """From when to when, and which date it is about."""
    whose = "the day" if given.on == "day" else "the disconnection date that the notice announces"
    return f"{whose} lies in {day_of_year(given.first)} to {day_of_year(given.last)}"


def _test(test: FactTest) -> str:
    ((name, wanted),) = test.operator.items()
    words = several([str(one) for one in wanted]) if name == "in" else value_of(test.fact, wanted)
    return f"{FACTS[test.fact]} {OPERATORS[name]} {words}, or is not known"


def _hours(hours: Hours) -> str:
    where = several([ZONES[zone] for zone in hours.zones], "and")
    return f"it is not between {hours.opens:%H:%M} and {hours.closes:%H:%M} in the time zone of {where}, all of them"


def effect(text: RuleText) -> str:
    """What the rule does when it stands."""
    if text.effect == "suppress":
        return "it is not done"
    return "it waits until the hours open" if text.when.hours else "it waits until the next day that is allowed"


def dates(text: Any) -> str:
    """From when to when the words stand."""
    if text.from_ and text.to:
        return f"from {text.from_} to {text.to}"
    if text.from_:
        return f"from {text.from_}"
    return f"to {text.to}" if text.to else "at all times"


def clock(text: RequirementText) -> str:
    """How long a disconnection waits after its notice; nothing when it need not."""
    unit = "business days" if text.count == "business" else "days"
    return f"{text.days} {unit} from the mailing to the disconnection" if text.days else ""


def copies(text: RequirementText) -> str:
    """Who else gets the notice."""
    return several([kind.replace("_", " ") for kind in text.copies], "and") if text.copies else ""

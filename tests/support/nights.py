"""Nights of the pure engine: an account as policies see it, where it stands, and a night with policies in use."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from comms.campaigns.night import Contacts, Night, Position, PromiseEnd, Subject, Taken
from comms.campaigns.policies import Policy, declared_order, load_policy, parse_policy
from comms.city import load_city
from comms.rules import Facts, Weather, rulebook_of

CELL, EMAIL, LETTER = "+12185550123", "anna@example.org", "118 E 4th St, Duluth MN 55805"
PURPOSES = {"past-due-reminder": "dunning", "disconnect-notice": "legal", "final-notice": "legal"}


def at(day: date, hour: int = 16) -> datetime:
    """An instant of that day: at 16 UTC it is forenoon in Duluth and in Kent."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def night(on: date, *policies: Policy, city: str = "duluth-mn", hour: int = 16, **given: Any) -> Night:
    """A night of the city on which these policies are in use, or those that it ships with."""
    where = load_city(city)
    used = policies or tuple(load_policy(where, name) for name in declared_order(where))
    frozen = {(policy.policy, policy.version): policy for policy in used}
    now = at(on, hour)
    about: dict[str, Any] = {"policies": used, "frozen": frozen, "purposes": PURPOSES, **given}
    return Night(where, rulebook_of(where), now, where.local_date(now), **about)


def subject(**given: Any) -> Subject:
    """A residential account with $100 past due since October 1, 2026, that can be reached on every channel."""
    own = {name: given.pop(name) for name in Subject.__slots__ if name in given and name != "facts"}
    facts: dict[str, Any] = {
        "status": "active", "past_due_cents": 10000, "paid_since_cents": 0,
        "addresses": {"sms": CELL, "email": EMAIL, "letter": LETTER}, "service_class": "residential",
        "occupancy": "owner", "affects_heat": False, "service_past_due": {"water": 10000}, "service_zip": "55805",
        "weather": Weather(at(date(2026, 6, 1))), **given,
    }  # fmt: skip
    about: dict[str, Any] = {
        "account_id": 1, "number": "0000123-47", "household": "h1", "customer_number": "c1", "language": "en",
        "oldest_due_on": date(2026, 10, 1), "facts_version": 1, **own,
    }  # fmt: skip
    return Subject(facts=Facts(**facts), **about)


def taken(step: str, on: date, *, counts: date | None = None, standing: str = "counts", occurrence: int = 1) -> Taken:
    """A step that was decided on a day, and counts since the same day unless another is given."""
    since = at(counts or on) if standing == "counts" else None
    return Taken(step, occurrence, at(on), standing, since)  # type: ignore[arg-type]


def running(policy: Policy, *steps: Taken, promise: PromiseEnd | None = None, **given: Any) -> Position:
    """An open episode of the policy with these steps behind it."""
    opened = min((step.decided_at for step in steps), default=at(date(2026, 10, 6)))
    about: dict[str, Any] = {"arm": None, "opened_at": opened, **given}
    return Position(1, policy.policy, policy.version, taken=tuple(steps), promise=promise, **about)


def contacts(*instants: datetime, household: str = "h1") -> Contacts:
    """Contacts that the household has had."""
    made = Contacts()
    for number, instant in enumerate(instants):
        made.add(household, None, None, instant, ("before", number))
    return made


def policy(text: str, *, enter: str = "", version: int = 1) -> Policy:
    """A policy of a test's own steps, for residential accounts of $25 and more, and further conditions."""
    head = HEAD.replace("oldest_due_days = 5", f"oldest_due_days = 5, {enter}" if enter else "oldest_due_days = 5")
    return parse_policy(head.replace("version = 1", f"version = {version}") + text, "test.toml")


def days(first: date, count: int) -> Sequence[date]:
    """So many days in a row."""
    return [first + timedelta(days=number) for number in range(count)]


HEAD = """
policy = "late-bills"
version = 1
title = "Late bills"
effective = { from = 2026-10-01 }
enter = { class = "residential", past_due_at_least = 25.00, oldest_due_days = 5 }
exit = { past_due_at_most = 5.00 }
"""

STEPS = """
[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms", "email", "letter"] }
[[step]]
id = "notice"
notice = "disconnect-notice"
after = { step = "reminder", days = 10 }
send = { all_of = ["letter"], also = ["sms"] }
required = true
counts_when = "mailed"
disconnect_after_days = 30
[[step]]
id = "final"
notice = "final-notice"
after = { step = "notice", days = 14 }
send = { all_of = ["letter"] }
required = true
disconnect_after_days = 30
[[step]]
id = "order"
action = "field_order"
after = { step = "final", days = 5 }
require = { steps = ["notice", "final"], days = 20 }
"""
"""A reminder, two letters, and the order to disconnect."""

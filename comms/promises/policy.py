"""What the office accepts as a promise, and the best it can offer instead. Data: ``cities/<city>/promises.toml``."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from comms.city import City


class PolicyError(ValueError):
    """A promise policy that cannot be used; the message names the file, the key and what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Limits(_Section):
    """What a customer may promise without a clerk."""

    horizon_days: int = Field(default=30, ge=1, le=365)
    minimum_share_percent: int = Field(default=25, ge=1, le=100)
    minimum_cents: int = Field(default=1000, ge=0)
    parts: int = Field(default=4, ge=1, le=24)
    broken: int = Field(default=2, ge=1)
    broken_within_days: int = Field(default=365, ge=1)


class Keeping(_Section):
    """When a promise counts as kept. Grace is in calendar days, then on to a business day."""

    grace_days: int = Field(default=1, ge=0, le=30)
    tolerance_cents: int = Field(default=100, ge=0)
    tolerance_percent: int = Field(default=1, ge=0, le=100)


class Policy(_Section):
    """The promise policy of one city; ``version`` is stored with every promise made under it."""

    version: str = Field(default="default", min_length=1)
    limits: Limits = Limits()
    keeping: Keeping = Keeping()

    def minimum(self, past_due_cents: int) -> int:
        """The least a promise may come to, in cents: the share, at least ``minimum_cents``, never more than is due."""
        share = -(-past_due_cents * self.limits.minimum_share_percent // 100)
        return min(past_due_cents, max(share, self.limits.minimum_cents))


@dataclass(frozen=True, order=True)
class Part:
    """One dated amount of a promise."""

    due_on: date
    amount_cents: int


@dataclass(frozen=True)
class Verdict:
    """What becomes of an offer: take it (no reasons), offer ``counter`` instead, or leave it to a clerk."""

    reasons: tuple[str, ...] = ()
    """``too_late``, ``too_little``, ``too_many_parts``, ``too_many_broken``, ``nothing_due`` or ``in_the_past``."""
    counter: tuple[Part, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.reasons


def consider(
    policy: Policy, city: City, parts: Sequence[Part], *, today: date, past_due_cents: int, broken_before: int
) -> Verdict:
    """Hold an offer against the policy.

    The best allowed counter-offer keeps what can be kept: a date too far away becomes the last business day within
    the horizon, too small a sum becomes the minimum with the last part. ``broken_before`` counts the account's broken
    promises within ``broken_within_days``.
    """
    limits = policy.limits
    if past_due_cents <= 0:
        return Verdict(("nothing_due",))
    if broken_before >= limits.broken:
        return Verdict(("too_many_broken",))
    if len(parts) > limits.parts:
        return Verdict(("too_many_parts",))
    if not parts or min(part.due_on for part in parts) < today or min(part.amount_cents for part in parts) <= 0:
        return Verdict(("in_the_past",))
    reasons: list[str] = []
    offer = sorted(parts)
    latest = _latest(city, today, limits.horizon_days)
    if offer[-1].due_on > today + timedelta(limits.horizon_days):
        reasons.append("too_late")
        offer = _merged(replace(part, due_on=min(part.due_on, latest)) for part in offer)
    short = policy.minimum(past_due_cents) - sum(part.amount_cents for part in offer)
    if short > 0:
        reasons.append("too_little")
        offer[-1] = replace(offer[-1], amount_cents=offer[-1].amount_cents + short)
    return Verdict(tuple(reasons), tuple(offer) if reasons else ())


def _latest(city: City, today: date, horizon_days: int) -> date:
    """The last business day within the horizon; the horizon's own last day when there is none."""
    last = today + timedelta(horizon_days)
    days = (last - timedelta(back) for back in range(horizon_days))
    return next((day for day in days if city.is_business_day(day)), last)


def _merged(parts: Iterable[Part]) -> list[Part]:
    """Parts that fell on one day as one part, by date."""
    by_day: dict[date, int] = {}
    for part in parts:
        by_day[part.due_on] = by_day.get(part.due_on, 0) + part.amount_cents
    return [Part(day, cents) for day, cents in sorted(by_day.items())]


def load_policy(city: City) -> Policy:
    """The city's promise policy; the defaults when it has no file. Raises ``PolicyError``, one line a fault."""
    return _load(city.folder / "promises.toml")


@cache
def _load(path: Path) -> Policy:
    if not path.is_file():
        return Policy()
    try:
        return Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: not readable as TOML: {error}") from None
    except ValidationError as error:
        raise PolicyError(_complaints(path, error)) from None


def _complaints(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        *above, key = [str(step) for step in problem["loc"]] or ["policy"]
        said = problem["msg"]
        if problem["type"] == "extra_forbidden":
            sections: dict[str, type[_Section]] = {"limits": Limits, "keeping": Keeping}
            section = sections.get(above[0] if above else "", Policy)
            said = f"is not a key of a promise policy; allowed here: {', '.join(section.model_fields)}"
        lines.append(f"{path}: {'.'.join([*above, key])}: {said}")
    return "\n".join(lines)

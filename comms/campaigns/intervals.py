"""Shares and waiting times with the range in which the truth lies in 19 cases of 20. Pure arithmetic.

- A share: Wilson's score interval (E. B. Wilson, 1927), which holds for few cases and near 0 and 1.
- The difference of two shares: R. G. Newcombe, Statistics in Medicine 17 (1998), method 10.
- A median of waiting times of which some have not ended: E. L. Kaplan and P. Meier (1958); its range are the times at
  which the curve's interval on the log-log scale, with Greenwood's variance, holds one half.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, log, sqrt

Z = 1.959963984540054
"""Of 95 percent, on both sides of the normal distribution."""
Z_POWER = 0.8416212335729143
"""Of 80 percent, on one side: how surely a difference that exists is to be seen."""


@dataclass(frozen=True)
class Share:
    """So many of so many, with its range; all between 0 and 1. ``rate`` is None where there are none."""

    count: int
    of: int
    low: float = 0.0
    high: float = 1.0

    @property
    def rate(self) -> float | None:
        return self.count / self.of if self.of else None


@dataclass(frozen=True)
class Difference:
    """The second share less the first, with its range; ``value`` is None where one of them is of nobody."""

    value: float | None
    low: float = -1.0
    high: float = 1.0

    @property
    def tells(self) -> bool:
        """Whether the range leaves out that there is no difference at all."""
        return self.value is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Median:
    """When half have ended, in the unit of the times; None where that is not seen yet. The range may be open."""

    value: float | None
    low: float | None
    high: float | None
    ended: int
    going_on: int


def share(count: int, of: int) -> Share:
    """``count`` of ``of``, with Wilson's interval."""
    if not of:
        return Share(count, of)
    rate, square = count / of, Z * Z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    return Share(count, of, 0.0 if count == 0 else middle - half, 1.0 if count == of else middle + half)


def difference(first: Share, second: Share) -> Difference:
    """``second`` less ``first``, with Newcombe's interval."""
    one, two = first.rate, second.rate
    if one is None or two is None:
        return Difference(None)
    value = two - one
    down = sqrt((two - second.low) ** 2 + (first.high - one) ** 2)
    up = sqrt((second.high - two) ** 2 + (one - first.low) ** 2)
    return Difference(value, value - down, value + up)


def wanted(first: float, second: float, part: float) -> int:
    """How many cases in all it takes to see a difference between these two rates in four cases of five, when ``part``
    of them go to the second. Both rates lie between 0 and 1 and differ."""
    mean = first * (1 - part) + second * part
    alike = sqrt(mean * (1 - mean) * (1 / (1 - part) + 1 / part))
    apart = sqrt(first * (1 - first) / (1 - part) + second * (1 - second) / part)
    return ceil(((Z * alike + Z_POWER * apart) / (second - first)) ** 2)


def median(times: Iterable[tuple[float, bool]]) -> Median:
    """The median of waiting times, each with whether it ended; those that did not are known to be longer."""
    ended: Counter[float] = Counter()
    going_on: Counter[float] = Counter()
    for time, over in times:
        (ended if over else going_on)[time] += 1
    left = ended.total() + going_on.total()
    alive, variance = 1.0, 0.0
    value = low = high = None
    for time in sorted(ended | going_on):
        if events := ended[time]:
            alive *= 1 - events / left
            variance += events / (left * (left - events)) if left > events else 0.0
            down, up = _around(alive, variance)
            value = time if value is None and alive <= 0.5 else value
            low = time if low is None and down <= 0.5 else low
            high = time if high is None and up <= 0.5 else high
        left -= events + going_on[time]
    return Median(value, low, high, ended.total(), going_on.total())


def _around(alive: float, variance: float) -> tuple[float, float]:
    """The interval around a share of survivors."""
    if alive <= 0.0:
        return 0.0, 0.0
    wide = Z * sqrt(variance) / log(alive)
    return alive ** exp(-wide), alive ** exp(wide)

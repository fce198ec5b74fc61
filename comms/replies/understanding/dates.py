"""Date expressions: where they stand in a message, and which day each means.

``find`` reads a message from left to right and takes the longest expression at each place. An expression is resolved
later, because some need the instalment before them (``the following friday``).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from . import calendar as cal
from .date_names import AGO, NTH, WEEKDAY, NamedDays
from .date_reading import Found, Resolve, beginnings
from .number_words import ORDINALS, SMALL, TENS
from .spelling import MONTHS
from .wordlists import words

_BEGINNINGS = (
    words(
        "before antes after despues past sometime right the el la los on a an couple unos algunos un few in next this "
        "last beginning start early first principios late later fin finales final any proxima proximo otra semana week "
        "tomorrow manana not no end one two morning"
    )
    | frozenset((*WEEKDAY, *MONTHS, *SMALL, *TENS, *ORDINALS, *NTH))
    | beginnings()
)
"""The words that an expression can begin with: most words of a message need no further look."""
_WHOLE = frozenset({"todo", "completo", "mitad", "half", "full", "dollars"})


@dataclass(frozen=True)
class When:
    """A date expression: tokens ``start`` to ``end`` (not included), and what it means."""

    start: int
    end: int
    resolve: Resolve
    kind: str
    """``day``, ``weekday``, ``number`` (of the month), ``vague``, ``span`` (a length of time) or
    ``past``."""


class DateReader(NamedDays):
    """Reads date expressions out of one message received at a local time."""

    def find(self) -> list[When]:
        """The expressions of the message, in order, none overlapping."""
        found: list[When] = []
        at = 0
        while at < len(self._tokens):
            when = self._read(at)
            if when is None:
                at += 1
            else:
                found.append(when)
                at = when.end
        return found

    # --- one expression ---

    def _read(self, at: int) -> When | None:
        if self._tokens[at].kind != "number" and self._tokens[at].text not in _BEGINNINGS:
            return None
        start = at
        shift = 0
        moved = self._is(at, "pay_lead")
        if moved is not None and self._base(moved):
            at = moved
        else:
            for patterns, days in (
                (("sometime? before", "antes del|de el?"), -1),
                (("right? after", "despues del|de el?", "past"), 1),
            ):
                end = self._any(at, *patterns)
                numbered = end is not None and self._w(end - 1) == "del" and self._bare_number(end)
                if end is not None and numbered:
                    return When(start, numbered[0], _shifted(numbered[1], days), "number")
                if end is not None and (self._base(end) or self._base_the(end)):
                    at, shift = end, days
                    break
            else:
                end = self._is(at, "by")
                if end is not None:
                    at = end
        inner = self._chosen(at)
        if inner is None and at != start:
            inner, shift = self._chosen(start), 0
        if inner is None:
            return None
        end, kind, resolve = inner
        if shift and kind != "past":
            return When(start, end, _shifted(resolve, shift), kind)
        return When(start, end, resolve, kind)

    def _base_the(self, at: int) -> Found | None:
        end = self._any(at, "the", "el", "la")
        return self._base(end) if end is not None else None

    def _chosen(self, at: int) -> Found | None:
        """A date, or a choice or range of dates: the later."""
        range_start = self._is(at, "range_lead")
        first = self._joined(range_start if range_start is not None else at)
        if first is None:
            return None
        end, kind, resolve = first
        joiner = self._any(
            end,
            "or",
            "o",
            "-",
            "/",
            "to",
            "thru|through",
            "y|and" if range_start is not None else "or",
            "or maybe?",
            "al",
        )
        if joiner is not None and kind in ("weekday", "number", "day"):
            other = self._joined(joiner)
            if other is not None and other[1] != "past" and (self._w(end) not in ("/", "-") or other[1] == kind):
                return other[0], kind, _later_of(resolve, other[2])
            if other is None and kind == "number":
                spoken = self._bare_number(joiner)
                if spoken is not None:
                    return spoken[0], kind, _later_of(resolve, spoken[1])
        return first

    def _bare_number(self, at: int) -> tuple[int, Resolve] | None:
        if self._w(at).isdecimal() and 1 <= int(self._w(at)) <= 31:
            return at + 1, self._numbered(int(self._w(at)))
        return None

    def _joined(self, at: int) -> Found | None:
        """A base expression and the words that only say it again: ``today friday``, ``fri the 27th``."""
        skipped = self._is(at, "skipped")
        found = self._base(at)
        if skipped is not None:
            other = self._base(skipped)
            found = other if other is not None and (found is None or other[0] > found[0]) else found
        if found is None:
            return None
        end, kind, resolve = found
        end = self._time_of_day(end)
        if kind in ("past", "vague"):
            return end, kind, resolve
        if kind == "weekday" and (numbered := self._number_after(end)) is not None:
            return numbered
        comma = end + 1 if self._w(end) in (",", "(") else end
        again = self._is(comma, "said_again")
        for place in dict.fromkeys((again if again is not None else comma, comma)):
            other = self._base(place)
            if other is None or other[1] in ("past", "vague"):
                continue
            if (
                kind == "weekday"
                and other[1] in ("number", "day")
                and not (comma > end and other[1] == "day" and self._relative(place))
            ):
                return self._time_of_day(other[0]), other[1], other[2]
            if comma == end and kind in ("day", "number") and other[1] == "weekday":
                return self._time_of_day(other[0]), kind, resolve
        return end, kind, resolve

    def _number_after(self, end: int) -> Found | None:
        """``el viernes 14 pago 80``: a bare number after a weekday is the day when another number is the amount."""
        text = self._w(end)
        if not (text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31) or self._w(end + 1) in (
            "dollars",
            "$",
            "de",
        ):
            return None
        more = [token for token in self._tokens[end + 1 :] if token.kind == "number" or token.text in _WHOLE]
        return (end + 1, "number", self._numbered(int(text))) if more else None

    def _relative(self, at: int) -> bool:
        return self._w(at) in ("today", "tomorrow", "tonight", "now")

    def _time_of_day(self, end: int) -> int:
        patterns = (
            "in? the? morning|afternoon|evening|night|mornings", "at night|noon|midnight", "by midnight|noon", "night",
            "por|en la manana|tarde|noche", "first thing", "after work", "before? close|closing",
            "before|by noon|lunch|midday|work|close|midnight",
            "by end of day", "by eod|cob", "sometime", "early", "late", "al? mediodia", "antes de mediodia",
        )  # fmt: skip
        for _ in range(2):
            more = self._any(end, *patterns)
            if more is None:
                return end
            end = more
        return end

    def _base(self, at: int) -> Found | None:
        for reader in (
            self._counted,
            self._instead,
            self._near,
            self._weeks,
            self._nth_weekday,
            self._weekday,
            self._of_months,
            self._holiday,
            self._named,
            self._day_number,
        ):
            found = reader(at)
            if found is not None:
                return found
        return None

    # --- today, tomorrow ---

    def _near(self, at: int) -> Found | None:
        today = self._today
        if (end := self._is(at, "in_two_days")) is not None:
            return self._fixed(end, today + timedelta(2))
        if (end := self._is(at, "a_day_later")) is not None:
            return end, "day", lambda previous: (previous or today) + timedelta(1)
        for patterns, days in (
            (("the? day after", "el dia despues de|del"), 1),
            (("the? day before", "the? eve of", "un dia antes de|del"), -1),
        ):
            end = self._any(at, *patterns)
            if end is not None and (inner := self._joined(end)) is not None and inner[1] != "past":
                return inner[0], "day", _shifted(inner[2], days)
        if (end := self._any(at, "tomorrow", "manana")) is not None and not self._m(at - 1, "la|esta|buena|en manana"):
            return self._fixed(end, today + timedelta(1))
        if (end := self._is(at, "today")) is not None:
            return self._fixed(end, today)
        if (end := self._is(at, "now")) is not None and self._w(at - 1) not in ("from", "until", "since", "by", "till"):
            return self._fixed(end, today, "now")
        if (end := self._is(at, "after_work")) is not None:
            return self._fixed(end, today)
        lone = (
            self._w(at) == "morning"
            and self._w(at - 1) in ("", ".", ",", "the", "come")
            and self._w(at + 1) not in ("", "!", ".", ",")
        )
        if (end := at + 1 if lone else self._is(at, "morning")) is not None:
            end = self._any(end, "in the am|morning") or end
            return self._fixed(end, today + timedelta(1 if self._afternoon else 0))
        return None

    def _instead(self, at: int) -> Found | None:
        """``not this friday but the next``, ``no este viernes, el otro``, ``not tomorrow but the day after``."""
        end = self._any(at, "not|no this|este|esta|the|el?", "not|no")
        if end is None:
            return None
        name = self._w(end)
        other = self._any(
            end + 1, ",? but|sino|pero? the? next|following|other|otro|siguiente|after one?", ",? el otro|siguiente"
        )
        if name in WEEKDAY and other is not None and self._w(other) not in WEEKDAY:
            return self._fixed(other, cal.coming(self._today, WEEKDAY[name]) + timedelta(7), "weekday")
        if name in ("tomorrow", "manana"):
            after = self._any(
                end + 1, ",? but|sino? the? day after tomorrow?", ",? sino|pero? pasado manana?", ",? the? next day"
            )
            if after is not None:
                return self._fixed(after, self._today + timedelta(2))
        first = self._joined(end)
        second = self._any(first[0], ",? but|sino on|el?", ",") if first is not None else None
        meant = self._joined(second) if second is not None else None
        return meant if meant is not None and meant[1] != "past" else None

    # --- N days, N weeks ---

    def _counted(self, at: int) -> Found | None:
        start = at
        lead = self._is(at, "count_lead")
        counted = self._count(lead if lead is not None else at)
        if counted is None:
            return None
        count, end = counted
        if self._w(end) in ("or", "to", "-", "o", "a") and (more := self._count(end + 1)) is not None:
            count, end = max(count, more[0]), more[1]
        end = self._is(end, "count_more") or end
        business = self._any(end, "business|working|work|weekday")
        unit = self._any(business if business is not None else end, "day|days|dia|dias")
        weeks = self._any(end, "week|weeks|semana|semanas")
        months = self._any(end, "month|months|mes|meses")
        if unit is None and weeks is None and months is None:
            return self._from_weekday(count, end)
        end = unit or weeks or months or end
        if business is None and unit is not None:
            business = self._any(end, "habiles|laborables")
            end = business or end
        if (
            self._w(end) in AGO
            or self._w(end) in ("late", "behind", "overdue")
            or self._w(start - 1) in ("last", "past", "hace")
        ):
            return self._fixed(end, None, "past")
        if self._w(start - 1) in ("for", "every", "each", "por", "cada", "next"):
            return self._fixed(end, None, "span")
        anchored = self._any(
            end, "from now|today|tonight", "a partir de hoy|ahora", "de hoy|ahora", "exactas|exactos|justas"
        )
        if weeks is not None and anchored is None and (inner := self._any(end, "from|after")) is not None:
            other = self._joined(inner)
            if other is not None and other[1] != "past":
                return other[0], "day", _shifted(other[2], 7 * count)
            return None
        if (
            lead is None
            and anchored is None
            and (count == 1 or (count > 3 and unit is None) or not self._alone(start, end, business is not None))
        ):
            return None
        end = anchored or end
        if months is not None:
            return self._fixed(end, cal.plus_month(self._today) if count == 1 else None)
        days = timedelta(7 * count if weeks is not None else count)
        day = cal.business_days(self._today, count) if business is not None else self._today + days
        return self._fixed(end, day)

    def _alone(self, start: int, end: int, business: bool) -> bool:
        """``2 business days. 50``, ``3 days`` as a whole phrase; not ``no water 3 days`` or ``3 days late``."""
        before, after = self._w(start - 1), self._w(end)
        return before in ("", ".", ",", "need", "about", "me", "-", "\n", "un", "like", "unos", "be", "dame") and (
            after in ("", ".", ",", "and", "y", "but", "so", "pero", "then", "ill", "i", "-", "\n", "tops", "max")
            or business
        )

    def _from_weekday(self, count: int, end: int) -> Found | None:
        """``two fridays from now``: the bare weekday and 7 days more."""
        name = self._w(end)[:-1]
        if (
            name in WEEKDAY
            and self._w(end).endswith("s")
            and (after := self._any(end + 1, "from now|today")) is not None
        ):
            day = cal.coming(self._today, WEEKDAY[name]) + timedelta(7 * (count - 1))
            return self._fixed(after, day)
        return None


def _shifted(resolve: Resolve, days: int) -> Resolve:
    def moved(previous: date | None) -> date | None:
        day = resolve(previous)
        return day + timedelta(days) if day is not None else None

    return moved


def _later_of(one: Resolve, other: Resolve) -> Resolve:
    def later(previous: date | None) -> date | None:
        first, second = one(previous), other(previous)
        return max(first, second) if first and second else first or second

    return later

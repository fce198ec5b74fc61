"""Date expressions: where they stand in a message, and which day each means.

``find`` reads a message from left to right and takes the longest expression at each place. An expression is resolved
later, because some need the instalment before them (``the following friday``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from . import calendar as cal
from .numbers import SMALL, TENS, number_at, ordinal_at
from .spelling import MONTHS, WEEKDAYS
from .tokens import Token

Resolve = Callable[[date | None], date | None]
"""From the previous instalment's date (None for the first) to the day that is meant."""


@dataclass(frozen=True)
class When:
    """A date expression: tokens ``start`` to ``end`` (not included), and what it means."""

    start: int
    end: int
    resolve: Resolve
    kind: str
    """``day``, ``weekday``, ``number`` (of the month), ``vague``, ``span`` (a length of time) or
    ``past``."""


_Found = tuple[int, str, Resolve]

_BY = (
    "no later than",
    "not later than",
    "on or before",
    "by",
    "on",
    "this",
    "for",
    "a mas tardar",
    "para",
    "antes de que sea",
    "come",
)
_WEEKDAY = {name: number for number, name in enumerate(WEEKDAYS)}
_MONTH = {name: number for number, name in enumerate(MONTHS, 1)}
_NTH = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "last": -1,
    "primer": 1,
    "segundo": 2,
    "tercer": 3,
    "ultimo": -1,
    "1th": 1,
    "2th": 2,
    "3th": 3,
    "4th": 4,
}
_AGO = ("ago", "back", "earlier", "atras", "pasado", "pasada")


class DateReader:
    """Reads date expressions out of one message received at a local time."""

    def __init__(self, tokens: Sequence[Token], received: datetime) -> None:
        self._tokens = tokens
        self._today = received.date()
        self._afternoon = received.hour >= 12

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

    # --- words -----------------------------------------------------------------------------------------------

    def _w(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _m(self, at: int, pattern: str) -> int | None:
        """Where ``pattern`` ends when it stands here: words, ``a|b`` for a choice, ``?`` for what may be missing."""
        for element in pattern.split():
            optional = element.endswith("?")
            choices = element.rstrip("?").split("|")
            if self._w(at) in choices:
                at += 1
            elif not optional:
                return None
        return at

    def _any(self, at: int, *patterns: str) -> int | None:
        ends = [end for pattern in patterns if (end := self._m(at, pattern)) is not None]
        return max(ends) if ends else None

    def _count(self, at: int) -> tuple[int, int] | None:
        """A small number: ``3``, ``three``, ``a couple of``, ``a few``."""
        for pattern, value in (("a? couple of?", 2), ("un par de", 2), ("a? few", 3), ("unos|algunos", 3), ("a|an", 1)):
            if (end := self._m(at, pattern)) is not None:
                return value, end
        token = self._w(at)
        if token.isdigit() and len(token) <= 3:
            return int(token), at + 1
        if token in SMALL or token in TENS:
            return number_at(self._tokens, at)
        return None

    # --- one expression ----------------------------------------------------------------------------------------

    def _read(self, at: int) -> When | None:
        start = at
        shift = 0
        moved = self._any(at, "after work on|el?", "after i get|am paid on?", "after my? payday on?")
        if moved is not None and self._base(moved):
            at = moved
        else:
            for patterns, days in ((("before", "antes del|de el?"), -1), (("after", "despues del|de el?", "past"), 1)):
                end = self._any(at, *patterns)
                if end is not None and (self._base(end) or self._base_the(end)):
                    at, shift = end, days
                    break
            else:
                end = self._any(at, *_BY)
                if end is not None:
                    at = end
        inner = self._chosen(at)
        if inner is None:
            return None
        end, kind, resolve = inner
        if shift and kind != "past":
            return When(start, end, _shifted(resolve, shift), kind)
        return When(start, end, resolve, kind)

    def _base_the(self, at: int) -> _Found | None:
        end = self._any(at, "the", "el")
        return self._base(end) if end is not None else None

    def _chosen(self, at: int) -> _Found | None:
        """A date, or a choice or range of dates: the later."""
        range_start = self._any(at, "between", "entre", "either", "from")
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
        if self._w(at).isdigit() and 1 <= int(self._w(at)) <= 31:
            return at + 1, self._numbered(int(self._w(at)))
        return None

    def _joined(self, at: int) -> _Found | None:
        """A base expression, with the words that only say it again: ``today friday``, ``fri the 27th``, ``monday night``."""
        skipped = self._any(at, "the", "el", "on", "la")
        found = self._base(at)
        if found is None and skipped is not None:
            found = self._base(skipped)
        if found is None:
            return None
        end, kind, resolve = found
        end = self._time_of_day(end)
        if kind in ("past", "vague"):
            return end, kind, resolve
        comma = end + 1 if self._w(end) in (",", "(") else end
        again = self._any(comma, "the", "on the?", "el", "dia", "which is", "this", "el dia", "coming")
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

    def _relative(self, at: int) -> bool:
        return self._w(at) in ("today", "tomorrow", "tonight", "now")

    def _time_of_day(self, end: int) -> int:
        patterns = (
            "in? the? morning|afternoon|evening|night|mornings", "at night|noon|midnight", "by midnight|noon", "night",
            "por|en la manana|tarde|noche", "first thing", "after work", "before work", "before? close|closing",
            "by end of day", "by eod|cob", "sometime", "early", "late", "al? mediodia", "antes de mediodia",
        )  # fmt: skip
        for _ in range(2):
            more = self._any(end, *patterns)
            if more is None:
                return end
            end = more
        return end

    def _numbered(self, number: int) -> Resolve:
        return lambda previous: cal.day_of_month(max(previous, self._today) if previous else self._today, number)

    def _base(self, at: int) -> _Found | None:
        for reader in (
            self._counted,
            self._near,
            self._weeks,
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

    def _fixed(self, end: int, day: date | None, kind: str = "day") -> _Found:
        return end, kind, lambda previous: day

    # --- today, tomorrow -----------------------------------------------------------------------------------------

    def _near(self, at: int) -> _Found | None:
        today = self._today
        if (end := self._any(at, "the? day after tomorrow", "pasado manana", "2|two days from today|now")) is not None:
            return self._fixed(end, today + timedelta(2))
        if (
            end := self._any(at, "the? day after that", "the? next|following day", "al dia siguiente", "al otro dia")
        ) is not None:
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
        if (end := self._any(
            at, "today", "tonight", "right? now", "this afternoon|evening|morning|minute|instant", "by? end of the? day",
            "by? eod|cob", "by midnight", "later today|tonight", "hoy mismo?", "ahora mismo?", "ahorita", "esta tarde|noche|manana", "same day",
        )) is not None:  # fmt: skip
            if self._w(end) in ("on", "and") and self._w(at) in ("right", "now"):
                return None
            return self._fixed(end, today)
        if (
            end := self._any(
                at, "after work", "cuando salga del? trabajo", "before? i go to work", "on my lunch break?"
            )
        ) is not None:
            return self._fixed(end, today)
        if (
            end := self._any(
                at,
                "in the am|morning|mornings",
                "first thing",
                "por|en la manana",
                "a primera hora",
                "the morning",
                "early morning",
            )
        ) is not None:
            end = self._any(end, "in the am|morning") or end
            return self._fixed(end, today + timedelta(1 if self._afternoon else 0))
        return None

    # --- N days, N weeks ----------------------------------------------------------------------------------------

    def _counted(self, at: int) -> _Found | None:
        start = at
        lead = self._any(
            at, "in about?", "within", "give|giving me", "en", "dentro de", "inside of?", "denme|deme|dame", "after"
        )
        counted = self._count(lead if lead is not None else at)
        if counted is None:
            return None
        count, end = counted
        end = self._any(end, "more", "mas", "full") or end
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
            self._w(end) in _AGO
            or self._w(end) in ("late", "behind", "overdue")
            or self._w(start - 1) in ("last", "past", "hace")
        ):
            return self._fixed(end, None, "past")
        if self._w(start - 1) in ("for", "every", "each", "por", "cada", "next"):
            return self._fixed(end, None, "span")
        anchored = self._any(end, "from now|today|tonight|tomorrow", "a partir de hoy")
        if weeks is not None and anchored is None and (inner := self._any(end, "from|after")) is not None:
            other = self._joined(inner)
            if other is not None and other[1] != "past":
                return other[0], "day", _shifted(other[2], 7 * count)
            return None
        if lead is None and anchored is None and (count == 1 or not self._alone(start, end, business is not None)):
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
        return before in ("", ".", ",", "need", "about", "me", "-", "\n") and (
            after in ("", ".", ",", "and", "ill", "i", "-", "\n") or business
        )

    def _from_weekday(self, count: int, end: int) -> _Found | None:
        """``two fridays from now``: the bare weekday and 7 days more."""
        name = self._w(end)[:-1]
        if (
            name in _WEEKDAY
            and self._w(end).endswith("s")
            and (after := self._any(end + 1, "from now|today")) is not None
        ):
            day = cal.coming(self._today, _WEEKDAY[name]) + timedelta(7 * (count - 1))
            return self._fixed(after, day)
        return None

    # --- weeks and weekdays ---------------------------------------------------------------------------------------

    def _weeks(self, at: int) -> _Found | None:
        today = self._today
        if (
            end := self._any(
                at,
                "next week on?",
                "la? proxima|otra semana el?",
                "la? semana que viene|entra el?",
                "the following week on?",
            )
        ) is not None and self._w(end) in _WEEKDAY:
            return self._fixed(end + 1, cal.of_next_week(today, _WEEKDAY[self._w(end)]), "weekday")
        nexts = ("next week", "the following week", "la? proxima|otra semana", "la? semana que viene|entra|sigue")
        if (
            end := self._any(
                at,
                *(
                    f"{lead} {week}"
                    for lead in (
                        "beginning|start|early|first|principios part? of|in|de",
                        "early",
                        "a principios de",
                        "beginning",
                    )
                    for week in nexts
                ),
            )
        ) is not None:
            return self._fixed(end, cal.of_next_week(today, cal.MONDAY))
        if (
            end := self._any(
                at, "middle of next week", "mid next week", "mid - next week", "a mediados de la proxima semana"
            )
        ) is not None:
            return self._fixed(end, cal.of_next_week(today, 2))
        ends = tuple(
            f"{lead} {week}"
            for lead in ("the? end of", "late", "later", "a? fin|finales|final de", "sometime", "any day")
            for week in nexts
        )
        if (end := self._any(at, *ends, *nexts)) is not None:
            return self._fixed(end, cal.of_next_week(today, cal.FRIDAY))
        if (
            end := self._any(
                at, "next weekend", "el? proximo fin de semana", "weekend after next", "the following weekend"
            )
        ) is not None:
            return self._fixed(end, cal.of_next_week(today, cal.SATURDAY))
        if (
            end := self._any(at, "over? this|the? coming? weekend", "el|este fin de semana", "fin de semana")
        ) is not None:
            return self._fixed(end, cal.weekend(today))
        if (end := self._any(
            at, "the? end of the|this? week", "later? this week", "sometime this week", "eow", "esta semana", "a? fin|finales de la? semana", "end of week",
        )) is not None:  # fmt: skip
            friday = cal.of_this_week(today, cal.FRIDAY)
            return self._fixed(end, friday)
        return None

    def _weekday(self, at: int) -> _Found | None:
        today = self._today
        if self._w(at) in ("last", "this past", "pasado") or self._m(at, "this past"):
            past = self._any(at, "last", "this past")
            if past is not None and self._w(past) in _WEEKDAY:
                return self._fixed(past + 1, None, "past")
        wk = self._w
        if (end := self._any(at, "the? week after|from")) is not None and wk(end) in _WEEKDAY:
            return self._fixed(end + 1, cal.coming(today, _WEEKDAY[wk(end)]) + timedelta(7))
        if wk(at) == "next" and wk(at + 1) in _WEEKDAY:
            return self._fixed(at + 2, cal.of_next_week(today, _WEEKDAY[wk(at + 1)]), "weekday")
        lead = self._any(at, "the? following|other", "the next", "the same", "el siguiente", "el otro")
        if lead is not None and wk(lead) in _WEEKDAY:
            number = _WEEKDAY[wk(lead)]
            plain = cal.of_next_week(today, number)
            return lead + 1, "weekday", lambda previous: cal.coming(previous, number) if previous else plain
        lead = self._any(
            at,
            "this coming?",
            "coming",
            "upcoming",
            "este|esta",
            "proximo|siguiente",
            "the? very next",
            "cada",
            "every",
        )
        place = lead if lead is not None else at
        name = wk(place)
        if name.endswith("s") and name[:-1] in _WEEKDAY and lead is not None:
            name = name[:-1]
        if name not in _WEEKDAY:
            return None
        number = _WEEKDAY[name]
        end = place + 1
        if (after := self._any(end, "after next")) is not None:
            return self._fixed(after, cal.of_next_week(today, number) + timedelta(7), "weekday")
        if (after := self._any(end, "the|in? week after next")) is not None:
            return self._fixed(after, cal.of_next_week(today, number) + timedelta(7), "weekday")
        if (
            after := self._any(
                end,
                "of|in? next week",
                "of|in? the following week",
                "de? la? otra|proxima semana",
                "de? la? semana que viene|entra",
            )
        ) is not None:
            return self._fixed(after, cal.of_next_week(today, number), "weekday")
        if (after := self._any(end, "after that", "after", "siguiente", "following")) is not None and (
            after > end + 1 or wk(end) in ("siguiente", "following")
        ):
            plain = cal.coming(today, number) + timedelta(7)
            return after, "weekday", lambda previous: cal.coming(previous, number) if previous else plain
        if (after := self._any(end, "week")) is not None and wk(after) not in ("s",):
            return self._fixed(after, cal.coming(today, number) + timedelta(7), "weekday")
        if (
            after := self._any(end, "que viene|entra", "proximo", "of this week", "this week", "de esta semana")
        ) is not None:
            end = after
        if self._w(end) in _AGO:
            return self._fixed(end + 1, None, "past")
        return self._fixed(end, cal.coming(today, number), "weekday")

    # --- months ------------------------------------------------------------------------------------------------------

    def _of_months(self, at: int) -> _Found | None:
        today = self._today
        nth = self._any(at, *_NTH) if self._w(at) in _NTH else None
        if nth is not None and self._w(nth) in _WEEKDAY:
            month, end = self._month_after(nth + 1)
            if self._m(nth + 1, "of|in next month"):
                year, month = cal.following_month(today.year, today.month)
                end = self._m(nth + 1, "of|in next month") or end
            return self._fixed(end, cal.nth_weekday(today, _NTH[self._w(at)], _WEEKDAY[self._w(nth)], month))
        if (
            end := self._any(
                at, "the? end of next month", "a? fin|fines|finales de|del proximo|otro mes", "last day of next month"
            )
        ) is not None:
            return self._fixed(end, cal.end_of_next_month(today))
        if (end := self._any(
            at, "the? end of the|this? month", "eom", "the? last day of the|this? month", "a? fin|fines|finales de|del este? mes", "month end", "el? ultimo dia del|de este? mes",
        )) is not None:  # fmt: skip
            return self._fixed(end, cal.month_end(today))
        if (
            end := self._any(at, "the? end of", "the? last day of", "late", "a? fin|fines|finales de")
        ) is not None and self._w(end) in _MONTH:
            return self._fixed(end + 1, cal.end_of_month(today, _MONTH[self._w(end)]))
        if (
            end := self._any(
                at,
                "the? first|1th of next month",
                "the? beginning|start of next month",
                "primero|1 del proximo mes",
                "a? principios del? proximo|otro mes",
                "early next month",
            )
        ) is not None:
            return self._fixed(end, cal.day_of_month(today, 1) if today.day > 0 else None)
        if (
            end := self._any(
                at,
                "the? first|1th day? of the month",
                "the? beginning|start of the month",
                "primero de mes",
                "a? principios de mes",
                "el? primero del mes",
            )
        ) is not None:
            return self._fixed(end, cal.day_of_month(today, 1))
        if (
            end := self._any(at, "the? middle of next month", "mid next month", "a? mediados del proximo mes")
        ) is not None:
            year, month = cal.following_month(today.year, today.month)
            return self._fixed(end, date(year, month, 15))
        if (
            end := self._any(
                at,
                "the? middle of the|this? month",
                "mid - month",
                "mid month",
                "midmonth",
                "a? mediados de|del este? mes",
            )
        ) is not None:
            day = today.replace(day=15)
            return self._fixed(end, day if day >= today else cal.day_of_month(today, 15))
        if (end := self._any(at, "the? middle of", "mid -?", "mid", "a? mediados de")) is not None and self._w(
            end
        ) in _MONTH:
            return self._fixed(end + 1, cal.day_of_year(today, _MONTH[self._w(end)], 15))
        if (end := self._any(at, "the? beginning|start of", "early", "a? principios de")) is not None and self._w(
            end
        ) in _MONTH:
            return self._fixed(end + 1, cal.day_of_year(today, _MONTH[self._w(end)], 1))
        if (
            end := self._any(
                at, "sometime? next month", "el? proximo mes", "el? mes que viene|entra", "the following month"
            )
        ) is not None:
            return self._fixed(end, None, "vague")
        return None

    def _month_after(self, at: int) -> tuple[int | None, int]:
        end = self._any(at, "of|in", "de|del")
        if end is not None and self._w(end) in _MONTH:
            return _MONTH[self._w(end)], end + 1
        if end is not None and (whole := self._any(at, "of|in the|this? month", "de|del este? mes")) is not None:
            return None, whole
        return None, at

    def _holiday(self, at: int) -> _Found | None:
        patterns = {
            "black friday": "black friday", "thanksgiving": "thanksgiving day?", "memorial": "memorial day", "labor": "labor|labour day",
            "mlk": "mlk day", "presidents": "presidents day", "mothers": "mothers|mother day", "fathers": "fathers|father day",
            "columbus": "columbus day", "christmas eve": "christmas eve", "christmas": "christmas day?", "new years eve": "new year|years eve",
            "new years": "new year|years day?", "july fourth": "fourth of july", "veterans": "veterans|veteran day", "halloween": "halloween",
            "valentines": "valentines day?", "juneteenth": "juneteenth", "independence": "independence day",
        }  # fmt: skip
        spanish = {
            "thanksgiving": "accion de gracias",
            "christmas eve": "nochebuena|noche buena?",
            "christmas": "navidad",
            "new years eve": "ano viejo",
            "new years": "ano nuevo",
        }
        best: tuple[int, str] | None = None
        for table in (patterns, spanish):
            for name, pattern in table.items():
                end = self._m(at, pattern)
                if end is not None and (best is None or end > best[0]):
                    best = (end, name)
        if best is None:
            return None
        end, name = best
        day = cal.holiday(self._today, name)
        if self._w(end) in _WEEKDAY and day is not None:
            return self._fixed(end + 1, cal.coming(self._today, _WEEKDAY[self._w(end)]))
        if self._w(end) == "weekend" and day is not None:
            return self._fixed(end + 1, cal.weekend(day) if day.weekday() < cal.SATURDAY else day)
        return self._fixed(end, day)

    # --- month and day ------------------------------------------------------------------------------------------------

    def _named(self, at: int) -> _Found | None:
        token = self._w(at)
        if self._tokens[at].kind == "number" if at < len(self._tokens) else False:
            found = self._figures(at)
            if found is not None:
                return found
        if token in _MONTH:
            place = self._any(at + 1, "the") or at + 1
            number = self._day_of(place)
            if number is not None and not (token == "may" and self._w(at - 1) in ("i", "we", "you", "they")):
                return self._year_past(
                    number[1], self._fixed(number[1], cal.day_of_year(self._today, _MONTH[token], number[0]))
                )
            return None
        number = self._day_of(at)
        if number is not None:
            place = self._any(number[1], "of", "de", "day of") or number[1]
            if self._w(place) in _MONTH:
                return self._year_past(
                    place + 1, self._fixed(place + 1, cal.day_of_year(self._today, _MONTH[self._w(place)], number[0]))
                )
        return None

    def _year_past(self, end: int, found: _Found) -> _Found:
        more = self._any(end, ",") or end
        if self._w(more) in (str(self._today.year), str(self._today.year + 1)):
            return more + 1, found[1], found[2]
        more = self._any(end, "de|del") or end
        if self._w(more) in (str(self._today.year), str(self._today.year + 1)):
            return more + 1, found[1], found[2]
        return found

    def _day_of(self, at: int) -> tuple[int, int] | None:
        token = self._w(at)
        if token.isdigit() and 1 <= int(token) <= 31 and len(token) <= 2:
            return int(token), at + 1
        ordinal = ordinal_at(self._tokens, at)
        if ordinal is not None and 1 <= ordinal[0] <= 31:
            return ordinal
        spoken = number_at(self._tokens, at) if token in SMALL or token in TENS else None
        return spoken if spoken is not None and 1 <= spoken[0] <= 31 else None

    def _figures(self, at: int) -> _Found | None:
        """``6/26``, ``6-26``, ``6/26/26``: month and day, day and month only when the first is above 12."""
        text = self._w(at)
        pieces = text.replace("-", "/").split("/")
        if (
            len(pieces) not in (2, 3)
            or not all(piece.isdigit() for piece in pieces)
            or any(len(piece) > 4 for piece in pieces)
        ):
            return None
        first, second = int(pieces[0]), int(pieces[1])
        if "-" in text and (first > 12 or second > 31 or self._w(at + 1) == "dollars" or len(pieces[0]) > 2):
            return None
        if text == "1/2" and self._w(at - 1) not in ("on", "by", "before", "el", "after", "until"):
            return None
        month, number = (second, first) if first > 12 else (first, second)
        if len(pieces) == 3:
            year = int(pieces[2]) + (2000 if len(pieces[2]) <= 2 else 0)
            try:
                day = date(year, month, number)
            except ValueError:
                return None
            return self._fixed(at + 1, day, "day" if day >= self._today else "past")
        day_found = cal.day_of_year(self._today, month, number)
        return self._fixed(at + 1, day_found) if day_found else None

    def _day_number(self, at: int) -> _Found | None:
        """``the 8th``, ``8th``, ``on the 8``, ``el 29``, ``dia 29``."""
        lead = self._any(at, "the", "el dia?", "dia", "del")
        ordinal = ordinal_at(self._tokens, lead if lead is not None else at)
        if ordinal is not None:
            number, end = ordinal
            plain_word = self._w(end - 1) in ("first", "second", "third", "fourth", "fifth")
            if self._w(end) in (
                "st",
                "street",
                "ave",
                "avenue",
                "floor",
                "time",
                "notice",
                "payment",
                "of",
                "thing",
                "bill",
                "half",
                "one",
                "apartment",
                "check",
                "paycheck",
                "person",
                "world",
            ):
                return None
            if plain_word and lead is None and self._w(at - 1) not in ("on", "by", "before", "after", "until"):
                return None
            return (end, "number", self._numbered(number)) if 1 <= number <= 31 else None
        if lead is not None or self._m(at - 1, "on"):
            place = lead if lead is not None else at
            text = self._w(place)
            if (
                text.isdigit()
                and 1 <= int(text) <= 31
                and self._tokens[place].kind == "number"
                and self._w(place + 1) not in ("dollars", "%", "days", "dias", "weeks")
            ):
                if lead is None and self._w(place + 1) not in ("", ".", ",", "and", "y", "i", "!"):
                    return None
                return place + 1, "number", self._numbered(int(text))
            if self._w(at) in ("el", "dia") and (text in SMALL or text in TENS):
                spoken = number_at(self._tokens, place)
                if spoken is not None and 1 <= spoken[0] <= 31:
                    return spoken[1], "number", self._numbered(spoken[0])
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

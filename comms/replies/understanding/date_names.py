"""Days called by name: weekdays and weeks, parts of a month, holidays, month and day."""

from datetime import date, timedelta

from . import calendar as cal
from .date_reading import Found, WordReader
from .number_words import SMALL, TENS
from .numbers import number_at, ordinal_at
from .phrases import load
from .spelling import MONTHS, WEEKDAYS

_PHRASES = load("dates")
AGO = ("ago", "back", "earlier", "atras", "pasado", "pasada")
WEEKDAY = {name: number for number, name in enumerate(WEEKDAYS)}
_HOLIDAYS = _PHRASES.groups_beginning("holiday ")
"""The holidays by the words that their names begin with."""
_MONTH = {name: number for number, name in enumerate(MONTHS, 1)}
NTH = {
    "segunda": 2,
    "tercera": 3,
    "cuarto": 4,
    "primera": 1,
    "primero": 1,
    "tercero": 3,
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


class NamedDays(WordReader):
    """Reads one named day at a place; each reader says where it ends and what it means, or None."""

    def _weeks(self, at: int) -> Found | None:
        today = self._today
        if (end := self._is(at, "weekday_of_next_week_lead")) is not None and self._w(end) in WEEKDAY:
            return self._fixed(end + 1, cal.of_next_week(today, WEEKDAY[self._w(end)]), "weekday")
        nexts = (
            "next week",
            "the following week",
            "la? proxima|proximo|otra semana",
            "la? semana que viene|entra|sigue",
        )
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
        if (end := self._is(at, "middle_of_next_week")) is not None:
            return self._fixed(end, cal.of_next_week(today, 2))
        ends = tuple(
            f"{lead} {week}"
            for lead in ("the? end of", "late", "later", "a? fin|finales|final de", "sometime", "any day")
            for week in nexts
        )
        if (end := self._any(at, *ends, *nexts)) is not None:
            return self._fixed(end, cal.of_next_week(today, cal.FRIDAY))
        if (end := self._is(at, "next_weekend")) is not None:
            return self._fixed(end, cal.of_next_week(today, cal.SATURDAY))
        if (end := self._is(at, "this_weekend")) is not None:
            return self._fixed(end, cal.weekend(today))
        if (end := self._is(at, "this_week")) is not None:  # fmt: skip
            friday = cal.of_this_week(today, cal.FRIDAY)
            return self._fixed(end, friday)
        return None

    def _weekday(self, at: int) -> Found | None:
        today = self._today
        if self._w(at) in ("last", "this past", "pasado") or self._m(at, "this past"):
            past = self._any(at, "last", "this past")
            if past is not None and self._w(past) in WEEKDAY:
                return self._fixed(past + 1, None, "past")
        wk = self._w
        if (end := self._any(at, "the? week after|from")) is not None and wk(end) in WEEKDAY:
            return self._fixed(end + 1, cal.coming(today, WEEKDAY[wk(end)]) + timedelta(7))
        if wk(at) == "next" and wk(at + 1) in WEEKDAY:
            return self._fixed(at + 2, cal.of_next_week(today, WEEKDAY[wk(at + 1)]), "weekday")
        lead = self._is(at, "following_lead")
        if lead is not None and wk(lead) in WEEKDAY:
            number = WEEKDAY[wk(lead)]
            plain = cal.of_next_week(today, number)
            return lead + 1, "weekday", lambda previous: cal.coming(previous, number) if previous else plain
        if (numbered := self._any(at, "the? next", "los? proximos|siguientes")) is not None:
            days = self._count(numbered)
            plural = wk(days[1]).removesuffix("s") if days is not None else ""
            plural = plural if plural in WEEKDAY else wk(days[1]) if days is not None else ""
            if days is not None and plural in WEEKDAY:
                return self._fixed(days[1] + 1, cal.coming(today, WEEKDAY[plural]), "weekday")
        lead = self._is(at, "weekday_lead")
        place = lead if lead is not None else at
        name = wk(place)
        if name.endswith("s") and name[:-1] in WEEKDAY and lead is not None:
            name = name[:-1]
        if name not in WEEKDAY:
            return None
        number = WEEKDAY[name]
        end = place + 1
        if wk(end) == "negro":
            return None
        if (after := self._any(end, "after next")) is not None:
            return self._fixed(after, cal.of_next_week(today, number) + timedelta(7), "weekday")
        if (after := self._any(end, "the|in? week after next")) is not None:
            return self._fixed(after, cal.of_next_week(today, number) + timedelta(7), "weekday")
        if (after := self._is(end, "of_next_week")) is not None:
            return self._fixed(after, cal.of_next_week(today, number), "weekday")
        if (after := self._is(end, "after_that")) is not None and (
            after > end + 1 or wk(end) in ("siguiente", "following")
        ):
            plain = cal.coming(today, number) + timedelta(7)
            return after, "weekday", lambda previous: cal.coming(previous, number) if previous else plain
        if wk(end) in ("after", "despues") and (holiday := self._holiday_day(end + 1)) is not None:
            return self._fixed(holiday[0], cal.coming(holiday[1], number))
        if wk(end) == "after" and wk(end + 1) in ("", ".", ",", "!"):
            plain = cal.coming(today, number) + timedelta(7)
            return end + 1, "weekday", lambda previous: cal.coming(previous, number) if previous else plain
        if (after := self._any(end, "week")) is not None and wk(after) not in ("s",):
            return self._fixed(after, cal.coming(today, number) + timedelta(7), "weekday")
        if (after := self._is(end, "of_this_week")) is not None:
            end = after
        if self._w(end) in AGO:
            return self._fixed(end + 1, None, "past")
        return self._fixed(end, cal.coming(today, number), "weekday")

    def _nth_weekday(self, at: int) -> Found | None:
        """``third friday``, ``the last monday of may``, ``el segundo jueves del mes``."""
        at = self._any(at, "the|el|on|this") or at
        nth = self._any(at, *NTH) if self._w(at) in NTH else None
        if nth is not None and self._w(nth) in WEEKDAY:
            month, after = self._month_after(nth + 1)
            ends = self._is(nth + 1, "next_month_after")
            if ends is not None:
                month = cal.following_month(self._today.year, self._today.month)[1]
                after = ends
            if self._w(at) == "last" and after == nth + 1:
                return None
            day = cal.nth_weekday(self._today, NTH[self._w(at)], WEEKDAY[self._w(nth)], month)
            return self._fixed(after, day)
        return None

    def _of_months(self, at: int) -> Found | None:
        today = self._today
        if (end := self._is(at, "end_of_next_month")) is not None:
            return self._fixed(end, cal.end_of_next_month(today))
        if (end := self._is(at, "end_of_month")) is not None:  # fmt: skip
            return self._fixed(end, cal.month_end(today))
        if (end := self._is(at, "end_of_lead")) is not None and self._w(end) in _MONTH:
            return self._fixed(end + 1, cal.end_of_month(today, _MONTH[self._w(end)]))
        if (end := self._is(at, "first_of_next_month")) is not None:
            return self._fixed(end, cal.day_of_month(today, 1) if today.day > 0 else None)
        if (end := self._is(at, "first_of_month")) is not None:
            return self._fixed(end, cal.day_of_month(today, 1))
        if (end := self._is(at, "middle_of_next_month")) is not None:
            year, month = cal.following_month(today.year, today.month)
            return self._fixed(end, date(year, month, 15))
        if (end := self._is(at, "middle_of_month")) is not None:
            day = today.replace(day=15)
            return self._fixed(end, day if day >= today else cal.day_of_month(today, 15))
        if (end := self._is(at, "middle_of_lead")) is not None and self._w(end) in _MONTH:
            return self._fixed(end + 1, cal.day_of_year(today, _MONTH[self._w(end)], 15))
        if (end := self._is(at, "beginning_of_lead")) is not None and self._w(end) in _MONTH:
            return self._fixed(end + 1, cal.day_of_year(today, _MONTH[self._w(end)], 1))
        if (end := self._is(at, "next_month")) is not None:
            return self._fixed(end, None, "vague")
        return None

    def _month_after(self, at: int) -> tuple[int | None, int]:
        end = self._any(at, "of|in", "de|del")
        if end is not None and self._w(end) in _MONTH:
            return _MONTH[self._w(end)], end + 1
        if (
            end is not None
            and (whole := self._any(at, "of|in the|this? month", "de|del|este? mes", "of|in month")) is not None
        ):
            return None, whole
        return None, at

    def _holiday(self, at: int) -> Found | None:
        if self._w(at - 1) in ("merry", "happy", "feliz"):
            return None
        named = self._holiday_day(at)
        if named is None:
            return None
        end, day = named
        if self._w(end) in WEEKDAY:
            return self._fixed(end + 1, cal.coming(self._today, WEEKDAY[self._w(end)]))
        if self._w(end) == "weekend":
            return self._fixed(end + 1, cal.weekend(day) if day.weekday() < cal.SATURDAY else day)
        return self._fixed(end, day)

    def _holiday_day(self, at: int) -> tuple[int, date] | None:
        if self._w(at) not in _HOLIDAYS:
            return None
        found = ((self._is(at, group), group) for group in _HOLIDAYS[self._w(at)])
        end, group = max(((end, group) for end, group in found if end is not None), default=(None, ""))
        day = cal.holiday(self._today, group.removeprefix("holiday ")) if end is not None else None
        return (end, day) if end is not None and day is not None else None

    def _named(self, at: int) -> Found | None:
        name = self._w(at)
        if self._tokens[at].kind == "number" if at < len(self._tokens) else False:
            found = self._figures(at)
            if found is not None:
                return found
        if name in _MONTH:
            place = self._any(at + 1, "the") or at + 1
            number = self._day_of(place)
            if number is not None and not (name == "may" and self._w(at - 1) in ("i", "we", "you", "they")):
                return self._year_past(
                    number[1], self._fixed(number[1], cal.day_of_year(self._today, _MONTH[name], number[0]))
                )
            return None
        number = self._day_of(at)
        if number is not None:
            place = self._is(number[1], "of_lead") or number[1]
            if self._w(place) in _MONTH:
                return self._year_past(
                    place + 1, self._fixed(place + 1, cal.day_of_year(self._today, _MONTH[self._w(place)], number[0]))
                )
        return None

    def _year_past(self, end: int, found: Found) -> Found:
        more = self._any(end, ",") or end
        if self._w(more) in (str(self._today.year), str(self._today.year + 1)):
            return more + 1, found[1], found[2]
        more = self._any(end, "de|del") or end
        if self._w(more) in (str(self._today.year), str(self._today.year + 1)):
            return more + 1, found[1], found[2]
        return found

    def _day_of(self, at: int) -> tuple[int, int] | None:
        token = self._w(at)
        if token.isdecimal() and 1 <= int(token) <= 31 and len(token) <= 2:
            return int(token), at + 1
        ordinal = ordinal_at(self._tokens, at)
        if ordinal is not None and 1 <= ordinal[0] <= 31:
            return ordinal
        spoken = number_at(self._tokens, at) if token in SMALL or token in TENS else None
        return spoken if spoken is not None and 1 <= spoken[0] <= 31 else None

    def _figures(self, at: int) -> Found | None:
        """``6/26``, ``6-26``, ``6/26/26``: month and day, day and month only when the first is above 12."""
        text = self._w(at)
        pieces = text.replace("-", "/").split("/")
        if (
            len(pieces) not in (2, 3)
            or not all(piece.isdecimal() for piece in pieces)
            or any(len(piece) > 4 for piece in pieces)
        ):
            return None
        first, second = int(pieces[0]), int(pieces[1])
        if "-" in text and (first > 12 or second > 31 or self._w(at + 1) == "dollars" or len(pieces[0]) > 2):
            return None
        if text == "10-4":  # understood
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

    def _of_which_month(self, end: int, number: int) -> Found:
        """``the 5th``, and ``of this month``, ``del mes que entra`` when that follows."""
        if (after := self._is(end, "next_month_after")) is not None:
            year, month = cal.following_month(self._today.year, self._today.month)
            return self._fixed(after, cal.day_of_month(date(year, month, 1) - timedelta(1), number), "number")
        return self._is(end, "this_month_after") or end, "number", self._numbered(number)

    def _day_number(self, at: int) -> Found | None:
        """``the 8th``, ``8th``, ``on the 8``, ``el 29``, ``dia 29``."""
        lead = self._is(at, "number_lead")
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
            if plain_word and self._tokens[end].kind == "number" if end < len(self._tokens) else False:
                return None
            if plain_word and lead is None and self._w(at - 1) not in ("on", "by", "before", "after", "until"):
                return None
            return self._of_which_month(end, number) if 1 <= number <= 31 else None
        if lead is not None or self._m(at - 1, "on"):
            place = lead if lead is not None else at
            text = self._w(place)
            if (
                text.isdecimal()
                and 1 <= int(text) <= 31
                and self._tokens[place].kind == "number"
                and self._w(place + 1) not in ("dollars", "%", "days", "dias", "weeks")
            ):
                if lead is None and self._w(place + 1) not in ("", ".", ",", "and", "y", "i", "!"):
                    return None
                return self._of_which_month(place + 1, int(text))
            if self._w(at) in ("el", "dia", "al") and (text in SMALL or text in TENS):
                spoken = number_at(self._tokens, place)
                if spoken is not None and 1 <= spoken[0] <= 31:
                    return self._of_which_month(spoken[1], spoken[0])
        return None

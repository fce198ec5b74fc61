"""Which amount falls due on which day: corrections, lists, recurrences, and what is left of a debt."""

from collections.abc import Sequence
from datetime import date, timedelta

from .amounts import HowMuch
from .dates import When
from .model import Amount, Instalment
from .phrases import load
from .recurrence import times
from .tokens import Token
from .wordlists import word_sets, words

Expression = When | HowMuch

_CORRECTIONS = load("corrections")
_MOVES_ON = load("recurring")
_QUOTED_BEFORE = word_sets("pairing")["quoted_before"]
_SAYING = word_sets("pairing")["saying"]
_PEOPLE = word_sets("small_words")["people"]
_NEGATED = words("not")
_INSTEAD = [["instead", "of"], ["rather", "than"], ["vez", "de"], ["lugar", "de"], ["vez", "del"], ["lugar", "del"]]


def quoted(tokens: Sequence[Token], one: Expression) -> bool:
    """A day that is only quoted (the due date, an appointment), past, or a length of time; ``not`` this one."""
    nearby = [tokens[place].text for place in range(max(0, one.start - 3), one.start)]
    sayers = [
        tokens[place - 1].text for place in range(max(1, one.start - 3), one.start) if tokens[place].text in _SAYING
    ]
    if (nearby[-1:] and nearby[-1] in _NEGATED) or nearby[-2:] in _INSTEAD or nearby[-3:-1] in _INSTEAD:
        return True
    if isinstance(one, HowMuch):
        return False
    return one.kind in ("past", "span") or (
        any(word in _QUOTED_BEFORE for word in nearby) or any(word not in _PEOPLE for word in sayers)
    )


def corrected(tokens: Sequence[Token], found: Sequence[Expression]) -> list[Expression]:
    """After ``no wait`` what is said again takes the place of what was said."""
    left = list(found)
    starts = {one.start for one in left}
    for match in _CORRECTIONS.matches(tokens):
        if tokens[match.start].text == "no" and match.end == match.start + 1 and match.end not in starts:
            continue
        before = [one for one in left if one.end <= match.start]
        after = [one for one in left if one.start >= match.end]
        if not before or not after:
            continue
        for kind in (When, HowMuch):
            fresh = [one for one in after if isinstance(one, kind)]
            stale = [one for one in before if isinstance(one, kind)]
            for old in stale[-len(fresh) :] if fresh else []:
                left = [one for one in left if one is not old]
    return left


def paired(
    tokens: Sequence[Token], moments: Sequence[Expression], received: date, past_due_cents: int
) -> list[Instalment]:
    """The instalments that amounts and dates make, in the order in which they were said."""
    amounts = [one for one in moments if isinstance(one, HowMuch)]
    whens = _firm([one for one in moments if isinstance(one, When) and one.kind not in ("past", "span")], len(amounts))
    moments = [one for one in moments if isinstance(one, HowMuch) or one in whens]
    days: list[date | None] = []
    previous: date | None = None
    for when in whens:
        day = when.resolve(previous)
        days.append(day)
        previous = day or previous
    recurring = _recurrence(tokens, days)
    if recurring is not None and amounts:
        return [Instalment(_value(amounts[0], [], past_due_cents), day) for day in recurring]
    if _repeats(tokens, whens) and amounts:
        first = min((day for day in days if day), default=None)
        return [Instalment(_value(amounts[0], [], past_due_cents), first)]
    made: list[Instalment] = []
    for amount, day in _pairs(moments, amounts, whens, days):
        value = _value(amount, [one.amount_cents for one in made], past_due_cents) if amount is not None else None
        one = Instalment(value, day)
        if one not in made or value == "half":
            made.append(one)
    return made


def _repeats(tokens: Sequence[Token], whens: Sequence[When]) -> bool:
    """``20 a week``, ``every friday``; not ``100 a week from tomorrow``."""
    found = [match for match in _MOVES_ON.matches(tokens) if match.name == "every"]
    return any(
        tokens[match.start].text != "a" or not any(when.start <= match.start < when.end for when in whens)
        for match in found
    )


def _firm(whens: list[When], amounts: int) -> list[When]:
    """Without a ``now`` that only says how urgent it is beside a day."""
    others = [when for when in whens if when.kind != "now"]
    return others if others and len(whens) > max(amounts, 1) else whens


def _pairs(
    moments: Sequence[Expression], amounts: Sequence[HowMuch], whens: Sequence[When], days: Sequence[date | None]
) -> list[tuple[HowMuch | None, date | None]]:
    if not amounts:
        distinct = list(dict.fromkeys(day for day in days if day is not None))
        return [(None, day) for day in distinct] or [(None, None)]
    if not whens:
        return [(amount, None) for amount in amounts]
    if len(amounts) == 1:
        real = list(dict.fromkeys(day for day in days if day is not None))
        return [(amounts[0], day) for day in real] or [(amounts[0], None)]
    if len(whens) == 1:
        return _one_day(amounts, whens[0], days[0])
    if len(amounts) == len(whens):
        return list(zip(amounts, days, strict=True))
    return _in_turn(moments, {id(when): day for when, day in zip(whens, days, strict=True)})


def _in_turn(moments: Sequence[Expression], day_of: dict[int, date | None]) -> list[tuple[HowMuch | None, date | None]]:
    """Days lead or follow their amounts; each amount has the day named last, or next."""
    leads = isinstance(moments[0], When)
    pairs: list[tuple[HowMuch | None, date | None]] = []
    current: date | None = None
    waiting: list[HowMuch] = []
    for one in moments:
        if isinstance(one, When):
            current = day_of.get(id(one))
            if not leads:
                pairs += [(amount, current) for amount in waiting]
                waiting = []
        elif leads:
            pairs.append((one, current))
        else:
            waiting.append(one)
    return pairs + [(amount, None) for amount in waiting]


def _one_day(amounts: Sequence[HowMuch], when: When, day: date | None) -> list[tuple[HowMuch | None, date | None]]:
    """Several amounts and one day: each that is joined to it; the rest of a debt without a day has none."""
    pairs: list[tuple[HowMuch | None, date | None]] = []
    for place, amount in enumerate(amounts):
        loose = amount.value in ("rest", "half") and place > 0 and amount.start > when.start
        pairs.append((amount, None if loose else day))
    return pairs


def _recurrence(tokens: Sequence[Token], days: Sequence[date | None]) -> list[date] | None:
    """``every thursday for 3 weeks``, enumerated."""
    if not _MOVES_ON.has(tokens, "every", "counted"):
        return None
    count = times(tokens)
    first = next((day for day in days if day is not None), None)
    if count is None or first is None:
        return None
    step = 14 if _MOVES_ON.has(tokens, "other_week") else 7
    return [first + timedelta(step * number) for number in range(count)]


def _value(amount: HowMuch, before: Sequence[Amount], past_due_cents: int) -> Amount:
    if amount.value != "rest":
        return amount.value
    numbers = [value for value in before if isinstance(value, int)]
    if numbers:
        return max(past_due_cents - sum(numbers), 0) or None
    return "half" if "half" in before else "full"

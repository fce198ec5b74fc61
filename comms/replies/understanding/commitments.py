"""What somebody commits to pay: the clean clauses of a message, and the amounts and dates in them, paired.

1. find dates, then amounts in what is left; cut the message into clauses and see the mood of each;
2. a clause that is plain and commits (``i will pay``, ``you'll get``, ``les deposito``), or holds nothing but an amount
   and a date, counts; a question, condition, hedge or denial never does;
3. pair amounts with dates in the order in which they were said; the last version of a correction wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .amounts import AmountReader, HowMuch
from .clauses import Clause, clauses
from .dates import DateReader, When
from .model import Amount, Instalment
from .phrases import Match, load
from .recurrence import times
from .tokens import Token
from .wordlists import words

COMMITS = load("commitments")
"""``pays`` commits by itself; ``gives`` (have, get, do, make …) only together with an amount or the word money."""

_FILLER = words(
    "okay yes sure alright fine please hi hello hey thanks so well yo bueno si listo i we me my you your it its is"
    " be to for on by in at of a an the and then that this them with will can do"
    " just about like around more only least another all now also maybe' hola por favor gracias el la los lo de del en"
    " para y un una le les que es con su mi morning afternoon night evening noon first last day thing am pm end payment"
    " pay dollars of' deal ok no wait actually sorry mean make put down toward towards it's part half split each sir"
    " ma'am maam mam guys cash card check money bill how' , . - & ! : ; ( ) + / * \" # $ @ = starting start hoy pago"
    " dale va claro perfecto sounds good works great plus may bye god willing lord dios quiere promise swear prometo"
    " amount date paid' later until till hundred time latest tops sharp after work before once weekly every"
)
_CORRECTIONS = load("corrections")
_PAYDAY = load("paydays")
_QUOTED_BEFORE = words(
    "due dated disconnect disconnected disconnection shutoff shut shutting cutoff cut notice letter says said "
    "reading read billed expires moving moved court surgery since vence vencio corte cortan cortar aviso carta "
    "dice due: appointment started"
)
_SARCASM = load("sarcasm")
_MOVES_ON = load("recurring")


@dataclass(frozen=True)
class Commitment:
    """The instalments committed to, and the tokens that said so."""

    instalments: tuple[Instalment, ...]
    evidence: tuple[tuple[int, int], ...]
    elliptical: bool


@dataclass(frozen=True)
class Reading:
    """A message with its expressions found and its clauses cut."""

    tokens: Sequence[Token]
    dates: Sequence[When]
    amounts: Sequence[HowMuch]
    clauses: Sequence[Clause]


def read(tokens: Sequence[Token], received: datetime) -> Reading:
    """Find the expressions and clauses of a message; ``received`` is local time."""
    dates = DateReader(tokens, received).find()
    taken = {place for when in dates for place in range(when.start, when.end)}
    return Reading(tokens, dates, AmountReader(tokens, taken).find(), clauses(tokens))


def commitment(reading: Reading, received: date, past_due_cents: int) -> Commitment | None:
    """What is promised, or None when nobody commits to anything."""
    if _SARCASM.has(reading.tokens, "no"):
        return None
    kept = [clause for clause in reading.clauses if clause.plain]
    committing = [clause for clause in kept if _commits(reading, clause)]
    elliptical = [clause for clause in kept if clause not in committing and _only_expressions(reading, clause)]
    if not committing and not (elliptical and _whole_message_is(reading, elliptical)):
        return None
    used = sorted({*committing, *elliptical}, key=lambda clause: clause.start)
    used = [
        clause
        for clause in used
        if clause in committing or _inside(reading.dates, clause) or _inside(reading.amounts, clause)
    ]
    moments = _moments(reading, used, kept)
    instalments = _paired(reading, moments, received, past_due_cents)
    if not committing and not any(one.amount_cents is not None or one.date is not None for one in instalments):
        return None
    spans = tuple((clause.start, clause.end) for clause in used)
    return Commitment(tuple(instalments), spans, not committing)


def _inside(expressions: Sequence[When] | Sequence[HowMuch], clause: Clause) -> list[When | HowMuch]:
    return [one for one in expressions if clause.start <= one.start < clause.end]


def _commits(reading: Reading, clause: Clause) -> bool:
    tokens = reading.tokens[clause.start : clause.end]
    matches = list(COMMITS.matches(tokens))
    found = {match.name for match in matches}
    if _inside(reading.amounts, clause) and "pays" in found:
        return True
    if any(_about_paying(reading, clause, match) for match in matches if match.name == "pays"):
        return not _visits(tokens)
    if "gives" in found:
        has_amount = bool(_inside(reading.amounts, clause))
        objects = any(token.text in _OBJECTS for token in tokens)
        return has_amount or (objects and bool(_inside(reading.dates, clause)) and not _visits(tokens))
    return False


_OBJECTS = words("payment money rest bill it balance cash funds dinero pago all everything half")
_ELSEWHERE = load("elsewhere")


def _about_paying(reading: Reading, clause: Clause, match: Match) -> bool:
    """Without an amount: the verb is one of paying, or nothing but money and small words follows (``send it monday``,
    not ``send you the photos monday``)."""
    if any(reading.tokens[clause.start + place].text.startswith(_PAYING) for place in range(match.start, match.end)):
        return True
    dated = {place for when in reading.dates for place in range(when.start, when.end)}
    rest = [place for place in range(clause.start + match.end, clause.end) if place not in dated]
    words_left = [reading.tokens[place].text for place in rest if reading.tokens[place].kind == "word"]
    return all(word in _FILLER or word in _OBJECTS or word in _TO_US for word in words_left)


_PAYING = (
    "pay", "settl", "clear", "cover", "deposit", "zelle", "remit", "paid", "pag", "abon", "liquid", "cubr", "sald",
    "autopay", "scheduled", "promise", "commit", "handled", "compromet", "prometo", "catch", "care",
)  # fmt: skip
_TO_US = words(
    "you u in over off out to the city office town hall utilities when as soon check comes get gets here there home i"
    " my from off up online phone someone because so we get paid after until ustedes les oficina cuando"
)


def _visits(tokens: Sequence[Token]) -> bool:
    return _ELSEWHERE.has(tokens, "visit") is not None


def _only_expressions(reading: Reading, clause: Clause) -> bool:
    """Nothing but amounts, dates and small words."""
    inside = [*_inside(reading.dates, clause), *_inside(reading.amounts, clause)]
    if not inside or _names_payday(reading, clause):
        return False
    covered = {place for one in inside for place in range(one.start, one.end)}
    rest = [place for place in range(clause.start, clause.end) if place not in covered]
    if any(one.kind == "past" for one in inside if isinstance(one, When)):
        return False
    return all(reading.tokens[place].text in _FILLER or reading.tokens[place].kind == "emoji" for place in rest)


def _whole_message_is(reading: Reading, elliptical: Sequence[Clause]) -> bool:
    """Outside these clauses there is nothing but small talk, paydays and what cannot be done on another day."""
    covered = {place for clause in elliptical for place in range(clause.start, clause.end)}
    amounts = [one for clause in elliptical for one in _inside(reading.amounts, clause)]
    dates = [one for clause in elliptical for one in _inside(reading.dates, clause)]
    vague = all(one.value in ("rest", "full", "minimum", "half") for one in amounts if isinstance(one, HowMuch))
    dates = dates or _paydays(reading, elliptical)
    if not dates and (not amounts or (vague and not _pays_word(reading, elliptical))):
        return False
    for clause in reading.clauses:
        if covered >= set(range(clause.start, clause.end)):
            continue
        if clause.moods & {"question", "condition", "hedge", "past"}:
            return False
        words = [token for token in reading.tokens[clause.start : clause.end] if token.kind in ("word", "number")]
        small = all(token.text in _FILLER for token in words)
        if not small and not (amounts and dates):
            return False
    return True


def _paydays(reading: Reading, beside: Sequence[Clause]) -> list[When | HowMuch]:
    """The dates of plain clauses that name a payday: ``friday is payday so all of it then``."""
    return [
        one
        for clause in reading.clauses
        if clause.plain and clause not in beside and _names_payday(reading, clause)
        for one in _inside(reading.dates, clause)
    ]


def _names_payday(reading: Reading, clause: Clause) -> bool:
    return _PAYDAY.has(reading.tokens[clause.start : clause.end], "payday", "until") is not None


def _pays_word(reading: Reading, chosen: Sequence[Clause]) -> bool:
    return any(
        reading.tokens[place].text in ("pay", "paying", "pago")
        for clause in chosen
        for place in range(clause.start, clause.end)
    )


# --- pairing ---


def _moments(reading: Reading, used: Sequence[Clause], plain: Sequence[Clause]) -> list[When | HowMuch]:
    """The expressions that count, in order; a payday stands in where no other date was said."""
    found: list[When | HowMuch] = []
    for clause in used:
        inside = [*_inside(reading.dates, clause), *_inside(reading.amounts, clause)]
        found += [one for one in inside if not (isinstance(one, When) and _quoted(reading, one))]
    found.sort(key=lambda one: one.start)
    if not any(isinstance(one, When) and one.kind != "vague" for one in found):
        for clause in plain:
            tokens = reading.tokens[clause.start : clause.end]
            if clause not in used and _PAYDAY.has(tokens, "payday", "until"):
                days = [one for one in _inside(reading.dates, clause) if isinstance(one, When) and one.kind != "past"]
                found = [*days[:1], *found]
    return _corrected(reading, found)


def _quoted(reading: Reading, when: When) -> bool:
    if when.kind in ("past", "span"):
        return True
    nearby = [reading.tokens[place].text for place in range(max(0, when.start - 3), when.start)]
    return any(word in _QUOTED_BEFORE for word in nearby)


def _corrected(reading: Reading, found: list[When | HowMuch]) -> list[When | HowMuch]:
    """After ``no wait`` what is said again takes the place of what was said."""
    for match in _CORRECTIONS.matches(reading.tokens):
        before = [one for one in found if one.end <= match.start]
        after = [one for one in found if one.start >= match.end]
        if not before or not after:
            continue
        for kind in (When, HowMuch):
            fresh = [one for one in after if isinstance(one, kind)]
            stale = [one for one in before if isinstance(one, kind)]
            for old in stale[-len(fresh) :] if fresh else []:
                found = [one for one in found if one is not old]
    return found


def _paired(
    reading: Reading, moments: Sequence[When | HowMuch], received: date, past_due_cents: int
) -> list[Instalment]:
    amounts = [one for one in moments if isinstance(one, HowMuch)]
    whens = [one for one in moments if isinstance(one, When) and one.kind not in ("past", "span")]
    days: list[date | None] = []
    previous: date | None = None
    for when in whens:
        day = when.resolve(previous)
        days.append(day)
        previous = day or previous
    recurring = _recurrence(reading, whens, days)
    if recurring is not None and amounts:
        return [Instalment(_value(amounts[0], [], past_due_cents), day) for day in recurring]
    if _MOVES_ON.has(reading.tokens, "every") and amounts:
        first = min((day for day in days if day), default=None)
        return [Instalment(_value(amounts[0], [], past_due_cents), first)]
    pairs = _pairs(moments, amounts, whens, days)
    made: list[Instalment] = []
    for amount, day in pairs:
        value = _value(amount, [one.amount_cents for one in made], past_due_cents) if amount is not None else None
        one = Instalment(value, day)
        if one not in made or (value == "half"):
            made.append(one)
    return made


def _pairs(
    moments: Sequence[When | HowMuch], amounts: Sequence[HowMuch], whens: Sequence[When], days: Sequence[date | None]
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
    leads = isinstance(moments[0], When)
    pairs: list[tuple[HowMuch | None, date | None]] = []
    day_of = {id(when): day for when, day in zip(whens, days, strict=True)}
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


def _recurrence(reading: Reading, whens: Sequence[When], days: Sequence[date | None]) -> list[date] | None:
    """``every thursday for 3 weeks``, enumerated."""
    if not _MOVES_ON.has(reading.tokens, "every"):
        return None
    count = times(reading.tokens)
    first = next((day for day in days if day is not None), None)
    if count is None or first is None:
        return None
    step = 14 if _MOVES_ON.has(reading.tokens, "other_week") else 7
    return [first + timedelta(step * number) for number in range(count)]


def _value(amount: HowMuch, before: Sequence[Amount], past_due_cents: int) -> Amount:
    if amount.value != "rest":
        return amount.value
    numbers = [value for value in before if isinstance(value, int)]
    if numbers:
        return max(past_due_cents - sum(numbers), 0) or None
    return "half" if "half" in before else "full"

"""Who commits to pay: the clean clauses of a message that do, and the amounts and dates that they name.

1. find dates, then amounts in what is left; cut the message into clauses and see the mood of each;
2. a clause counts that is plain and commits (``i will pay``, ``you'll get 50``, ``les deposito``), that names both how
   much and when and says nothing else, or that holds nothing but an amount or a date; a question, a condition, a hedge
   or a denial never counts;
3. ``pairing`` puts amounts and dates together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from .amounts import HowMuch
from .clauses import Clause
from .dates import When
from .model import Instalment
from .moments import moments, names_payday
from .pairing import corrected, paired, quoted
from .phrases import Match, load
from .reading import Reading as Reading
from .reading import days_in, mentions
from .reading import read as read
from .tokens import Token
from .verbs import HANDS, PAST, PAYS
from .wordlists import word_sets, words

COMMITS = load("commitments")
"""``pays`` commits by itself; ``gives`` (have, get, do, make …) only together with an amount or the word money."""
_NOUNS = load("nouns")
_PAYDAY = load("paydays")
_SARCASM = load("sarcasm")
_ELSEWHERE = load("elsewhere")
_WORDS = word_sets("small_words")
_SMALL = _WORDS["small"] | _WORDS["people"] | words(", . - & ! : ; ( ) + / * \" # $ @ = ' … ¡ %")
_MONEY = _WORDS["money"]
_OWED = _MONEY | _WORDS["owed"]
_KNOWN = _SMALL | _OWED | _WORDS["channel"] | PAYS
_CUES = _MONEY | _WORDS["channel"] | PAYS | words("you yall les le ustedes te")
_BETWEEN = _WORDS["between"]
_LINKS = _WORDS["links"]
_TO_US = _WORDS["to_us"]
_PAST = PAST | words("took drew was were went saw ate lost won bought sold taken drafted")
_NOT_PAST = words("need needed indeed guaranteed hundred agreed red scheduled supposed expected promised united")
_SUBORDINATES = _WORDS["subordinates"]
_REQUESTS = _WORDS["requests"]
_SENDS = words("send sending bring bringing mail mailing drop dropping mando llevo traigo dejo")
_SCARCE = words("only just until nomas solo")
_NO_DAY_ALONE = (
    words("too soon me do have get got make give want done great good bless best go it kids") | _WORDS["people"]
)
_WORDS_TO_THEM = _WORDS["people"] - words(
    "husband wife mom mother dad father sister brother son daughter cousin kids lol haha"
)
UNKNOWN = 2
"""Unknown words that a clause with nothing but an amount and a date may hold, the amount not being marked as money."""


@dataclass(frozen=True)
class Commitment:
    """The instalments committed to, and the tokens that said so."""

    instalments: tuple[Instalment, ...]
    evidence: tuple[tuple[int, int], ...]
    elliptical: bool


def commitment(reading: Reading, received: date, past_due_cents: int, *, believed: bool = False) -> Commitment | None:
    """What is promised, or None when nobody commits to anything.

    ``believed``: something else than these rules takes the message for a promise; then every plain clause that names
    an amount or a day counts.
    """
    if _SARCASM.has(reading.tokens, "no") or _ELSEWHERE.has(reading.tokens, "reaction"):
        return None
    kept = [clause for clause in reading.clauses if clause.plain]
    committing = [clause for clause in kept if _commits(reading, clause)]
    named = [clause for clause in kept if clause not in committing and _names_both(reading, clause)]
    others = [clause for clause in kept if clause not in (*committing, *named)]
    elliptical = [clause for clause in others if believed or _only_expressions(reading, clause)]
    silent = _doubtful(reading) or not (named or _whole_message_is(reading, elliptical))
    if not committing and silent and not (believed and kept):
        return None
    used = sorted({*committing, *named, *elliptical}, key=lambda clause: clause.start)
    used = [clause for clause in used if clause in committing or reading.inside(clause)]
    named_there = moments(reading, used, committing)
    instalments = paired(reading.tokens, named_there, received, past_due_cents)
    said = any(one.amount_cents is not None or one.date is not None for one in instalments)
    if not (committing or said or believed):
        return None
    return Commitment(tuple(instalments), tuple((clause.start, clause.end) for clause in used), not committing)


def offered(reading: Reading, received: date, past_due_cents: int) -> tuple[Instalment, ...]:
    """Amounts and dates of a question, a condition or a hedge about paying: only to be read back, never a promise. What
    the writer says he cannot pay is not offered to him; ``can't I pay 50`` is a question."""
    moods = {"question", "condition", "hedge"}
    asked = [clause for clause in reading.clauses if clause.moods & moods and "past" not in clause.moods]
    asked = [clause for clause in asked if "denial" not in clause.moods or "question" in clause.moods]
    found = [one for clause in asked for one in reading.inside(clause) if not quoted(reading.tokens, one)]
    moments = corrected(reading.tokens, sorted(found, key=lambda one: one.start))
    made = paired(reading.tokens, moments, received, past_due_cents) if moments else []
    return tuple(one for one in made if one.amount_cents is not None or one.date is not None)


# --- which clauses count ---


def _commits(reading: Reading, clause: Clause) -> bool:
    tokens = reading.words_in(clause)
    matches = list(COMMITS.matches(tokens))
    if not matches or mentions(reading, clause, "event"):
        return False
    income = _ELSEWHERE.has(tokens, "income")
    if income is not None:
        matches = [match for match in matches if match.name == "pays" or match.start >= income.end]
    nouns = list(_NOUNS.matches(tokens))
    matches = [one for one in matches if not _negated(tokens, one) and not any(_is_noun(one, noun) for noun in nouns)]
    amounts, dates = reading.amounts_in(clause), days_in(reading, clause)
    if amounts:
        dated = bool(dates) or _day_before(reading, clause)
        return any(_commits_amount(reading, clause, match, amounts, dated) for match in matches)
    if _ELSEWHERE.has(tokens, "visit"):
        return False
    dated = any(one.kind != "now" or any(token.text in PAYS for token in tokens) for one in dates)
    return any(_commits_day(reading, clause, match, dated) for match in matches)


def _day_before(reading: Reading, clause: Clause) -> bool:
    """The clause before is only a day: ``next week tuesday, you will see 45``."""
    before = [one for one in reading.clauses if one.end <= clause.start]
    return bool(before) and bool(reading.dates_in(before[-1])) and _only_expressions(reading, before[-1])


def _negated(tokens: Sequence[Token], match: Match) -> bool:
    return match.end < len(tokens) and tokens[match.end].text == "not"


def _is_noun(match: Match, noun: Match) -> bool:
    """What looks like a verb of paying is a noun (``el pago``), or pays the writer (``sending me``)."""
    if noun.name == "noun":
        return noun.start <= match.start and match.end <= noun.end
    return noun.start < match.end and match.start < noun.end


def _commits_amount(reading: Reading, clause: Clause, match: Match, amounts: Sequence[HowMuch], dated: bool) -> bool:
    """A verb of paying goes with any amount; one of giving with a number, and with money or a day beside it."""
    numbers = [one for one in amounts if isinstance(one.value, int)]
    little = dated or _says_little(reading, clause, match)
    if match.name == "shorts":
        return dated or bool(numbers) or _follows(reading, clause, match, amounts[0])
    if match.name == "pays":
        return bool(numbers) or little or _follows(reading, clause, match, amounts[0])
    if match.name == "holds":
        scarce = any(token.text in _SCARCE for token in reading.words_in(clause))
        return _for_them(reading, clause) or (dated and not scarce)
    if numbers and (little or (any(one.sure for one in numbers) and _says_little(reading, clause, match, UNKNOWN))):
        return _ELSEWHERE.has(reading.words_in(clause), "visit") is None
    return not numbers and (little or _follows(reading, clause, match, amounts[0]))


def _follows(reading: Reading, clause: Clause, match: Match, amount: HowMuch) -> bool:
    """The amount is what the verb is about: ``i will handle the minimum``."""
    between = reading.tokens[clause.start + match.end : amount.start]
    return amount.start >= clause.start + match.end and all(token.text in _BETWEEN for token in between)


def _commits_day(reading: Reading, clause: Clause, match: Match, dated: bool) -> bool:
    """Without an amount: nothing but what is owed may be paid, given or sent."""
    if match.name == "pays":
        return _about_paying(reading, clause, match, dated)
    if match.name == "shorts":
        said = [token.text for token in reading.words_in(clause)]
        waits = said[match.end : match.end + 1] and said[match.end] in _SUBORDINATES
        pays = any(word in PAYS or word in _SENDS for word in said[match.start : match.end])
        return (dated or bool(waits and pays)) and _about_paying(reading, clause, match, dated)
    if not dated or match.name == "holds":
        return False
    money = any(token.text in _MONEY for token in reading.words_in(clause))
    return money and _takes_money(reading, clause, match)


def _for_them(reading: Reading, clause: Clause) -> bool:
    said = [token.text for token in reading.words_in(clause)]
    return any(pair in (("for", "you"), ("for", "yall"), ("to", "pay"), ("para", "ustedes")) for pair in pairwise(said))


def _about_paying(reading: Reading, clause: Clause, match: Match, dated: bool) -> bool:
    """The verb has no other object than what is owed: ``send it monday``, not ``send you the photos monday``; without
    a day nothing but small words may follow."""
    return _takes_money(reading, clause, match) if dated else _says_little(reading, clause, match)


def _takes_money(reading: Reading, clause: Clause, match: Match) -> bool:
    covered = {place for one in reading.inside(clause) for place in range(one.start, one.end)}
    for place in range(clause.start + match.end, clause.end):
        token = reading.tokens[place]
        if place in covered or token.kind != "word" or token.text in _LINKS:
            return True
        if token.text not in _BETWEEN:
            return token.text in _KNOWN or token.text in _TO_US
    return True


def _says_little(reading: Reading, clause: Clause, match: Match, unknown: int = 0) -> bool:
    """Hardly anything follows the verb but amounts, days and words of paying."""
    covered = {place for one in reading.inside(clause) for place in range(one.start, one.end)}
    rest = [place for place in range(clause.start + match.end, clause.end) if place not in covered]
    said = [reading.tokens[place].text for place in rest if reading.tokens[place].kind == "word"]
    upto = next((at for at, word in enumerate(said) if word in _SUBORDINATES), len(said))
    return sum(word not in _KNOWN and word not in _TO_US and word not in _LINKS for word in said[:upto]) <= unknown


def _names_both(reading: Reading, clause: Clause) -> bool:
    """How much and when, and hardly anything else: ``twenty spot tomorrow``, ``95 cash monday from my mom``."""
    amounts, dates = reading.amounts_in(clause), days_in(reading, clause)
    sure = any(one.sure and isinstance(one.value, int) for one in amounts)
    acts = any(token.text in PAYS or token.text in HANDS for token in reading.words_in(clause))
    if all(one.value == "rest" for one in amounts) or not any(sure or acts or one.kind != "now" for one in dates):
        return False
    if mentions(reading, clause, "event", "income", "visit", "otherwise"):
        return False
    covered = {place for one in reading.inside(clause) for place in range(one.start, one.end)}
    rest = [reading.tokens[place] for place in range(clause.start, clause.end) if place not in covered]
    known = _KNOWN | HANDS if any(isinstance(one.value, int) for one in amounts) else _KNOWN
    unknown = [token for token in rest if token.kind == "word" and token.text not in known]
    if any(_is_past(token) for token in unknown):
        return False
    if sure:
        return len(unknown) <= 3 * UNKNOWN
    return not unknown or (len(unknown) <= UNKNOWN and any(token.text in _CUES for token in rest))


def _is_past(token: Token) -> bool:
    """``benched 225``, ``took 80``: told, not promised."""
    return token.text in _PAST or (token.text.endswith("ed") and len(token.text) > 4 and token.text not in _NOT_PAST)


def _only_expressions(reading: Reading, clause: Clause) -> bool:
    """Nothing but amounts, dates and small words."""
    inside = reading.inside(clause)
    amounts = reading.amounts_in(clause)
    if not inside or any(one.kind == "past" for one in reading.dates_in(clause)):
        return False
    leads = any(one.start <= clause.start + 1 for one in amounts)
    if amounts and not leads and _ELSEWHERE.has(reading.words_in(clause), "income", "otherwise"):
        return False
    if not amounts and (names_payday(reading, clause) or reading.tokens[inside[0].start].text in _REQUESTS):
        return False
    covered = {place for one in inside for place in range(one.start, one.end)}
    rest = [reading.tokens[place] for place in range(clause.start, clause.end) if place not in covered]
    channel = _WORDS["channel"] if amounts else frozenset()
    rest = [token for token in rest if token.text not in channel and token.kind != "emoji"]
    if not reading.amounts and any(token.text in _NO_DAY_ALONE - _WORDS_TO_THEM for token in rest):
        return False
    return all(token.text in _SMALL for token in rest) or (
        names_payday(reading, clause) and (leads or any(one.sure and isinstance(one.value, int) for one in amounts))
    )


def _doubtful(reading: Reading) -> bool:
    """Somewhere in the message what is offered is asked about, made to depend on something or called uncertain."""
    return any(
        clause.moods & {"condition", "hedge"}
        or ("question" in clause.moods and "fact" not in clause.moods)
        or ("past" in clause.moods and clause.start == 0 and not reading.inside(clause))
        for clause in reading.clauses
    )


def _whole_message_is(reading: Reading, elliptical: Sequence[Clause]) -> bool:
    """Outside these clauses there is nothing but small talk, paydays and what cannot be done on another day."""
    if not elliptical:
        return False
    amounts = [one for clause in elliptical for one in reading.amounts_in(clause)]
    dates = [one for clause in elliptical for one in reading.dates_in(clause)] or _days_beside(reading, elliptical)
    dates = [one for one in dates if amounts or one.kind != "now"]
    vague = all(one.value in ("rest", "minimum", "half") for one in amounts)
    if not dates and (not amounts or (vague and not _pays_word(reading, elliptical))):
        return False
    for clause in reading.clauses:
        if clause in elliptical:
            continue
        told = "past" in clause.moods and not reading.inside(clause) and clause.start < elliptical[0].start
        if "past" in clause.moods and (told or not (amounts and dates)):
            return False
        said = [token for token in reading.words_in(clause) if token.kind in ("word", "number")]
        firm = any(one.value != "rest" for one in amounts) and any(one.kind != "now" for one in dates)
        if not firm and not all(token.text in _SMALL for token in said):
            return False
    return True


def _days_beside(reading: Reading, beside: Sequence[Clause]) -> list[When]:
    """The dates of plain clauses that name a payday: ``friday is payday so all of it then``."""
    then = any(_PAYDAY.has(reading.words_in(clause), "then") for clause in beside)
    alone = len(reading.clauses) == len(beside) + 1
    return [
        one
        for clause in reading.clauses
        if clause.plain
        and clause not in beside
        and (then or names_payday(reading, clause) or (alone and _unknown(reading, clause) <= 1))
        for one in reading.dates_in(clause)
    ]


def _unknown(reading: Reading, clause: Clause) -> int:
    covered = {place for one in reading.inside(clause) for place in range(one.start, one.end)}
    rest = [reading.tokens[place] for place in range(clause.start, clause.end) if place not in covered]
    return sum(token.kind == "word" and token.text not in _SMALL for token in rest)


def _pays_word(reading: Reading, chosen: Sequence[Clause]) -> bool:
    return any(token.text in PAYS for clause in chosen for token in reading.words_in(clause))

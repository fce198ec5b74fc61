"""From phrases and commitments to one intent, by the precedence of the office's conventions.

emergency > opt-out > wrong number > threat > promise > paid > dispute > hardship > request for an arrangement >
question about the balance > help > language > yes and no > insult or refusal > other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .commitments import Commitment, Reading
from .keywords import CARRIER_WORDS, HELP_WORDS, OPT_IN_WORDS, POLITE
from .phrases import Match, Phrases, load
from .tokens import Token
from .wordlists import words

URGENT = load("urgent")
THREATS = load("threats")
ACCOUNT = load("account")
ASKING = load("asking")

_YES = words(
    "yes y okay sure correct right fine good deal agreed agree agrees confirm confirmed confirming absolutely "
    "definitely alright perfect great works sounds exactly true yup affirmative certainly course approved accept "
    "accepted fosho bet si claro correcto acuerdo bueno bien dale listo perfecto vale exacto simon confirmo "
    "confirmado acepto cierto 10-4 gotcha kay s"
)
_YES_BESIDE = POLITE | words(
    "i it is that this to me for by with do can will you a my of the sir maam very so much lets go we am u are "
    "all sounds like and good thats as esta es de eso asi muy que me parece lo te el la entonces por supuesto "
    "muchas understood understand date amount received got done cool man bro hi hello works !"
)
_NO = words("no n incorrect wrong negative never nunca mal equivocado incorrecto nel false negativo disagree")
_NO_BESIDE = _YES_BESIDE | words(
    "not what way right correct amount day date time said say promise promised agree agreed did i was way thing "
    "those he she monto fecha dia cantidad esta estan eso yo dije prometi hell thanks at absolutely that's none "
    "ni sir chance uh never ever"
)
_YES_EMOJI = frozenset("👍👌✅✔🆗💯🤝🙆☑")
_NO_EMOJI = frozenset("👎❌🙅🚫✖")


@dataclass(frozen=True)
class Decision:
    intent: str
    confidence: float
    evidence: tuple[tuple[int, int], ...] = ()


def decide(reading: Reading, promised: Commitment | None) -> Decision:
    """The intent of a message, how sure it is, and the tokens that decided it."""
    tokens = reading.tokens
    alone = _keyword(tokens)
    if alone is not None:
        return alone
    urgent = _found(URGENT, tokens)
    threats = _found(THREATS, tokens)
    account = _found(ACCOUNT, tokens)
    asking = _found(ASKING, tokens)
    if "emergency" in urgent:
        return _as("emergency", urgent["emergency"], 0.95)
    if "undo" in urgent:
        return _as("opt_in", urgent["undo"], 0.9)
    opted_out = _not_covered(urgent.get("opt_out", []), urgent.get("not_opt_out", []))
    if opted_out:
        return _as("opt_out", opted_out, 0.95)
    if "opt_in" in urgent:
        return _as("opt_in", urgent["opt_in"], 0.9)
    answer = _yes_or_no(tokens)
    if answer is not None:
        return answer
    if promised is None:
        if "wrong_number" in account:
            return _as("wrong_number", account["wrong_number"], 0.9)
        if "deceased" in account and "hardship" not in account:  # bereavement without income is a hardship
            return _as("wrong_number", account["deceased"], 0.9)
    for name in ("legal", "threat"):
        if name in threats:
            return _as("abuse_or_threat", threats[name], 0.9)
    if promised is not None and not _outranked(promised, account, asking):
        return Decision("promise", 0.8 if promised.elliptical else 0.95, promised.evidence)
    return _of_account(reading, account, asking, threats)


def _of_account(
    reading: Reading, account: dict[str, list[Match]], asking: dict[str, list[Match]], threats: dict[str, list[Match]]
) -> Decision:
    paid = _not_covered(account.get("paid", []), account.get("paid_doubt", []))
    if paid:
        return _as("paid", paid, 0.9)
    if "dispute" in account:
        return _as("dispute", account["dispute"], 0.85)
    for name in ("hardship", "agency"):
        if name in account:
            return _as("hardship", account[name], 0.85)
    if "not_yet" in asking:
        return _as("arrangement_request", asking["not_yet"], 0.8)
    if "inability" in account:
        return _as("hardship", account["inability"], 0.8)
    for name, intent, confidence in (
        ("other_first", "other", 0.85),
        ("ways_to_pay", "balance_question", 0.85),
        ("language", "language_request", 0.9),
    ):
        if name in asking:
            return _as(intent, asking[name], confidence)
    if "refusal" in threats:
        return _as("abuse_or_threat", threats["refusal"], 0.85)
    for name, intent in (("arrangement", "arrangement_request"), ("balance", "balance_question"), ("help", "help")):
        if name in asking:
            return _as(intent, asking[name], 0.8)
    if _unsure_of_paying(reading):
        return Decision("arrangement_request", 0.6)
    if "insult" in threats:
        return _as("abuse_or_threat", threats["insult"], 0.85)
    if "other" in asking:
        return _as("other", asking["other"], 0.7)
    return Decision("other", 0.4)


def _outranked(promised: Commitment, account: dict[str, list[Match]], asking: dict[str, list[Match]]) -> bool:
    """Whether what looks like a commitment is somebody else's money, or says neither how much nor when and is about
    something else: a payment made, a charge in dispute, a plan, a way to pay."""
    if "agency" in account:
        return True
    said = any(one.amount_cents is not None or one.date is not None for one in promised.instalments)
    paid = _not_covered(account.get("paid", []), account.get("paid_doubt", []))
    elsewhere = paid or "dispute" in account or {"plan", "ways_to_pay", "other_first"} & asking.keys()
    return not said and bool(elsewhere)


def _found(phrases: Phrases, tokens: Sequence[Token]) -> dict[str, list[Match]]:
    found: dict[str, list[Match]] = {}
    for match in phrases.matches(tokens):
        found.setdefault(match.name, []).append(match)
    return found


def _not_covered(found: Sequence[Match], against: Sequence[Match]) -> list[Match]:
    """Matches that share no word with one of ``against``."""
    return [
        match for match in found if not any(other.start < match.end and match.start < other.end for other in against)
    ]


def _as(intent: str, matches: Sequence[Match], confidence: float) -> Decision:
    return Decision(intent, confidence, tuple((match.start, match.end) for match in matches[:3]))


def _keyword(tokens: Sequence[Token]) -> Decision | None:
    """A carrier's keyword alone, with or without punctuation or a polite word."""
    words = [token.text for token in tokens if token.kind in ("word", "number")]
    meant = [word for word in words if word not in POLITE]
    whole = ((0, len(tokens)),)
    if words and len(set(meant)) == 1 and len(words) <= 5:
        word = meant[0]
        if word in CARRIER_WORDS:
            return Decision("opt_out", 1.0, whole)
        if word in OPT_IN_WORDS:
            return Decision("opt_in", 1.0, whole)
        if word in HELP_WORDS:
            return Decision("help", 1.0, whole)
    return None


def _yes_or_no(tokens: Sequence[Token]) -> Decision | None:
    words = [token.text for token in tokens if token.kind in ("word", "number")]
    emoji = {letter for token in tokens if token.kind == "emoji" for letter in token.text}
    whole = ((0, len(tokens)),)
    if any(token.text in ("?", "¿") for token in tokens):
        return None
    if not words:
        if emoji & _YES_EMOJI:
            return Decision("confirm_yes", 0.9, whole)
        return Decision("confirm_no", 0.9, whole) if emoji & _NO_EMOJI else None
    if len(words) > 8:
        return None
    if any(word in _NO for word in words) or "not" in words:
        if all(word in _NO | _NO_BESIDE | _YES for word in words) and not _thanks_only(words):
            return Decision("confirm_no", 0.9, whole)
        return None
    if any(word in _YES for word in words) and "not" not in words and all(word in _YES | _YES_BESIDE for word in words):
        return Decision("confirm_yes", 0.9, whole)
    return None


def _thanks_only(words: Sequence[str]) -> bool:
    return set(words) <= {"thanks", "you", "so", "much", "very"}


def _unsure_of_paying(reading: Reading) -> bool:
    """An amount or a date, and a question, a condition or a hedge."""
    return bool(reading.amounts or reading.dates) and any(
        clause.moods & {"question", "condition", "hedge", "denial"} for clause in reading.clauses
    )

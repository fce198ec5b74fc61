"""From frames and commitments to one intent, by the precedence of the office's conventions.

emergency > opt-out > wrong number > legal matters and threats > promise > paid > dispute > hardship > request for an
arrangement > question about the balance > help > language > yes and no > insult or refusal > other.

How sure a decision is, is the measured precision of the group of frames that decided; ``other`` because nothing was
found is not sure at all, and says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .commitments import Commitment, Reading
from .frames import frames
from .keywords import CARRIER_WORDS, HELP_WORDS, OPT_IN_WORDS, POLITE
from .language import foreign_script, names_language
from .phrases import Match
from .slips import distance
from .tokens import SENTENCE_MARKS, Token
from .wordlists import words

_YES = words(
    "yes y okay sure correct right fine good deal agreed agree agrees confirm confirmed confirming absolutely "
    "definitely alright perfect great works sounds exactly true yup affirmative certainly course approved accept "
    "accepted fosho bet si claro correcto acuerdo bueno bien dale listo perfecto vale exacto simon confirmo "
    "confirmado acepto cierto 10-4 gotcha kay s sip sipi afirmativo andale sale orale ta aja mhm mmhmm uhhuh yuppers "
    "roger copy gotit totally indeed precisely word yessum aye cool cierto efectivamente exactamente obvio hecho ya"
)
_YES_BESIDE = POLITE | words(
    "i it is that this to me for by with do can will you a my of the sir maam very so much lets go we am u are got "
    "all sounds like and good thats as esta es de eso asi muy que me parece lo te el la entonces por supuesto un "
    "muchas senora understood understand date amount received got done cool man bro hi hello works ! boss thing hun "
    "dear appreciate pues senorita senor joven jefe amigo mijo seguro sin problema god bless uh huh has have "
    "correcta cool right on let copy you all day every plan se estoy con ok okis entendido entiendo mija sounds "
)
_NO = words(
    "no n incorrect wrong negative never nunca mal equivocado incorrecto nel false negativo disagree nada nuh "
    "nombre nhombre neither none nones nanay"
)
_NO_BESIDE = _YES_BESIDE | words(
    "not what way right correct amount day date time said say promise promised agree agreed did i was way thing "
    "those he she monto fecha dia cantidad esta estan eso yo dije prometi hell thanks at absolutely none any remember "
    "ni sir chance uh never ever told gave wrote down put have had saying would pay that ese son es asi el para nada "
    "quede de pagar pusieron dijimos acuerdo anything gracias senor senora jamas lo que hombre the made make recuerdo "
    "set up for on agreeing you guys o"
)
_DENIED = words(
    "said say told promise promised agree agreed agreeing remember right correct correcto day date dia fecha time dije "
    "prometi quede dijimos wrote way thanks recuerdo acuerdo"
)
"""What a plain ``not`` must stand beside to answer what was read back."""
_SAID = words("said say told promised promise agree agreed dije prometi quede")
_NOT = words("not never no nunca")
_YES_EMOJI = frozenset("👍👌✅✔🆗💯🤝🙆☑🫡")
_NO_EMOJI = frozenset("👎❌🙅🚫✖")
_RUDE_EMOJI = frozenset("🖕💩")
_ORDER = (
    "emergency", "opt_out", "opt_in", "wrong_number", "abuse_or_threat.legal", "abuse_or_threat.threat", "paid",
    "dispute", "hardship", "other.first", "arrangement_request", "balance_question", "help", "language_request",
)  # fmt: skip
"""The groups in the order in which they win, where nobody promises; opt-in stands beside what it undoes."""
_MATTERS = frozenset(("wrong_number", "paid", "dispute", "hardship", "balance_question", "help"))
"""What a longer agreement or disagreement does not outrank."""
_LOOSE = tuple(
    f"{name}.loose"
    for name in (
        "opt_out", "wrong_number", "paid", "dispute", "hardship", "arrangement_request", "balance_question", "help",
        "language_request", "abuse_or_threat",
    )
)  # fmt: skip
"""Looser frames, where no other found anything."""
_KEPT = ("opt_out", "wrong_number", "abuse_or_threat", "paid", "dispute", "hardship")
"""What is told in ``also`` when something else won."""
SILENT = 0.4
"""How sure ``other`` is when nothing was found: a clerk must look."""


@dataclass(frozen=True)
class Decision:
    intent: str
    confidence: float
    evidence: tuple[tuple[int, int], ...] = ()
    also: tuple[str, ...] = ()
    denied: frozenset[str] = frozenset()
    """Intents that the message holds the words of, but says the opposite of: ``don't stop the texts``."""


def decide(reading: Reading, promised: Commitment | None) -> Decision:
    """The intent of a message, how sure it is, and the tokens that decided it."""
    alone = _keyword(reading.tokens)
    if alone is not None:
        return alone
    found = _found(reading)
    decision = _decided(reading, promised, found)
    also = dict.fromkeys(name.partition(".")[0] for name in _ORDER if name in found)
    kept = tuple(name for name in also if name in _KEPT and name != decision.intent)
    denied = frozenset(name[1:] for name in found if name.startswith("-"))
    return Decision(decision.intent, decision.confidence, decision.evidence, kept, denied)


def _found(reading: Reading) -> dict[str, list[Match]]:
    amounts = {place for one in reading.amounts for place in range(one.start, one.end)}
    dates = {place for one in reading.dates for place in range(one.start, one.end)}
    asking = {place for one in reading.clauses if "question" in one.moods for place in range(one.start, one.end)}
    return frames().find(frames().sentences(reading.tokens, amounts, dates, asking))


def _decided(reading: Reading, promised: Commitment | None, found: dict[str, list[Match]]) -> Decision:
    for name in ("emergency", "other.reaction"):
        if name in found:
            return _as(name, found)
    if "opt_in" in found and ("opt_out" not in found or _has_the_last_word(found["opt_in"], found["opt_out"])):
        return _as("opt_in", found)
    if "opt_out" in found:
        return _as("opt_out", found)
    answer = _yes_or_no(reading) if "wrong_number" not in found else None
    if answer is None and promised is None and not (_MATTERS & found.keys()):
        answer = next((_as(name, found) for name in ("confirm_yes", "confirm_no") if name in found), None)
    if answer is not None:
        return answer
    for name in ("wrong_number", "abuse_or_threat.legal", "abuse_or_threat.threat", "abuse_or_threat.sarcasm"):
        if name in found:
            return _as(name, found)
    if promised is None:
        for name in ("wrong_number.moved", "wrong_number.died"):
            if name in found and "hardship" not in found:  # bereavement without income is a hardship
                return _as(name, found)
    elif not _outranked(promised, found):
        return Decision("promise", 0.8 if promised.elliptical else 0.95, promised.evidence)
    return _of_account(reading, found)


def _of_account(reading: Reading, found: dict[str, list[Match]]) -> Decision:
    for name in ("paid", "dispute", "hardship", "hardship.agency"):
        if name in found:
            return _as(name, found)
    if "other.first" in found and not _asked_apart(reading.tokens, found):
        return _as("other.first", found)
    if "abuse_or_threat.refusal" in found and "arrangement_request" not in found:
        return _as("abuse_or_threat.refusal", found)
    for name in ("arrangement_request", "balance_question", "help", "language_request"):
        if name in found:
            return _as(name, found)
    if names_language(reading.tokens) or foreign_script(reading.tokens):
        return Decision("language_request", 0.9, ((0, len(reading.tokens)),))
    for name in ("abuse_or_threat.refusal", "abuse_or_threat.insult"):
        if name in found:
            return _as(name, found)
    for name in _LOOSE:
        if name in found:
            return _as(name, found)
    if _unsure_of_paying(reading):
        return Decision("arrangement_request", 0.55)
    if "other" in found:
        return _as("other", found)
    return Decision("other", SILENT)


def _outranked(promised: Commitment, found: dict[str, list[Match]]) -> bool:
    """Whether what looks like a commitment is somebody else's money, or says neither how much nor when and is about
    something else: a payment made, a charge in dispute, a way to pay."""
    if "hardship.agency" in found:
        return True
    said = any(one.amount_cents is not None or one.date is not None for one in promised.instalments)
    if promised.elliptical and {"other.first", "paid"} & found.keys():  # the number of a house, the day of a move
        return True
    return not said and bool({"paid", "dispute", "balance_question", "other.first"} & found.keys())


_ASKED = ("arrangement_request", "balance_question", "help", "language_request")


def _asked_apart(tokens: Sequence[Token], found: dict[str, list[Match]]) -> bool:
    """Whether something is asked in a sentence of its own, apart from the small matter."""
    marks = [at for at, token in enumerate(tokens) if token.kind == "mark" and token.text in SENTENCE_MARKS]
    small = {sum(mark < match.start for mark in marks) for match in found["other.first"]}
    asked = (match for name in _ASKED for match in found.get(name, ()))
    return any(sum(mark < match.start for mark in marks) not in small for match in asked)


def _has_the_last_word(wished: Sequence[Match], revoked: Sequence[Match]) -> bool:
    """Whether each revocation is only quoted in the wish for texts, or the wish comes after all of them."""
    quoted = all(any(one.start < match.end and match.start < one.end for one in wished) for match in revoked)
    return quoted or max(match.start for match in wished) > max(match.end for match in revoked)


def _as(name: str, found: dict[str, list[Match]]) -> Decision:
    matches = sorted(found[name], key=lambda match: match.start)
    evidence = tuple((match.start, match.end) for match in matches[:3])
    return Decision(name.partition(".")[0], frames().sure[name], evidence)


# --- single words ---


def _keyword(tokens: Sequence[Token]) -> Decision | None:
    """A carrier's keyword alone, with or without punctuation, a polite word or a slip of the thumb."""
    spoken = [_drawn_in(token.text) for token in tokens if token.kind in ("word", "number")]
    meant = [word for word in spoken if word not in POLITE]
    whole = ((0, len(tokens)),)
    joined = "".join(spoken).replace("0", "o").replace("1", "l")
    if spoken and len(set(meant)) == 1 and len(spoken) <= 5:
        word = meant[0]
        for keywords, intent in ((CARRIER_WORDS, "opt_out"), (OPT_IN_WORDS, "opt_in"), (HELP_WORDS, "help")):
            if word in keywords:
                return Decision(intent, 1.0, whole)
        if _slipped(word):
            return Decision("opt_out", 0.85, whole)
    if joined in CARRIER_WORDS and joined not in ("end", "para", "baja"):
        return Decision("opt_out", 1.0, whole)
    return None


def _drawn_in(word: str) -> str:
    """A word without the letters that are drawn out: ``nooooo``, ``STOOOP``."""
    return _DRAWN_OUT.sub(r"\1", word)


_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_STOPS = ("stop", "stopall", "unsubscribe", "cancel", "optout", "parar", "detener")
_NO_STOP = words("step shop atop top slop stoop stow stout strop sop stomp spot soup shot chop crop drop parir pasar")


def _slipped(word: str) -> bool:
    """A keyword alone with one letter wrong: ``stpo``, ``unsubcribe``."""
    return len(word) > 2 and word not in _NO_STOP and any(distance(word, stop) == 1 for stop in _STOPS)


def _yes_or_no(reading: Reading) -> Decision | None:
    """A bare agreement or disagreement; what is denied may be named (``i never said the 12th``)."""
    said = [(one.start, one.end) for one in reading.dates] + [(one.start, one.end) for one in reading.amounts]
    named = {place for start, end in said for place in range(start, end)}
    tokens = reading.tokens
    spoken = [_drawn_in(token.text) for token in tokens if token.kind in ("word", "number")]
    emoji = {letter for token in tokens if token.kind == "emoji" for letter in token.text}
    whole = ((0, len(tokens)),)
    if any(token.text in ("?", "¿") for token in tokens):
        return None
    if not spoken:
        if emoji & _YES_EMOJI:
            return Decision("confirm_yes", 0.9, whole)
        if emoji & _RUDE_EMOJI:
            return Decision("abuse_or_threat", 0.9, whole)
        return Decision("confirm_no", 0.9, whole) if emoji & _NO_EMOJI else None
    spoken = [word for word in spoken if not frames().is_kind(word, "insult")]
    if len(spoken) > 12:
        return None
    if named and _denies(spoken):
        spoken = [token.text for at, token in enumerate(tokens) if token.kind in ("word", "number") and at not in named]
    if any(word in _NO for word in spoken) or "not" in spoken:
        fits = all(word in _NO | _NO_BESIDE | _YES for word in spoken)
        fits = fits and not {"agree", "amount"} <= set(spoken)  # with a bill, not with what was read back
        fits = fits and (any(word in _NO for word in spoken) or bool(_DENIED.intersection(spoken)))
        return Decision("confirm_no", 0.9, whole) if fits and not _thanks_only(spoken) else None
    if len(spoken) <= 8 and any(word in _YES for word in spoken) and all(word in _YES | _YES_BESIDE for word in spoken):
        return Decision("confirm_yes", 0.9, whole)
    return None


def _denies(spoken: Sequence[str]) -> bool:
    """``never said``, ``did not agree to``, ``no dije``: that it was said is denied."""
    return any(word in _SAID and _NOT.intersection(spoken[max(0, at - 2) : at]) for at, word in enumerate(spoken))


def _thanks_only(spoken: Sequence[str]) -> bool:
    return set(spoken) <= {"thanks", "you", "so", "much", "very"}


def _unsure_of_paying(reading: Reading) -> bool:
    """An amount or a date, and a question, a condition or a hedge."""
    return bool(reading.amounts or reading.dates) and any(
        clause.moods & {"question", "condition", "hedge", "denial"} for clause in reading.clauses
    )

"""Clauses, and the mood of each: a statement, a question, a condition, a hedge, a denial, something past."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .phrases import Match, load
from .tokens import SENTENCE_MARKS, Token
from .verbs import CLASSES, HANDS, PAYS
from .wordlists import word_sets

_WORDS = word_sets("clauses")
_BREAKS = _WORDS["breaks"]
_SUBJECTS = _WORDS["subjects"]
_ASKS_FOR_FACTS = _WORDS["asks_for_facts"]
_FACTS_NEXT = _WORDS["facts_next"]
_YES_NEXT = _WORDS["yes_next"]
"""After a ``si`` that begins a sentence: it says yes, when no second verb makes it an if."""
_IF_VERBS = _WORDS["if_verbs"]
_AFTER_AND = _WORDS["after_and"]
_AFTER_I = _WORDS["after_i"]
_BEFORE_I = _WORDS["before_i"]
_TURNED = _WORDS["turned"]
"""Verbs that ask when an amount or a day follows them: ``will 40 do``."""
_DETERMINERS = _WORDS["determiners"]
_FINITE = _WORDS["finite"]
_SAYING = CLASSES["paying_verb"] | CLASSES["pagar_i_verb"] | CLASSES["dar_i_verb"] | CLASSES["pagar_will_verb"]
"""Verbs that after an ``and`` begin a clause of their own."""
_ENDS = frozenset(SENTENCE_MARKS | {","})

MOODS = load("moods")
_SAFE = ("harmless", "not_past")
_WEAK = frozenset({"question", "condition", "hedge", "denial", "past"})


@dataclass(frozen=True)
class Clause:
    """Tokens ``start`` to ``end`` (not included) and their mood."""

    start: int
    end: int
    moods: frozenset[str]

    @property
    def plain(self) -> bool:
        """A statement about what will be: no question, condition, hedge, denial, and nothing past."""
        return not self.moods & _WEAK


def clauses(tokens: Sequence[Token], named: Mapping[int, int] | None = None) -> list[Clause]:
    """The clauses of a message, each with its mood. A condition reaches over its whole sentence, up to ``otherwise``;
    a question mark too, unless only its last clause asks, and asks for a fact.

    ``named`` are the amounts and dates: the token at which each begins, and the one after it.
    """
    made: list[Clause] = []
    for first, last in _sentences(tokens):
        sentence = list(tokens[first:last])
        starts = {place - first: end - first for place, end in (named or {}).items()}
        pieces = _pieces(sentence, starts)
        marked = (last < len(tokens) and tokens[last].text == "?") or any(token.text == "¿" for token in sentence)
        fact = _asks_for_fact(sentence, pieces[-1])
        asking = {pieces[-1]} if marked and fact and len(pieces) > 1 else set(pieces) if marked else set()
        whole = _moods(sentence, starts)
        spanning = _spanning(sentence, pieces)
        before: set[str] = set()
        for start, end in pieces:
            own = _moods(
                sentence[start:end],
                {place - start: last - start for place, last in starts.items() if start <= place < end},
            )
            own |= (before & _carried(sentence[start:end])) | spanning.get(start, set())
            turned = sentence[start].text in _TURNED and start + 1 in starts
            if (start, end) in asking or turned or (len(pieces) == 1 and "question" in whole):
                own |= {"question"}
            if "condition" in whole and sentence[start].text not in ("otherwise", "but", "pero"):
                own |= {"condition"}
            if fact and "question" in own and (start, end) == pieces[-1]:
                own |= {"fact"}
            before = own
            made.append(Clause(first + start, first + end, frozenset(own)))
    return made


def _spanning(sentence: Sequence[Token], pieces: Sequence[tuple[int, int]]) -> dict[int, set[str]]:
    """The hedges and questions that begin in one clause and end in the next: ``chance y | el viernes``."""
    if len(pieces) == 1:
        return {}
    found: dict[int, set[str]] = {}
    for match in MOODS.matches(sentence):
        if match.name in ("hedge", "question"):
            for start, end in pieces:
                if match.start < start < match.end <= end:
                    found.setdefault(start, set()).add(match.name)
    return found


def _carried(piece: Sequence[Token]) -> set[str]:
    """The moods that a clause has from the one before it: cut off without any word between (``what is the least | i
    can pay``), or joined to it by an ``and``; what is past only when it has no verb of its own."""
    if piece[0].text in ("i", "what", "how", "where"):
        return {"question", "condition", "hedge"}
    if piece[0].text not in ("and", "y", "&"):
        return set()
    verb = any(token.text in PAYS or token.text in HANDS or token.text in ("scheduled", "set") for token in piece)
    return {"question", "condition", "hedge"} if verb else {"question", "condition", "hedge", "past"}


def _asks_for_fact(sentence: Sequence[Token], piece: tuple[int, int]) -> bool:
    """``60 friday, what address?``: the clause begins with a word that asks for something else than a yes."""
    start, end = piece
    while start < end and (sentence[start].kind == "mark" or sentence[start].text in ("and", "but", "so", "y")):
        start += 1
    following = sentence[start + 1].text if start + 1 < end else ""
    if start >= end:
        return False
    if sentence[start].text in ("is", "are", "do", "does", "did"):
        return following in ("you", "there", "the", "yall", "u")
    return sentence[start].text in _ASKS_FOR_FACTS and (sentence[start].text, following) not in (
        ("how", "about"), ("what", "about"), ("what", "if"), ("how", "is")
    )  # fmt: skip


def _sentences(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    made, start = [], 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text in SENTENCE_MARKS:
            if at > start:
                made.append((start, at))
            start = at + 1
    if start < len(tokens):
        made.append((start, len(tokens)))
    return made


def _pieces(sentence: Sequence[Token], named: Mapping[int, int]) -> list[tuple[int, int]]:
    inside = {place for start, end in named.items() for place in range(start + 1, end)}
    cuts = [at for at in range(1, len(sentence)) if at not in inside and _cuts_here(sentence, at, named)]
    cuts = [0, *cuts, len(sentence)]
    return [(start, end) for start, end in pairwise(cuts) if end > start]


def _leads_to(sentence: Sequence[Token], at: int, named: Mapping[int, int]) -> bool:
    """An amount or a day stands here, or after ``the other`` and the like."""
    for place in range(at, min(at + 3, len(sentence))):
        if place in named:
            return True
        if sentence[place].text not in _DETERMINERS:
            return False
    return False


def _is_verb(token: Token) -> bool:
    return token.text in PAYS or token.text in HANDS or token.text in _FINITE


def _cuts_here(sentence: Sequence[Token], at: int, named: Mapping[int, int]) -> bool:
    word = sentence[at].text
    following = sentence[at + 1].text if at + 1 < len(sentence) else ""
    if word in _BREAKS or word == ",":
        return not (word == "so" and sentence[at - 1].text in ("or", "and"))
    if word in ("and", "y", "&", "-") and (
        following in _SUBJECTS or following in _AFTER_AND or following in _SAYING or _leads_to(sentence, at + 1, named)
    ):
        return True
    if word == "i" and at > 2:
        fronted = any(end == at and not any(_is_verb(one) for one in sentence[:start]) for start, end in named.items())
        return following in _AFTER_I and sentence[at - 1].text not in _BEFORE_I and not fronted
    return at > 2 and word in ("what", "where", "how") and following in _FACTS_NEXT and sentence[at - 1].text != "is"


def _moods(tokens: Sequence[Token], named: Mapping[int, int]) -> set[str]:
    within = {place for start, end in named.items() for place in range(start + 1, end)}
    found = [match for match in MOODS.matches(tokens) if match.start not in within and not _is_named(match, named)]
    safe = {place for match in found if match.name in _SAFE for place in range(match.start, match.end)}
    moods = {
        match.name
        for match in found
        if match.name not in _SAFE and not _is_safe(match, safe) and not _only_not_this(tokens, match, named)
    }
    for at, token in enumerate(tokens):
        if token.text == "si" and not token.stressed and at not in safe and _is_if(tokens, at, named):
            moods.add("condition")
    if "told" in moods:
        moods = (moods - {"told"}) | (set() if named else {"past"})
    for token in tokens:
        if token.stressed and _is_preterite(token.text):
            moods.add("past")
    return moods


def _is_named(match: Match, named: Mapping[int, int]) -> bool:
    """``may 5`` asks nothing, ``not friday but saturday`` denies nothing: the words belong to a date."""
    return match.name in ("denial", "question") and match.end <= named.get(match.start, 0)


def _is_safe(match: Match, safe: Collection[int]) -> bool:
    """Part of a harmless phrase (``do not worry``); of a condition the whole: ``if god wills and i get`` is one."""
    inside = [at in safe for at in range(match.start, match.end)]
    return (match.name in ("denial", "past") and any(inside)) or (match.name == "condition" and all(inside))


def _only_not_this(tokens: Sequence[Token], match: Match, named: Collection[int]) -> bool:
    """``not friday``, ``no este viernes``: another day is meant, nothing is denied."""
    return match.name == "denial" and match.end == match.start + 1 and match.end in named and len(named) > 1


def _is_if(tokens: Sequence[Token], at: int, named: Mapping[int, int]) -> bool:
    """Whether a ``si`` without its accent is an if, not a yes."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is None or following.text in _ENDS or following.kind in ("mark", "emoji"):
        return False
    if at and tokens[at - 1].kind == "number":
        return False
    verbs = any(token.text in _IF_VERBS for token in tokens[at + 1 :])
    if at in named.values() and following.text in PAYS and not verbs:
        return False  # el jueves si pago
    if following.text in _YES_NEXT or at + 1 in named:
        return verbs or (at > 2 and following.text in ("le", "les", "se", "lo"))
    return True


def _is_preterite(word: str) -> bool:
    """``pagó``, ``mandé``: past, where ``pago`` and ``pagaré`` are not."""
    if word.endswith("o"):
        return word in PAYS or word in HANDS or word.endswith("io")
    return word.endswith("e") and not word.endswith("re") and len(word) > 3

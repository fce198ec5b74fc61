"""Hearing that an offer is refused, where the words alone could be about the bill: ``no thats too much``.

Only while an offer waits for its YES or NO, and only when nothing else is said. Whoever names the bill, a charge or an
amount means more than a refusal.
"""

import re
from dataclasses import replace

from comms.accounts.folding import plain

from .matter import Matter
from .standing import asked_here
from .understanding.wordlists import words

SURE = 0.9
"""How sure it is that such words, after such a question, are a NO."""

_MISTAKEN_FOR = frozenset({"dispute", "hardship", "arrangement_request", "other", "confirm_no"})
_WORD = re.compile(r"\w+")
_REFUSAL = re.compile(
    r"\b((too|to|2|muy) (much|high|steep|big|soon|early|expensive|alto|caro|pronto)|demasiado|mucho"
    r"|(cant|can not|cannot) (pay|afford|do|swing|manage) (that|so|this) much|(cant|can not|cannot) (afford|swing) that"
    r"|no puedo pagar (tanto|eso))\b"
)
_BESIDE = words(
    "no nope nah sorry that thats is its it s this way just still a bit little for me us right now at once too to 2 "
    "much high steep big soon early expensive money amount im i m afraid per month "
    "cant can not cannot pay afford do swing manage so many we "
    "no puedo podemos pagar tanto eso es muy demasiado mucho alto caro pronto para mi nosotros lo siento ay dinero "
    "cantidad la una vez por mes"
)


def hear_a_refusal(matter: Matter) -> None:
    """Take the reply for a NO when it refuses what was offered here."""
    offered = asked_here(matter) and "promise_id" in matter.conversation.context
    meant = matter.understanding
    if not offered or meant.intent not in _MISTAKEN_FOR or meant.also:
        return
    said = _WORD.findall(plain(matter.words.replace("'", "").replace("\u2019", "")))
    if set(said) <= _BESIDE and _REFUSAL.search(" ".join(said)):
        matter.understanding = replace(meant, intent="confirm_no", confidence=SURE, evidence=(matter.short,))

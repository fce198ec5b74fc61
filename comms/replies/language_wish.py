"""Which language a customer asks to be written in: one we write, another by its name, or none that is said."""

import re
from collections.abc import Sequence

from comms.accounts.folding import plain
from comms.city import Language

from .understanding.wordlists import words as word_list

_OURS: dict[str, Language] = {
    "spanish": "es", "espanol": "es", "espanish": "es", "spanich": "es", "castellano": "es",
    "english": "en", "ingles": "en", "inglish": "en", "englis": "en",
}  # fmt: skip
_OTHERS = {
    "hmong": "Hmong", "somali": "Somali", "soomaali": "Somali", "karen": "Karen", "vietnamese": "Vietnamese",
    "vietnamita": "Vietnamese", "chinese": "Chinese", "chino": "Chinese", "mandarin": "Chinese",
    "cantonese": "Chinese", "arabic": "Arabic", "arabe": "Arabic", "russian": "Russian", "ruso": "Russian",
    "ukrainian": "Ukrainian", "french": "French", "frances": "French", "francais": "French", "ojibwe": "Ojibwe",
    "ojibwa": "Ojibwe", "anishinaabemowin": "Ojibwe", "nepali": "Nepali", "swahili": "Swahili", "oromo": "Oromo",
    "amharic": "Amharic", "burmese": "Burmese", "lao": "Lao", "khmer": "Khmer", "tagalog": "Tagalog",
    "portuguese": "Portuguese", "portugues": "Portuguese", "polish": "Polish", "korean": "Korean",
    "japanese": "Japanese", "german": "German", "hindi": "Hindi", "italian": "Italian", "haitian": "Haitian Creole",
    "creole": "Haitian Creole", "asl": "American Sign Language", "braille": "Braille",
}  # fmt: skip
_NOT = word_list(
    "no not dont doesnt cant cannot isnt nor without poco little bad sin tampoco entiendo instead lugar vez rather"
)
"""Within the few words before a language: it is the one that is not wanted, or not understood."""
_NOT_AFTER = word_list("no not isnt")

_WORD = re.compile(r"[a-z]+|[.,;:!?]")
_NEAR = 4


def wished(words: str, written_in: str) -> Language | str:
    """``en``, ``es``, or the English name of another language; ``another`` when none can be told.

    ``written_in`` is the language of the message (as ``Understanding.lang`` has it): who writes in Spanish that he has
    no English wants Spanish.
    """
    said = _WORD.findall(plain(words).replace("'", "").replace("’", ""))
    wanted: list[str] = []
    refused: list[str] = []
    for at, word in enumerate(said):
        if name := _named(word):
            (refused if _is_refused(said, at) else wanted).append(name)
    if wanted:
        return wanted[-1]
    if written_in in ("es", "es-en") and "es" not in refused:
        return "es"
    if "es" in refused:
        return "en"
    return "another"


def _named(word: str) -> str | None:
    return _OURS.get(word) or _OTHERS.get(word)


def _is_refused(said: Sequence[str], at: int) -> bool:
    """``no hablo inglés``; ``español no, inglés``; but in ``English, no Spanish`` the English is wanted."""
    before: list[str] = []
    for word in reversed(said[max(0, at - _NEAR) : at]):
        if _named(word):
            break
        before.append(word)
    after = [*said[at + 1 : at + 3], "", ""]
    return bool(_NOT & set(before)) or (after[0] in _NOT_AFTER and not _named(after[1]))

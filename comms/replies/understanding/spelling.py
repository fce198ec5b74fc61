"""Shorthand, contractions and slips, and the words that are meant. All in lower case and without accents."""

from . import slips
from .wordlists import LEXICON, words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


def _meant() -> dict[str, str]:
    """The word that is meant by each spelling of ``lexicon/spelling.txt``."""
    found: dict[str, str] = {}
    for line in (LEXICON / "spelling.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            word, _, slips_of_it = line.partition(":")
            found |= dict.fromkeys(slips_of_it.split(), word)
    return found


_SPANISH_DAYS = {
    "lunes": "monday", "martes": "tuesday", "miercoles": "wednesday", "jueves": "thursday", "viernes": "friday",
    "sabado": "saturday", "domingo": "sunday", "sabados": "saturday", "domingos": "sunday",
}  # fmt: skip
_SPANISH_MONTHS = {
    "enero": "january", "febrero": "february", "marzo": "march", "abril": "april", "mayo": "may", "junio": "june",
    "julio": "july", "agosto": "august", "septiembre": "september", "setiembre": "september", "octubre": "october",
    "noviembre": "november", "diciembre": "december",
}  # fmt: skip

WORDS = _meant()
KNOWN = frozenset(word for meant in WORDS.values() for word in meant.split())
SPANISH_DAY = _SPANISH_DAYS
SPANISH_MONTH = _SPANISH_MONTHS
NOT_ALONE = frozenset(
    {"ya", "ill", "hell", "shell", "well", "id", "wed", "sat", "sun", "mar", "w", "n", "r", "c", "min", "mo", "x"}
)
"""Words that are also words of their own; ``respell`` looks at their neighbours."""
WORDS |= {"hell": "he will", "shell": "she will", "well": "we will"}

PAIRS = {
    **{(one, "tea"): meant for one, meant in (("for", "forty"), ("fif", "fifty"), ("six", "sixty"), ("thir", "thirty"),
       ("seven", "seventy"), ("eight", "eighty"), ("nine", "ninety"))},
    ("won", "hundred"): "one hundred", ("boy", "a"): "voy a", ("ba", "a"): "va a", ("bamos", "a"): "vamos a",
    ("fin", "d"): "fin de", ("a", "mediados"): "a mediados", ("pa", "l"): "para el", ("to", "el"): "todo el",
    ("wens", "day"): "wednesday", ("wednes", "day"): "wednesday", ("mon", "day"): "monday", ("tues", "day"): "tuesday",
    ("thurs", "day"): "thursday", ("thirst", "day"): "thursday", ("fri", "day"): "friday", ("fry", "day"): "friday",
    ("satur", "day"): "saturday", ("sun", "day"): "sunday", ("son", "day"): "sunday", ("to", "morrow"): "tomorrow",
    ("to", "night"): "tonight", ("to", "day"): "today", ("can", "not"): "can not", ("opt", "out"): "optout",
    ("opt", "in"): "optin", ("un", "subscribe"): "unsubscribe", ("stop", "all"): "stopall", ("all", "right"): "alright",
    ("week", "end"): "weekend", ("pay", "ment"): "payment", ("a", "m"): "am", ("p", "m"): "pm",
    ("past", "due"): "pastdue", ("good", "bye"): "goodbye", ("gon", "na"): "going to", ("a", "couple"): "couple",
    ("an", "will"): "and will", ("an", "i"): "and i", ("an", "do"): "and do", ("an", "then"): "and then",
    ("x", "mas"): "christmas", ("dar", "baja"): "dar baja",
}  # fmt: skip

SPOKEN_MARKS = {"comma": ",", "period": ".", "coma": ","}
ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th", "ro", "er", "o"})


def respell(word: str, before: str, after: str) -> str:
    """The word that is meant; several words where a contraction was opened."""
    if word in NOT_ALONE and not _meant_here(word, before, after):
        return word
    word = WORDS.get(word, word)
    word = SPANISH_DAY.get(word, SPANISH_MONTH.get(word, word))
    if word in KNOWN:
        return word
    found = slips.meant(word)
    return SPANISH_DAY.get(found, SPANISH_MONTH.get(found, found))


_SICK_BEFORE = words("am is are was very so been be really seriously terminally mentally critically got fell too")


_DONE_NEXT = words(
    "pay send have bring do get give make put be call try drop come take mail see need settle clear cover deposit "
    "catch definitely just go submit let start finish transfer zelle"
)


_YA_BEFORE = words(
    "pay paying give get see send tell thank love for to with of do did can will would are have told owe"
)


def _meant_here(word: str, before: str, after: str) -> bool:
    if word in ("hell", "shell", "well"):
        return after in _DONE_NEXT and after not in ("just", "go", "see", "call", "come", "do")
    if word == "ya":
        return before in _YA_BEFORE
    if word == "ill":
        return after in _DONE_NEXT or (
            before not in _SICK_BEFORE and after not in ("", "and", "with", "right", "husband", "wife", "mother")
        )
    if word == "n":
        return before != "" and after != ""
    if word == "id":
        return before not in ("my", "an", "the", "account", "customer") and after not in ("number", "is", "card")
    if word == "sat":
        return before != "i" and after not in ("down", "here", "there")
    if word == "sun":
        return before != "the" or after in ("", "the")
    if word == "wed":
        return after not in ("like", "love", "be", "have", "pay")
    if word == "mar":
        return after not in ("y",)
    if word == "min":
        return not before.isdigit() and after not in ("late", "ago")
    if word == "mo":
        return True
    if word == "x":
        return before not in ("", "$")
    return True

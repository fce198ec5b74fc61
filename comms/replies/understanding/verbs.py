"""The forms of the verbs that hand over money, from ``lexicon/verbs.txt``: each verb by its stem and its endings."""

from .wordlists import groups, words

_ENCLITICS = ("", *words("le les lo los la las te me nos se selo selos sela selas telo telos"))


def _english(entry: str) -> tuple[str, str, str, str]:
    """Base, third person, ``-ing`` and past."""
    given = entry.split("/")
    if len(given) == 4:
        return given[0], given[1], given[2], given[3]
    base = given[0]
    stem = base.removesuffix("e")
    third = f"{base}es" if base.endswith(("s", "sh", "ch")) else f"{base}s"
    return base, third, f"{stem}ing", f"{stem}ed"


def _spanish(entry: str) -> tuple[set[str], ...]:
    """Infinitive with its pronouns, present (I and we; he and they), future and gerund with its pronouns."""
    given = entry.split("/")
    base, stem, ending = given[0], given[0][:-2], given[0][-2]
    vowel = "a" if ending == "a" else "e"
    we = f"{stem}{ending}mos"
    present = {f"{stem}o", we, f"{stem}{vowel}", f"{stem}{vowel}n", *given[1:5]} - (
        {f"{stem}o"} - set(given[1:]) if given[1:] else set()
    )
    future = given[5] if len(given) > 5 else base
    gerund = f"{stem}{'ando' if ending == 'a' else 'yendo' if base == 'traer' else 'iendo'}"
    first = {form for form in present if form.endswith(("o", "os", "oy"))}
    return (
        {base + end for end in _ENCLITICS},
        first,
        present - first,
        {future + end for end in ("e", "emos", "a", "an")},
        {gerund + end for end in _ENCLITICS},
    )


def _classes() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    listed = groups("verbs")
    for group in ("pay", "hand"):
        for entry in listed[group]:
            for name, form in zip(("", "s", "ing", "_past"), _english(entry), strict=True):
                found.setdefault(f"{group}{name}_verb", set()).add(form)
    for group in ("pagar", "dar"):
        for entry in listed[group]:
            for name, forms in zip(("", "_i", "_he", "_will", "_ing"), _spanish(entry), strict=True):
                found.setdefault(f"{group}{name}_verb", set()).update(forms)
    return {name: frozenset(forms) for name, forms in found.items()}


CLASSES = _classes()
"""``pay_verb`` (pay), ``pays_verb``, ``paying_verb``, ``pay_past_verb``, ``hand_verb`` …, ``pagar_verb`` (pagarles),
``pagar_i_verb`` (pago, pagamos), ``pagar_he_verb`` (paga, pagan), ``pagar_will_verb`` (pagaremos),
``pagar_ing_verb``, ``dar_verb`` …: their forms."""


def _all(*beginnings: str) -> frozenset[str]:
    return frozenset(
        form for name, forms in CLASSES.items() if name.startswith(beginnings) and "past" not in name for form in forms
    )


PAYS = _all("pa")
HANDS = _all("hand", "dar")
PAST = CLASSES["pay_past_verb"] | CLASSES["hand_past_verb"]

"""How well replies are understood, measured against labelled examples.

An example is right when its intent is; a promise is wholly right when every amount and date is and nothing is extra,
in any order. ``full`` is the past due, ``half`` is half of it rounded either way. The macro-F1 is the mean over the
intents that occur in the labels.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Example = Mapping[str, Any]
"""``id, text, past_due_cents, intent, instalments, lang`` of a label; ``intent, instalments`` of a prediction."""

SPANISH = ("es", "es-en")


class ScoreError(ValueError):
    """What cannot be scored: a sentence and a next step."""


@dataclass(frozen=True)
class OfIntent:
    """One intent: in ``labels`` examples; ``missed`` were taken for others, ``false`` ones taken for it."""

    labels: int
    missed: int
    false: int

    @property
    def precision(self) -> float:
        right = self.labels - self.missed
        return right / (right + self.false) if right else 0.0

    @property
    def recall(self) -> float:
        return (self.labels - self.missed) / self.labels if self.labels else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class OfPromises:
    """Shares of the labelled promises that were taken for promises and have it right: all of it, the amounts, the
    dates. ``recorded_right`` is of the promises that would have been recorded."""

    whole: float
    amounts: float
    dates: float
    recorded_right: float


@dataclass(frozen=True)
class Wrong:
    """An example that was not understood."""

    id: str
    text: str
    intent: str
    instalments: Sequence[Mapping[str, Any]]
    taken_for: str | None
    taken_instalments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Score:
    """What was measured; shares are from 0 to 1."""

    examples: int
    missing: int
    accuracy: float
    macro_f1: float
    intents: dict[str, OfIntent]
    promises: OfPromises | None
    languages: dict[str, tuple[int, float]]
    """Examples and accuracy, by language; mixed texts count as Spanish."""
    wrong: list[Wrong]

    def as_json(self) -> dict[str, Any]:
        return {
            "examples": self.examples,
            "missing": self.missing,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "intents": {
                name: asdict(one) | {"precision": one.precision, "recall": one.recall, "f1": one.f1}
                for name, one in self.intents.items()
            },
            "promises": asdict(self.promises) if self.promises else None,
            "languages": {
                name: {"examples": count, "accuracy": right} for name, (count, right) in self.languages.items()
            },
            "wrong": [asdict(one) for one in self.wrong],
        }


@dataclass(frozen=True)
class _Pair:
    label: Example
    intent: str | None
    instalments: Sequence[Mapping[str, Any]]

    @property
    def due(self) -> int:
        return int(self.label["past_due_cents"])

    @property
    def is_right(self) -> bool:
        return bool(self.label["intent"] == self.intent)

    @property
    def is_whole(self) -> bool:
        """The intent, and of a promise every amount and date."""
        if not self.is_right or self.intent != "promise":
            return self.is_right
        return same(self.label["instalments"], self.instalments, self.due)


def score(labels: Sequence[Example], predictions: Iterable[Example]) -> Score:
    """Compare predictions with labels by their ids; a label without a prediction counts as not understood. Raises
    ``ScoreError``."""
    if not labels:
        raise ScoreError("There is no labelled example in it. Label replies at the desk, then: comms reply export")
    doubled = [id_ for id_, count in Counter(str(label["id"]) for label in labels).items() if count > 1]
    if doubled:
        raise ScoreError(f"The id {doubled[0]} is there twice. Give every example an id of its own.")
    known = {str(one["id"]): one for one in predictions if "id" in one}
    pairs = [_pair(label, known.get(str(label["id"]))) for label in labels]
    intents = {name: _of_intent(pairs, name) for name in sorted({label["intent"] for label in labels})}
    return Score(
        examples=len(pairs),
        missing=sum(pair.intent is None for pair in pairs),
        accuracy=_share(pairs, lambda pair: pair.is_right),
        macro_f1=sum(one.f1 for one in intents.values()) / len(intents),
        intents=intents,
        promises=_of_promises(pairs),
        languages=_by_language(pairs),
        wrong=[_wrong(pair) for pair in pairs if not pair.is_whole],
    )


def same(said: Sequence[Mapping[str, Any]], taken: Sequence[Mapping[str, Any]], due_cents: int) -> bool:
    """Whether two lists of instalments say the same, in any order."""
    return _match(said, taken, lambda one, other: _same_amount(one, other, due_cents) and _same_date(one, other))


def _pair(label: Example, prediction: Example | None) -> _Pair:
    if prediction is None:
        return _Pair(label, None, ())
    instalments = prediction.get("instalments") or ()
    return _Pair(label, prediction.get("intent"), [one for one in instalments if isinstance(one, Mapping)])


def _of_intent(pairs: Sequence[_Pair], name: str) -> OfIntent:
    labelled = [pair for pair in pairs if pair.label["intent"] == name]
    false = sum(pair.intent == name for pair in pairs if pair.label["intent"] != name)
    return OfIntent(len(labelled), sum(not pair.is_right for pair in labelled), false)


def _of_promises(pairs: Sequence[_Pair]) -> OfPromises | None:
    promised = [pair for pair in pairs if pair.label["intent"] == "promise"]
    if not promised:
        return None

    def right(equal: Callable[[Mapping[str, Any], Mapping[str, Any], int], bool]) -> float:
        return _share(
            promised,
            lambda pair: (
                pair.is_right
                and _match(pair.label["instalments"], pair.instalments, lambda a, b: equal(a, b, pair.due))
            ),
        )

    taken = [pair for pair in pairs if pair.intent == "promise"]
    return OfPromises(
        whole=_share(promised, lambda pair: pair.is_whole),
        amounts=right(_same_amount),
        dates=right(lambda one, other, _due: _same_date(one, other)),
        recorded_right=_share(taken, lambda pair: pair.is_whole),
    )


def _by_language(pairs: Sequence[_Pair]) -> dict[str, tuple[int, float]]:
    groups: dict[str, list[_Pair]] = {}
    for pair in pairs:
        given = str(pair.label.get("lang") or "not given")
        groups.setdefault("es" if given in SPANISH else given, []).append(pair)
    return {name: (len(group), _share(group, lambda pair: pair.is_right)) for name, group in sorted(groups.items())}


def _wrong(pair: _Pair) -> Wrong:
    label = pair.label
    return Wrong(
        str(label["id"]),
        str(label.get("text", "")),
        label["intent"],
        label["instalments"],
        pair.intent,
        pair.instalments,
    )


def _share(pairs: Sequence[_Pair], right: Callable[[_Pair], bool]) -> float:
    return sum(right(pair) for pair in pairs) / len(pairs) if pairs else 0.0


def _match(
    said: Sequence[Mapping[str, Any]],
    taken: Sequence[Mapping[str, Any]],
    equal: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> bool:
    """Whether each of the one has a partner of its own in the other, and none is left over. The first that fits will
    do: what equals two different amounts (``half`` of an odd sum) is tried after the numbers."""
    if len(said) != len(taken):
        return False
    left = sorted(taken, key=lambda one: isinstance(one.get("amount_cents"), str))
    for one in sorted(said, key=lambda one: isinstance(one.get("amount_cents"), str)):
        partner = next((other for other in left if equal(one, other)), None)
        if partner is None:
            return False
        left.remove(partner)
    return True


def _same_amount(one: Mapping[str, Any], other: Mapping[str, Any], due_cents: int) -> bool:
    return bool(_values(one.get("amount_cents"), due_cents) & _values(other.get("amount_cents"), due_cents))


def _values(amount: Any, due_cents: int) -> frozenset[Any]:
    """Everything an amount equals."""
    if amount == "full":
        return frozenset({due_cents})
    if amount == "half":
        return frozenset({due_cents // 2, (due_cents + 1) // 2})
    if isinstance(amount, float):
        return frozenset({round(amount)})
    return frozenset({amount} if isinstance(amount, int | str | None) else ())


def _same_date(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("date") == other.get("date")

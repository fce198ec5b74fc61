"""Learn the weights of ``comms.replies.understanding.hunch`` from labelled messages.

    .venv/bin/python tools/learn_hunch.py [--out FILE] FILE ...

Without files: all of ``tests/replies`` but those whose name begins with ``held``, which measure what was learnt. A file
is JSONL (a line without an ``intent`` is an everyday text that has nothing to do with the office) or lines of
``intent|text``; ``!intent|text`` only says what a text is not, and teaches nothing here.

Multinomial logistic regression by stochastic gradient descent with AdaGrad's step sizes (Duchi, Hazan and Singer, 2011)
and a small L2 penalty, in the order of a fixed shuffle: the same files give the same weights, byte for byte.
"""

import argparse
import base64
import gzip
import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comms.replies.understanding.hunch import ELSEWHERE, KINDS, WEIGHTS, features

TESTS = Path(__file__).parents[1] / "tests" / "replies"
SEEN_AT_LEAST = 2
ROUNDS, RATE, PENALTY = 12, 0.2, 1e-6
EVERYDAY = 0.5


@dataclass(frozen=True)
class Example:
    """A message as the model sees it: features with their values, the kind's place, and how much it counts."""

    seen: Sequence[tuple[str, float]]
    kind: int
    weight: float


def labelled(path: Path) -> Iterator[dict[str, str]]:
    """The messages of one file, each a ``text`` and, unless it is an everyday one, an ``intent``."""
    for line in path.read_text("utf-8").splitlines():
        if path.suffix == ".jsonl":
            yield json.loads(line)
        elif "|" in line and not line.startswith(("#", "!")):
            intent, text = line.split("|", 1)
            yield {"intent": intent, "text": text}


def examples(paths: Sequence[Path]) -> list[Example]:
    """The messages of these files; rare intents count more, by the square root of how rare they are."""
    rows = [row for path in paths for row in labelled(path)]
    groups = [features(row["text"]) for row in rows]
    common = Counter(name for around, pieces in groups for name in (*around, *pieces))
    kinds = [row.get("intent", ELSEWHERE) for row in rows]
    count = Counter(kinds)
    fair = (len(rows) - count[ELSEWHERE]) / (len(KINDS) - 1)
    made = []
    for kind, both in zip(kinds, groups, strict=True):
        seen = [(name, 1 / math.sqrt(len(group))) for group in both for name in group if common[name] >= SEEN_AT_LEAST]
        weight = EVERYDAY if kind == ELSEWHERE else math.sqrt(fair / count[kind])
        made.append(Example(seen, KINDS.index(kind), weight))
    return made


def learn(made: Sequence[Example]) -> dict[str, list[float]]:
    """Weights by feature; the bias under the empty name."""
    size = len(KINDS)
    weights: dict[str, list[float]] = {"": [0.0] * size}
    squares: dict[str, list[float]] = {"": [1e-3] * size}
    for one in made:
        for name, _ in one.seen:
            if name not in weights:
                weights[name], squares[name] = [0.0] * size, [1e-3] * size
    order = list(made)
    shuffled = random.Random(20261122)  # noqa: S311 - an order, not a secret
    for _ in range(ROUNDS):
        shuffled.shuffle(order)
        for one in order:
            _step(one, weights, squares)
    return weights


def _step(one: Example, weights: dict[str, list[float]], squares: dict[str, list[float]]) -> None:
    totals = list(weights[""])
    for name, value in one.seen:
        totals = [total + value * weight for total, weight in zip(totals, weights[name], strict=True)]
    highest = max(totals)
    likely = [math.exp(total - highest) for total in totals]
    whole = sum(likely)
    errors = [
        (place, one.weight * (share / whole - (place == one.kind)))
        for place, share in enumerate(likely)
        if place == one.kind or share / whole > 1e-3
    ]
    for name, value in [("", 1.0), *one.seen]:
        row, square = weights[name], squares[name]
        for place, error in errors:
            slope = error * value + PENALTY * row[place]
            square[place] += slope * slope
            row[place] -= RATE * slope / math.sqrt(square[place])


def packed(weights: dict[str, list[float]]) -> bytes:
    """The file: signed bytes in steps of the largest weight's 127th part, compressed without a date."""
    step = max(abs(weight) for row in weights.values() for weight in row) / 127
    lines = ["\t".join((*KINDS, repr(step)))]
    for name in sorted(weights):
        whole = bytes(round(weight / step) & 255 for weight in weights[name])
        if any(whole):
            lines.append(f"{name}\t{base64.b64encode(whole).decode()}")
    return gzip.compress("\n".join(lines).encode("utf-8"), mtime=0)


def main() -> None:
    """Learn and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = options.parse_args()
    known = [*TESTS.glob("*.jsonl"), *TESTS.glob("corpus/*.jsonl"), TESTS / "wordings.txt", TESTS / "intents.txt"]
    paths = chosen.files or sorted(path for path in known if not path.name.startswith("held"))
    made = examples(paths)
    chosen.out.write_bytes(packed(learn(made)))


if __name__ == "__main__":
    main()

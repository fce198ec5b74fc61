"""Where the marks of a chart stand: plain numbers for the template's SVG. A length is a unit of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from comms.reports import Line, Stacks

WIDE, HIGH = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 30
"""Room for the words at the axes."""
LABELS = 6
"""Words at most below the chart."""


@dataclass(frozen=True)
class Tick:
    """A line across, or a word below."""

    at: float
    label: str


@dataclass(frozen=True)
class Box:
    """A piece of a column; ``series`` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int
    words: str


@dataclass(frozen=True)
class Drawing:
    """A chart as it is drawn; ``lines`` are the pieces of a line, broken where nothing is known."""

    across: list[Tick]
    below: list[Tick]
    boxes: list[Box]
    dots: list[Box]
    lines: list[str]


def stacks(chart: Stacks) -> Drawing:
    """Columns on each other, from 0 to a round number."""
    most = round_up(max((sum(values) for _, values in chart.columns), default=0))
    room = (WIDE - LEFT - RIGHT) / max(len(chart.columns), 1)
    boxes: list[Box] = []
    for n, (label, values) in enumerate(chart.columns):
        base = 0
        for series, value in enumerate(values):
            if value:
                top = _up(base + value, most)
                words = f"{label}: {value:,} {chart.series[series].lower()}"
                width = max(room * 0.72, 0.8)
                boxes.append(
                    Box(_r(LEFT + room * (n + 0.14)), top, _r(width), _r(_up(base, most) - top), series, words)
                )
            base += value
    places = [LEFT + room * (n + 0.5) for n in range(len(chart.columns))]
    across = [Tick(_up(most * n // 4, most), f"{most * n // 4:,}") for n in range(5)]
    return Drawing(across, _below([label for label, _ in chart.columns], places), boxes, [], [])


def line(chart: Line) -> Drawing:
    """A share over time, from nothing to all."""
    step = (WIDE - LEFT - RIGHT) / max(len(chart.points), 1)
    places = [LEFT + step * (n + 0.5) for n in range(len(chart.points))]
    pieces: list[list[str]] = [[]]
    dots: list[Box] = []
    for place, (label, share) in zip(places, chart.points, strict=True):
        if share is None:
            continue
        y = _up(share, 1)
        pieces[-1].append(f"{_r(place)},{y}")
        dots.append(Box(_r(place), y, 0, 0, 0, f"{label}: {share:.0%}"))
    across = [Tick(_up(n / 4, 1), f"{n * 25}%") for n in range(5)]
    lines = [" ".join(piece) for piece in pieces if len(piece) > 1]
    return Drawing(across, _below([label for label, _ in chart.points], places), [], dots, lines)


def round_up(value: int) -> int:
    """The next of 4, 8, 20, 40, 80, 200 …: four lines across, all at round numbers."""
    if value <= 4:
        return 4
    power: int = 10 ** int(log10(value / 4))
    return next(4 * step * power for step in (1, 2, 5, 10) if 4 * step * power >= value)


def _up(value: float, most: float) -> float:
    return _r(HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * value / most)


def _below(labels: Sequence[str], places: Sequence[float]) -> list[Tick]:
    """A word for every so many marks, so that they do not run into each other."""
    every = max(1, ceil(len(labels) / LABELS))
    return [Tick(_r(places[n]), labels[n]) for n in range(0, len(labels), every)]


def _r(value: float) -> float:
    return round(value, 1)

"""A policy as a picture: an SVG timeline that a screen reader can read and that prints in black and white.

The line at the top is to scale: days since the oldest unpaid bill was due, for an account that does nothing, planned
every night. Below it stands a card for each step. Business days are counted for a bill that was due on a given Monday.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from xml.sax.saxutils import escape

from comms.city import City
from comms.money import dollars
from comms.notices import Catalogue

from .model import CHALLENGER, CHAMPION, Policy
from .steps import Step
from .wording import CHANNELS_IN_WORDS, sections, step_heading

WIDTH, LEFT, RIGHT = 880, 48, 832
INK, SOFT, LINE, CARD = "#16202b", "#4a5866", "#8895a3", "#f3f6f9"
COLOURS = {CHAMPION: "#174a7c", CHALLENGER: "#8a3f00"}
FONT = "font-family='system-ui, Segoe UI, Helvetica, Arial, sans-serif'"
CHARACTER = 0.53
"""Width of an average character, in parts of the type size; a little generous, so that lines never run over."""
TICKS = (1, 2, 7, 14, 28, 56, 91, 182, 364)


@dataclass(frozen=True)
class Stop:
    """A step where it stands in time: days after the due date, and the date for the example bill."""

    step: Step
    number: int
    day: int
    on: date


def stops(policy: Policy, city: City, arm: str | None = None) -> tuple[Stop, ...]:
    """When each step comes at the earliest, for the example bill; each letter mailed on the day it is planned, and one
    step a night."""
    due = example_due(policy)
    numbers = {step.id: number for number, step in enumerate(policy.step, 1)}
    found: dict[str, Stop] = {}
    latest = due
    for step in policy.steps_of(arm):
        waits = [_later(city, found[one].on, days, count) for one, days, count in _waits(step) if one in found]
        if step.after.due_days is not None:
            waits.append(due + timedelta(days=step.after.due_days))
        latest = max([latest + timedelta(days=bool(found)), *waits])
        found[step.id] = Stop(step, numbers[step.id], (latest - due).days, latest)
    return tuple(found.values())


def _waits(step: Step) -> Iterator[tuple[str, int, str]]:
    """The steps that this one waits for, how long, and how the days are counted."""
    if step.after.step is not None:
        yield step.after.step, step.after.days or 0, step.after.count
    for one in step.require.steps if step.require else ():
        yield one, step.require.days if step.require else 0, step.require.count if step.require else "calendar"


def example_due(policy: Policy) -> date:
    """The first Monday on which the policy is in effect."""
    first = policy.effective.from_
    return first + timedelta(days=-first.weekday() % 7)


def _later(city: City, day: date, days: int, count: str) -> date:
    return city.add_business_days(day, days) if count == "business" else day + timedelta(days=days)


def svg(policy: Policy, city: City, catalogue: Catalogue | None = None) -> str:
    """The whole picture. Its description says in words everything that it shows."""
    page = _Page()
    arms = [CHAMPION] if policy.challenger is None else [CHAMPION, CHALLENGER]
    lanes = {arm: stops(policy, city, arm) for arm in arms}
    for line in _wrapped(policy.title, (RIGHT - LEFT) * 0.86, 21):
        page.text(line, 21, weight=700)
    until = f" to {policy.effective.to}" if policy.effective.to else ""
    page.text(
        f"{city.name} · {policy.policy}, version {policy.version} · from {policy.effective.from_}{until}", 13, SOFT
    )
    if policy.step:
        _scale(page, lanes, policy)
        for stop in lanes[CHAMPION]:
            _card(page, stop, policy, catalogue)
        if policy.challenger is not None:
            _challenger(page, policy, city, catalogue)
    _foot(page, policy, city)
    return page.document(policy.title, _described(policy, city, catalogue, lanes))


def _described(policy: Policy, city: City, catalogue: Catalogue | None, lanes: dict[str, tuple[Stop, ...]]) -> str:
    """The policy's sentences, with the day of each step."""
    days = (
        f"{arm.capitalize()}: " + "; ".join(f"{stop.step.name} on day {stop.day}" for stop in found) + "."
        for arm, found in lanes.items()
        if found
    )
    told = (f"{section.title}. {' '.join(section.lines)}" for section in sections(policy, city, catalogue))
    return "\n".join((*days, *told))


def _scale(page: "_Page", lanes: dict[str, tuple[Stop, ...]], policy: Policy) -> None:
    """The line to scale, with a lane for each arm."""
    last = max([1, *(stop.day for found in lanes.values() for stop in found)])
    tick = next(one for one in TICKS if last / one <= 12 or one == TICKS[-1])
    end = (last // tick + 1) * tick
    top = page.y + (30 if len(lanes) == 1 else 50)

    def across(day: float) -> float:
        return LEFT + 14 + (RIGHT - LEFT - 28) * day / end

    shares = {CHAMPION: "", CHALLENGER: ""}
    if policy.challenger is not None:
        share = policy.challenger.share
        shares = {CHAMPION: f"champion, {1 - share:.0%}", CHALLENGER: f"challenger, {share:.0%}"}
    for lane, (arm, found) in enumerate(lanes.items()):
        y = top + lane * 58
        if shares[arm]:
            page.put_text(shares[arm], LEFT, y - 18, 12, COLOURS[arm], weight=600)
            y += 4
        page.put(f"<line x1='{LEFT}' y1='{y}' x2='{RIGHT}' y2='{y}' stroke='{COLOURS[arm]}' stroke-width='3'/>")
        for stop, x in _spread(found, across):
            page.disc(x, y, stop.number, COLOURS[arm])
    y = top + (len(lanes) - 1) * 58 + 24
    for day in range(0, end + 1, tick):
        x = across(day)
        page.put(f"<line x1='{x:.1f}' y1='{y}' x2='{x:.1f}' y2='{y + 7}' stroke='{LINE}' stroke-width='1.5'/>")
        page.put_text("due" if day == 0 else str(day), x, y + 21, 12, SOFT, anchor="middle")
    page.y = y + 30
    page.text("Days since the oldest unpaid bill was due", 12, SOFT)
    page.y += 10


def _spread(found: Sequence[Stop], across: Callable[[float], float]) -> Iterator[tuple[Stop, float]]:
    """Where each disc stands; those of one day stand beside each other."""
    before = -100.0
    for stop in found:
        before = max(across(stop.day), before + 27)
        yield stop, before


def _card(page: "_Page", stop: Stop, policy: Policy, catalogue: Catalogue | None) -> None:
    lines = _wrapped(step_heading(policy, stop.step, catalogue), RIGHT - LEFT - 210, 14)
    rows = _rows(_marks(stop.step), RIGHT - LEFT - 190)
    height = 44 + 20 * len(lines) + 28 * len(rows)
    top = page.y
    page.put(
        f"<rect x='{LEFT}' y='{top}' width='{RIGHT - LEFT}' height='{height}' rx='8' fill='{CARD}' stroke='#c5cfd9'/>"
    )
    page.disc(LEFT + 26, top + 27, stop.number, COLOURS[CHAMPION])
    page.put_text(f"Day {stop.day}", LEFT + 52, top + 32, 15, COLOURS[CHAMPION], weight=700)
    page.put_text(f"such as {stop.on:%b} {stop.on.day}", LEFT + 52, top + 51, 12, SOFT)
    page.put_text(stop.step.name, LEFT + 170, top + 30, 16, weight=700)
    for row, line in enumerate(lines):
        page.put_text(line, LEFT + 170, top + 52 + 20 * row, 14)
    for row, marks in enumerate(rows):
        x = float(LEFT + 170)
        for mark in marks:
            x = page.badge(mark, x, top + 43 + 20 * len(lines) + 28 * row)
    page.y = top + height + 12


def _rows(marks: Iterable[str], width: float) -> list[list[str]]:
    """The labels, in as many rows as they need."""
    rows: list[list[str]] = []
    used = width
    for mark in marks:
        if used + badge_width(mark) > width:
            rows.append([])
            used = 0
        rows[-1].append(mark)
        used += badge_width(mark)
    return rows


def badge_width(words: str) -> float:
    """How wide a label is, with the space after it."""
    return len(words) * 12 * CHARACTER + 24


def _marks(step: Step) -> Iterator[str]:
    """What is special about a step, in two or three words each."""
    for channel in (*step.send.channels, *step.send.also) if step.send else ():
        yield CHANNELS_IN_WORDS[channel]
    if step.send is None:
        yield step.action.replace("_", " ")
    if step.when is not None or step.unless is not None:
        yield "only some accounts"
    if step.required:
        yield "never passed over"
    if step.counts_when != "accepted" and step.action == "notice":
        yield f"counts when {step.counts_when}"
    if step.approve:
        yield f"{step.approve} approves"
    if step.copies:
        yield "copies"


def _challenger(page: "_Page", policy: Policy, city: City, catalogue: Catalogue | None) -> None:
    told = next(section for section in sections(policy, city, catalogue) if section.title == "Experiment")
    _paragraphs(page, "Experiment", told.lines, COLOURS[CHALLENGER])


def _foot(page: "_Page", policy: Policy, city: City) -> None:
    told = {section.title: section.lines for section in sections(policy, city)}
    _paragraphs(page, "Who comes in", told["Who comes in"])
    if not policy.step:
        _paragraphs(page, "Steps", told["Steps"])
        return
    due = example_due(policy)
    ends = (
        f"Paid down to {dollars(policy.exit.past_due_at_most)} or less: it ends, on whatever day.",
        *told["Promises"],
        *told["Limits"][:-2],
        f"Days are those of a bill due on Monday, {due:%B} {due.day}, that nobody pays, with every letter mailed on "
        "the day it is planned. Rules and holds may move each step to a later day.",
    )
    _paragraphs(page, "On the way", ends)


def _paragraphs(page: "_Page", title: str, lines: Sequence[str], colour: str = INK) -> None:
    page.y += 8
    page.text(title, 15, colour, weight=700)
    for line in lines:
        for part in _wrapped(line, RIGHT - LEFT, 13):
            page.text(part, 13, leading=19)
        page.y += 3


def _wrapped(words: str, width: float, size: float) -> list[str]:
    return textwrap.wrap(words, int(width / (size * CHARACTER))) or [""]


@dataclass
class _Page:
    """What is drawn so far, and how far down it reaches."""

    y: float = 22
    parts: list[str] = field(default_factory=list)

    def put(self, element: str) -> None:
        self.parts.append(element)

    def put_text(
        self,
        words: str,
        x: float,
        y: float,
        size: float,
        colour: str = INK,
        *,
        weight: int = 400,
        anchor: str = "start",
    ) -> None:
        self.put(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' font-weight='{weight}' "
            f"text-anchor='{anchor}'>{escape(words)}</text>"
        )

    def text(self, words: str, size: float, colour: str = INK, *, weight: int = 400, leading: float = 0) -> None:
        """A line of text at the left, under what there is."""
        self.y += leading or size * 1.45
        self.put_text(words, LEFT, self.y, size, colour, weight=weight)

    def disc(self, x: float, y: float, number: int, colour: str) -> None:
        self.put(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='12' fill='{colour}' stroke='#ffffff' stroke-width='2'/>")
        self.put_text(str(number), x, y + 4.5, 13, "#ffffff", weight=700, anchor="middle")

    def badge(self, words: str, x: float, y: float) -> float:
        """A small label in a frame; returns where the next one begins."""
        width = badge_width(words) - 8
        self.put(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='22' rx='11' fill='#ffffff' stroke='{LINE}'/>"
        )
        self.put_text(words, x + width / 2, y + 15, 12, SOFT, anchor="middle")
        return x + width + 8

    def document(self, title: str, description: str) -> str:
        height = int(self.y + 28)
        size = f"width='{WIDTH}' height='{height}'"
        lines = (
            f"<svg xmlns='http://www.w3.org/2000/svg' {size} viewBox='0 0 {WIDTH} {height}' role='img' lang='en' "
            f"aria-labelledby='timeline-title timeline-desc' {FONT}>",
            f"<title id='timeline-title'>{escape(title)}</title>",
            f"<desc id='timeline-desc'>{escape(description)}</desc>",
            f"<rect {size} fill='#ffffff'/>",
            *self.parts,
            "</svg>",
        )
        return "\n".join(lines) + "\n"

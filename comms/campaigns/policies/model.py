"""A dunning policy as the office writes it: who comes in, what ends it, its steps, and what holds for all of them."""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from .conditions import MOST_DAYS, MOST_HOURS, Cents, Conditions, Enter, Part
from .steps import After, Role, Send, Step

CHAMPION, CHALLENGER = "champion", "challenger"


class PolicyError(ValueError):
    """A policy that cannot be used; the message names the file, the key and what is allowed."""


class Exit(Part):
    """What ends an episode: the debt has fallen to this or less."""

    past_due_at_most: Cents


class Effective(Part):
    """From when, and up to and including when, a version may be planned with."""

    from_: date = Field(alias="from")
    to: date | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.to is not None and self.to < self.from_:
            raise ValueError("to lies before from")
        return self

    def on(self, day: date) -> bool:
        """Whether ``day`` lies within."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class Reentry(Part):
    """How an account comes in again: not within ``cool_down_days`` of its last episode's end; and at step
    ``restart_at`` when it comes back within ``restart_within_days`` of it."""

    cool_down_days: int = Field(default=0, ge=0, le=MOST_DAYS)
    restart_at: str | None = None
    restart_within_days: int = Field(default=180, ge=1, le=MOST_DAYS)


def _windows(given: Any) -> Any:
    """``{ "7d" = 3 }`` as days: 7."""
    if not isinstance(given, dict):
        return given
    windows = {}
    for name, most in given.items():
        days = str(name).removesuffix("d")
        if not str(name).endswith("d") or not days.isascii() or not days.isdigit() or not 1 <= int(days) <= 30:
            raise ValueError(f'{name!r} is not a number of days up to 30; allowed: "7d", "30d" and the like')
        windows[int(days)] = most
    return windows


class Caps(Part):
    """At most so many contacts with one household within so many days, beside the office's own caps."""

    per_household: Annotated[dict[int, Annotated[int, Field(ge=0)]], BeforeValidator(_windows)] = Field(
        default_factory=dict
    )


class OnPromise(Part):
    """What a promise does to an episode. While it is open, dunning holds. After it ended, and ``cool_down_days`` later:

    ``resume_same_step``: the policy goes on where it stood, and the days to the next step are counted from the
    promise's end. ``next_step``: the days under the promise count too, so that the next step comes as soon as it would
    have. ``jump_to:<id>``: that step is next; only steps that are not required are passed over for it.
    """

    open: Literal["hold"] = "hold"
    kept: str = "resume_same_step"
    partial: str = "resume_same_step"
    broken: str = "next_step"
    cool_down_days: int = Field(default=0, ge=0, le=MOST_DAYS)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for key in ("kept", "partial", "broken"):
            effect = getattr(self, key)
            if effect not in ("resume_same_step", "next_step") and not effect.startswith("jump_to:"):
                allowed = '"resume_same_step", "next_step", "jump_to:<step id>"'
                raise ValueError(f"{key} = {effect!r} is not an effect; allowed: {allowed}")
        return self

    @property
    def targets(self) -> dict[str, str]:
        """The step that each end of a promise jumps to, where it does."""
        ends = {key: getattr(self, key) for key in ("kept", "partial", "broken")}
        return {key: effect.removeprefix("jump_to:") for key, effect in ends.items() if effect.startswith("jump_to:")}


class StepChange(Part):
    """What is different in the challenger's step of that id; ``drop`` leaves it out."""

    id: str
    notice: str | None = None
    send: Send | None = None
    after: After | None = None
    drop: bool = False

    @model_validator(mode="after")
    def _changes(self) -> Self:
        given = [key for key in ("notice", "send", "after") if getattr(self, key) is not None]
        if self.drop == bool(given):
            raise ValueError("give notice, send or after to change the step, or drop = true alone to leave it out")
        return self


class Challenger(Part):
    """A share of the accounts (0.1 is a tenth) that come in within the dates goes another way, drawn by ``seed``."""

    title: str = ""
    share: float = Field(gt=0, lt=1)
    seed: str = Field(min_length=1)
    from_: date = Field(alias="from")
    to: date
    step: tuple[StepChange, ...] = Field(min_length=1)

    def on(self, day: date) -> bool:
        """Whether accounts that come in on ``day`` are drawn."""
        return self.from_ <= day <= self.to


class Brakes(Part):
    """What stops a run until a person lifts it."""

    volume_jump_percent: int = Field(default=50, ge=1)
    """More contacts than the run before, by this many percent."""
    payments_older_than_hours: int = Field(default=96, ge=1, le=MOST_HOURS)
    """The last payment file is older; four days, so that a weekend with a holiday stops nothing."""
    accounts_older_than_hours: int = Field(default=96, ge=1, le=MOST_HOURS)
    unreachable_percent: int = Field(default=25, ge=0, le=100)
    """So many of those with a step due cannot be reached on any channel."""


class Policy(Part):
    """A version of a policy, as written."""

    policy: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    effective: Effective
    approved_by: tuple[Role, ...] = Field(default=("supervisor",), min_length=1)
    """The roles of which each must approve a version before it is used."""
    enter: Enter
    exit: Exit
    reentry: Reentry = Reentry()
    caps: Caps = Caps()
    step: tuple[Step, ...] = ()
    """Without a step the policy leaves its accounts alone: it takes them, so that no later policy does."""
    on_promise: OnPromise = OnPromise()
    challenger: Challenger | None = None
    brakes: Brakes = Brakes()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        _in_order(self.step)
        if self.exit.past_due_at_most >= self.enter.past_due_at_least:
            raise ValueError("exit.past_due_at_most must be less than enter.past_due_at_least, or all leave at once")
        ids = [step.id for step in self.step]
        for key, target in self.on_promise.targets.items():
            if target not in ids:
                raise ValueError(f"on_promise.{key} jumps to {target!r}, which is no step; steps: {', '.join(ids)}")
        self._restarts_well(ids)
        self._caps_leave_room()
        if self.challenger is not None:
            _in_order(self._challenged(self.challenger))
        return self

    def _restarts_well(self, ids: list[str]) -> None:
        restart = self.reentry.restart_at
        if restart is None:
            return
        if restart not in ids:
            raise ValueError(f"reentry.restart_at is {restart!r}, which is no step; steps: {', '.join(ids)}")
        if passed := [step.id for step in self.step[: ids.index(restart)] if step.required]:
            raise ValueError(f"reentry.restart_at would pass over {passed[0]!r}, which is required")

    def _caps_leave_room(self) -> None:
        least = min(self.caps.per_household.values(), default=None)
        for step in self.step:
            if least is not None and step.send is not None and len(step.send.all_of) > least:
                raise ValueError(f"step {step.id!r} sends more messages at once than caps.per_household allows")

    @cached_property
    def household_caps(self) -> tuple[tuple[timedelta, int], ...]:
        """At most so many contacts with a household within each window, over all campaigns."""
        return tuple((timedelta(days=days), most) for days, most in sorted(self.caps.per_household.items()))

    def named(self, step_id: str, arm: str | None = None) -> Step:
        """The step of that id, as the arm has it. Raises ``KeyError``."""
        return self._named[arm == CHALLENGER][step_id]

    def steps_of(self, arm: str | None) -> tuple[Step, ...]:
        """The steps in order; ``challenger`` has its own."""
        return self._arms[arm == CHALLENGER]

    @cached_property
    def _arms(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        return (self.step, self._challenged(self.challenger) if self.challenger else self.step)

    @cached_property
    def _named(self) -> tuple[dict[str, Step], dict[str, Step]]:
        champion, challenger = ({step.id: step for step in steps} for steps in self._arms)
        return champion, {**champion, **challenger}

    def _challenged(self, challenger: Challenger) -> tuple[Step, ...]:
        changes = {change.id: change for change in challenger.step}
        known = {step.id: step for step in self.step}
        for id_, change in changes.items():
            if id_ not in known:
                raise ValueError(f"challenger changes step {id_!r}, which is no step; steps: {', '.join(known)}")
            if change.drop and known[id_].required:
                raise ValueError(f"challenger drops step {id_!r}, which is required")
            if change.drop and id_ in (*self.on_promise.targets.values(), self.reentry.restart_at):
                raise ValueError(f"challenger drops step {id_!r}, to which on_promise or reentry goes")
            if known[id_].action != "notice" and (change.notice or change.send):
                raise ValueError(f"challenger changes step {id_!r}, which writes nothing; only its after may differ")
        return tuple(_changed(step, changes.get(step.id)) for step in self.step if not _dropped(changes.get(step.id)))


def _dropped(change: StepChange | None) -> bool:
    return change is not None and change.drop


def _changed(step: Step, change: StepChange | None) -> Step:
    if change is None:
        return step
    new = {key: getattr(change, key) for key in ("notice", "send", "after") if getattr(change, key) is not None}
    return Step.model_validate({**dict(step), **new})


def _in_order(steps: tuple[Step, ...]) -> None:
    """Each step once, each after a step that stands before it, each action after what it requires."""
    before: dict[str, Step] = {}
    for step in steps:
        if step.id in before:
            raise ValueError(f"step {step.id!r} stands twice; give each step an id of its own")
        if step.after.step is not None and step.after.step not in before:
            raise ValueError(f"step {step.id!r} comes after {step.after.step!r}, which is not an earlier step")
        for wanted in step.require.steps if step.require else ():
            if wanted not in before:
                raise ValueError(f"step {step.id!r} requires {wanted!r}, which is not an earlier step")
            if not before[wanted].required:
                raise ValueError(f"step {step.id!r} requires {wanted!r}; give that step required = true")
        before[step.id] = step


__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "After",
    "Brakes",
    "Caps",
    "Challenger",
    "Conditions",
    "Effective",
    "Enter",
    "Exit",
    "OnPromise",
    "Policy",
    "PolicyError",
    "Reentry",
    "Send",
    "Step",
    "StepChange",
]

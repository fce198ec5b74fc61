"""Which step an episode stands before, and since when it is due. Pure.

1. A step stands when its latest occurrence counts, and when the step that it comes after was not taken again since.
2. While a step is under way nothing else is due; and on one night one step at most is taken.
3. The first step that does not stand is next. A required one is never passed over, even behind others that stand. One
   that is not required is: behind a later step that stands, where its conditions do not hold, where a promise or a
   re-entry goes past it, and where it may be skipped when late.
4. It is due since a day, never on a day: days after the oldest due date, or after the step before it counted. Where
   that step was passed over, the days it would have waited count as well.
5. A promise that ended since the last step moves the day, or the step, as the policy says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from .night import Night, Position, Subject, Taken
from .policies import Policy, Step
from .policies.conditions import Conditions

DAY = timedelta(1)


@dataclass(frozen=True, slots=True)
class Due:
    """``due``: ``step`` is to be taken, as its ``occurrence``. ``waiting``: not before ``on``. ``stuck``: something
    must be found out or proven first. ``done``: no step is left. ``rule`` and ``why`` say what it rests on."""

    kind: Literal["due", "waiting", "stuck", "done"]
    rule: str
    why: str
    step: Step | None = None
    occurrence: int = 1
    on: date | None = None


def due_step(policy: Policy, night: Night, subject: Subject, position: Position) -> Due:
    """Where an episode stands tonight; see the module."""
    latest = _latest(position.taken)
    if busy := _busy(policy, night, position, latest):
        return busy
    return _Steps(policy, night, subject, position, latest).next()


def _latest(taken: Sequence[Taken]) -> dict[str, Taken]:
    found: dict[str, Taken] = {}
    for one in taken:
        if one.step not in found or one.occurrence > found[one.step].occurrence:
            found[one.step] = one
    return found


def _busy(policy: Policy, night: Night, position: Position, latest: Mapping[str, Taken]) -> Due | None:
    """What is under way, or was taken today already."""
    steps = {step.id: step for step in policy.steps_of(position.arm)}
    for one in latest.values():
        if one.standing == "pending":
            on = night.city.local_date(one.decided_at)
            why = f"{_name(steps, one)} was decided on {on}; {one.why or 'no news of it yet'}"
            return Due("waiting", "under-way", why, steps.get(one.step), one.occurrence, night.today + DAY)
    for one in latest.values():
        if one.standing == "counts" and night.city.local_date(one.decided_at) >= night.today:
            why = f"{_name(steps, one)} was taken today"
            return Due("waiting", "one-step-a-night", why, steps.get(one.step), one.occurrence, night.today + DAY)
    return None


def _name(steps: Mapping[str, Step], one: Taken) -> str:
    return steps[one.step].name if one.step in steps else one.step


class _Steps:
    """The steps of one episode, as they stand tonight."""

    def __init__(
        self, policy: Policy, night: Night, subject: Subject, position: Position, latest: Mapping[str, Taken]
    ) -> None:
        self.policy, self.night, self.subject, self.latest = policy, night, subject, latest
        self.steps = policy.steps_of(position.arm)
        self.places = {step.id: place for place, step in enumerate(self.steps)}
        self.standing = _standing(self.steps, latest)
        counted = (self._counted_on(one.step) for one in latest.values() if one.standing == "counts")
        self.last_counted = max(counted, default=None)
        self.frontier = max((self.places[step_id] for step_id in self.standing), default=-1)
        self.promise_ended, effect = _promise(policy, night, position)
        self.anew = effect == "resume_same_step"
        self.jump = self.places.get(effect.removeprefix("jump_to:"), -1)
        self.restart = self._restart(position)

    def _counted_on(self, step_id: str) -> date:
        one = self.latest[step_id]
        return self.night.city.local_date(one.counts_at or one.decided_at)

    def _restart(self, position: Position) -> int:
        """The place of the step at which an account that comes back so soon starts."""
        again = self.policy.reentry
        if again.restart_at is None or position.closed_at is None:
            return 0
        opened = position.opened_at or self.night.now
        soon = opened - position.closed_at <= timedelta(days=again.restart_within_days)
        return self.places.get(again.restart_at, 0) if soon else 0

    def next(self) -> Due:
        """The first step that does not stand and is not passed over."""
        for place, step in enumerate(self.steps):
            if place != self.jump and self._passed(place, step):
                continue
            applies = self._applies(step)
            if applies is False:
                continue
            if applies is None:
                return Due("stuck", "fact-not-known", f"{step.name} depends on a fact that is not known", step)
            due = self._due(step)
            if step.skip_if_late and due.on is not None and self._late(place, step, due.on):
                continue
            return due
        return Due("done", "all-steps-taken", "every step of the policy that applies was taken")

    def _passed(self, place: int, step: Step) -> bool:
        """Whether the step stands, or lies behind where the episode has come to and need not be taken."""
        if step.id in self.standing:
            return True
        return not step.required and place < max(self.frontier, self.restart, self.jump)

    def _applies(self, step: Step) -> bool | None:
        """Whether the step's conditions hold; None when that is not known."""
        when, unless = self._holds(step.when, True), self._holds(step.unless, False)
        if when is False or unless is True:
            return False
        return None if when is None or unless is None else True

    def _holds(self, conditions: Conditions | None, without: bool) -> bool | None:
        if conditions is None:
            return without
        failed = conditions.against(self.subject, self.night.today)
        if failed is None:
            return True
        return False if failed[2] else None

    def _due(self, step: Step) -> Due:
        on = self._due_on(step)
        if on is None:
            return Due("stuck", "due-date-not-known", "it is not known since when the oldest bill is due", step)
        before = self.latest.get(step.id)
        occurrence = before.occurrence + 1 if before else 1
        if self.last_counted is not None:
            on = max(on, self.last_counted + (self._gap(step) if self.places[step.id] == self.jump else DAY))
        if self.promise_ended is not None:
            on = max(on, self._after_promise(step, self.promise_ended))
        if missing := self._not_proven(step):
            return Due("stuck", "not-proven", missing, step, occurrence)
        if step.require is not None:
            waits = step.require
            proven = (self._later(self._counted_on(one), waits.days, waits.count) for one in waits.steps)
            on = max(on, *proven)
        if on > self.night.today:
            return Due("waiting", "not-due-yet", f"{step.name} is due on {on}", step, occurrence, on)
        return Due("due", "due", f"{step.name} is due since {on}", step, occurrence, on)

    def _due_on(self, step: Step) -> date | None:
        """The day a step is due since by its ``after``, with the spacing kept."""
        after = step.after
        if after.step is None:
            return self._by_age(step)
        if after.step in self.standing:
            start: date | None = self._counted_on(after.step)
        else:
            start = self._passed_over_on(after.step)
        return None if start is None else self._later(start, after.days or 0, after.count)

    def _passed_over_on(self, step_id: str) -> date | None:
        """When a step that does not stand would have been taken, or was tried last."""
        if step_id not in self.places:
            return self.last_counted
        on = self._due_on(self.steps[self.places[step_id]])
        tried = self.latest.get(step_id)
        if on is not None and tried is not None:
            on = max(on, self.night.city.local_date(tried.decided_at))
        return on

    def _by_age(self, step: Step) -> date | None:
        """Days after the oldest due date; late steps keep the distance that their days have from one another."""
        if self.subject.oldest_due_on is None or step.after.due_days is None:
            return None
        on = self.subject.oldest_due_on + timedelta(days=step.after.due_days)
        for before in self.steps[: self.places[step.id]]:
            if before.after.due_days is not None and before.id in self.standing:
                apart = step.after.due_days - before.after.due_days
                on = max(on, self._counted_on(before.id) + timedelta(days=max(apart, 1)))
        return on

    def _gap(self, step: Step) -> timedelta:
        return timedelta(days=step.after.days or 1)

    def _later(self, start: date, days: int, count: str) -> date:
        if count == "business":
            return self.night.business_days_after(start, days)
        return start + timedelta(days=days)

    def _after_promise(self, step: Step, ended: date) -> date:
        """Not before the promise's cool-down is over; and where the days are counted anew, from the promise's end."""
        rested = ended + timedelta(days=self.policy.on_promise.cool_down_days)
        tried = self.latest.get(step.id)
        if not self.anew or not self.latest or (tried is not None and tried.standing == "undone"):
            return rested
        if step.after.step is not None:
            return max(rested, self._later(ended, step.after.days or 0, step.after.count))
        ages = [
            before.after.due_days
            for before in self.steps[: self.places[step.id]]
            if before.after.due_days is not None and before.id in self.standing
        ]
        apart = (step.after.due_days or 0) - max(ages) if ages else 0
        return max(rested, ended + timedelta(days=max(apart, 0)))

    def _not_proven(self, step: Step) -> str:
        missing = [one for one in step.require.steps if one not in self.standing] if step.require else []
        if not missing:
            return ""
        names = ", ".join(self.steps[self.places[one]].name for one in missing)
        return f"{step.name} needs a proven {names}"

    def _late(self, place: int, step: Step, on: date) -> bool:
        """Whether the step that follows would be due already, had this one been taken on its day."""
        for later in self.steps[place + 1 :]:
            if self._applies(later) is False or later.id in self.standing:
                continue
            then = self._later(on, later.after.days or 0, later.after.count) if later.after.step == step.id else None
            then = then or self._due_on(later)
            return then is not None and then <= self.night.today
        return False


def _standing(steps: Sequence[Step], latest: Mapping[str, Taken]) -> frozenset[str]:
    """The steps that count and were not overtaken by a repetition of what they come after."""
    stand: set[str] = set()
    since: dict[str, datetime] = {}
    for step in steps:
        before = [step.after.step] if step.after.step else []
        before += step.require.steps if step.require else ()
        marks = [since[one] for one in before if one in since]
        one = latest.get(step.id)
        if one is not None:
            if one.standing == "counts" and all(one.decided_at >= mark for mark in marks):
                stand.add(step.id)
            marks.append(one.decided_at)
        if marks:
            since[step.id] = max(marks)
    return frozenset(stand)


def _promise(policy: Policy, night: Night, position: Position) -> tuple[date | None, str]:
    """The day on which a promise ended that no step followed yet, and what it does."""
    promise = position.promise
    if promise is None or any(
        one.standing != "undone" and one.decided_at >= promise.ended_at for one in position.taken
    ):
        return None, ""
    effect: str = getattr(policy.on_promise, promise.status)
    return night.city.local_date(promise.ended_at), effect

"""An office without a database, for trying the pure engine on any order of nights and events.

It does what the planner and the carriers do with an outcome: opens and closes episodes, remembers what was decided,
lets it be delivered, fail or come back, and counts the household's contacts. ``night`` checks each outcome as it comes.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from comms.campaigns.engine import judge
from comms.campaigns.night import Contacts, Night, Outcome, Position, PromiseEnd, Subject, Taken
from comms.campaigns.policies import Policy, Step
from comms.rules import ActiveHold, Weather
from tests.support import nights


@dataclass
class Decided:
    """A step that was taken, and what becomes of it: it counts from ``settles`` on unless it failed."""

    step: str
    occurrence: int
    at: datetime
    settles: datetime
    failed: bool = False

    def seen(self, now: datetime) -> Taken:
        if self.failed:
            return Taken(self.step, self.occurrence, self.at, "undone")
        if now >= self.settles:
            return Taken(self.step, self.occurrence, self.at, "counts", self.settles)
        return Taken(self.step, self.occurrence, self.at, "pending")


@dataclass
class House:
    """One account, as the office sees it."""

    subject: Subject
    episode: int | None = None
    policy: Policy | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    steps: list[Decided] = field(default_factory=list)
    promise: PromiseEnd | None = None
    promised_until: date | None = None

    def position(self, now: datetime) -> Position:
        if self.policy is None:
            return Position()
        if self.episode is None:
            return Position(policy=self.policy.policy, closed_at=self.closed_at)
        taken = tuple(step.seen(now) for step in self.steps)
        return Position(
            self.episode, self.policy.policy, self.policy.version, None, self.opened_at, taken, self.promise,
            self.closed_at,
        )  # fmt: skip

    def change(self, **facts: Any) -> None:
        self.subject = replace(self.subject, facts=replace(self.subject.facts, **facts))

    def latest(self, step: str) -> Decided | None:
        return max((one for one in self.steps if one.step == step), key=lambda one: one.occurrence, default=None)


@dataclass
class Office:
    """Houses of one household, a policy in use, and the calendar."""

    policy: Policy
    city: str
    houses: list[House]
    today: date
    contacts: Contacts = field(default_factory=Contacts)
    written: list[tuple[int, int, str, int]] = field(default_factory=list)
    """House, episode, step and occurrence of everything that was decided."""
    log: list[tuple[date, int, str, int]] = field(default_factory=list)
    """Day, house, step and occurrence."""
    episodes: int = 0

    def night(self, gap: int = 1, hour: int = 16, lag: int = 0) -> None:
        """A night ``gap`` days later (0: once more tonight). What is sent is delivered ``lag`` days later."""
        self.today += timedelta(gap)
        tonight = nights.night(self.today, self.policy, city=self.city, hour=hour)
        for number, house in enumerate(self.houses):
            house.change(weather=Weather(tonight.now))
            position = house.position(tonight.now)
            outcome = judge(tonight, house.subject, position, self.contacts)
            assert outcome == judge(tonight, house.subject, position, self.contacts), "the same gives the same"
            if outcome.kind in ("contact", "action"):
                self._check(tonight, house, position, outcome)
            self._keep(tonight, number, house, outcome, lag)

    def _keep(self, tonight: Night, number: int, house: House, outcome: Outcome, lag: int) -> None:
        if outcome.closes:
            house.episode, house.closed_at, house.promise = None, tonight.now, None
            house.steps = []
            return
        if outcome.opens:
            self.episodes += 1
            house.episode, house.policy, house.opened_at = self.episodes, self.policy, tonight.now
        if outcome.kind not in ("contact", "action"):
            return
        assert outcome.step is not None and outcome.occurrence is not None and house.episode is not None
        key = (number, house.episode, outcome.step, outcome.occurrence)
        assert key not in self.written, "nothing is decided twice"
        self.written.append(key)
        self.log.append((self.today, number, outcome.step, outcome.occurrence))
        late = lag if outcome.kind == "contact" else 0
        house.steps.append(Decided(outcome.step, outcome.occurrence, tonight.now, tonight.now + timedelta(late)))
        for send in outcome.sends:
            address = house.subject.facts.addresses[send.channel]
            self.contacts.add(house.subject.household, None, address, send.until or tonight.now, (key, send.channel))

    def _check(self, tonight: Night, house: House, position: Position, outcome: Outcome) -> None:
        step = self.policy.named(outcome.step or "")
        _one_at_a_time(tonight, position)
        _only_again_when_undone(self.policy, house, step, outcome)
        _spaced(tonight, house, step)
        _nothing_required_skipped(self.policy, house, step, tonight.now)
        facts = house.subject.facts
        assert facts.owed_cents > self.policy.exit.past_due_at_most, "nobody who paid is dunned"
        dunning = outcome.kind == "contact" and tonight.purposes[step.notice] == "dunning"
        assert not [hold for hold in facts.holds if dunning or hold.kind != "promise"], "nobody under a hold"
        if dunning:
            self._capped(house, tonight.now)
        for send in outcome.sends:
            local = (send.until or tonight.now).astimezone(tonight.city.zone)
            assert send.channel != "sms" or 8 <= local.hour < 21, "no text at night"
            assert facts.addresses.get(send.channel)

    def _capped(self, house: House, now: datetime) -> None:
        seen = [min(one, now) for one in self.contacts.of(house.subject.household, None, ())]
        for window, most in ((timedelta(7), 3), (timedelta(30), 6), *self.policy.household_caps):
            assert sum(now - window < one <= now for one in seen) < most, "the household's cap"

    # What else happens

    def pay(self, number: int, cents: int) -> None:
        house = self.houses[number]
        house.change(paid_since_cents=house.subject.facts.paid_since_cents + cents)

    def bill(self, number: int, cents: int) -> None:
        """A new file of the CIS: what was paid is taken off, and a new amount is past due."""
        house = self.houses[number]
        owed = max(house.subject.facts.owed_cents, 0) + cents
        house.change(past_due_cents=owed, paid_since_cents=0, service_past_due={"water": owed})
        house.subject = replace(house.subject, oldest_due_on=self.today - timedelta(6))

    def hold(self, number: int, on: bool) -> None:
        house = self.houses[number]
        others = tuple(hold for hold in house.subject.facts.holds if hold.kind == "promise")
        house.change(holds=(*others, ActiveHold("medical", None, None, "")) if on else others)

    def promises(self, number: int) -> None:
        house = self.houses[number]
        if not any(hold.kind == "promise" for hold in house.subject.facts.holds):
            house.change(holds=(*house.subject.facts.holds, ActiveHold("promise", None, None, "")))

    def ends_promise(self, number: int, status: str) -> None:
        house = self.houses[number]
        left = tuple(hold for hold in house.subject.facts.holds if hold.kind != "promise")
        if len(left) < len(house.subject.facts.holds):
            house.change(holds=left)
            house.promise = PromiseEnd(status, nights.at(self.today, 17))  # type: ignore[arg-type]

    def fails(self, number: int, step: str) -> None:
        """What was sent for a step comes back, or could not be delivered."""
        decided = self.houses[number].latest(step)
        if decided is not None and self.policy.named(step).action == "notice":
            decided.failed = True

    def moves(self, number: int, reachable: bool) -> None:
        letter = {"letter": nights.LETTER} if reachable else {}
        self.houses[number].change(addresses={"sms": nights.CELL, "email": nights.EMAIL, **letter})


def _one_at_a_time(tonight: Night, position: Position) -> None:
    latest: dict[str, Taken] = {}
    for one in position.taken:
        latest[one.step] = one
    assert all(one.standing != "pending" for one in latest.values()), "what is under way is waited for"
    days = [tonight.city.local_date(one.decided_at) for one in latest.values() if one.standing == "counts"]
    assert tonight.today not in days, "one step a night"


def _only_again_when_undone(policy: Policy, house: House, step: Step, outcome: Outcome) -> None:
    before = house.latest(step.id)
    if before is None:
        assert outcome.occurrence == 1
        return
    assert outcome.occurrence == before.occurrence + 1
    wanted, above = [step.id], set()
    while wanted:
        here = policy.named(wanted.pop())
        for one in (here.after.step, *(here.require.steps if here.require else ())):
            if one is not None and one not in above:
                above.add(one)
                wanted.append(one)
    overtaken = any(later.at > before.at for one in above if (later := house.latest(one)))
    jumped = house.promise is not None and step.id in policy.on_promise.targets.values()
    assert before.failed or overtaken or jumped, "a step that counts is not taken again"


def _spaced(tonight: Night, house: House, step: Step) -> None:
    if step.after.step is None or step.after.days is None:
        return
    before = house.latest(step.after.step)
    if before is None or before.failed:
        return
    start = tonight.city.local_date(before.settles)
    business = step.after.count == "business"
    due = tonight.city.add_business_days(start, step.after.days) if business else start + timedelta(step.after.days)
    assert due <= tonight.today, "the spacing holds"


def _nothing_required_skipped(policy: Policy, house: House, step: Step, now: datetime) -> None:
    for before in policy.step:
        if before.id == step.id:
            break
        decided = house.latest(before.id)
        if before.required:
            assert decided is not None and not decided.failed and decided.settles <= now, "none is skipped"
    for one in step.require.steps if step.require else ():
        decided = house.latest(one)
        assert decided is not None and step.require is not None
        assert decided.settles + timedelta(step.require.days - 1) <= now, "its days have passed"

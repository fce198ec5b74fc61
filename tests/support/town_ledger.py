"""The ledger of a town's year: what was decided, sent and paid, and whether it is as it must be.

``check`` looks at each decision when it is made, with rules of its own that are written here in plain Python, so that
the service's rules are held against something else; ``verify`` goes over the whole year when it is over. Both note
faults; a year without any is a good one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

WIDE = ((timedelta(7), 3), (timedelta(30), 6))
"""At most so many contacts of a household in so many days."""
STALE = timedelta(hours=12)
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Tried:
    """A step that was decided, and what becomes of it: it counts from ``settles`` on, and no more once undone."""

    home: int
    episode: int
    step: str
    occurrence: int
    at: datetime
    settles: datetime = BEFORE
    undone_at: datetime | None = None
    letter: bool = False
    sent: list["Sent"] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int, str, int]:
        return self.home, self.episode, self.step, self.occurrence

    def stands(self, now: datetime) -> tuple[str, datetime | None]:
        if self.undone_at is not None and self.undone_at <= now:
            return "undone", None
        return ("counts", self.settles) if self.settles <= now else ("pending", None)


@dataclass
class Sent:
    """One message, and the decision that it was written for."""

    key: tuple
    home: int
    household: str
    customer: str
    channel: str
    to: str
    zones: tuple[str, ...]
    leaves: datetime
    at: datetime
    purpose: str
    tried: Tried
    left: bool = True


class Ledger:
    """All of a year."""

    utc = UTC

    def __init__(self, city, frozen, zones) -> None:
        self.city, self.frozen, self.zones = city, frozen, zones
        self.opening = 0
        self.money, self.counts, self.outcomes = Counter(), Counter(), Counter()
        self.steps, self.closed, self.opened = Counter(), Counter(), Counter()
        self.nights = self.judged = self.asleep = self.episodes = 0
        self.decided: list[tuple[Tried, object, int]] = []
        self.kinds: Counter[str] = Counter()
        self.sent: list[Sent] = []
        self.faults: list[str] = []
        self._near: dict[str, list[Sent]] = defaultdict(list)

    # As it happens

    def open_episode(self, tonight, home, outcome) -> int:
        self.episodes += 1
        self.opened[outcome.policy] += 1
        if home.closed_at is not None and home.policy and home.policy[0] == outcome.policy:
            rested = self.frozen[outcome.policy, outcome.version].reentry.cool_down_days
            if self.city.local_date(home.closed_at) + timedelta(rested) > tonight.today:
                self.faults.append(f"{tonight.today}: {home.id} came back too soon after {home.closed_at}")
        return self.episodes

    def close_episode(self, home, outcome) -> None:
        self.closed[outcome.closes] += 1
        if outcome.closes == "paid" and home.told[0] - home.paid_since > 500:
            self.faults.append(f"{home.id} still owes and its episode ended as paid")

    def check(self, tonight, home, subject, outcome, heat: bool, weather) -> None:
        """Hold a decision against what must be true of it."""
        policy = self.frozen[outcome.policy, outcome.version]
        step = policy.named(outcome.step)
        purpose = tonight.purposes.get(step.notice, "")
        owed = home.told[0] - home.paid_since
        for fault in (
            *_not_protected(home, owed, policy.exit.past_due_at_most, purpose),
            *(self._contact(tonight, home, step, outcome, purpose) if outcome.kind == "contact" else ()),
            *(self._act(tonight, home, heat, weather) if outcome.kind == "action" else ()),
            *_traced(outcome),
        ):
            self.faults.append(f"{tonight.today} account {home.id}, {outcome.step} {outcome.occurrence}: {fault}")

    def _contact(self, tonight, home, step, outcome, purpose: str) -> Iterator[str]:
        for send in outcome.sends:
            if send.channel in home.opted_out or send.channel not in home.addresses:
                yield f"{send.channel} was refused or is not there"
            if send.channel == "letter" and home.bad_address:
                yield "a letter to where letters come back from"
            leaves = send.until or tonight.now
            zones = (self.city.time_zone, *(home.zones if send.channel == "sms" else ()))
            local = [leaves.astimezone(ZoneInfo(zone)) for zone in zones]
            if send.channel != "letter" and not all(8 <= one.hour < 21 for one in local):
                yield f"{send.channel} at {[one.isoformat() for one in local]}"
            open_then = self.city.is_business_day(self.city.local_date(leaves))
            if purpose == "dunning" and send.channel != "letter" and not open_then:
                yield f"{send.channel} on a day without an office"
        if purpose == "dunning":
            yield from self._capped(tonight.now, home, len(outcome.sends))
        if step.disconnect_after_days is not None and home.place["class"] == "residential":
            named = self.city.business_day_from(tonight.today + timedelta(step.disconnect_after_days))
            if self.city.state == "MN" and _winter(named) and (named - tonight.today).days < 20:
                yield f"a winter notice of {(named - tonight.today).days} days"

    def _capped(self, now: datetime, home, more: int) -> Iterator[str]:
        names = (home.household, home.customer, *home.addresses.values())
        known = {sent.key: sent for name in names for sent in self._near.get(name, ()) if sent.left}
        for window, most in WIDE:
            seen = sum(now - window < sent.at <= now for sent in known.values())
            if seen + more > most:
                yield f"{seen} contacts in {window.days} days before this one"

    def _act(self, tonight, home, heat: bool, weather) -> Iterator[str]:
        today = tonight.today
        if today.weekday() > 3 or not self.city.is_business_day(today) or self.city.is_holiday(today + timedelta(1)):
            yield "an order for a day on which nobody is cut off"
        if home.place["class"] != "residential":
            return
        if heat or weather.issued_at is None or tonight.now - weather.issued_at > STALE:
            yield "an order under a heat alert, or with a feed that is old"
        if self.city.state == "MN" and _winter(today) and home.place["heat"] is not False:
            yield "an order in winter for what may be the heat"

    def decide(self, home, one: Tried, outcome, owed: int) -> None:
        self.decided.append((one, outcome, owed))
        self.kinds[outcome.kind] += 1
        channels = "+".join(send.channel for send in outcome.sends) or outcome.kind
        self.steps[outcome.policy, outcome.step, channels] += 1

    def message(self, sent: Sent) -> None:
        self.sent.append(sent)
        sent.tried.sent.append(sent)
        for name in (sent.household, sent.customer, sent.to):
            self._near[name].append(sent)

    # When the year is over

    def close(self, homes) -> None:
        """Balance the books and go over the year's decisions."""
        left = sum(home.open_cents - home.credit for home in homes)
        money = self.money
        came_to = self.opening + money["billed"] - money["paid"] + money["taken back"]
        if came_to != left:
            self.faults.append(f"the money does not balance: {came_to} and {left}")
        still = [home for home in homes if home.episode is not None]
        paid = [home.id for home in still if home.told[0] - home.paid_since <= 500]
        self.faults += [f"account {id_} has paid, and its episode runs on" for id_ in paid]
        running = len(still)
        if self.episodes != running + self.closed.total():
            self.faults.append(f"{self.episodes} episodes, {running} run and {self.closed.total()} ended")
        self.money["outstanding"] = left
        self.counts["episodes running"] = running
        self.faults += self._year()

    def _year(self) -> Iterator[str]:
        keys = Counter(one.key for one, _, _ in self.decided)
        yield from (f"{key} was decided {times} times" for key, times in keys.items() if times > 1)
        if self.outcomes_of("contact", "action") != len(self.decided):
            yield "a decision is missing in the ledger"
        sends = sum(len(outcome.sends) for _, outcome, _ in self.decided)
        if sends != len(self.sent):
            yield f"{len(self.sent)} messages for {sends} that were decided"
        yield from (f"message {sent.key} has no decision" for sent in self.sent if sent.tried.key not in keys)
        nights = Counter((one.home, self.city.local_date(one.at)) for one, _, _ in self.decided)
        yield from (f"{home} twice on {day}" for (home, day), times in nights.items() if times > 1)
        episodes = defaultdict(list)
        for one, outcome, _ in self.decided:
            episodes[one.episode].append((one, self.frozen[outcome.policy, outcome.version]))
        for taken in episodes.values():
            policy = taken[0][1]
            for number, (one, _) in enumerate(taken):
                before = [earlier for earlier, _ in taken[:number]]
                for fault in self._in_order(policy, one, before):
                    yield f"{self.city.local_date(one.at)} account {one.home}, {one.step} {one.occurrence}: {fault}"

    def outcomes_of(self, *kinds: str) -> int:
        return sum(times for (kind, _), times in self.outcomes.items() if kind in kinds)

    def _in_order(self, policy, one: Tried, before: list[Tried]) -> Iterator[str]:
        step = policy.named(one.step)
        latest = {earlier.step: earlier for earlier in before}
        if any(earlier.stands(one.at)[0] == "pending" for earlier in latest.values()):
            yield "while another step was under way"
        same = latest.get(one.step)
        if one.occurrence != (same.occurrence + 1 if same else 1):
            yield "its number is not the next"
        if same and same.stands(one.at)[0] == "counts" and not self._overtaken(policy, same, latest):
            yield "again, though the one before counts"
        after = latest.get(step.after.step or "")
        if after and after.stands(one.at)[0] == "counts":
            since, days = self.city.local_date(after.settles), step.after.days or 0
            business = step.after.count == "business"
            due = self.city.add_business_days(since, days) if business else since + timedelta(days)
            if due > self.city.local_date(one.at):
                yield f"before {due}"
        stood = None
        for earlier in policy.step[: policy.step.index(step)]:
            if not earlier.required:
                continue
            proven = latest.get(earlier.id)
            if proven is None or proven.stands(one.at)[0] != "counts" or (stood and proven.at < stood):
                yield f"without {earlier.id}"
                continue
            stood = proven.at
            if step.require and earlier.id in step.require.steps:
                waited = self.city.local_date(one.at) - self.city.local_date(proven.settles)
                if waited.days < step.require.days:
                    yield f"{waited.days} days after {earlier.id}"

    def _overtaken(self, policy, same: Tried, latest: dict[str, Tried]) -> bool:
        """Whether a step that this one comes after was taken again since."""
        above, found = [same.step], set()
        while above:
            step = policy.named(above.pop())
            new = {step.after.step, *(step.require.steps if step.require else ())} - {None} - found
            found |= new
            above += new
        return any(latest[name].at > same.at for name in found if name in latest)

    def lines(self) -> Iterator[str]:
        """The ledger, as it is printed."""
        yield f"{self.nights} nights, {self.judged:,} accounts judged, {self.asleep:,} found asleep as they were told"
        yield f"opened {dict(self.opened)}, closed {dict(self.closed)}, running {self.counts['episodes running']:,}"
        for (policy, step, channels), times in sorted(self.steps.items()):
            yield f"  {policy:<22}{step:<20}{channels:<14}{times:>8,}"
        for kind in ("protected", "waiting"):
            rules = {rule: times for (which, rule), times in self.outcomes.items() if which == kind}
            told = ", ".join(f"{rule} {times:,}" for rule, times in sorted(rules.items(), key=lambda one: -one[1])[:9])
            yield f"  {kind}: {told}"
        for name, times in sorted(self.counts.items()):
            yield f"  {name:<56}{times:>8,}"
        yield f"  {'owed at first':<50}{self.opening / 100:>14,.2f}"
        for name, cents in self.money.items():
            yield f"  {name:<50}{cents / 100:>14,.2f}"
        yield f"  {'addressed by decisions':<50}{sum(owed for _, _, owed in self.decided) / 100:>14,.2f}"


def _winter(day: date) -> bool:
    return day.month >= 10 or day.month <= 4


def _not_protected(home, owed: int, settled: int, purpose: str) -> Iterator[str]:
    """Nobody who paid, and nobody under a hold; what the law wants said goes on under a promise."""
    if owed <= settled:
        yield f"only {owed} is owed"
    holds = [hold for hold in home.holds if hold.kind != "promise" or purpose != "legal"]
    if any(hold.amount_cents is None for hold in holds):
        yield f"under {[hold.kind for hold in holds]}"
    held = sum(hold.amount_cents or 0 for hold in holds)
    if held and owed - held <= settled:
        yield f"{owed} is owed, and {held} of it is held: {[(hold.kind, hold.amount_cents) for hold in holds]}"


def _traced(outcome) -> Iterator[str]:
    """Every decision can be read: reasons, each with a fact and where it comes from."""
    if not outcome.reasons or not all(one.rule and one.fact and one.citation for one in outcome.reasons):
        yield f"decided without a reason: {outcome}"

"""Running golden cases: each is judged by the real engine and the city's real rules, as if its account were planned on
its day by this policy alone. A policy cannot be activated while one of its cases fails.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from comms.campaigns import engine
from comms.campaigns.night import Contacts, Night, Outcome, Position, PromiseEnd, Subject, Taken
from comms.city import City
from comms.notices import Catalogue
from comms.rules import ActiveHold, Facts, Weather, rulebook_of

from .cases import OUTCOMES, Case, CaseHold, Expect
from .model import CHAMPION, Policy
from .wording import by_channels

RETURNED = "the post office returned the last letter to this address"
HOUSEHOLD, CUSTOMER = "the case's household", "the case's customer"


@dataclass(frozen=True)
class Result:
    """What became of one case; without ``differences`` it passed."""

    case: Case
    outcome: Outcome
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def run(policy: Policy, cases: Sequence[Case], city: City, catalogue: Catalogue) -> list[Result]:
    """Judge every case as the night would."""
    purposes = {notice.name: str(notice.purpose) for notice in catalogue}
    return [_judged(policy, case, city, purposes) for case in cases]


def judged(policy: Policy, case: Case, city: City, purposes: Mapping[str, str]) -> Outcome:
    """What the engine answers for the account of a case, on its day."""
    asked = _Asked(policy, case, city)
    night = Night(
        city=city, rulebook=rulebook_of(city), now=asked.ago(0), today=case.on, policies=(policy,),
        frozen={(policy.policy, policy.version): policy}, purposes=purposes,
    )  # fmt: skip
    return engine.judge(night, asked.subject(), asked.position(), asked.contacts())


def _judged(policy: Policy, case: Case, city: City, purposes: Mapping[str, str]) -> Result:
    outcome = judged(policy, case, city, purposes)
    return Result(case, outcome, tuple(_differences(case.expect, outcome)))


@dataclass(frozen=True)
class _Asked:
    """A case, and what it says in the engine's own terms."""

    policy: Policy
    case: Case
    city: City

    def ago(self, days: int) -> datetime:
        """The same time of day in the city, so many days before."""
        day = self.case.on - timedelta(days=days)
        return datetime.combine(day, self.case.at, self.city.zone).astimezone(UTC)

    def subject(self) -> Subject:
        given = self.case.account
        return Subject(
            account_id=self._account_id(), number="case", household=HOUSEHOLD, customer_number=CUSTOMER,
            language=given.language, oldest_due_on=self.case.on - timedelta(days=given.oldest_due_days),
            facts_version=1, facts=self._facts(), broken_promises=given.broken_promises,
            returned_mail=given.returned_mail, copies=given.copies,
        )  # fmt: skip

    def _account_id(self) -> int:
        """One that the policy's experiment draws for the case's arm; the champion's where it names none."""
        arm = self.case.arm or CHAMPION
        return next(one for one in count(1) if self.policy.challenger is None or engine.arm_of(self.policy, one) == arm)

    def _facts(self) -> Facts:
        given, city = self.case.account, self.city
        known = {
            "sms": given.phone or f"+1{city.area_code}5550101",
            "email": "customer@example.com",
            "letter": city.office.one_line,
        }
        closed = (*given.opted_out, *(("letter",) if given.returned_mail else ()))
        return Facts(
            status=given.status,
            past_due_cents=given.past_due,
            paid_since_cents=given.paid_since,
            holds=tuple(_hold(each) for each in given.holds),
            blocked_channels=dict.fromkeys(given.opted_out, "opted out"),
            addresses={channel: known[channel] for channel in given.reach if channel not in closed},
            unreachable={"letter": RETURNED} if given.returned_mail else {},
            service_class=given.service_class,
            occupancy=None if given.occupancy == "unknown" else given.occupancy,
            affects_heat=None if given.heat == "unknown" else given.heat,
            service_past_due=given.services or {city.services[0].key: given.past_due},
            service_zip=given.zip or city.office.zip[:5],
            weather=self._weather(),
        )

    def _weather(self) -> Weather:
        given = self.case.account.weather
        if given.hours_old == "never read":
            return Weather(None)
        return Weather(self.ago(0) - timedelta(hours=given.hours_old), given.alerts)

    def position(self) -> Position:
        """An episode is open once a step was taken or a promise ended; it opened when the first of them was."""
        policy, version = self.policy.policy, self.policy.version
        if not self.case.taken and self.case.promise is None:
            ended = self.case.ended_days_ago
            return Position() if ended is None else Position(None, policy, version, closed_at=self.ago(ended))
        promise = None
        if self.case.promise is not None:
            promise = PromiseEnd(self.case.promise.ended, self.ago(self.case.promise.days_ago))
        arm = None if self.policy.challenger is None else self.case.arm or CHAMPION
        first = max(one.days_ago for one in (*self.case.taken, self.case.promise) if one is not None)
        return Position(1, policy, version, arm, self.ago(first), tuple(self._taken()), promise)

    def _taken(self) -> Iterator[Taken]:
        """The steps in the order in which they were taken, each time with its number."""
        times: Counter[str] = Counter()
        for each in sorted(self.case.taken, key=lambda one: -one.days_ago):
            times[each.step] += 1
            at = self.ago(each.days_ago)
            counts_at = at if each.standing == "counts" else None
            yield Taken(each.step, times[each.step], at, each.standing, counts_at)

    def contacts(self) -> Contacts:
        """The steps taken were contacts too, and count against the caps as they would."""
        contacts = Contacts()
        made = [one.days_ago for one in self.case.taken if one.standing != "undone" and self._writes(one.step)]
        for key, days in enumerate((*made, *self.case.account.contacts_days_ago)):
            contacts.add(HOUSEHOLD, CUSTOMER, None, self.ago(days), key)
        return contacts

    def _writes(self, step_id: str) -> bool:
        return bool(self.policy.named(step_id, self.case.arm).notice)


def _hold(given: CaseHold | str) -> ActiveHold:
    if isinstance(given, str):
        return ActiveHold(given, None, None, "")
    return ActiveHold(given.kind, given.ends, given.amount, given.note)


def _differences(expect: Expect, got: Outcome) -> Iterator[str]:
    """What differs, a sentence each."""
    taken = got.step if got.kind in ("contact", "action") else None
    wanted = expect.outcome
    if not (wanted == taken or wanted == got.kind or (wanted == "nothing" and taken is None)):
        yield f"expected {_named(wanted)}, but {in_words(got)}"
    rules = [got.rule, *(reason.rule for reason in got.reasons)]
    if expect.because is not None and expect.because not in rules:
        yield f"expected it because of {expect.because}, but the reasons are {', '.join(dict.fromkeys(rules))}"
    if expect.step is not None and expect.step != got.step:
        yield f"expected the step {expect.step}, but it is {got.step or 'none'}"
    if expect.channel is not None:
        wanted_on = (expect.channel,) if isinstance(expect.channel, str) else expect.channel
        used = tuple(send.channel for send in got.sends)
        if set(wanted_on) != set(used):
            yield f"expected {by_channels(wanted_on)}, but it is {by_channels(used)}"
    if expect.on is not None and expect.on != got.next_on:
        yield f"expected the next date {expect.on}, but it is {got.next_on or 'not known'}"
    if expect.closes is not None and expect.closes != (got.closes is not None):
        yield "expected the episode to end, but it goes on" if expect.closes else "expected the episode to go on"


def in_words(outcome: Outcome) -> str:
    """An outcome in a few words: what is done, or why nothing is."""
    then = f", next on {outcome.next_on}" if outcome.next_on else ""
    match outcome.kind:
        case "contact":
            return f"the step {outcome.step} goes out {by_channels(tuple(send.channel for send in outcome.sends))}"
        case "action":
            return f"the step {outcome.step} becomes possible"
        case "protected":
            return f"{outcome.step or 'the account'} is held back by {outcome.rule}{then}"
        case "waiting":
            return f"no step is due ({outcome.rule}){then}"
    return f"the policy leaves the account alone ({outcome.rule}){then}"


def _named(outcome: str) -> str:
    return outcome if outcome in OUTCOMES else f"the step {outcome}"

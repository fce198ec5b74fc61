"""One chunk of a replay: its accounts day by day, and what that comes to beside what was really sent to them."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.city import City
from comms.db import one_of
from comms.outbox import Message
from comms.rules import Weather

from .costing import Costs, price
from .engine import judge
from .facts import LOOK_BACK, is_contact
from .night import Contacts, Night, Outcome, Position, Subject
from .past import DAY, Life
from .policies import Policy
from .replayed import Paid, Replay, Side
from .schema import Decision
from .walking import Course

LOOK_AGAIN = timedelta(days=7)
"""Where nothing says when something can happen again."""
BY_HAND = "by hand, or before there were policies"


@dataclass(frozen=True)
class Days:
    """What all accounts have in common on each day; ``files`` are the days of the accounts files."""

    city: City
    first: date
    last: date
    nights: Mapping[date, Night]
    weather: Mapping[date, Weather]
    files: Sequence[date]


class Sent(NamedTuple):
    """A message that really went out as a contact; ``policy`` is None where no run decided on it."""

    id: int
    at: datetime
    account_id: int | None
    channel: str
    recipient: str
    policy: str | None
    step: str | None
    notice: str
    language: str
    segments: int | None


def sent_to(session: Session, days: Days, account_ids: Sequence[int]) -> list[Sent]:
    """What was really sent to these accounts, also in the month before the first day, in order of time."""
    begins = datetime.combine(days.first, time(0), days.city.zone) - LOOK_BACK
    ends = datetime.combine(days.last + DAY, time(0), days.city.zone)
    rows = session.execute(
        select(
            Message.id, Message.created_at, Message.account_id, Message.channel, Message.recipient,
            Decision.policy, Decision.step, Message.notice, Message.language, Message.segments,
        )
        .outerjoin(Decision, Decision.id == Message.decision_id)
        .where(
            one_of(session, Message.account_id, sorted(account_ids)),
            Message.created_at >= begins,
            Message.created_at < ends,
            *is_contact(),
        )
        .order_by(Message.created_at, Message.id)
    )  # fmt: skip
    return [Sent._make(row) for row in rows]


class _Account:
    """One account of the chunk, and what became of it."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.course = Course(Position())
        self.contacts: list[tuple[date, str]] = []
        self.really: list[tuple[date, str]] = []
        self.rules: set[str] = set()
        self.services_not_known = False

    def position(self, day: date, city: City) -> Position:
        """Where it stands, with the promise that really ended since its episode began."""
        stands = self.course.position
        if stands.opened_at is None:
            return stands
        ended = self.life.promise_since(city.local_date(stands.opened_at), day)
        return stands if ended is None else replace(stands, promise=ended)


class Retrace:
    """The accounts of a chunk, from the first day to the last."""

    def __init__(self, days: Days, draft: Policy, costs: Costs, past: Sequence[Life], sent: Sequence[Sent]) -> None:
        self.days, self.draft, self.costs = days, draft, costs
        self.accounts = [_Account(life) for life in past]
        self.by_id = {each.life.now.account_id: each for each in self.accounts}
        self.contacts = Contacts()
        self.side = Side()
        self.real: list[tuple[_Account, date, Sent]] = []
        self.actions: list[str] = []
        self.ended: list[str] = []
        self._sent = self._other(sent)
        self._next_sent = next(self._sent, None)

    def go(self) -> None:
        """Judge every account on every day on which something can happen."""
        queue = [(self.days.first, at) for at in range(len(self.accounts))]
        while queue:
            day, at = heapq.heappop(queue)
            night = self.days.nights[day]
            self._tell_until(night.now)
            again = self._look(self.accounts[at], night)
            if again is not None and again <= self.days.last:
                heapq.heappush(queue, (max(again, day + DAY), at))
        self._tell_until(None)

    def _look(self, account: _Account, night: Night) -> date | None:
        """Judge one account; the next day to look at it."""
        day, life = night.today, account.life
        subject = life.on(day, self.days.files, self.days.weather[day])
        course = account.course
        running = course.position.episode_id is not None
        if subject is None or (subject.facts.owed_cents <= 0 and not running):
            return life.next_change(day)
        course.settle(day, night)
        outcome = judge(night, subject, account.position(day, night.city), self.contacts)
        if outcome.policy == self.draft.policy and outcome.version == self.draft.version:
            course.take(night, self.draft, outcome)
            self._note(account, subject, night, outcome)
        return self._again(account, subject, night, outcome)

    def _note(self, account: _Account, subject: Subject, night: Night, outcome: Outcome) -> None:
        account.services_not_known |= subject.facts.service_past_due is None
        if outcome.closes is not None:
            self.ended.append(outcome.closes)
        if outcome.kind == "protected":
            account.rules.add(outcome.rule)
        if outcome.kind == "action" and outcome.step is not None:
            self.actions.append(outcome.step)
        if outcome.kind != "contact" or outcome.step is None:
            return
        step = self.draft.named(outcome.step, outcome.arm)
        for number, send in enumerate(outcome.sends):
            self.side.add(step.id, send.channel, self.costs.of_message(step.notice, send.channel, subject.language))
            account.contacts.append((night.today, step.id))
            to = subject.facts.addresses.get(send.channel)
            key = (subject.account_id, night.today, number)
            self.contacts.add(subject.household, subject.customer_number, to, night.now, key)

    def _again(self, account: _Account, subject: Subject, night: Night, outcome: Outcome) -> date | None:
        day, course = night.today, account.course
        changed = account.life.next_change(day)
        if course.waits_for_people:
            return changed
        given = [changed, course.next_arrival(night)]
        if outcome.policy == self.draft.policy:
            given.append(outcome.next_on or day + LOOK_AGAIN)
        elif outcome.policy is not None:
            given.append(day + LOOK_AGAIN)
        elif subject.oldest_due_on is not None:
            given.append(subject.oldest_due_on + timedelta(days=self.draft.enter.oldest_due_days or 0))
        return min((one for one in given if one is not None and one > day), default=None)

    def _other(self, sent: Sequence[Sent]) -> Iterator[Sent]:
        """What was really sent, but for what the draft takes the place of: that is counted, and is no contact here."""
        for one in sent:
            day = self.days.city.local_date(one.at)
            if day >= self.days.first:
                self.real.append((self.by_id[one.account_id or 0], day, one))
            if day < self.days.first or one.policy != self.draft.policy:
                yield one

    def _really(self) -> Side:
        """What was really sent, where it can be compared."""
        side = Side()
        for account, day, one in self.real:
            mine = one.policy == self.draft.policy
            if not mine and not account.course.episodes:
                continue
            step = one.step if mine and one.step else f"{one.policy}: {one.step}" if one.policy else BY_HAND
            account.really.append((day, step))
            if one.channel == "sms" and one.segments:
                micros = price(self.days.city, "sms", one.segments)
            else:
                micros = self.costs.of_known(one.notice, one.channel, one.language)
            side.add(step, one.channel, micros)
        return side

    def _tell_until(self, now: datetime | None) -> None:
        """Real contacts count from when they were made; None: all that are left."""
        while self._next_sent is not None and (now is None or self._next_sent.at < now):
            one = self._next_sent
            about = self.by_id[one.account_id or 0].life.now
            to = None if one.channel == "letter" else one.recipient
            self.contacts.add(about.household, about.customer_number, to, one.at, one.id)
            self._next_sent = next(self._sent, None)

    def count(self, into: Replay) -> None:
        """Add what the chunk came to."""
        into.actions.update(self.actions)
        into.ended.update(self.ended)
        real = self._really()
        _merge(into.draft, self.side, [(each.life, each.contacts) for each in self.accounts])
        _merge(into.really, real, [(each.life, each.really) for each in self.accounts])
        for each in self.accounts:
            taken = each.course.episodes > 0
            into.taken_in += taken
            into.services_not_known += taken and each.services_not_known
            into.protected.update(each.rules)
            if each.rules and not each.contacts:
                into.shielded += 1
                into.shielded_but_written += bool(each.really)
            if taken:
                into.written[_WRITTEN[bool(each.contacts), bool(each.really)]] += 1


_WRITTEN = {(True, True): "both", (True, False): "draft", (False, True): "really", (False, False): "neither"}


def _merge(into: Side, side: Side, accounts: Sequence[tuple[Life, list[tuple[date, str]]]]) -> None:
    """Add one side of a chunk; households are whole within it."""
    into.contacts.update(side.contacts)
    into.cost_micros += side.cost_micros
    heard: dict[str, list[date]] = defaultdict(list)
    for life, contacts in accounts:
        into.accounts += bool(contacts)
        heard[life.now.household] += [day for day, _ in contacts]
        for day, step in dict.fromkeys(contacts):
            paid_on = life.paid_after(day)
            into.paid.setdefault(step, Paid()).add((paid_on - day).days if paid_on else None)
    for days in heard.values():
        if days:
            into.heard(days)


__all__ = ["Days", "Retrace", "Sent", "sent_to"]

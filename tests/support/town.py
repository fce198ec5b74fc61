"""A town that lives through a year with the real engine and the real rules, and without a database.

People get bills and pay them on time, late, in part or not; they promise, keep and break promises, opt out, fall ill,
go bankrupt (``town_people``). Texts fail, letters come back, files and nights are missed, nights are planned twice.
Everything is drawn from a seed. An account is looked at on the night it was told to be looked at again, or after
something happened to it; so a year of thousands of accounts takes seconds. ``town_ledger`` holds what was done to what
must be true.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta

from comms.campaigns.engine import judge
from comms.campaigns.night import Night, Outcome, Subject
from comms.campaigns.policies import Step
from comms.rules import Weather
from tests.support.nights import PURPOSES
from tests.support.town_ledger import Ledger, Sent, Tried
from tests.support.town_people import DAY, Home, Townsfolk

HOURS = (2, 3, 9, 17, 20, 22, 23)
"""At one of these, and a half, each night is planned; at the last one, the year's last night."""


class Town(Townsfolk):
    """The office that deals with them, its carriers and its crew."""

    def _mended(self, home: Home) -> None:
        home.bad_address = False
        self._touch(home)

    def _returned(self, home: Home, one: Tried) -> None:
        if one.undone_at is None:
            home.bad_address = True
            self._undo(home, one, "returned mail")
            if self.chance.random() < 0.8:
                self.later(self.chance.randint(5, 60), self._mended, home)

    def _crew(self, home: Home, one: Tried) -> None:
        """The crew drives out, unless the order was called back: paid, held, or hot weather."""
        if one.undone_at is not None or home.episode is None:
            return
        owed = home.told[0] - home.paid_since
        if owed <= 500 or home.holds or self.heat or self.chance.random() < 0.1:
            self._undo(home, one, "field order recalled or not done")
            return
        one.settles, home.status = self._morning(), "shut_off"
        self.ledger.counts["disconnected"] += 1
        self._touch(home)
        if self.chance.random() < 0.8:
            self.later(self.chance.randint(1, 8), self._pay_all, home)
            self.later(11, self._reconnect, home)

    def _reconnect(self, home: Home) -> None:
        if home.status == "shut_off" and not home.open_cents:
            home.status = "active"
            self._touch(home)

    def _deliver(self, home: Home, one: Tried, step: Step, outcome: Outcome, now: datetime) -> None:
        """What becomes of a step's messages, as it will show."""
        for number, send in enumerate(outcome.sends):
            to = home.addresses[send.channel]
            key = (one.key, number)
            leaves = send.until or now
            sent = Sent(key, home.id, home.household, home.customer, send.channel, to, home.zones, leaves, now,
                        PURPOSES[step.notice], one)  # fmt: skip
            self.ledger.message(sent)
            self.contacts.add(home.household, home.customer, to, now, key)
            self._answer(home, sent)
            if send.channel == "letter":
                days = self.chance.randint(1, 4) if step.counts_when == "mailed" else 1
                one.letter = one.letter or send.required
                self._settles(home, one, now + timedelta(days=days))
                if self.chance.random() < 0.02 and send.required:
                    self.later(days + self.chance.randint(5, 20), self._returned, home, one)
            elif send.required:
                self._ring(home, one, send.rest, leaves)

    def _ring(self, home: Home, one: Tried, rest: tuple[str, ...], leaves: datetime) -> None:
        """A text or an email: it arrives, fails and goes on by the next channel, or fails for good."""
        if self.chance.random() < 0.94:
            self._settles(home, one, leaves + timedelta(minutes=5))
            return
        usable = [channel for channel in rest if channel in home.addresses and channel not in home.opted_out]
        if usable and not (usable == ["letter"] and home.bad_address):
            self.ledger.counts[f"fallbacks to {usable[0]}"] += 1
            self._settles(home, one, leaves + timedelta(days=1))
        else:
            one.settles = leaves + timedelta(days=400)
            self.later(2, self._undo, home, one, "failed on every channel")

    def _settles(self, home: Home, one: Tried, at: datetime) -> None:
        one.settles = max(one.settles, at) if one.settles > one.at else at
        self.agenda[self.city.local_date(one.settles) + DAY].append(lambda: self._touch(home))

    # The office's day

    def live(self, days: int) -> Ledger:
        for _ in range(days):
            self.today += DAY
            for act in self.agenda.pop(self.today, ()):
                act()
            while self.chance.random() < len(self.homes) / 5000:
                self._misfortune()
                if self.chance.random() < 0.25:
                    break
            self._files()
            if self.chance.random() > 0.04 and self.today not in self.dark:
                times = 2 if self.chance.random() < 0.06 else 1
                for hour in sorted(self.chance.choices(HOURS[:-1], k=times)):
                    self._night(hour)
        self._night(HOURS[-1])
        self.ledger.close(self.homes)
        return self.ledger

    @property
    def dark(self) -> set[date]:
        """A week without a server."""
        return {date(2027, 2, 8) + n * DAY for n in range(7)}

    def _files(self) -> None:
        """The weather every day but some, payments most days, balances on Mondays."""
        self.fed = self.chance.random() < 0.95
        if self.fed:
            self.heat = self.today.month in (7, 8) and self.chance.random() < 0.2
        if self.chance.random() < 0.92:
            for home, cents in self.unposted:
                home.paid_since += cents
                self._touch(home)
            self.unposted.clear()
        if self.today.weekday() == 0:
            known = defaultdict(int)
            for home, cents in self.unposted:
                known[home.id] += cents
            for home in self.homes:
                self._balance(home, known.get(home.id, 0))

    def _balance(self, home: Home, unknown: int) -> None:
        """A line of the accounts file. It does not know of payments that no payments file had."""
        due = [bill for bill in home.bills if bill[0] < self.today]
        told = (sum(cents for _, cents in due) + unknown, due[0][0] if due else None, home.status)
        if told != home.told or home.paid_since:
            home.told, home.paid_since = told, 0
            self._touch(home)

    def _night(self, hour: int) -> None:
        clock = datetime(self.today.year, self.today.month, self.today.day, hour, 30, tzinfo=self.city.zone)
        now = clock.astimezone(self.ledger.utc)
        today = self.city.local_date(now)
        tonight = Night(self.city, self.rulebook, now, today, self.policies, self.frozen, PURPOSES)
        self.ledger.nights += 1
        if self.fed:
            self.weather = Weather(now - timedelta(hours=1), ("Extreme Heat Warning",) if self.heat else ())
        for home in self.homes:
            if home.stale or (home.look_on is not None and home.look_on <= today):
                self._judge(tonight, home)
            elif home.episode is not None and self.chance.random() < 0.05:
                self._must_sleep(tonight, home)

    def _must_sleep(self, tonight: Night, home: Home) -> None:
        """Nothing is to be done before the day that was told."""
        outcome = judge(tonight, home.subject(self.weather), home.position(tonight.now), self.contacts)
        self.ledger.asleep += 1
        leaves = self.city.local_date(outcome.until or tonight.now)
        acts = outcome.kind in ("contact", "action") and (home.look_on is None or leaves < home.look_on)
        if acts or outcome.closes:
            self.ledger.faults.append(f"{tonight.today}: {home.id} was told to wait until {home.look_on}: {outcome}")

    def _judge(self, tonight: Night, home: Home) -> None:
        if home.episode is None and home.told[0] <= 0:
            home.stale, home.look_on = False, None
            return
        subject = home.subject(self.weather)
        position = home.position(tonight.now)
        outcome = judge(tonight, subject, position, self.contacts)
        self.ledger.judged += 1
        self.ledger.outcomes[outcome.kind, outcome.rule] += 1
        home.stale = outcome.next_on is None and (
            outcome.kind == "protected" or (outcome.kind == "outside" and subject.facts.owed_cents > 0)
        )
        home.look_on = outcome.next_on
        if outcome.closes:
            self.ledger.close_episode(home, outcome)
            self._recall(home)
            home.episode, home.closed_at, home.promise, home.steps = None, tonight.now, None, []
            home.stale = True
            return
        if outcome.opens:
            home.episode, home.opened_at, home.steps = self.ledger.open_episode(tonight, home, outcome), tonight.now, []
            home.policy = (outcome.policy or "", outcome.version or 0)
        if outcome.kind in ("contact", "action"):
            self._do(tonight, home, subject, outcome)

    def _do(self, tonight: Night, home: Home, subject: Subject, outcome: Outcome) -> None:
        self.ledger.check(tonight, home, subject, outcome, self.heat, self.weather)
        one = Tried(home.id, home.episode or 0, outcome.step or "", outcome.occurrence or 0, tonight.now)
        self.ledger.decide(home, one, outcome, subject.facts.owed_cents)
        home.steps.append(one)
        home.stale = True
        if outcome.kind == "contact":
            step = self.frozen[outcome.policy or "", outcome.version or 0].named(outcome.step or "")
            self._deliver(home, one, step, outcome, tonight.now)
        else:
            one.settles = tonight.now + timedelta(days=400)
            self.later(self.chance.randint(1, 3), self._crew, home, one)

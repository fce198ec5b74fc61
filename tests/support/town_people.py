"""The people of a town: bills, payments on time, late, in part or never, promises, opt-outs, misfortunes.

Everything is drawn from a seed and happens on its day, before that day's night. ``town`` is the office that deals with
them.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from comms.campaigns.night import Contacts, Position, PromiseEnd, Subject, Taken
from comms.campaigns.policies import declared_order, load_policy
from comms.city import load_city
from comms.rules import ActiveHold, Facts, Weather, rulebook_of
from tests.support.town_ledger import Ledger, Sent, Tried

DAY = timedelta(1)
ZONES = {
    "218": ("America/Chicago",), "330": ("America/New_York",), "212": ("America/New_York",),
    "303": ("America/Denver",), "602": ("America/Phoenix",), "206": ("America/Los_Angeles",),
    "808": ("Pacific/Honolulu",), "208": ("America/Boise", "America/Los_Angeles"),
}  # fmt: skip
"""Area codes and where they ring, written down here so that the service's own table is held against it."""
HOME = {"duluth-mn": ("218", "55802", ("gas", "water", "sewer")), "kent-oh": ("330", "44240", ("water", "sewer"))}
WHOLE = ("medical", "military", "bankruptcy", "dispute", "deceased")
KINDS = (("prompt", 62), ("late", 21), ("struggling", 13), ("silent", 4))


@dataclass
class Home:
    """One account: what is true of it, what the office has been told, and where it stands in its episode."""

    id: int
    household: str
    customer: str
    kind: str
    place: dict
    addresses: dict[str, str]
    zones: tuple[str, ...]
    bills: list[list]
    """Due day and cents that are open, the oldest first."""
    status: str = "active"
    credit: int = 0
    opted_out: set[str] = field(default_factory=set)
    bad_address: bool = False
    holds: list[ActiveHold] = field(default_factory=list)
    told: tuple[int, date | None, str] = (0, None, "active")
    """Past due, oldest due day and status, as of the last accounts file."""
    paid_since: int = 0
    broken: int = 0
    episode: int | None = None
    policy: tuple[str, int] | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    steps: list[Tried] = field(default_factory=list)
    promise: PromiseEnd | None = None
    look_on: date | None = None
    stale: bool = True

    @property
    def open_cents(self) -> int:
        return sum(cents for _, cents in self.bills)

    def position(self, now: datetime) -> Position:
        if self.policy is None:
            return Position()
        if self.episode is None:
            return Position(policy=self.policy[0], closed_at=self.closed_at)
        taken = tuple(Taken(one.step, one.occurrence, one.at, *one.stands(now)) for one in self.steps)
        return Position(self.episode, *self.policy, None, self.opened_at, taken, self.promise, self.closed_at)

    def subject(self, weather: Weather) -> Subject:
        past_due, oldest, status = self.told
        reached = {channel: to for channel, to in self.addresses.items() if channel not in self.opted_out}
        if self.bad_address:
            reached.pop("letter", None)
        share = past_due // len(self.place["services"])
        facts = Facts(
            status=status, past_due_cents=past_due, paid_since_cents=self.paid_since, holds=tuple(self.holds),
            blocked_channels=dict.fromkeys(self.opted_out, "opted out"), addresses=reached,
            service_class=self.place["class"], occupancy=self.place["occupancy"], affects_heat=self.place["heat"],
            service_past_due=dict.fromkeys(self.place["services"], share), service_zip=self.place["zip"],
            weather=weather,
        )  # fmt: skip
        return Subject(
            account_id=self.id, number=f"{self.id:07d}-00", household=self.household, customer_number=self.customer,
            language="en", oldest_due_on=oldest, facts_version=1, facts=facts, broken_promises=self.broken,
            returned_mail=self.bad_address,
        )  # fmt: skip


class Townsfolk:
    """``accounts`` homes of a city from ``first`` on, as ``seed`` draws them, and what happens to them."""

    def __init__(self, city: str, accounts: int, seed: int, first: date = date(2026, 10, 1)) -> None:
        self.city, self.chance = load_city(city), random.Random(seed)
        self.first = self.today = first
        self.rulebook = rulebook_of(self.city)
        self.policies = tuple(load_policy(self.city, name) for name in declared_order(self.city))
        self.frozen = {(policy.policy, policy.version): policy for policy in self.policies}
        self.contacts = Contacts()
        self.weather, self.heat, self.fed = Weather(None), False, True
        self.ledger = Ledger(self.city, self.frozen, ZONES)
        self.agenda: dict[date, list[Callable[[], None]]] = defaultdict(list)
        self.unposted: list[tuple[Home, int]] = []
        self.by_household: dict[str, list[Home]] = defaultdict(list)
        self.homes: list[Home] = []
        for number in range(1, accounts + 1):
            self._settle(number)
        self.ledger.opening = sum(home.open_cents for home in self.homes)

    def later(self, days: int, what: Callable[..., None], *about: object) -> None:
        """On a day to come, before that night."""
        self.agenda[self.today + max(days, 1) * DAY].append(lambda: what(*about))

    def _settle(self, number: int) -> None:
        """A new home; some share a household, a customer or a phone with the one before."""
        chance = self.chance
        area, code, services = HOME[self.city.slug]
        before = self.homes[-1] if number > 1 and chance.random() < 0.12 else None
        area = area if chance.random() < 0.85 else chance.choice(sorted(ZONES))
        addresses, zones = {}, ()
        if chance.random() < 0.8:
            addresses["sms"], zones = f"+1{area}555{number % 10000:04d}", ZONES[area]
        if before and "sms" in before.addresses and chance.random() < 0.5:
            addresses["sms"], zones = before.addresses["sms"], before.zones
        if chance.random() < 0.5:
            addresses["email"] = f"customer{number}@example.com"
        if chance.random() < 0.98:
            addresses["letter"] = f"{number} Main St"
        kind = chance.choices([name for name, _ in KINDS], [weight for _, weight in KINDS])[0]
        place = {
            "class": "commercial" if chance.random() < 0.06 else "residential", "zip": code, "services": services,
            "occupancy": chance.choice(("owner", "owner", "tenant", None)),
            "heat": chance.choices((True, False, None), (50, 45, 5))[0],
        }  # fmt: skip
        home = Home(
            number, before.household if before else f"house-{number}", f"customer-{number}", kind, place, addresses,
            zones, [],
        )  # fmt: skip
        if chance.random() < 0.02 and number > 1:
            home.customer = self.homes[-1].customer
        if kind in ("struggling", "silent") and chance.random() < 0.5:
            home.bills.append([self.today - chance.randint(2, 60) * DAY, chance.randint(3000, 25000)])
        self.later(chance.randint(1, 30), self._bill, home)
        self.homes.append(home)
        self.by_household[home.household].append(home)

    def _bill(self, home: Home) -> None:
        """A month's bill, due in three weeks; gas makes winters dear."""
        cents = int(self.chance.lognormvariate(9.0, 0.4) * (1.6 if self.today.month in (11, 12, 1, 2, 3) else 1.0))
        if home.status != "shut_off":
            home.bills.append([self.today + 21 * DAY, cents])
            self.ledger.money["billed"] += cents
            used = min(home.credit, cents)
            home.credit -= used
            home.bills[-1][1] -= used
        if self.chance.random() < 0.004 and home.status == "active":
            home.status = "final"
        if home.status != "final":
            self.later(30, self._bill, home)
        after = {"prompt": (10, 23), "late": (24, 60), "struggling": (25, 70)}.get(home.kind)
        if after and (home.kind != "struggling" or self.chance.random() < 0.7):
            share = 1.0 if home.kind != "struggling" else self.chance.choice((0.4, 0.7, 1.0, 1.0))
            self.later(self.chance.randint(*after), self._pay, home, max(int(cents * share), 1))

    def _pay(self, home: Home, cents: int) -> None:
        """Money comes in; the office hears of it with the next payments file. Some payments are taken back."""
        self.ledger.money["paid"] += cents
        self.unposted.append((home, cents))
        left = cents
        for bill in home.bills:
            used = min(bill[1], left)
            bill[1] -= used
            left -= used
        home.bills = [bill for bill in home.bills if bill[1]]
        home.credit += left
        if self.chance.random() < 0.01:
            self.later(self.chance.randint(2, 12), self._bounce, home, cents)

    def _bounce(self, home: Home, cents: int) -> None:
        self.ledger.money["taken back"] += cents
        self.unposted.append((home, -cents))
        used = min(home.credit, cents)
        home.credit -= used
        if cents > used:
            home.bills.insert(0, [self.today - DAY, cents - used])

    def _pay_all(self, home: Home) -> None:
        if home.open_cents:
            self._pay(home, home.open_cents)

    def _misfortune(self) -> None:
        """What befalls somebody: a hold from today on, for weeks or without an end."""
        home = self.chance.choice(self.homes)
        kind = self.chance.choice((*WHOLE, "energy_assistance", "energy_assistance", "moratorium"))
        ends = None if kind == "deceased" else self.today + self.chance.randint(5, 120) * DAY
        amount = self.chance.randint(5000, 30000) if kind == "energy_assistance" else None
        self._hold(home, ActiveHold(kind, ends, amount, ""))

    def _hold(self, home: Home, hold: ActiveHold) -> None:
        home.holds.append(hold)
        self.ledger.counts[f"holds, {hold.kind}"] += 1
        self._touch(home)
        if hold.kind != "promise" or hold.amount_cents is None:
            self._recall(home)
        if hold.ends_on:
            self.agenda[hold.ends_on + DAY].append(lambda: self._release(home, hold))

    def _release(self, home: Home, hold: ActiveHold) -> None:
        if hold in home.holds:
            home.holds.remove(hold)
            self._touch(home)

    def _recall(self, home: Home) -> None:
        """Letters that have not left are called back, and were no contact."""
        for one in home.steps:
            if one.letter and one.undone_at is None and one.settles.date() > self.today:
                self._undo(home, one, "recalled")
                for sent in one.sent:
                    if sent.channel == "letter":
                        self._forget(home, sent)

    def _forget(self, home: Home, sent: Sent) -> None:
        sent.left = False
        for known in (self.contacts.by_household, self.contacts.by_customer, self.contacts.by_address):
            for instants in (known.get(name, {}) for name in (home.household, home.customer, sent.to)):
                instants.pop(sent.key, None)
        for other in self.by_household[home.household]:
            self._touch(other)

    def _undo(self, home: Home, one: Tried, why: str) -> None:
        one.undone_at = self._morning()
        self.ledger.counts[f"steps undone: {why}"] += 1
        self._touch(home)

    def _promise(self, home: Home) -> None:
        """By text: some for all of it, some for a part. It holds until it is decided, two days after its day."""
        owed = home.told[0] - home.paid_since
        if owed < 1000 or any(hold.kind == "promise" for hold in home.holds):
            return
        cents = owed if self.chance.random() < 0.7 else max(owed // 2, 1000)
        held = sum(hold.amount_cents or 0 for hold in home.holds)
        if 0 < held < owed:
            cents = owed - held
        hold, days = ActiveHold("promise", None, cents, ""), self.chance.randint(3, 20)
        self._hold(home, hold)
        brings = self.chance.choices((1.0, 0.5, 0.0), (60, 15, 25))[0]
        if brings:
            self.later(days, self._pay, home, int(cents * brings))
        self.later(
            days + 2, self._decide_promise, home, hold, "kept" if brings == 1 else "partial" if brings else "broken"
        )

    def _decide_promise(self, home: Home, hold: ActiveHold, status: str) -> None:
        self._release(home, hold)
        home.broken += status == "broken"
        self.ledger.counts[f"promises {status}"] += 1
        if home.episode is not None:
            home.promise = PromiseEnd(status, self._morning())  # type: ignore[arg-type]

    def _answer(self, home: Home, sent: Sent) -> None:
        """What somebody does who was written to."""
        drawn, chance = self.chance.random(), self.chance
        nudge = 0.6 if sent.purpose == "legal" else 0.35
        if sent.channel == "sms" and drawn < 0.015:
            self.later(1, self._opt_out, home, "sms", sent.to)
        elif drawn < 0.12:
            self.later(1, self._promise, home)
        elif drawn < nudge and home.kind != "silent":
            self.later(chance.randint(1, 9), self._pay_all, home)

    def _opt_out(self, home: Home, channel: str, to: str) -> None:
        """An opt-out is of a number, whoever shares it; a few come back."""
        sharing = [one for one in self.by_household[home.household] if one.addresses.get(channel) == to]
        for one in sharing:
            one.opted_out.add(channel)
            self._touch(one)
        self.ledger.counts["opt-outs"] += 1
        if self.chance.random() < 0.1:
            self.later(40, self._opt_in, sharing, channel)

    def _opt_in(self, homes: list[Home], channel: str) -> None:
        for home in homes:
            home.opted_out.discard(channel)
            self._touch(home)

    def _touch(self, home: Home) -> None:
        home.stale = True

    def _morning(self) -> datetime:
        """What happens on a day is known before its night, whatever the hour."""
        return datetime(self.today.year, self.today.month, self.today.day, 0, 5, tzinfo=self.city.zone)

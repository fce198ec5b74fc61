"""Some weeks of an office with everything on: the real planner, release, outbox, webhooks, imports, promises, mail.

What people do is drawn from a seed. ``Season`` keeps its own small record of holds, opt-outs and payments, and each
message is held against it at the moment in which a carrier or the mail house takes it.
"""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from comms import promises
from comms.accounts import holds
from comms.accounts.schema import Account, Hold
from comms.campaigns import Decision, Episode, HeldError, RunError
from comms.channels import Outgoing, Result
from comms.outbox import Message
from comms.promises import Part
from tests.campaigns.rooms import Rooms, refuses
from tests.support import build

ZONES = {"218": "America/Chicago", "808": "Pacific/Honolulu", "212": "America/New_York", "206": "America/Los_Angeles"}
KINDS = ("medical", "dispute", "military", "bankruptcy")


class Season:
    """``accounts`` late payers, from ``first`` on."""

    def __init__(self, rooms: Rooms, two_at_once, accounts: int, seed: int, first: date) -> None:
        self.rooms, self.two_at_once, self.chance, self.today = rooms, two_at_once, random.Random(seed), first
        self.ledger: Counter[str] = Counter()
        self.faults: list[str] = []
        self.opted_out: set[str] = set()
        self.owed: dict[int, int] = {}
        self.phones: dict[str, list[int]] = {}
        self.paid = 0
        self.rooms.sms.answer = self._text
        self.rooms.email.answer = self._email
        self.clock_to(8)
        with rooms.database.begin() as session:
            file = build.import_file(session)
            for number in range(accounts):
                self._move_in(session, number, file.id)

    def _move_in(self, session, number: int, import_id: int) -> None:
        chance = self.chance
        area = chance.choice(("218", "218", "218", "808", "212", "206"))
        phone = f"+1{area}555{number // 2 * 2 if chance.random() < 0.1 else number:04}"
        given = {
            "phone": phone if chance.random() < 0.8 else None, "past_due_cents": chance.randint(2600, 40000),
            "email": f"c{number}@example.com" if chance.random() < 0.5 else None, "import_id": import_id,
            "oldest_due_on": self.today - timedelta(chance.randint(0, 40)), "affects_heat": chance.random() < 0.5,
            "household": f"h{number // 2 if chance.random() < 0.2 else number + 1000}",
            "balance_as_of": self.today - timedelta(1), "created_at": self.rooms.clock.now(),
            "updated_at": self.rooms.clock.now(),
        }  # fmt: skip
        row = build.account(session, **given)
        self.owed[row.id] = row.past_due_cents
        self.phones.setdefault(phone, []).append(row.id)

    def clock_to(self, hour: int, minute: int = 0) -> None:
        """The clock never goes back."""
        when = datetime(self.today.year, self.today.month, self.today.day, hour, minute, tzinfo=self.rooms.city.zone)
        self.rooms.clock.set(max(when, self.rooms.clock.now()) if self.ledger["days"] else when)

    # What carriers answer

    def _text(self, outgoing: Outgoing) -> Result:
        now = self.rooms.clock.now()
        local = {now.astimezone(ZoneInfo(zone)) for zone in ("America/Chicago", ZONES[outgoing.recipient[2:5]])}
        message = self.rooms.message(outgoing.message_id)
        if message.purpose == "conversational":
            return self.rooms.sms.accept(outgoing)
        if not all(8 <= one.hour < 21 for one in local):
            self.faults.append(f"a text to {outgoing.recipient} at {sorted(map(str, local))}")
        if outgoing.recipient in self.opted_out:
            self.faults.append(f"a text to {outgoing.recipient}, who opted out")
        self._may(message)
        if self.chance.random() < 0.04:
            return refuses("30003", "unreachable handset")
        return self.rooms.sms.accept(outgoing)

    def _email(self, outgoing: Outgoing) -> Result:
        self._may(self.rooms.message(outgoing.message_id))
        return self.rooms.email.accept(outgoing)

    def _may(self, message: Message) -> None:
        """Whether this account may be written to now, by the season's own record."""
        account = message.account_id
        for hold in self._holds(account):
            part = hold.amount_cents is not None and self.owed[account] - hold.amount_cents > 500
            if not part and not (hold.kind == "promise" and message.purpose == "legal"):
                self.faults.append(f"{message.notice} to account {account} under {hold.kind}")
        if self.owed[account] <= 500:
            self.faults.append(f"{message.notice} to account {account}, which owes {self.owed[account]}")
        self.ledger[f"left: {message.notice} by {message.channel}"] += 1

    def _holds(self, account: int) -> list[Hold]:
        """As they stand in the database, whatever the service thinks of them."""
        begun = (Hold.starts_on <= self.today, or_(Hold.ends_on.is_(None), Hold.ends_on >= self.today))
        with self.rooms.database.read() as session:
            return list(
                session.scalars(select(Hold).where(Hold.account_id == account, Hold.released_at.is_(None), *begun))
            )

    # What people do

    def live(self, days: int) -> None:
        for number in range(days):
            self.today += timedelta(1)
            self.clock_to(9)
            self.ledger["days"] += 1
            self._morning(number)
            self.clock_to(self.chance.choice((17, 18, 20, 21, 22)), 30)
            if self.chance.random() < 0.1 or 36 <= number < 40:
                self.ledger["nights missed"] += 1
                continue
            self._night()
            if self.chance.random() < 0.12:
                self.ledger["nights repeated"] += 1
                self._night()
        self.today += timedelta(1)
        self.clock_to(12)
        self.rooms.keep_house()

    def _morning(self, number: int) -> None:
        rooms = self.rooms
        rooms.deliver()
        rooms.arrived(fate=self._heard)
        if number % 4 == 0:
            self._letters()
        if self.chance.random() < 0.75:
            self._payments()
        if self.chance.random() < 0.5:
            self._people()
        if number % 7 == 6:
            self._balances()
        if number % 2:
            rooms.keep_house()

    def _heard(self, _: Message) -> str | None:
        """Most of what carriers have arrives, some does not, of some nothing is heard."""
        return self.chance.choices(("delivered", "undelivered", None), (90, 5, 5))[0]

    def _letters(self) -> None:
        """What the mail house had is mailed; what waits goes there; of what was mailed, something comes back."""
        rooms = self.rooms
        self.ledger["letters mailed"] += rooms.mailed()
        before = {one.id for one in rooms.messages(Message.state == "handed_over")}
        rooms.post()
        for message in rooms.messages(Message.state == "handed_over"):
            if message.id not in before:
                self._may(message)
        for message in rooms.messages(Message.state == "mailed"):
            if self.chance.random() < 0.01:
                rooms.comes_back(message.id)
                self.ledger["letters returned"] += 1

    def _payments(self) -> None:
        paid = []
        for account in self.chance.sample(sorted(self.owed), 5):
            owed = self.owed[account]
            cents = owed if self.chance.random() < 0.6 else owed // 2
            if cents > 0:
                paid.append((account, f"{cents / 100:.2f}"))
                self.owed[account] -= cents
                self.paid += cents
        self.rooms.pays(*paid)

    def _people(self) -> None:
        rooms, chance = self.rooms, self.chance
        account = chance.choice(sorted(self.owed))
        now, what = rooms.clock.now(), chance.choice(("hold", "hold", "end", "promise", "promise", "stop"))
        held = self._holds(account)
        self.ledger[f"people: {what}"] += 1
        if what == "stop":
            phone = chance.choice(sorted(self.phones))
            self.opted_out.add(phone)
            rooms.says(phone, "STOP")
            return
        with rooms.database.begin() as session:
            if what == "hold" and not held:
                ends = self.today + timedelta(chance.randint(2, 30))
                holds.place(session, account, chance.choice(KINDS), self.today, ends, "", "staff", now)
            elif what == "end":
                for hold in held:
                    if hold.kind != "promise":
                        holds.release(session, hold.id, "staff", now)
            elif what == "promise" and self.owed[account] > 3000 and not held:
                part = Part(self.today + timedelta(chance.randint(2, 12)), self.owed[account])
                promises.enter(
                    session, rooms.city, rooms.clock, account_id=account, parts=[part], source="phone", by="ana",
                    approved_by="pat",
                )  # fmt: skip

    def _balances(self) -> None:
        """A file of balances: what was paid is off, some have a new bill."""
        changed = []
        with self.rooms.database.begin() as session:
            for account in sorted(self.owed):
                if self.chance.random() < 0.1:
                    self.owed[account] += 4000
                row = session.get_one(Account, account)
                if row.past_due_cents != self.owed[account]:
                    row.past_due_cents, changed = self.owed[account], [*changed, account]
                row.balance_as_of = self.today
        for account in changed:
            self.rooms.change(account, current_cents=4600)
        self.rooms.follow(*changed)

    # The office's night

    def _night(self) -> None:
        rooms = self.rooms
        run = rooms.planned()
        if self.chance.random() < 0.15:
            before = rooms.count(Decision), rooms.count(Episode)
            again = self.two_at_once(rooms.plan)
            assert again == [run, run], f"{again} is not {run}"
            assert (rooms.count(Decision), rooms.count(Episode)) == before, "two planners at once change nothing"
            self.ledger["nights planned by two at once"] += 1
        if self.chance.random() < 0.08:
            self.ledger["runs never released"] += 1
            return
        try:
            self._release(run)
        except RunError as error:
            assert "done" in str(error), error
            return
        rooms.deliver()

    def _release(self, run: int) -> None:
        """Somebody approves, and lifts what brakes there are."""
        for _ in range(4):
            try:
                self.rooms.release(run)
            except HeldError as held:
                self.ledger["runs held"] += 1
                if "approval" in str(held):
                    self.rooms.approve(run)
                for name, brake in self.rooms.brakes(run).items():
                    if brake.holds:
                        self.rooms.lift(run, name)
            else:
                self.ledger["runs released"] += 1
                return
        raise AssertionError(f"run {run} cannot be released")

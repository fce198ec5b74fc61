"""The customers of the demonstration: what they write back, and when they confirm.

Who promises how much is taken from the city's own payment file, so that some promises are kept by real lines of that
file and others are not. What they write is in ``wordings.txt``, in both languages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.outbox import Message

WORDINGS = Path(__file__).parent / "wordings.txt"
OWES = 3000
"""Cents past due of those who write on the last morning, so that there is something to promise."""


@dataclass(frozen=True)
class Line:
    """One text or email of one customer."""

    sender: str
    words: str
    channel: str = "sms"
    then: str | None = None
    """What the customer answers to the read-back, if there is one."""


@dataclass(frozen=True)
class Reached:
    """A customer whose text or email was delivered."""

    address: str
    account_number: str
    past_due_cents: int
    language: str


def reached(session: Session, channel: str) -> list[Reached]:
    """Customers whose notice was delivered on this channel, each address once, in the order of the messages."""
    rows = session.execute(
        select(Message.recipient, Account.number, Account.past_due_cents, Account.language)
        .join(Account, Account.id == Message.account_id)
        .where(Message.channel == channel, Message.state == "delivered", Message.run_id.is_not(None))
        .order_by(Message.id)
    )
    found: dict[str, Reached] = {}
    for address, number, cents, language in rows:
        found.setdefault(address, Reached(address, number, cents, language))
    return list(found.values())


def script(session: Session, payments: Sequence[tuple[str, date, int]], today: date) -> Iterator[Line]:
    """Everything the customers write. ``payments`` are (account number, day, cents) of the file to come."""
    texters = reached(session, "sms")
    paying = {number: (day, cents) for number, day, cents in payments if cents > 0}
    keepers = [one for one in texters if one.language == "en" and _can_keep(one, paying, today)][:6]
    for one in keepers:
        day, cents = paying[one.account_number]
        yield Line(
            one.address, f"i can pay {_dollars(min(cents, one.past_due_cents))} on {day.month}/{day.day}", then="YES"
        )
    taken = {one.address for one in keepers}
    people = {
        "en": iter([one for one in texters if one.language == "en" and one.address not in taken]),
        "es": iter([one for one in texters if one.language == "es"]),
        "mail": iter(reached(session, "email")),
    }
    yield from _said(people, today)


def this_morning(session: Session, today: date) -> Iterator[Line]:
    """What some write on the last morning: the last who got a text or email and still owe."""
    owing = {channel: [one for one in reversed(reached(session, channel)) if one.past_due_cents >= OWES]
             for channel in ("sms", "email")}  # fmt: skip
    people = {
        "today-en": iter([one for one in owing["sms"] if one.language == "en"]),
        "today-es": iter([one for one in owing["sms"] if one.language == "es"]),
        "today-mail": iter(owing["email"]),
    }
    yield from _said(people, today)


def _said(people: Mapping[str, Iterator[Reached]], today: date) -> Iterator[Line]:
    """The wordings of these people, each said by the next one of its kind."""
    for who, words, then in wordings():
        somebody = next(people[who], None) if who in people else None
        if somebody is not None:
            said = words.format(**_amounts_and_days(somebody, today))
            yield Line(somebody.address, said, "email" if who.endswith("mail") else "sms", then)


def wordings() -> Iterator[tuple[str, str, str | None]]:
    """The lines of ``wordings.txt``: who writes, the words, and what is answered to a question."""
    for line in WORDINGS.read_text("utf-8").splitlines():
        if "|" in line and not line.startswith("#"):
            who, words, *then = line.split("|")
            yield who, words.replace("\\n", "\n"), then[0] if then else None


def _amounts_and_days(one: Reached, today: date) -> dict[str, str]:
    friday = today + timedelta(days=(4 - today.weekday()) % 7 or 7)
    monday = friday + timedelta(days=3)
    return {
        "half": _dollars(-(-one.past_due_cents // 200) * 100),
        "all": _dollars(one.past_due_cents),
        "fri": f"{friday:%b} {friday.day}",
        "mon": f"{monday:%b} {monday.day}",
        "mon_es": f"{monday.day}/{monday.month}" if monday.day > 12 else f"{monday.month}/{monday.day}",
    }


def _can_keep(one: Reached, paying: dict[str, tuple[date, int]], today: date) -> bool:
    day, cents = paying.get(one.account_number, (today, 0))
    return day > today and cents * 3 >= one.past_due_cents


def _dollars(cents: int) -> str:
    return f"${cents // 100}" if cents % 100 == 0 else f"${cents / 100:.2f}"

"""The customers of the demonstration: what they write back, and when they confirm.

Who promises how much is taken from the city's own payment file, so that some promises are kept by real lines of that
file and others are not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.outbox import Message


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


WORDS = (
    "STOP",
    "please quit texting me about this",
    "Unsubscribe",
    "HELP",
    "who is this?",
    "how much do i owe",
    "I already paid this last week",
    "this bill is wrong, we had a leak and you said youd fix it",
    "I lost my job last month and cant pay right now",
    "can i get a payment plan?",
    "could you do 40 on thursday",
    "wrong number, i dont know any carl",
    "strong gas smell in the basement!!",
    "thanks",
    "👍",
    "en español por favor",
    "maybe friday if my check comes",
    "my lawyer will be in touch",
    "what is the address of your office",
    "ok",
)
"""Replies that are no promise, one customer each."""

MAILS = (
    "I was charged twice for October. Please look into it.",
    "Hello, how can I set up automatic payments? Thank you.",
    "Please stop emailing me about this account.",
)


def script(session: Session, payments: Sequence[tuple[str, date, int]], today: date) -> Iterator[Line]:
    """Everything the customers write. ``payments`` are (account number, day, cents) of the file to come."""
    texters = reached(session, "sms")
    paying = {number: (day, cents) for number, day, cents in payments if cents > 0}
    english = [one for one in texters if one.language == "en"]
    keepers = [one for one in english if _can_keep(one, paying, today)][:6]
    taken = {one.address for one in keepers}
    others = [one for one in english if one.address not in taken and one.account_number not in paying]
    for one in keepers:
        day, cents = paying[one.account_number]
        yield Line(
            one.address, f"i can pay {_dollars(min(cents, one.past_due_cents))} on {day.month}/{day.day}", then="YES"
        )
    friday = today + timedelta(days=(4 - today.weekday()) % 7 or 7)
    promises = (
        ("i can pay {half} friday", "YES"),
        ("I will pay {all} on " + f"{friday + timedelta(days=3):%b} {(friday + timedelta(days=3)).day}", "yes"),
        ("gonna send {half} next tuesday", "Y"),
        ("ill have {all} for you on the 4th", "Yes please"),
        ("i can pay {half} friday", "NO"),
        ("paying {all} tomorrow", None),
    )
    for one, (words, then) in zip(others, promises, strict=False):
        said = words.format(half=_dollars(one.past_due_cents // 2), all=_dollars(one.past_due_cents))
        yield Line(one.address, said, then=then)
    rest = [one for one in texters if one.address not in taken and one not in others[: len(promises)]]
    for one, words in zip(rest, WORDS, strict=False):
        yield Line(one.address, words)
    for one, words in zip(reached(session, "email"), MAILS, strict=False):
        yield Line(one.address, words, channel="email")


def _can_keep(one: Reached, paying: dict[str, tuple[date, int]], today: date) -> bool:
    day, cents = paying.get(one.account_number, (today, 0))
    return day > today and cents * 3 >= one.past_due_cents


def _dollars(cents: int) -> str:
    return f"${cents // 100}" if cents % 100 == 0 else f"${cents / 100:.2f}"

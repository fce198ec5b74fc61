"""Who pays after a notice. The sample's own payments end after two weeks and know nothing of our notices; so that a
story of two months has an end, more customers pay, drawn by account number, the same ones each time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from comms.accounts.schema import Account
from comms.campaigns import Decision

from .billing import Billing, Posting
from .stage import Stage
from .words import many, money, say

PART = 3


@dataclass(frozen=True)
class After:
    """Of a hundred customers who got the notice of a step, ``whole`` pay all and ``part`` a third, on a day."""

    step: str
    whole: int
    part: int
    on: date


def pay(on: Stage, billing: Billing, after: After) -> None:
    """Have them pay, and say how many did."""
    paying = _after(on, after)
    billing.post(paying)
    paid, step = money(sum(cents for _, _, cents in paying)), after.step.replace("-", " ")
    say(f"After the {step} {many(len(paying), 'customer')} paid, {paid} together.")


def drawn(what: str, numbers: Sequence[str], percent: int) -> list[str]:
    """Of these accounts so many percent, the same ones each time for the same matter."""
    return [number for number in numbers if _lot(what, number) < percent]


def _lot(what: str, number: str) -> int:
    """A number from 0 to 99."""
    return int.from_bytes(hashlib.blake2b(f"{what}:{number}".encode(), digest_size=4).digest(), "big") % 100


def _after(on: Stage, after: After) -> list[Posting]:
    owing = (
        select(Account.number, Account.past_due_cents)
        .join(Decision, Decision.account_id == Account.id)
        .where(Decision.step == after.step, Decision.state == "released", Account.past_due_cents > 0)
        .order_by(Account.id)
    )
    with on.office.database.read() as session:
        rows = session.execute(owing).all()
    paying: list[Posting] = []
    for number, cents in rows:
        lot = _lot(after.step, number)
        if lot < after.whole:
            paying.append((number, after.on, cents))
        elif lot < after.whole + after.part:
            paying.append((number, after.on, cents // PART))
    return paying

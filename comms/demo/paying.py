"""Who pays after a notice. The sample's own payments end after two weeks and know nothing of our notices; so that a
story of two months has an end, more customers pay, drawn by account number, the same ones each time."""

import hashlib
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
    paying = _drawn(on, after)
    billing.post(paying)
    paid, step = money(sum(cents for _, _, cents in paying)), after.step.replace("-", " ")
    say(f"After the {step} {many(len(paying), 'customer')} paid, {paid} together.")


def _drawn(on: Stage, after: After) -> list[Posting]:
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
        drawn = int.from_bytes(hashlib.blake2b(f"{after.step}:{number}".encode(), digest_size=4).digest(), "big") % 100
        if drawn < after.whole:
            paying.append((number, after.on, cents))
        elif drawn < after.whole + after.part:
            paying.append((number, after.on, cents // PART))
    return paying

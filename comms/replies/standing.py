"""What stands between us and a customer: what is due now, the promise that waits for a YES, and the open one.

A promise is the account's, not the channel's: what was read back by text can be confirmed by email.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from comms import promises
from comms.accounts import Account
from comms.accounts.balances import paid_since
from comms.promises import Part
from comms.promises.schema import Promise

from .asking import CONFIRMING, WAITS, waits
from .matter import Matter
from .understanding import Instalment


def due_cents(matter: Matter, account: Account) -> int:
    """What is past due, less what was posted since the balance was taken; never below zero."""
    paid = paid_since(matter.session, [account.id]).get(account.id, 0)
    return max(account.past_due_cents - paid, 0)


def asked_here(matter: Matter) -> bool:
    """Whether this conversation itself waits for an answer about a promise."""
    return waits(matter.conversation, CONFIRMING, matter.inbound.received_at)


def waiting(matter: Matter) -> bool:
    """Whether a YES, a NO or a correction has something to belong to: a question asked here, even one that is too old
    to be answered with YES, or a promise read back to this customer on another channel."""
    return matter.conversation.state == CONFIRMING or proposed(matter) is not None


def proposed(matter: Matter) -> Promise | None:
    """The promise that was read back and that nobody has answered: the account's newest, on whatever channel."""
    if matter.account is None:
        return None
    return matter.session.scalars(
        select(Promise)
        .where(
            Promise.account_id == matter.account.id,
            Promise.status == "proposed",
            or_(Promise.awaits.is_(None), Promise.awaits == "customer"),
            Promise.created_at > matter.inbound.received_at - WAITS,
        )
        .order_by(Promise.id.desc())
        .limit(1)
    ).first()


def read_back(matter: Matter) -> Promise | None:
    """The promise that a YES or a NO is about: the one read back here, whatever became of it since, unless a newer one
    waits."""
    here = matter.conversation.state == CONFIRMING
    named = matter.conversation.context.get("promise_id") if here else None
    if asked_here(matter) and named is None:
        return None  # we asked for the day and the amount; YES says neither
    newest = proposed(matter)
    if newest is not None or named is None:
        return newest
    promise = matter.session.get(Promise, named, populate_existing=True)
    mine = promise is not None and matter.account is not None and promise.account_id == matter.account.id
    return promise if mine else None


def opened(matter: Matter) -> Promise | None:
    """The account's open promise."""
    if matter.account is None:
        return None
    return matter.session.scalars(
        select(Promise).where(Promise.account_id == matter.account.id, Promise.status == "open")
    ).first()


def wanted(matter: Matter, said: Sequence[Instalment]) -> list[Instalment]:
    """What the customer names now; what a correction leaves out (``no, the 15th``) comes from the details that were
    asked for, or from the promise it corrects, when that is one amount on one day."""
    earlier = before(matter)
    if len(said) != 1 or len(earlier) != 1:
        return list(said)
    amount = said[0].amount_cents if said[0].amount_cents is not None else earlier[0].amount_cents
    return [Instalment(amount, said[0].date or earlier[0].date)]


def before(matter: Matter) -> list[Instalment]:
    """What was named before: the details we still ask for, else the promise read back, else the open one."""
    context = matter.conversation.context if asked_here(matter) else {}
    if "promise_id" not in context and context.get("wanted"):
        return [
            Instalment(one["amount_cents"], date.fromisoformat(one["date"]) if one["date"] else None)
            for one in context["wanted"]
        ]
    promise = proposed(matter) or opened(matter)
    if promise is None:
        return []
    return [Instalment(part.amount_cents, part.due_on) for part in promises.parts_of(matter.session, promise.id)]


def dated_amounts(matter: Matter, named: Sequence[Instalment], due: int) -> list[Part] | None:
    """The named amounts in cents by day, ``full`` and ``half`` of what is due; None when an amount or a day is missing
    or an amount is nothing."""
    by_day: dict[date, int] = {}
    halves = 0
    for one in named:
        if one.date is None or one.amount_cents is None:
            return None
        if one.amount_cents == "full":
            cents = due
        elif one.amount_cents == "half":
            cents = due // 2 if halves else (due + 1) // 2
            halves += 1
        elif one.amount_cents == "minimum":
            cents = promises.load_policy(matter.city).minimum(due)
        else:
            cents = int(one.amount_cents)
        if cents <= 0:
            return None
        by_day[one.date] = by_day.get(one.date, 0) + cents
    return [Part(day, cents) for day, cents in sorted(by_day.items())] or None


def no_more_than(parts: Sequence[Part], due: int) -> list[Part]:
    """The parts, lowered from the last one on until they come to no more than is due."""
    kept: list[Part] = []
    left = due
    for part in parts:
        cents = min(part.amount_cents, left)
        left -= cents
        if cents > 0:
            kept.append(Part(part.due_on, cents))
    return kept

"""Promises that staff take, on the phone or at the counter, and the supervisor's word on those beyond the limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts.balances import paid_since
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import NewEvent

from .arranging import Arranged, arrange
from .lifecycle import (
    Change,
    PromiseError,
    approval_key,
    broken_before,
    locked_account,
    locked_promise,
    open_,
    parts_of,
    propose,
)
from .policy import Part, Policy, Verdict, consider, load_policy
from .schema import Promise
from .wording import KIND, STATUS, in_words, why

FARTHEST = timedelta(3653)
"""Ten years: a day beyond it is a slip of the finger, which no supervisor needs to see."""


@dataclass(frozen=True)
class Entered:
    """What was entered: the promise, events for the contact history, and whose word it waits for (None: it is open).
    ``reasons`` say why a supervisor is asked, in the words of ``consider`` and ``arrange``."""

    promise_id: int
    events: tuple[NewEvent, ...]
    awaits: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weighed:
    """An offer held against the limits. ``reasons`` say why a supervisor would be asked (none: it opens at once);
    ``counter`` is the best that needs nobody's word, where there is one."""

    reasons: tuple[str, ...] = ()
    counter: tuple[Part, ...] = ()


def weigh(
    session: Session, city: City, clock: Clock, account: Account, parts: Sequence[Part], *, category: str = "staff",
    terms: dict[str, Any] | None = None,
) -> Weighed:  # fmt: skip
    """What ``enter`` would make of this offer; nothing is written. Raises ``PromiseError`` for one that nobody can
    take: nothing is past due, or its dates and amounts make no sense."""
    policy, today = load_policy(city), city.local_date(clock.now())
    if any(part.due_on > today + FARTHEST for part in parts):
        raise PromiseError("A part is due more than ten years from today. Correct its year.")
    debt = owed(session, account)
    verdict = consider(
        policy, city, parts, today=today, past_due_cents=debt, category=category,
        broken_before=broken_before(session, account.id, city, clock, category),
        open_before=open_before(session, account), shut_off=account.status == "shut_off",
    )  # fmt: skip
    reasons = _checked(verdict)
    if sum(part.amount_cents for part in parts) > debt + max(account.current_cents, 0):
        reasons += ("too_much",)
    if terms is not None:
        reasons += _beyond_terms(policy, city, debt, parts, terms, today)
    return Weighed(reasons, verdict.counter)


def enter(
    session: Session,
    city: City,
    clock: Clock,
    *,
    account_id: int,
    parts: Sequence[Part],
    source: str,
    by: str,
    reason_code: str | None = None,
    note: str | None = None,
    category: str = "staff",
    terms: dict[str, Any] | None = None,
    approved_by: str | None = None,
) -> Entered:
    """Write down a promise that a member of staff took, or an arrangement when ``terms`` are given.

    Within the limits of its category, or with ``approved_by`` (a supervisor; the door checks that), it opens at once.
    Beyond them it is proposed and a task asks a supervisor; an open promise goes on until then. Raises
    ``PromiseError`` when nothing is past due or its dates and amounts make no sense.
    """
    account = locked_account(session, account_id)
    category = "arrangement" if terms is not None else category
    reasons = weigh(session, city, clock, account, parts, category=category, terms=terms).reasons
    awaits = "supervisor" if reasons and approved_by is None else None
    made = propose(
        session, city, clock, account_id=account_id, parts=parts, source=source, actor=by, taken_by=by,
        said_text=note, reason_code=reason_code, category=category, terms=terms, awaits=awaits,
        kind="arrangement" if category == "arrangement" else "promise",
    )  # fmt: skip
    if awaits is None:
        opened = open_(session, city, clock, made.promise_id, actor=by, approved_by=approved_by)
        return Entered(made.promise_id, (*made.events, *opened.events), None, reasons)
    worklist.open_task(
        session,
        kind="approval",
        dedupe_key=approval_key(made.promise_id),
        reason=f"{KIND['arrangement' if terms is not None else 'promise']} of {in_words(sorted(parts))}, taken by "
        f"{by.removeprefix('user:')}, needs a supervisor: {why(reasons)}.",
        at=clock.now(),
        account_id=account_id,
        subject_type="promise",
        subject_id=made.promise_id,
        priority=3,
        facts={"reasons": list(reasons)},
    )
    return Entered(made.promise_id, made.events, awaits, reasons)


def approve(session: Session, city: City, clock: Clock, promise_id: int, by: str) -> Change:
    """A supervisor agrees: the promise opens. Raises ``PromiseError`` when it waits for nobody's approval, or when its
    first day has passed. Approving an approved one again changes nothing."""
    promise = locked_promise(session, promise_id)
    if promise.status == "open" and promise.approved_by is not None:
        return Change(promise_id)
    if promise.status != "proposed":
        raise PromiseError(f"Promise {promise_id} is {STATUS[promise.status]}; there is nothing to approve.")
    if promise.awaits != "supervisor":
        raise PromiseError(f"Promise {promise_id} waits for the customer's YES, not for a supervisor.")
    first = min(part.due_on for part in parts_of(session, promise_id))
    if first < city.local_date(clock.now()):
        raise PromiseError(
            f"The first day of promise {promise_id}, {first:%Y-%m-%d}, has passed. Refuse it, and enter it anew with "
            f"the customer: comms promise refuse {promise_id}"
        )
    return open_(session, city, clock, promise_id, actor=by, approved_by=by)


def arrangement_for(
    session: Session,
    city: City,
    clock: Clock,
    account_id: int,
    *,
    down_payment_cents: int | None = None,
    installments: int | None = None,
    every: str | None = None,
    income_cents: int | None = None,
) -> Arranged:
    """What the policy offers this account: ``arrange`` with the account's own debt and record."""
    account = session.get_one(Account, account_id, populate_existing=True)
    return arrange(
        load_policy(city), city, today=city.local_date(clock.now()), past_due_cents=owed(session, account),
        broken_before=broken_before(session, account_id, city, clock, "arrangement"),
        open_before=open_before(session, account), shut_off=account.status == "shut_off",
        down_payment_cents=down_payment_cents, installments=installments, every=every, income_cents=income_cents,
    )  # fmt: skip


def owed(session: Session, account: Account) -> int:
    """What is past due by the last balance, less what was posted after it, in cents."""
    return max(0, account.past_due_cents - paid_since(session, [account.id]).get(account.id, 0))


def open_before(session: Session, account: Account) -> int:
    """How many promises the customer of this account has open on his other accounts."""
    if account.customer_number is None:
        return 0
    statement = (
        select(func.count())
        .select_from(Promise)
        .join(Account, Account.id == Promise.account_id)
        .where(Account.customer_number == account.customer_number, Account.id != account.id, Promise.status == "open")
    )
    return session.scalar(statement) or 0


def _checked(verdict: Verdict) -> tuple[str, ...]:
    """The reasons to ask a supervisor. Raises ``PromiseError`` where no supervisor can help."""
    if "nothing_due" in verdict.reasons:
        raise PromiseError("Nothing is past due on this account, so there is nothing to promise.")
    if "in_the_past" in verdict.reasons:
        raise PromiseError("Every part needs a day from today on and an amount above zero. Correct them.")
    return verdict.reasons


def _beyond_terms(
    policy: Policy, city: City, owed_cents: int, parts: Sequence[Part], terms: dict[str, Any], today: date
) -> tuple[str, ...]:
    """Why these are not the parts that the policy itself makes of these terms; nothing when they are."""
    try:
        offered = arrange(
            policy, city, today=today, past_due_cents=owed_cents,
            down_payment_cents=terms.get("down_payment_cents"), installments=terms.get("installments") or None,
            every=terms.get("every"), income_cents=terms.get("income_cents"),
        )  # fmt: skip
    except ValueError as error:
        raise PromiseError(f"The terms cannot be used. {error}") from None
    if offered.accepted and list(offered.parts) == sorted(parts):
        return ()
    return ("income_too_small",) if "income_too_small" in offered.reasons else ("other_terms",)

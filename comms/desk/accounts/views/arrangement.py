"""Offering a payment arrangement: the schedule that the policy makes of the wish, and agreeing it."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import promises
from comms.accounts import Account
from comms.accounts.sheets import SheetError, cents
from comms.campaigns.agreeing import Written
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import promising
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.accounts.views.promise import finish
from comms.desk.frame.refusals import in_words
from comms.promises import Arranged, PolicyError, PromiseError, load_policy
from comms.promises.wording import EVERY

CHANGED = {"down_payment": "down payment", "installments": "number of payments", "every": "frequency"}
"""What of a wish was brought within the policy."""


@dataclass(frozen=True)
class Wish:
    """What was asked for, as it stands in the form."""

    down: str = ""
    installments: str = ""
    every: str = ""
    income: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wish":
        down, number, income = (given.get(name, "").strip()[:20] for name in ("down", "installments", "income"))
        every = given.get("every", "")
        return cls(down, number, every if every in EVERY else "", income)


def form(visit: Visit, number: str) -> ResponseReturnValue:
    """What can be offered: the standard schedule, or the one nearest to the wish in the address."""
    return _show(visit, opened(visit, number, "arrangement"), Wish.of(visit.query))


def agree(visit: Visit, number: str) -> ResponseReturnValue:
    """``show`` works the schedule out again; else the customer agrees, and it is entered."""
    account, wish, office = found(visit, number), Wish.of(visit.form), visit.office
    if visit.form.get("show"):
        return _show(visit, account, wish)
    in_writing, source = visit.form.get("in-writing", "first"), visit.form.get("source", "phone")

    def work(session: Session) -> tuple[str, Written] | None:
        offer = _offer(session, visit, account, wish)
        if _schedule(offer) != visit.form.get("schedule", "") or not offer.parts:
            return None
        by = visit.actor
        entered = promises.enter(
            session, office.city, office.clock, account_id=account.id, parts=offer.parts, terms=offer.terms, by=by,
            source=source if source in promising.SOURCES else "phone", note=visit.line("note") or None,
            approved_by=by if visit.form.get("approve") and visit.by.may(Permission.APPROVE_PROMISES) else None,
        )  # fmt: skip
        writing = in_writing if in_writing in promising.IN_WRITING else "first"
        return finish(session, visit, account, entered, writing)

    try:
        kept = office.database.run(work)
    except (SheetError, PromiseError, PolicyError, ValueError) as wrong:
        return _show(visit, account, wish, in_words(wrong), 422)
    if kept is None:
        changed = "The schedule has changed since it was shown. Read it again with the customer before it is agreed."
        return _show(visit, account, wish, changed, 409)
    said, written = kept
    if written.message_id:
        office.doorbell.ring(written.lane, [written.message_id])
    return done(visit, account, said)


def _show(visit: Visit, account: Account, wish: Wish, problem: str = "", status: int = 200) -> ResponseReturnValue:
    policy = load_policy(visit.office.city)
    with visit.office.database.read() as session:
        offer = Arranged()
        try:
            offer = _offer(session, visit, account, wish)
        except (SheetError, PolicyError, ValueError) as wrong:
            problem, status = problem or in_words(wrong), max(status, 422)
        return act_page(
            visit, session, account, "account_arrangement.html", "Offer an arrangement", status,
            wish=wish, offer=offer, schedule=_schedule(offer), problem=problem,
            because=promises.why(offer.reasons), changed=[CHANGED[one] for one in offer.changed],
            everies={"": "As usual", **{one: EVERY[one].capitalize() for one in policy.arrangement.every}},
            limits=policy.arrangement, sources=promising.SOURCES, in_writing=promising.IN_WRITING,
            source=visit.form.get("source", "phone"), chosen_writing=visit.form.get("in-writing", "first"),
            note=visit.line("note"),
        )  # fmt: skip


def _offer(session: Session, visit: Visit, account: Account, wish: Wish) -> Arranged:
    """What the policy makes of the wish. Raises ``SheetError`` for what cannot be read."""
    number = positive(wish.installments) if wish.installments else None
    if wish.installments and not number:
        raise SheetError(f"Payments: {wish.installments!r} is no number of payments; write it as 6.")
    nothing_down = wish.down.strip("$0. ") == "" and wish.down.strip("$. ") != ""
    return promises.arrangement_for(
        session, visit.office.city, visit.office.clock, account.id, installments=number, every=wish.every or None,
        down_payment_cents=0 if nothing_down else cents(wish.down, "Down payment"),
        income_cents=cents(wish.income, "Income"),
    )  # fmt: skip


def _schedule(offer: Arranged) -> str:
    """The schedule in one line, by which the form knows again what was read to the customer."""
    return " ".join(f"{part.due_on}:{part.amount_cents}" for part in offer.parts)


ROUTES = (
    Route("/accounts/<number>/arrangement", form, Permission.TAKE_PROMISES),
    Route("/accounts/<number>/arrangement", agree, Permission.TAKE_PROMISES, ("POST",)),
)

"""Holds: placing one, and looking at one again, to let it stand or to end it."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import field
from comms.accounts import Account, Hold
from comms.accounts.hold_sheets import BY_HAND, REVIEW_AFTER
from comms.accounts.sheets import SheetError, cents, day
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts.beside import of_hold
from comms.desk.accounts.promising import Quick
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.frame import formats, twice
from comms.desk.frame import words as said
from comms.desk.frame.refusals import in_words
from comms.desk.frame.twice import AgainError
from comms.outbox import holding

ACTS = ("hold.placed", "hold.reviewed", "hold.released")
LASTS = (7, 14, 30)
"""Days that are asked for most."""
MEANS = {
    "medical": "A certified emergency or medical equipment: service stays on.",
    "military": "Orders of service: service stays on, with an agreement to pay.",
    "bankruptcy": "A petition was filed: nobody asks for the debt.",
    "deceased": "The customer died: nobody is reminded; the estate is written to by hand.",
    "dispute": "The bill is protested: nobody asks for what is disputed.",
    "energy_assistance": "An agency pledged or looks at it: the pledged amount is left alone.",
    "moratorium": "The city stopped collection: so does this account’s.",
    "office": "The office has a reason of its own: give it in the note.",
}
"""What each kind is for, as a clerk chooses one; what a hold stops exactly is in the city's rules."""


@dataclass(frozen=True)
class Typed:
    """What stands in the form of a hold."""

    kind: str = ""
    note: str = ""
    ends_on: str = ""
    starts_on: str = ""
    review_on: str = ""
    amount: str = ""

    @classmethod
    def of(cls, visit: Visit) -> "Typed":
        fields = (name for name in cls.__dataclass_fields__ if name not in ("note", "kind"))
        given = {name: visit.line(name.replace("_", "-"), 20) for name in fields}
        return cls(kind=visit.line("hold-kind", 20), note=visit.line("note"), **given)


def form(visit: Visit, number: str) -> ResponseReturnValue:
    """The form of a new hold."""
    return _new(visit, opened(visit, number, "hold"), Typed())


def place(visit: Visit, number: str) -> ResponseReturnValue:
    """Place a hold; what has not left and may not go any more is called back."""
    account, typed = found(visit, number), Typed.of(visit)
    if fill := visit.form.get("fill", ""):
        value = fill.removeprefix("ends:")[:20]
        return _new(visit, account, Typed(**{**typed.__dict__, "ends_on": "" if value == "none" else value}))
    try:
        if not typed.kind:
            raise SheetError("Choose what kind of hold it is.")
        starts, ends = day(typed.starts_on, "First day"), day(typed.ends_on, "Last day")
        review, amount = day(typed.review_on, "Day of review"), cents(typed.amount, "Amount")
        visit.office.database.run(lambda session: _place(session, visit, account, typed, starts, ends, review, amount))
    except AgainError as again:
        return done(visit, account, str(again))
    except ValueError as wrong:
        return _new(visit, account, typed, in_words(wrong), 422)
    visit.office.doorbell.ring("housekeeping")
    until = f"until {formats.day(ends, visit.today)}" if ends else "until somebody ends it"
    return done(visit, account, f"{said.HOLDS[typed.kind]} placed, {until}. What it forbids is called back.")


def one(visit: Visit, number: str, hold_id: int) -> ResponseReturnValue:
    """One hold, to be ended or looked at again."""
    return _one(visit, opened(visit, number, "hold"), hold_id)


def release(visit: Visit, number: str, hold_id: int) -> ResponseReturnValue:
    """End a hold now."""
    account, because = found(visit, number), visit.line("because")
    if len(because) < 5:
        return _one(visit, account, hold_id, "Say in a few words why it ends; it stays in the history.", 422)
    by = visit.actor

    def work(session: Session) -> bool:
        _mine(session, account, hold_id)
        ended = holding.release(session, visit.office.clock, hold_id, by=by, because=because)
        if ended is not None:
            _follow(session, visit, account, "hold.released", hold_id, "a hold was ended")
        return ended is not None

    if not visit.office.database.run(work):
        return done(visit, account, "This hold had ended already.")
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, "The hold is ended; what waited is decided again.")


def review(visit: Visit, number: str, hold_id: int) -> ResponseReturnValue:
    """Somebody looked and it still stands."""
    account, note = found(visit, number), visit.line("note")
    written = {"again": visit.line("again", 20), "until": visit.line("until", 20), "note": note}
    by = visit.actor
    try:
        again, ends = day(written["again"], "Look again on"), day(written["until"], "Last day")
        if again is None or len(note) < 5:
            raise SheetError("Say when to look again, and in a few words what was seen.")
        next_on = again

        def work(session: Session) -> bool:
            _mine(session, account, hold_id)
            kept = holding.review(
                session, visit.office.city, visit.office.clock, hold_id, by=by, note=note, again_on=next_on,
                ends_on=ends,
            )  # fmt: skip
            if kept is not None:
                _follow(session, visit, account, "hold.reviewed", hold_id, "a hold was looked at")
            return kept is not None

        if not visit.office.database.run(work):
            return done(visit, account, "This hold had ended already.")
    except AgainError as again:
        return done(visit, account, str(again))
    except ValueError as wrong:
        return _one(visit, account, hold_id, in_words(wrong), 422, written)
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, f"The hold stands; it is looked at again on {formats.day(next_on, visit.today)}.")


def _place(
    session: Session, visit: Visit, account: Account, typed: Typed, starts: date | None, ends: date | None,
    review_on: date | None, amount: int | None,
) -> None:  # fmt: skip
    hold_id = holding.place(
        session, visit.office.city, visit.office.clock, account.id, typed.kind, by=visit.actor,
        note=typed.note, starts_on=starts, ends_on=ends, review_on=review_on, amount_cents=amount,
    )  # fmt: skip
    _follow(session, visit, account, "hold.placed", hold_id, "a hold was placed")


def _follow(session: Session, visit: Visit, account: Account, action: str, hold_id: int, reason: str) -> None:
    """Nobody is sent out against a hold; what has not left is decided again by the housekeeping that is rung for."""
    twice.refuse(session, account.id, ACTS, visit.actor, visit.now)
    field.recall(session, visit.office.city, visit.office.clock, [account.id], reason=reason)
    visit.note_down(
        session, action, account_id=account.id, facts={"hold": hold_id, "kind": session.get_one(Hold, hold_id).kind}
    )


def _mine(session: Session, account: Account, hold_id: int) -> Hold:
    hold = session.get(Hold, hold_id)
    if hold is None or hold.account_id != account.id:
        abort(404, "There is no such hold on this account.")
    return hold


def _new(visit: Visit, account: Account, typed: Typed, problem: str = "", status: int = 200) -> ResponseReturnValue:
    city, today = visit.office.city, visit.today
    ends = [city.business_day_from(today + timedelta(days)) for days in LASTS]
    quick = [Quick(f"{days} days", each.isoformat()) for days, each in zip(LASTS, ends, strict=True)]
    with visit.office.database.read() as session:
        return act_page(
            visit, session, account, "account_hold.html", "Place a hold", status, typed=typed, problem=problem,
            kinds={kind: said.HOLDS[kind] for kind in BY_HAND}, means=MEANS, quick_ends=quick,
            review_days=REVIEW_AFTER.days,
        )  # fmt: skip


def _one(
    visit: Visit, account: Account, hold_id: int, problem: str = "", status: int = 200,
    written: dict[str, str] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    with visit.office.database.read() as session:
        hold = _mine(session, account, hold_id)
        return act_page(
            visit, session, account, "account_one_hold.html", said.HOLDS.get(hold.kind, hold.kind), status,
            problem=problem, **of_hold(visit, hold, written),
        )  # fmt: skip


ROUTES = (
    Route("/accounts/<number>/hold", form, Permission.PLACE_HOLDS),
    Route("/accounts/<number>/hold", place, Permission.PLACE_HOLDS, ("POST",)),
    Route("/accounts/<number>/holds/<int:hold_id>", one, Permission.PLACE_HOLDS),
    Route("/accounts/<number>/holds/<int:hold_id>/release", release, Permission.PLACE_HOLDS, ("POST",)),
    Route("/accounts/<number>/holds/<int:hold_id>/review", review, Permission.PLACE_HOLDS, ("POST",)),
)

"""Batches of letters: all of them; one with its totals, its manifest and its letters; the day it was mailed."""

from datetime import date

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import field, worklist
from comms.accounts.sheets import SheetError, day
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.mail import batches
from comms.desk.mail.titles import titles
from comms.outbox import mail_acks
from comms.outbox.mail_acks import Acked, MailAckError
from comms.outbox.schema import MailBatch

MOST_REJECTED = 500
"""Pieces that one form takes as not mailed; a mail house that leaves out more sends a file (``comms mail ack``)."""


def all_batches(visit: Visit) -> ResponseReturnValue:
    """Batches, the newest first; above them those whose mailing day is not known."""
    before = positive(visit.query.get("before", ""))
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        found = batches.page(session, before)
        waits = batches.waiting(session) if before is None else []
        session.expunge_all()
    shown = found[: batches.PER_PAGE]
    return page(
        visit, "mail.html", counts, found=shown, waits=waits, continued=before is not None, states=batches.STATES,
        onward=shown[-1].id if len(found) > batches.PER_PAGE else None,
        late=lambda one: batches.late(visit.office.city, one, visit.today),
    )  # fmt: skip


def one(visit: Visit, name: str) -> ResponseReturnValue:
    """One batch."""
    return _one(visit, name)


def by_number(visit: Visit, batch_id: int) -> ResponseReturnValue:
    """The page of a batch that a matter is about."""
    with visit.office.database.read() as session:
        batch = session.get(MailBatch, batch_id)
        name = batch.name if batch else None
    if name is None:
        abort(404, "There is no such batch of letters.")
    return redirect(f"/mail/batches/{name}", 303)


def acknowledge(visit: Visit, name: str) -> ResponseReturnValue:
    """The post office accepted the batch on a day."""
    typed = {key: visit.line(key, 60) for key in ("mailed-on", "pieces", "statement")}
    typed["rejected"] = visit.form.get("rejected", "").replace("\0", "")[:40_000]
    try:
        mailed_on = day(typed["mailed-on"], "Mailed on")
        if mailed_on is None:
            raise SheetError("Give the day on which the post office accepted the letters.")
        pieces = positive(typed["pieces"].replace(",", "")) if typed["pieces"] else None
        if typed["pieces"] and pieces is None:
            raise SheetError(f"Letters mailed: {typed['pieces']!r} is no number. Give it as the statement says it.")
        rejected, on = _rejected(typed["rejected"]), mailed_on
        done = visit.office.database.run(
            lambda session: _acknowledge(session, visit, name, on, rejected, pieces, typed["statement"])
        )
    except (MailAckError, SheetError) as refused:
        return _one(visit, name, in_words(refused), typed, 422)
    visit.office.doorbell.ring("housekeeping")
    flash(_said(visit, done))
    return redirect(f"/mail/batches/{done.batch}", 303)


def take_back(visit: Visit, name: str) -> ResponseReturnValue:
    """An acknowledgement was a mistake."""
    because = visit.line("because", 300)
    if len(because) < 5:
        return _one(visit, name, "Say in a few words why it is taken back; it stays in the history.", status=422)
    try:
        number = visit.office.database.run(lambda session: _take_back(session, visit, name, because))
    except MailAckError as refused:
        return _one(visit, name, in_words(refused), status=422)
    visit.office.doorbell.ring("housekeeping")
    waits = "letter waits" if number == 1 else "letters wait"
    flash(f"The mailing day is taken back; {number:,} {waits} for it again.")
    return redirect(f"/mail/batches/{name}", 303)


def _one(
    visit: Visit, name: str, problem: str = "", typed: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    after, state = positive(visit.query.get("after", "")) or 0, visit.query.get("state", "")[:20]
    with visit.office.database.read() as session:
        batch = batch_or_404(session, name)
        counts = worklist.counts(session)
        stands, controls = batches.states(session, batch), batches.controls(session, batch)
        found = batches.letters(session, batch, after, state)
        session.expunge_all()
    shown = found[: batches.PER_PAGE]
    visit.saw_list(f"mail batch {name}", sorted({one.account.number for one in shown if one.account}))
    return page(
        visit, "mail_batch.html", counts, status, batch=batch, stands=stands,
        controls=controls, letters=shown, state=state, problem=problem, typed=typed or {},
        onward=shown[-1].piece.seq if len(found) > batches.PER_PAGE else None, continued=bool(after),
        states=batches.STATES, late=batches.late(visit.office.city, batch, visit.today), title_of=titles(visit),
        handed_on=visit.office.city.local_date(batch.handed_over_at) if batch.handed_over_at else None,
    )  # fmt: skip


def batch_or_404(session: Session, name: str) -> MailBatch:
    batch = batches.named(session, name)
    if batch is None:
        abort(404, "There is no such batch of letters.")
    return batch


def _acknowledge(
    session: Session, visit: Visit, name: str, mailed_on: date, rejected: list[tuple[str, str]], pieces: int | None,
    statement: str,
) -> Acked:  # fmt: skip
    batch_or_404(session, name)
    done = mail_acks.acknowledge(
        session, visit.office.city, visit.office.clock, name, mailed_on, by=visit.actor,
        rejected=rejected, pieces=pieces, statement=statement,
    )  # fmt: skip
    facts = {"batch": name, "day": mailed_on.isoformat(), "statement": statement, "mailed": done.mailed}
    visit.note_down(session, "mail.acknowledged", facts=facts)
    return done


def _take_back(session: Session, visit: Visit, name: str, because: str) -> int:
    batch_or_404(session, name)
    city, clock = visit.office.city, visit.office.clock
    concerned = mail_acks.take_back(session, clock, name, by=visit.actor, because=because)
    field.recall(session, city, clock, sorted(set(concerned)), reason="a mailing day was taken back")
    facts = {"batch": name, "reason": because}
    visit.note_down(session, "mail.acknowledgement_undone", facts=facts)
    return len(concerned)


def _rejected(given: str) -> list[tuple[str, str]]:
    """Pieces that were not mailed, one a line, each with its reason after a comma or a blank."""
    lines = [line.strip() for line in given.splitlines() if line.strip()]
    if len(lines) > MOST_REJECTED:
        raise SheetError(f"These are {len(lines):,} lines, and the form takes {MOST_REJECTED}. Give them as a file.")
    found = []
    for line in lines:
        cells = line.replace("\t", ",").replace(";", ",")
        piece, _, why = cells.partition("," if "," in cells else " ")
        found.append((piece.strip().strip('"'), why.strip(' ,"')))
    return found


def _said(visit: Visit, done: Acked) -> str:
    on = formats.day(done.mailed_on, visit.today)
    if done.repeat:
        return f"It was acknowledged before, as mailed on {on}; nothing changed."
    left = f" {done.rejected:,} were not; each goes another way or to a person." if done.rejected else ""
    return f"{done.mailed:,} {'letter counts' if done.mailed == 1 else 'letters count'} as mailed on {on}.{left}"


ROUTES = (
    Route("/mail", all_batches, Permission.SCAN_MAIL, section="Mail"),
    Route("/mail/batches/<name>", one, Permission.SCAN_MAIL),
    Route("/mail/batches/by-number/<int:batch_id>", by_number, Permission.SCAN_MAIL),
    Route("/mail/batches/<name>/acknowledge", acknowledge, Permission.SCAN_MAIL, ("POST",)),
    Route("/mail/batches/<name>/take-back", take_back, Permission.SCAN_MAIL, ("POST",)),
)

"""The proof of a batch: some of its letters as they are printed."""

from flask import Response, abort
from flask.typing import ResponseReturnValue

from comms import worklist
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.frame import printed
from comms.desk.frame.pages import page
from comms.desk.frame.printed import NotPrintedError
from comms.desk.mail import batches, proofs
from comms.desk.mail.batches import Sent
from comms.desk.mail.titles import titles
from comms.desk.mail.views.batches import batch_or_404


def proof(visit: Visit, name: str) -> ResponseReturnValue:
    """The first letter, the last, and some by lot; ``piece`` of the address adds one by its number."""
    draw, asked = positive(visit.query.get("draw", "")) or 1, positive(visit.query.get("piece", ""))
    with visit.office.database.read() as session:
        batch = batch_or_404(session, name)
        counts = worklist.counts(session)
        numbers = batches.numbers(session, batch)
        wanted = proofs.chosen(numbers, draw)
        if asked in numbers:
            wanted = [proofs.Chosen("Asked for", asked or 0), *wanted]
        found = [(one, sent) for one in wanted if (sent := batches.letter(session, batch, one.seq)) is not None]
        session.expunge_all()
    file = printed.handed_over(visit.office.settings.mailhouse, batch, visit.now)
    visit.saw_list(f"proof of mail batch {name}", [sent.account.number for _, sent in found if sent.account])
    return page(
        visit, "mail_proof.html", counts, batch=batch, found=found, draw=draw, asked=asked, from_file=file is not None,
        missing=asked is not None and asked not in numbers, total=len(numbers), title_of=titles(visit),
    )  # fmt: skip


def sheets(visit: Visit, name: str, seq: int) -> ResponseReturnValue:
    """The pages of one letter, for the proof to load after itself."""
    drawn, problem = 0, ""
    try:
        drawn = len(_drawn(visit, name, seq))
    except NotPrintedError as error:
        problem = str(error)
    return page(visit, "mail_sheets.html", name=name, seq=seq, sheets=drawn, problem=problem)


def picture(visit: Visit, name: str, seq: int, sheet: int) -> ResponseReturnValue:
    """One page of a letter, from 1."""
    try:
        drawn = _drawn(visit, name, seq)
    except NotPrintedError as error:
        abort(404, str(error))
    if not 1 <= sheet <= len(drawn):
        abort(404)
    return Response(drawn[sheet - 1], mimetype="image/png")


def _drawn(visit: Visit, name: str, seq: int) -> tuple[bytes, ...]:
    office = visit.office
    with office.database.read() as session:
        batch = batch_or_404(session, name)
        sent: Sent | None = batches.letter(session, batch, seq)
        session.expunge_all()
    if sent is None:
        abort(404, "There is no such letter in this batch.")
    account_id = sent.account.id if sent.account else None
    visit.saw_part(account_id)
    file = printed.handed_over(office.settings.mailhouse, batch, visit.now)
    return proofs.pages(office.city, batch, sent, file, visit.now)


ROUTES = (
    Route("/mail/batches/<name>/proof", proof, Permission.SCAN_MAIL),
    Route("/mail/batches/<name>/letters/<int:seq>", sheets, Permission.SCAN_MAIL),
    Route("/mail/batches/<name>/letters/<int:seq>-<int:sheet>.png", picture, Permission.SCAN_MAIL),
)

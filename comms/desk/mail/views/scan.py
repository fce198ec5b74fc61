"""Scanning returned mail: one field that takes the number on the piece, what it brought, and a list with undo.

The reason stays chosen from one piece to the next; a reason's code, scanned or typed in place of a number, changes it.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import field as orders
from comms import worklist
from comms.accounts.sheets import SheetError, day
from comms.channels.mail_house.nixies import Nixie, nixies
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.words import Tone, actor
from comms.desk.mail import returns
from comms.desk.mail.returns import Letter
from comms.desk.mail.titles import titles
from comms.history.schema import ContactEvent
from comms.outbox import returned_mail
from comms.outbox.mail_acks import MailAckError
from comms.outbox.returned_mail import CameBack

PAGE = "/mail/returned/scan"
KINDS = {
    "bad": "Nobody is reached there",
    "passing": "It did not arrive this time",
    "refused": "The addressee would not take it",
    "deceased": "The customer died",
}
"""Kinds of reason, as the list of reasons is divided."""


@dataclass(frozen=True)
class Outcome:
    """What a scan brought: the tone is heard and seen, the heading says it."""

    tone: Tone
    heading: str
    letter: Letter | None = None
    follows: list[str] = field(default_factory=list)
    undo: bool = False


@dataclass(frozen=True)
class Typed:
    """What stands in the form. The reason and the day stay for the next piece, the rest is of one piece."""

    piece: str = ""
    reason: str = ""
    on: str = ""
    note: str = ""


def scan(visit: Visit) -> ResponseReturnValue:
    """The scanner's page; ``piece`` of the address is shown as just taken in, for browsers without scripts."""
    typed = Typed(reason=_code(visit.query.get("reason", "")), on=visit.query.get("on", "")[:10])
    outcome = None
    if just := visit.query.get("piece", "")[:100]:
        with visit.office.database.read() as session:
            outcome = _shown(session, just)
    return _show(visit, typed, outcome)


def take(visit: Visit) -> ResponseReturnValue:
    """A piece was scanned: write down that it came back, or that a reason was scanned."""
    typed = Typed(
        visit.line("piece", 100), _code(visit.line("reason", 20)), visit.line("on", 10), visit.line("note", 200)
    )
    if scanned := _code(typed.piece):
        heading = f"The next pieces: {nixies()[scanned].words}."
        return _show(visit, Typed(reason=scanned, on=typed.on), Outcome("info", heading))
    piece = returns.full_number(visit.office.city, typed.piece)
    try:
        outcome = visit.office.database.run(lambda session: _take(session, visit, piece, typed))
    except (MailAckError, SheetError) as refused:
        return _show(visit, typed, Outcome("bad", in_words(refused)), 422)
    if outcome.tone == "good":
        visit.office.doorbell.ring("housekeeping")
        if "HX-Request" not in request.headers:
            return redirect(_address(reason=typed.reason, on=typed.on, piece=piece), 303)
    return _show(visit, Typed(reason=typed.reason, on=typed.on), outcome)


def undo(visit: Visit) -> ResponseReturnValue:
    """A piece had not come back after all: its letter counts as before."""
    piece, reason = visit.line("piece", 100), _code(visit.line("reason", 20))
    try:
        visit.office.database.run(lambda session: _undo(session, visit, piece))
    except MailAckError as refused:
        return _show(visit, Typed(reason=reason), Outcome("bad", in_words(refused)), 422)
    visit.office.doorbell.ring("housekeeping")
    if "HX-Request" not in request.headers:
        return redirect(_address(reason=reason), 303)
    return _show(visit, Typed(reason=reason), Outcome("info", f"{piece} is taken back; it counts as before."))


def find(visit: Visit) -> ResponseReturnValue:
    """Letters to a customer, for a piece whose number cannot be read."""
    asked = " ".join(visit.query.get("q", "").split())[:200]
    with visit.office.database.begin() as session:
        counts = worklist.counts(session)
        found = returns.candidates(session, asked) if asked else []
        numbers = sorted({one.account.number for one in found if one.account})
        if asked:
            visit.note_down(session, "account.searched", facts={"query": asked, "accounts": numbers})
        session.expunge_all()
    return page(visit, "mail_find.html", counts, query=asked, found=found, title_of=titles(visit), groups=_groups())


def _take(session: Session, visit: Visit, piece: str, typed: Typed) -> Outcome:
    found, reason = returns.letter(session, piece), nixies().get(typed.reason)
    if found is None and (other := returns.another_code(piece)):
        raise MailAckError(f"{other}. Scan the bars beside the address, or type the number under them.")
    if found is None:
        raise MailAckError(
            f"There is no piece {piece or 'without a number'}. Scan it again, type the number under the bars beside "
            "the address, or look the customer up."
        )
    if found.nixie is not None:
        return _known(session, visit, found, found.nixie, reason)
    if reason is None:
        raise MailAckError("Choose first what is printed on it, then scan the piece.")
    city, clock = visit.office.city, visit.office.clock
    came = CameBack(found.piece, reason.code, day(typed.on, "Day it came back"), typed.note)
    done = returned_mail.take_in(session, city, clock, [came], by=visit.actor)
    if done.refused:
        raise MailAckError(done.refused[0][1])
    if not done.taken:
        return _known(session, visit, found, reason, reason)
    orders.recall(session, city, clock, sorted(done.account_ids), reason="a letter came back")
    _audit(session, visit, "mail.returned", found, reason)
    return _shown(session, piece) or Outcome("good", "Taken in.")


def _shown(session: Session, piece: str) -> Outcome | None:
    """What is said of a piece that was just taken in."""
    found = returns.letter(session, piece)
    if found is None or found.nixie is None:
        return None
    heading = f"{'Refused' if found.nixie.kind == 'refused' else 'Came back'}: {found.nixie.words}."
    return Outcome("good", heading, found, returns.consequences(session, found, found.nixie), undo=True)


def _known(session: Session, visit: Visit, found: Letter, before: Nixie, now: Nixie | None) -> Outcome:
    """A piece that is scanned a second time."""
    heading = f"Scanned before: {before.words}{_by_whom(visit, returns.first_taken(session, found.message.id))}."
    follows = ["Nothing was changed."]
    if now is not None and now.code != before.code:
        follows.append(f"If it is “{now.words}”, undo it and scan it again.")
    return Outcome("warn", heading, found, follows, undo=True)


def _by_whom(visit: Visit, event: ContactEvent | None) -> str:
    if event is None:
        return ""
    return f", by {actor(event.actor, visit.names)}, {formats.moment(event.at, visit.now, visit.office.city.zone)}"


def _undo(session: Session, visit: Visit, piece: str) -> None:
    returned_mail.take_back(
        session, visit.office.city, visit.office.clock, piece, by=visit.actor, because="taken back at the scanner"
    )
    found = returns.letter(session, piece)
    assert found is not None
    _audit(session, visit, "mail.return_undone", found, None)


def _audit(session: Session, visit: Visit, action: str, found: Letter, reason: Nixie | None) -> None:
    account_id = found.account.id if found.account else None
    facts = {"piece": found.piece} | ({"reason": reason.words} if reason else {})
    visit.note_down(session, action, account_id=account_id, facts=facts)


def _show(visit: Visit, typed: Typed, outcome: Outcome | None, status: int = 200) -> Response:
    """The page, or only what changes when a script asks."""
    part = "HX-Request" in request.headers
    with visit.office.database.read() as session:
        counts = None if part else worklist.counts(session)
        scanned = returns.today(session, visit.office.city, visit.now, visit.by.username)
    return page(
        visit, "mail_scanned.html" if part else "mail_scan.html", counts, status, typed=typed, outcome=outcome,
        scanned=scanned, title_of=titles(visit), groups=_groups(),
    )  # fmt: skip


def _groups() -> dict[str, list[Nixie]]:
    """The reasons as the form lists them."""
    return {title: [one for one in nixies().values() if one.kind == kind] for kind, title in KINDS.items()}


def _code(given: str) -> str:
    """The code of a reason; empty for anything else."""
    known = given.strip().upper()
    return known if known in nixies() else ""


def _address(**given: str) -> str:
    kept = {name: value for name, value in given.items() if value}
    return f"{PAGE}?{urlencode(kept)}" if kept else PAGE


ROUTES = (
    Route(PAGE, scan, Permission.SCAN_MAIL),
    Route(PAGE, take, Permission.SCAN_MAIL, ("POST",)),
    Route("/mail/returned/undo", undo, Permission.SCAN_MAIL, ("POST",)),
    Route("/mail/returned/find", find, Permission.SCAN_MAIL),
)

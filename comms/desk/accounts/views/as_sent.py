"""One message as it was sent: its words and pages, to whom, what became of it, and what proves that it is unchanged."""

from flask import Response, abort
from flask.typing import ResponseReturnValue

from comms import worklist
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import as_sent
from comms.desk.accounts.as_sent import AsSent
from comms.desk.accounts.views.account import account_or_404
from comms.desk.accounts.views.acting import back, kept
from comms.desk.frame import formats, words
from comms.desk.frame.headers import FRAMED
from comms.desk.frame.pages import page
from comms.desk.frame.printed import NotPrintedError


def show(visit: Visit, number: str, message_id: int) -> ResponseReturnValue:
    """The message with its proof."""
    account, sent = _sent(visit, number, message_id, "on the page")
    office, zone = visit.office, visit.office.city.zone
    with office.database.read() as session:
        counts = worklist.counts(session)
    state, tone = words.delivery(sent.message.state)
    return page(
        visit, "account_message.html", counts, account=account, sent=sent, message=sent.message, content=sent.content,
        back=back(visit, account), kept=kept(visit), state=state, tone=tone,
        from_file=as_sent.is_from_file(office.settings.mailhouse, sent, visit.now),
        full=lambda at: formats.full_time(at, zone),
    )  # fmt: skip


def email(visit: Visit, number: str, message_id: int) -> ResponseReturnValue:
    """The email as it was sent, for a frame that runs nothing."""
    _, sent = _sent(visit, number, message_id)
    written = (sent.content or {}).get("html")
    if not written:
        abort(404, "This message has no page of its own; its words stand in the history.")
    return Response(written, headers=FRAMED, mimetype="text/html")


def letter(visit: Visit, number: str, message_id: int) -> ResponseReturnValue:
    """The letter as it is printed."""
    _, sent = _sent(visit, number, message_id, "as a PDF")
    office = visit.office
    try:
        printed = as_sent.pdf(office.city, office.settings.mailhouse, sent, visit.now)
    except NotPrintedError as error:
        abort(404, str(error))
    name = f"{number}-letter-{message_id}.pdf"
    return Response(printed, mimetype="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})


def picture(visit: Visit, number: str, message_id: int, sheet: int) -> ResponseReturnValue:
    """One page of the letter, from 1."""
    _, sent = _sent(visit, number, message_id)
    office = visit.office
    try:
        drawn = as_sent.page(office.city, office.settings.mailhouse, sent, sheet, visit.now)
    except NotPrintedError as error:
        abort(404, str(error))
    if drawn is None:
        abort(404, "The letter has no such page.")
    return Response(drawn, mimetype="image/png")


def _sent(visit: Visit, number: str, message_id: int, looked: str = "") -> tuple[Account, AsSent]:
    """The account and its message. ``looked``: how it is looked at, for the audit; empty for the parts of a page."""
    database = visit.office.database
    with database.begin() if looked else database.read() as session:
        account = account_or_404(session, number)
        sent = as_sent.read(session, account, message_id)
        if sent is None:
            abort(404, "There is no such message on this account.")
        if looked:
            what = f"{words.CHANNELS.get(sent.message.channel, sent.message.channel)} {message_id}, {looked}"
            visit.note_down(
                session, "message.viewed", account_id=account.id, facts={"message": message_id, "what": what}
            )
        session.flush()
        session.expunge_all()
    if not looked:
        visit.saw_part(account.id)
    return account, sent


_AT = "/accounts/<number>/messages/<int:message_id>"
ROUTES = (
    Route(_AT, show, Permission.SEE_ACCOUNTS),
    Route(f"{_AT}/email", email, Permission.SEE_ACCOUNTS),
    Route(f"{_AT}/letter.pdf", letter, Permission.SEE_ACCOUNTS),
    Route(f"{_AT}/page-<int:sheet>.png", picture, Permission.SEE_ACCOUNTS),
)

"""Sending one notice to one account: every way it may take as it would leave, what the rules say of each, and the
checks of its words with the longest data."""

from datetime import timedelta
from functools import partial
from hashlib import sha256
from secrets import token_urlsafe

from flask import Response, abort, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.campaigns import by_hand
from comms.campaigns.by_hand import RefusedError, Way
from comms.campaigns.choosing import main_reason
from comms.campaigns.telling import ruled
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts.views.acting import act_page, done, found, opened, part_of
from comms.desk.accounts.views.stage import VERDICTS
from comms.desk.campaigns import notices as reading
from comms.desk.frame import formats, pictures, words
from comms.desk.frame.headers import FRAMED
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.remembering import Remembered
from comms.notices import FieldError, LetterContent, Notice, NoticeError, letter_page
from comms.notices.letters import LetterError, typeset_one
from comms.outbox import Draft
from comms.outbox.drafts import lane_of
from comms.rules import Verdict

USUAL = "past-due-reminder"
_LETTERS: Remembered[bytes] = Remembered(32, timedelta(minutes=10))
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(32, timedelta(minutes=10))


def form(visit: Visit, number: str) -> ResponseReturnValue:
    """The notice of the address, or the usual one."""
    return _show(visit, opened(visit, number, "notice"), visit.query.get("notice", ""))


def send(visit: Visit, number: str) -> ResponseReturnValue:
    """Queue the notice on the way that was chosen; the rules are asked once more."""
    account, office = found(visit, number), visit.office
    name, channel = visit.form.get("notice", "")[:80], visit.form.get("channel", "")[:20]

    def work(session: Session) -> tuple[Draft, list[int]]:
        queued = by_hand.send(
            session, office.city, office.clock, office.renderer, account, name, channel,
            by=visit.actor, once=visit.form.get("once", "")[:40] or token_urlsafe(12),
            request_id=g.get("request_id"),
        )  # fmt: skip
        if queued[1]:
            facts = {"what": name, "channel": channel, "message": queued[1][0]}
            visit.note_down(session, "notice.sent", account_id=account.id, facts=facts)
        return queued

    try:
        draft, ids = office.database.run(work)
    except (RefusedError, NoticeError, FieldError) as refused:
        return _show(visit, account, name, in_words(refused), 409)
    if ids and draft.send_at is None:
        office.doorbell.ring(lane_of(draft), ids)
    when = f"goes out at {formats.opening(draft.send_at, visit.now, office.city.zone)}" if draft.send_at else ""
    way = {"sms": "by text", "email": "by email", "letter": "by letter"}[channel]
    title = office.renderer.catalogue.get(name).title("en")
    return done(visit, account, f"{title} {way} {when or 'is on its way'}.")


def email(visit: Visit, number: str) -> ResponseReturnValue:
    """The page of the email, for a frame that runs nothing."""
    draft = _draft(visit, part_of(visit, number), "email")
    return Response(draft.body_html, headers=FRAMED, mimetype="text/html")


def letter(visit: Visit, number: str) -> ResponseReturnValue:
    """The letter as it would be printed."""
    return Response(_pdf(visit, number), mimetype="application/pdf")


def picture(visit: Visit, number: str) -> ResponseReturnValue:
    """The first page of the letter."""
    printed = _pdf(visit, number)
    drawn = _PICTURES.get(sha256(printed).digest(), visit.now, lambda: pictures.pages(printed, most=1))
    return Response(drawn[0], mimetype="image/png")


def checks(visit: Visit, number: str) -> ResponseReturnValue:
    """What the checks say of the notice's words with the longest data; loaded after the page."""
    account, notice = found(visit, number), _notice(visit, visit.query.get("notice", ""))
    findings = reading.findings(visit.office.renderer, notice, visit.now)
    return page(visit, "account_notice_checks.html", account=account, findings=findings)


def _show(visit: Visit, account: Account, name: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    office = visit.office
    notices = by_hand.sendable(office.renderer)
    chosen = next((one for one in notices if one.name == name), None)
    with office.database.read() as session:
        fields = by_hand.fields_of(session, office.city, office.clock, account)
        lacks = {one.name: by_hand.lacking(session, account, one, fields, office.city, office.clock) for one in notices}
        usual = [one for one in notices if not lacks[one.name]]
        chosen = chosen or next((one for one in usual if one.name == USUAL), usual[0] if usual else notices[0])
        lack = lacks[chosen.name]
        found_ways = [] if lack else _ways(session, visit, account, chosen)
        return act_page(
            visit, session, account, "account_notice.html", "Send a notice", status, notices=notices, notice=chosen,
            lacks=lacks, lack=lack, problem=problem, once=token_urlsafe(12), verdicts=VERDICTS,
            ways=[(way, way.ruling.verdict.value, _why(visit, way)) for way in found_ways],
            opening=lambda at: formats.opening(at, visit.now, office.city.zone),
        )  # fmt: skip


def _why(visit: Visit, way: Way) -> str:
    """What the rules say of a way, as a sentence; empty where nothing stands against it."""
    if way.ruling.verdict is Verdict.ALLOW:
        return ""
    if way.ruling.verdict is Verdict.DEFER:
        said = words.readable(ruled(way.channel, way.ruling, visit.office.city).words, visit.today)
        return f"{said[:1].upper()}{said[1:]}."
    main = main_reason(way.ruling.reasons)
    said = words.readable(f"{main.fact}: {main.value}" if main.value else main.fact, visit.today)
    return f"{said[:1].upper()}{said[1:]}".rstrip(".") + "."


def _ways(session: Session, visit: Visit, account: Account, notice: Notice, channel: str = "") -> list[Way]:
    office = visit.office
    return by_hand.ways(
        session, office.city, office.clock, office.renderer, account, notice, by=visit.actor,
        channels=[channel] if channel else (),
    )  # fmt: skip


def _draft(visit: Visit, account: Account, channel: str) -> Draft:
    """The message of one way, as the page shows it."""
    notice = _notice(visit, visit.query.get("notice", ""))
    if channel not in notice.channels:
        abort(404)
    with visit.office.database.read() as session:
        (way,) = _ways(session, visit, account, notice, channel)
    if way.draft is None:
        abort(404, way.problem)
    return way.draft


def _notice(visit: Visit, name: str) -> Notice:
    known = next((one for one in by_hand.sendable(visit.office.renderer) if one.name == name), None)
    if known is None:
        abort(404, "There is no such notice to be sent by hand.")
    return known


def _pdf(visit: Visit, number: str) -> bytes:
    draft = _draft(visit, part_of(visit, number), "letter")
    if not draft.letter or not draft.recipient:
        abort(404, "There is no address to print this letter to.")
    address = [draft.recipient_name, *draft.recipient.split("\n")]
    try:
        content = letter_page(LetterContent.from_json(draft.letter), address)
        return _LETTERS.get(
            (str(visit.office.database.engine.url), number, draft.body_text, draft.recipient), visit.now,
            partial(typeset_one, content, visit.now, visit.office.city),
        )  # fmt: skip
    except (LetterError, FieldError) as error:
        abort(404, str(error))


ROUTES = (
    Route("/accounts/<number>/notice", form, Permission.SEND_NOTICES),
    Route("/accounts/<number>/notice", send, Permission.SEND_NOTICES, ("POST",)),
    Route("/accounts/<number>/notice/checks", checks, Permission.SEND_NOTICES),
    Route("/accounts/<number>/notice/email", email, Permission.SEND_NOTICES),
    Route("/accounts/<number>/notice/letter.pdf", letter, Permission.SEND_NOTICES),
    Route("/accounts/<number>/notice/letter.png", picture, Permission.SEND_NOTICES),
)

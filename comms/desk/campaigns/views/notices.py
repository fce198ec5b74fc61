"""Notices: all of them; one in every channel and language side by side, its checks, its versions, its approval."""

from flask import Response, abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.city import LANGUAGES, Language
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import notices as reading
from comms.desk.frame import comparing
from comms.desk.frame.headers import FRAMED
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.notices import Notice, NoticeError
from comms.notices.approving import ApprovalError, against, approvals, approve, kept
from comms.notices.schema import NoticeVersion

PURPOSES = {
    "dunning": "About late bills",
    "legal": "Notices that the law asks for",
    "informational": "For information",
    "conversational": "Answers",
}


def notices(visit: Visit) -> ResponseReturnValue:
    """Every notice by purpose, with whether its words were approved."""
    catalogue = visit.office.renderer.catalogue
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        known = approvals(session, catalogue)
    groups = {title: [one for one in catalogue if one.purpose == purpose] for purpose, title in PURPOSES.items()}
    return page(visit, "notices.html", counts, groups=groups, known=known, total=len(catalogue))


def notice(visit: Visit, name: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """One notice with invented data, the languages side by side."""
    office, found, worst = visit.office, _get(visit, name), _worst(visit)
    with office.database.read() as session:
        counts = worklist.counts(session)
        versions = kept(session, name)
    renderer = office.renderer
    rows = {
        channel: [
            reading.shown(renderer, found, channel, language, worst)
            for language in LANGUAGES
            if (channel, language) in found.sources
        ]
        for channel in found.channels
    }
    now = next((one for one in versions if one.version == found.version), None)
    checked = reading.findings(renderer, found, visit.now) if visit.query.get("checks") else None
    return page(
        visit, "notice.html", counts, status, notice=found, rows=rows, worst=worst, versions=versions, now=now,
        problem=problem, purposes=PURPOSES, may_approve=visit.by.may(Permission.APPROVE_NOTICES), findings=checked,
        obstacles=against(found, checked or ()),
    )  # fmt: skip


def checks(visit: Visit, name: str) -> ResponseReturnValue:
    """What the checks say, and what stands against approving; loaded after the page, for it takes a moment."""
    found = _get(visit, name)
    findings = reading.findings(visit.office.renderer, found, visit.now)
    with visit.office.database.read() as session:
        now = next((one for one in kept(session, name) if one.version == found.version), None)
    return page(
        visit, "notice_checks.html", notice=found, findings=findings, obstacles=against(found, findings), now=now,
        may_approve=visit.by.may(Permission.APPROVE_NOTICES),
    )  # fmt: skip


def email(visit: Visit, name: str, language: str) -> ResponseReturnValue:
    """The page of the email, for a frame that runs nothing."""
    found = reading.shown(visit.office.renderer, _get(visit, name), "email", _language(language), _worst(visit))
    if found.email is None:
        abort(404, found.problem)
    return Response(found.email.html, headers=FRAMED, mimetype="text/html")


def letter(visit: Visit, name: str, language: str) -> ResponseReturnValue:
    """The letter as it would be printed."""
    renderer, found = visit.office.renderer, _get(visit, name)
    try:
        made = reading.pdf(renderer, found, _language(language), _worst(visit), visit.now)
    except reading.CANNOT as error:
        abort(404, str(error))
    return Response(made, mimetype="application/pdf")


def pages(visit: Visit, name: str, language: str) -> ResponseReturnValue:
    """The pages of the letter as pictures, for the page to load after itself."""
    drawn, problem = 0, ""
    try:
        drawn = len(
            reading.drawn(visit.office.renderer, _get(visit, name), _language(language), _worst(visit), visit.now)
        )
    except reading.CANNOT as error:
        problem = str(error)
    return page(
        visit, "notice_letter.html", name=name, language=language, sheets=drawn, worst=_worst(visit), problem=problem
    )


def picture(visit: Visit, name: str, language: str, sheet: int) -> ResponseReturnValue:
    """One page of the letter, from 1."""
    try:
        drawn = reading.drawn(visit.office.renderer, _get(visit, name), _language(language), _worst(visit), visit.now)
    except reading.CANNOT as error:
        abort(404, str(error))
    if not 1 <= sheet <= len(drawn):
        abort(404)
    return Response(drawn[sheet - 1], mimetype="image/png")


def compare(visit: Visit, name: str) -> ResponseReturnValue:
    """The words of an older version beside those of now."""
    found, version = _get(visit, name), visit.query.get("with", "")
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        row = session.get(NoticeVersion, version)
        if row is None or row.notice != name:
            abort(404, f"There is no such version of {name}.")
        before = reading.lines(row.sources)
    now = reading.lines_now(found)
    places = [place for place in (before | now) if before.get(place) != now.get(place)]
    compared = {place: comparing.rows(before.get(place, []), now.get(place, [])) for place in places}
    return page(
        visit, "notice_compare.html", counts, notice=found, version=version, compared=compared, since=row.first_used_at
    )


def agree(visit: Visit, name: str) -> ResponseReturnValue:
    """Approve the words that the page showed."""
    office, version = visit.office, visit.form.get("version", "")
    findings = reading.findings(office.renderer, _get(visit, name), visit.now)

    def work(session: Session) -> None:
        catalogue = office.renderer.catalogue
        approve(session, catalogue, name, version, findings, by=visit.by.username, at=visit.now)
        visit.note_down(session, "notice.approved", facts={"notice": name, "version": version})

    try:
        office.database.run(work)
    except (ApprovalError, NoticeError) as refused:
        return notice(visit, name, in_words(refused), 409)
    flash("You have approved these words. A changed letter would ask anew.")
    return redirect(f"/notices/{name}", 303)


def _get(visit: Visit, name: str) -> Notice:
    catalogue = visit.office.renderer.catalogue
    if name not in catalogue:
        abort(404, f"There is no notice {name}.")
    return catalogue.get(name)


def _language(code: str) -> Language:
    language = reading.language_of(code)
    if language is None:
        abort(404, "Notices are not written in that language.")
    return language


def _worst(visit: Visit) -> bool:
    return bool(positive(visit.query.get("worst", "")))


ROUTES = (
    Route("/notices", notices, Permission.SEE_CAMPAIGNS, section="Notices"),
    Route("/notices/<name>", notice, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/checks", checks, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/compare", compare, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/approve", agree, Permission.APPROVE_NOTICES, ("POST",)),
    Route("/notices/<name>/<language>/email", email, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/<language>/letter.pdf", letter, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/<language>/letter", pages, Permission.SEE_CAMPAIGNS),
    Route("/notices/<name>/<language>/letter-<int:sheet>.png", picture, Permission.SEE_CAMPAIGNS),
)

"""Signing in with the city account: off to the identity provider, and back.

Both steps are plain links, so that no form is ever sent to another site: the pages' policy allows forms to ourselves
only. What ties the two together is in the signed cookie of the browser that began, and counts once.
"""

from typing import Any

import structlog
from flask import abort, current_app, redirect, request
from flask import session as form_session
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.desk.access import sessions
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.access.provider import RETURN, Provider, SignOnError
from comms.desk.access.single_sign_on import let_in
from comms.desk.frame.pages import page
from comms.desk.staff.views.sign_in import form, local, welcome

_log = structlog.get_logger(__name__)
_PENDING = "single sign-on"


def start(visit: Visit) -> ResponseReturnValue:
    """Send the browser to the identity provider."""
    target = local(visit.query.get("next", ""))
    try:
        begun = _provider(visit).start(visit.now)
    except SignOnError as error:
        return _refused(visit, error, target, 502)
    form_session[_PENDING] = begun.pending | {"next": target}
    return redirect(begun.address, 303)


def back(visit: Visit) -> ResponseReturnValue:
    """Take what the provider says, and let the person in."""
    pending = form_session.pop(_PENDING, None) or {}
    target = local(pending.get("next", ""))
    try:
        claims = _provider(visit).finish(pending, visit.query, visit.now)
        key = visit.office.database.run(lambda session: _opened(session, visit, claims))
    except SignOnError as error:
        return _refused(visit, error, target, 403)
    return welcome(visit, key, target)


def signed_out(visit: Visit) -> ResponseReturnValue:
    """The desk is signed out of; the city account is not, and the page says where it is."""
    return page(visit, "signed_out.html", leaving=_provider(visit).leaving(visit.now))


def _refused(visit: Visit, error: SignOnError, target: str, status: int) -> ResponseReturnValue:
    _log.warning("single sign-on refused", said=str(error), detail=error.detail)
    return form(visit, status, next=target, problem=str(error))


def _opened(session: Session, visit: Visit, claims: dict[str, Any]) -> str:
    user = let_in(session, visit.office.settings, claims, visit.now)
    agent = request.headers.get("User-Agent", "")
    return sessions.open_session(session, user.id, user_agent=agent, now=visit.now, via="sso")


def _provider(visit: Visit) -> Provider:
    """The provider of this application, asked for its document once an hour."""
    if not visit.office.settings.single_sign_on:
        abort(404, "No city account can be used here: single sign-on is not set up.")
    found = current_app.extensions["desk.provider"]
    assert isinstance(found, Provider)
    return found


ROUTES = (
    Route("/sign-in/sso", start, Permission.ANYONE),
    Route(RETURN, back, Permission.ANYONE),
    Route("/sign-in/sso/signed-out", signed_out, Permission.ANYONE),
)

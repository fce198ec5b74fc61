"""Signing in and out."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, redirect, request
from flask import session as form_session
from flask.typing import ResponseReturnValue

from .. import formats, sessions
from ..gate import COOKIE, Route, Visit
from ..pages import page
from ..permissions import Permission


def show(visit: Visit) -> ResponseReturnValue:
    """The sign-in form; who is signed in already goes on."""
    key = request.cookies.get(COOKIE, "")
    if key and sessions.who(visit.office.database, key, visit.now):
        return redirect(_local(visit.query.get("next", "")), 303)
    return page(visit, "sign_in.html", next=visit.query.get("next", ""), username="", problem="", draft="")


def sign_in(visit: Visit) -> ResponseReturnValue:
    """Check the name and the password. Wrong ones get the same answer, whether the name exists or not."""
    username, target = visit.form.get("username", ""), visit.form.get("next", "")
    tried = sessions.sign_in(
        visit.office.database, username=username, password=visit.form.get("password", ""),
        user_agent=request.headers.get("User-Agent", ""), now=visit.now,
    )  # fmt: skip
    if tried.key is None:
        return _refused(visit, username, target, tried.wait)
    form_session.clear()
    response = redirect(_local(target), 303)
    response.set_cookie(COOKIE, tried.key, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _refused(visit: Visit, username: str, target: str, wait: timedelta | None) -> Response:
    if wait is None:
        problem = "That user name and password do not go together. Check both and try again."
        return page(visit, "sign_in.html", status=422, next=target, username=username, problem=problem, draft="")
    until = formats.clock_time(visit.now + wait + timedelta(minutes=1), visit.office.city.zone)
    problem = f"Too many tries with this user name. Try again at {until}, or ask an administrator for a new password."
    response = page(visit, "sign_in.html", status=429, next=target, username=username, problem=problem, draft="")
    response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response


def sign_out(visit: Visit) -> ResponseReturnValue:
    """End the session in the database, and take the cookies away."""
    sessions.sign_out(visit.office.database, request.cookies.get(COOKIE, ""), visit.now)
    form_session.clear()
    response = redirect("/sign-in", 303)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _local(target: str) -> str:
    """Where to go after signing in: only to a page of ours."""
    parts = urlsplit(target.replace("\\", "/"))
    ours = target.startswith("/") and not parts.scheme and not parts.netloc and not target.startswith("//")
    return target if ours and target.isprintable() and not parts.path.startswith("/sign-") else "/"


ROUTES = (
    Route("/sign-in", show, Permission.ANYONE),
    Route("/sign-in", sign_in, Permission.ANYONE, ("POST",)),
    Route("/sign-out", sign_out, Permission.SIGNED_IN, ("POST",)),
)

"""Signing in with a user name and a password, with a one-time code where the user has them, and signing out."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Response, redirect, request
from flask import session as form_session
from flask.typing import ResponseReturnValue

from comms.desk.access import guessing, sessions
from comms.desk.access.audit import note_down
from comms.desk.access.gate import COOKIE, Route, Visit
from comms.desk.access.guessing import Client, Wait
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats
from comms.desk.frame.pages import page

_log = structlog.get_logger(__name__)

KNOWN = "__Host-known"
"""The cookie of a browser that somebody has signed in with before; it opens nothing, see ``guessing``."""
KNOWN_FOR = timedelta(days=180)


def show(visit: Visit) -> ResponseReturnValue:
    """The sign-in form; who is signed in already goes on."""
    key = request.cookies.get(COOKIE, "")
    if key and sessions.who(visit.office.database, key, visit.now):
        return redirect(local(visit.query.get("next", "")), 303)
    return form(visit, next=visit.query.get("next", ""))


def form(visit: Visit, status: int = 200, *, next: str = "", username: str = "", problem: str = "") -> Response:
    """The sign-in page; ``problem`` is why a try was refused."""
    return page(visit, "sign_in.html", status=status, next=next, username=username, problem=problem, draft="")


def sign_in(visit: Visit) -> ResponseReturnValue:
    """Check the name and the password. Wrong ones get the same answer, whether the name exists or not."""
    username, target = visit.form.get("username", ""), visit.form.get("next", "")
    tried = sessions.sign_in(
        visit.office.database, username=username, password=visit.form.get("password", ""), client=client_of(visit),
        secret=visit.office.settings.secret, user_agent=request.headers.get("User-Agent", ""), now=visit.now,
    )  # fmt: skip
    if tried.key is None:
        return _refused(visit, username, target, tried.wait)
    if tried.code:
        return with_key(tried.key, "/sign-in/code?" + urlencode({"next": local(target)}))
    return welcome(visit, tried.key, target)


def client_of(visit: Visit) -> Client:
    """Where a request comes from: behind proxies of ours the address that the outermost of them saw. What stands
    farther to the left of the header may be made up; a request that came past the proxies has its own address."""
    hops = visit.office.settings.comms_proxies
    named = [part.strip() for part in ",".join(request.headers.getlist("X-Forwarded-For")).split(",")]
    address = named[-hops] if hops and len(named) >= hops else request.remote_addr
    return Client.of(address or "", request.cookies.get(KNOWN, ""))


def ask_code(visit: Visit, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """The page for the one-time code, for somebody whose password was right."""
    username = sessions.halfway(visit.office.database, request.cookies.get(COOKIE, ""), visit.now)
    target = visit.form.get("next", "") or visit.query.get("next", "")
    if username is None:
        return redirect(f"/sign-in?{urlencode({'next': local(target)})}", 303)
    return page(visit, "sign_in_code.html", status=status, next=local(target), username=username, problem=problem)


def take_code(visit: Visit) -> ResponseReturnValue:
    """Check the one-time code, and let in under a key that nobody has seen before."""
    tried = sessions.finish(
        visit.office.database, request.cookies.get(COOKIE, ""), visit.form.get("code", ""),
        secret=visit.office.settings.secret, user_agent=request.headers.get("User-Agent", ""), now=visit.now,
    )  # fmt: skip
    if tried.key is not None:
        return welcome(visit, tried.key, visit.form.get("next", ""))
    if tried.wait is not None:
        until = _until(visit, tried.wait.time)
        return ask_code(visit, f"Too many codes that were not right. Try again at {until}.", 429)
    return ask_code(
        visit, "That code is not right, or was used already. Wait for the next one and type it. If none is ever "
        "right, set the phone's clock to automatic, or ask an administrator to take the codes off.", 422,
    )  # fmt: skip


def welcome(visit: Visit, key: str, target: str) -> Response:
    """Give the browser its key instead of the one it had, write down who came, and lead to the page that was wanted."""
    if before := request.cookies.get(COOKIE, ""):
        sessions.sign_out(visit.office.database, before, visit.now)
    staff = sessions.who(visit.office.database, key, visit.now)
    if staff is not None:
        with visit.office.database.begin() as session:
            note_down(session, username=staff.username, action="user.signed_in", at=visit.now)
    form_session.clear()
    response = with_key(key, local(target))
    if staff is not None:
        known = guessing.cookie_for(request.cookies.get(KNOWN, ""), staff.username, visit.office.settings.secret)
        response.set_cookie(KNOWN, known, max_age=KNOWN_FOR, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def with_key(key: str, target: str) -> Response:
    """Go to a page of ours with this key in the cookie."""
    response = Response(status=303, headers={"Location": target})
    response.set_cookie(COOKIE, key, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _refused(visit: Visit, username: str, target: str, wait: Wait | None) -> Response:
    if wait is None:
        problem = "That user name and password do not go together. Check both and try again."
        return form(visit, 422, next=target, username=username, problem=problem)
    until = _until(visit, wait.time)
    _log.warning("sign-in held back", address=wait.address, seconds=int(wait.time.total_seconds()))
    if wait.address:
        problem = f"Too many wrong passwords came from your network. Try again at {until}, or sign in with a browser "
        problem += "that you have signed in with before."
    else:
        problem = f"Too many tries with this user name. Try again at {until}, sign in with a browser that you have "
        problem += "signed in with before, or ask an administrator for a new password."
    response = form(visit, 429, next=target, username=username, problem=problem)
    response.headers["Retry-After"] = str(int(wait.time.total_seconds()) + 1)
    return response


def _until(visit: Visit, wait: timedelta) -> str:
    return formats.opening(visit.now + wait + timedelta(minutes=1), visit.now, visit.office.city.zone)


def sign_out(visit: Visit) -> ResponseReturnValue:
    """End the session in the database, and take the cookies away."""
    via = sessions.sign_out(visit.office.database, request.cookies.get(COOKIE, ""), visit.now)
    with visit.office.database.begin() as session:
        visit.note_down(session, "user.signed_out")
    return farewell(via)


def farewell(via: str = "") -> Response:
    """Take the cookies away and show the sign-in page; who came with the city account sees how to sign out of it."""
    form_session.clear()
    response = Response(status=303, headers={"Location": "/sign-in/sso/signed-out" if via == "sso" else "/sign-in"})
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def local(target: str) -> str:
    """Where to go after signing in: only to a page of ours. Browsers take a backslash for a slash."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    ours = ours and not parts.scheme and not parts.netloc
    return target if ours and target.isprintable() and not parts.path.startswith("/sign-") else "/"


ROUTES = (
    Route("/sign-in", show, Permission.ANYONE),
    Route("/sign-in", sign_in, Permission.ANYONE, ("POST",)),
    Route("/sign-in/code", ask_code, Permission.ANYONE),
    Route("/sign-in/code", take_code, Permission.ANYONE, ("POST",)),
    Route("/sign-out", sign_out, Permission.SIGNED_IN, ("POST",)),
)

"""The administrator's pages: who may use the desk, in which role, and what to do when somebody cannot get in."""

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Response, abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import worklist
from comms.desk.access import users
from comms.desk.access.gate import Route, Visit
from comms.desk.access.passwords import SHORTEST, WeakPasswordError
from comms.desk.access.permissions import ROLES, Permission
from comms.desk.frame.pages import page
from comms.desk.schema import User, UserSession

NOBODY: Mapping[str, str] = {}

_DEEDS: dict[str, tuple[Callable[[Session, str, datetime], None], str]] = {
    "disable": (users.disable, "may not sign in any more, and is signed out everywhere."),
    "enable": (lambda session, username, _: users.enable(session, username), "may sign in again."),
    "codes-off": (users.take_codes_off, "is asked for no codes any more, and is signed out everywhere."),
    "untie": (users.untie, "has no city account any more, until somebody with the same email address comes in."),
    "sign-out": (users.sign_out_everywhere, "is signed out everywhere."),
}
"""What an administrator may do to a user with one button, and what is said when it is done."""


def show_all(
    visit: Visit, form: Mapping[str, str] = NOBODY, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    """Everybody who may use the desk, and a form for one more."""
    with visit.office.database.read() as session:
        found, counts = users.all_users(session), worklist.counts(session)
        last = select(UserSession.user_id, func.max(UserSession.seen_at)).group_by(UserSession.user_id)
        seen = {row[0]: row[1] for row in session.execute(last)}
    return page(
        visit, "staff.html", counts, status, users=found, seen=seen, form=form, problem=problem, roles=list(ROLES),
        shortest=SHORTEST,
    )  # fmt: skip


def add(visit: Visit) -> ResponseReturnValue:
    """Make a user; what cannot be taken is shown again with the reason, without the password."""
    form = {name: visit.form.get(name, "")[:200] for name in ("username", "name", "email", "role")}
    try:
        with visit.office.database.begin() as session:
            users.add_user(session, **form, password=visit.form.get("password", ""), at=visit.now)
            _write_down(session, visit, "user.added", form["username"], f"role: {form['role']}")
    except (users.UserError, WeakPasswordError) as error:
        return show_all(visit, form, str(error), 422)
    flash(f"{users.folded(form['username'])} may sign in.")
    return redirect("/staff", 303)


def show(
    visit: Visit, username: str, form: Mapping[str, str] | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    """One user, and what an administrator may change."""
    with visit.office.database.read() as session:
        user = _user_or_404(session, username)
        seen_at = session.scalar(select(func.max(UserSession.seen_at)).where(UserSession.user_id == user.id))
        counts = worklist.counts(session)
    kept = form or {"name": user.name, "email": user.email or "", "role": user.role}
    return page(
        visit, "staff_user.html", counts, status, user=user, seen_at=seen_at, form=kept, problem=problem,
        roles=list(ROLES), shortest=SHORTEST, myself=user.username == visit.by.username,
    )  # fmt: skip


def change(visit: Visit, username: str) -> ResponseReturnValue:
    """Give a user another name, email address or role."""
    form = {name: visit.form.get(name, "")[:200] for name in ("name", "email", "role")}
    try:
        with visit.office.database.begin() as session:
            user = _user_or_404(session, username)
            if user.username == visit.by.username and form["role"] != user.role:
                raise users.UserError("Nobody changes their own role. Ask another administrator.")
            said = users.change_user(session, username, **form)
            if said:
                _write_down(session, visit, "user.changed", user.username, "; ".join(said))
    except users.UserError as error:
        return show(visit, username, form, str(error), 422)
    flash(f"Kept: {'; '.join(said)}." if said else "Nothing was different.")
    return redirect(f"/staff/{username}", 303)


def new_password(visit: Visit, username: str) -> ResponseReturnValue:
    """Give a user a new password, which signs them out everywhere and ends their waiting."""
    try:
        with visit.office.database.begin() as session:
            user = _user_or_404(session, username)
            users.set_password(session, username, visit.form.get("password", ""), visit.now)
            _write_down(session, visit, "user.password_given", user.username, "")
    except WeakPasswordError as error:
        return show(visit, username, None, str(error), 422)
    flash(f"{username} has a new password and is signed out everywhere. Tell it to them yourself, not by email.")
    return _onward(visit, username)


def do(visit: Visit, username: str, deed: str) -> ResponseReturnValue:
    """One of the buttons of a user's page."""
    if deed not in _DEEDS:
        abort(404)
    act, said = _DEEDS[deed]
    try:
        with visit.office.database.begin() as session:
            user = _user_or_404(session, username)
            if deed == "disable" and user.username == visit.by.username:
                raise users.UserError("Nobody disables themselves. Ask another administrator.")
            act(session, username, visit.now)
            _write_down(session, visit, f"user.{deed.replace('-', '_')}", user.username, "")
    except users.UserError as error:
        return show(visit, username, None, str(error), 422)
    flash(f"{username} {said}")
    return _onward(visit, username)


def _onward(visit: Visit, username: str) -> Response:
    return Response(status=303, headers={"Location": f"/staff/{username}"})


def _user_or_404(session: Session, username: str) -> User:
    user = users.find_user(session, username)
    if user is None:
        abort(404, "There is no such user. All are on the page Staff.")
    return user


def _write_down(session: Session, visit: Visit, action: str, username: str, what: str) -> None:
    facts = {"user": users.folded(username)} | ({"what": what} if what else {})
    visit.note_down(session, action, facts=facts)


ROUTES = (
    Route("/staff", show_all, Permission.MANAGE_USERS, section="Staff"),
    Route("/staff", add, Permission.MANAGE_USERS, ("POST",)),
    Route("/staff/<username>", show, Permission.MANAGE_USERS),
    Route("/staff/<username>", change, Permission.MANAGE_USERS, ("POST",)),
    Route("/staff/<username>/password", new_password, Permission.MANAGE_USERS, ("POST",)),
    Route("/staff/<username>/<deed>", do, Permission.MANAGE_USERS, ("POST",)),
)

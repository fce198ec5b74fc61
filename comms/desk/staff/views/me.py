"""One's own page: where one is signed in, the password, and one-time codes."""

from datetime import timedelta

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.desk.access import codes, sessions
from comms.desk.access.gate import COOKIE, Route, Visit
from comms.desk.access.passwords import SHORTEST, WeakPasswordError, check_strength, hashed
from comms.desk.access.permissions import Permission
from comms.desk.access.users import existing, revoke_sessions
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.staff.views.sign_in import client_of, farewell


def show(visit: Visit, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """Who one is here and where one is signed in; ``problem`` is why the password was not changed."""
    with visit.office.database.read() as session:
        user = existing(session, visit.by.username)
        mine = sessions.open_sessions(session, user.username, _key(), visit.now)
        counts = worklist.counts(session)
    return page(visit, "me.html", counts, status, user=user, mine=mine, problem=problem, shortest=SHORTEST)


def end(visit: Visit, name: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    with visit.office.database.begin() as session:
        ended = sessions.end(session, visit.by.username, name, visit.now)
        visit.note_down(session, "user.signed_out_there")
    flash("Signed out there." if ended else "That sign-in had ended already.")
    return redirect("/me", 303)


def end_all(visit: Visit) -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    via = sessions.sign_out(visit.office.database, _key(), visit.now)
    with visit.office.database.begin() as session:
        revoke_sessions(session, existing(session, visit.by.username).id, visit.now)
        visit.note_down(session, "user.signed_out_everywhere")
    return farewell(via)


def change_password(visit: Visit) -> ResponseReturnValue:
    """Take a new password from somebody who knows the old one, and sign out everywhere else."""
    username, new = visit.by.username, visit.form.get("new", "")
    if problem := _not_theirs(visit):
        return show(visit, problem, 422)
    if new != visit.form.get("again", ""):
        return show(visit, "The new password is not the same both times. Type it again.", 422)
    try:
        check_strength(new, username)
    except WeakPasswordError as error:
        return show(visit, str(error), 422)
    with visit.office.database.begin() as session:
        existing(session, username).password_hash = hashed(new)
        sessions.end_others(session, username, _key(), visit.now)
        visit.note_down(session, "user.password_changed")
    flash("Your password is changed. You are signed out everywhere else.")
    return redirect("/me", 303)


def show_codes(visit: Visit, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """One-time codes: off, being set up, or on."""
    with visit.office.database.read() as session:
        user = existing(session, visit.by.username)
        counts = worklist.counts(session)
    pending = codes.secret_of(user, visit.office.settings.secret) if user.totp_since is None else None
    drawn = codes.picture(codes.address(pending, user.username, visit.office.city.utility_name)) if pending else ""
    groups = [pending[at : at + 4] for at in range(0, len(pending), 4)] if pending else []
    return page(visit, "me_codes.html", counts, status, user=user, picture=drawn, groups=groups, problem=problem)


def begin_codes(visit: Visit) -> ResponseReturnValue:
    """Make a key for a phone; it counts once a first code of it was typed."""
    try:
        with visit.office.database.begin() as session:
            user = existing(session, visit.by.username)
            if not user.password_hash:
                raise codes.CodeError("Your city account asks for a second factor of its own; there is nothing to add.")
            codes.begin(session, user, visit.office.settings.secret)
            visit.note_down(session, "user.codes_begun")
    except codes.CodeError as error:
        return show_codes(visit, str(error), 422)
    return redirect("/me/codes", 303)


def confirm_codes(visit: Visit) -> ResponseReturnValue:
    """Put codes in force with the first of them, and sign out everywhere else."""
    with visit.office.database.begin() as session:
        user = existing(session, visit.by.username)
        on = codes.confirm(session, user, visit.office.settings.secret, visit.form.get("code", ""), visit.now)
        if on:
            sessions.end_others(session, user.username, _key(), visit.now)
            visit.note_down(session, "user.codes_on")
    if not on:
        return show_codes(visit, "That is not the code the phone should show now. Wait for the next one.", 422)
    flash("Codes are on. From now on signing in asks for one.")
    return redirect("/me/codes", 303)


def codes_off(visit: Visit) -> ResponseReturnValue:
    """Turn codes off, for somebody who knows the password."""
    if problem := _not_theirs(visit):
        return show_codes(visit, problem, 422)
    with visit.office.database.begin() as session:
        _off(session, visit)
    flash("Codes are off. Signing in asks for the password alone.")
    return redirect("/me/codes", 303)


def _off(session: Session, visit: Visit) -> None:
    codes.take_off(existing(session, visit.by.username))
    visit.note_down(session, "user.codes_off")


def _not_theirs(visit: Visit) -> str:
    """Why the password in a form does not do; empty when it is one's own. Tries are counted as at the sign-in."""
    checked = sessions.check_password(
        visit.office.database, visit.by.username, visit.form.get("password", ""), client_of(visit),
        visit.office.settings.secret, visit.now,
    )  # fmt: skip
    if checked.user_id is not None:
        return ""
    if checked.wait is not None:
        until = formats.opening(visit.now + checked.wait.time + timedelta(minutes=1), visit.now, visit.office.city.zone)
        return f"Too many wrong passwords. Try again at {until}, or ask an administrator for a new one."
    return "That is not your present password. Type it again."


def _key() -> str:
    return request.cookies.get(COOKIE, "")


ROUTES = (
    Route("/me", show, Permission.SIGNED_IN),
    Route("/me/sign-ins/<name>/end", end, Permission.SIGNED_IN, ("POST",)),
    Route("/me/sign-out-everywhere", end_all, Permission.SIGNED_IN, ("POST",)),
    Route("/me/password", change_password, Permission.SIGNED_IN, ("POST",)),
    Route("/me/codes", show_codes, Permission.SIGNED_IN),
    Route("/me/codes/begin", begin_codes, Permission.SIGNED_IN, ("POST",)),
    Route("/me/codes/confirm", confirm_codes, Permission.SIGNED_IN, ("POST",)),
    Route("/me/codes/off", codes_off, Permission.SIGNED_IN, ("POST",)),
)

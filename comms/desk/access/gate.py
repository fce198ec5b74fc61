"""The gate before every page: one wrapper that each route passes, in one order.

1. the host name is one of ours; 2. a form comes from our own pages and carries our token; 3. the session is good;
4. the role allows what the route names. A route cannot be made without naming a permission. Nothing larger than a form
is read of anybody before it is known that they may send it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from comms.desk.access import audit, sessions
from comms.desk.access.permissions import Permission
from comms.desk.access.sessions import Staff
from comms.desk.access.users import names_of
from comms.office import Office

__all__ = ["COOKIE", "CSRFError", "Route", "Visit", "csrf", "guarded", "positive"]

COOKIE = "__Host-session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 50
FILE_READ_AHEAD = 256 * 1024
LONGEST_LINE = 1000
"""Bytes in memory while a file is read: Werkzeug's parser reads 64 KB at a time and counts what it has not written."""
LARGEST = 2**63 - 1
"""The largest number that a database counts to."""

csrf = CSRFProtect()


@dataclass(frozen=True)
class Visit:
    """One request: the office, who asks, and when."""

    office: Office
    staff: Staff | None
    now: datetime

    @property
    def by(self) -> Staff:
        """Who asks, on a page that needs somebody signed in."""
        assert self.staff is not None
        return self.staff

    @property
    def actor(self) -> str:
        """Who asks, as the history names them."""
        return f"user:{self.by.username}"

    @property
    def today(self) -> date:
        return self.office.city.local_date(self.now)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the users are called, by user name; read when a page first asks."""
        with self.office.database.read() as session:
            return names_of(session)

    @cached_property
    def query(self) -> Mapping[str, str]:
        return _readable(request.args)

    @cached_property
    def form(self) -> MultiDict[str, str]:
        return _readable(request.form)

    def line(self, name: str, most: int = LONGEST_LINE) -> str:
        """What was typed into a field of the form, in one line of at most so many characters."""
        return " ".join(self.form.get(name, "").split())[:most]

    def note_down(
        self, session: Session, action: str, *, account_id: int | None = None, facts: dict[str, Any] | None = None
    ) -> None:
        """Write down in the audit what is done here, with whatever else ``session`` writes."""
        audit.note_down(
            session, username=self.by.username, action=action, at=self.now, account_id=account_id, facts=facts
        )

    def saw_part(self, account_id: int | None) -> None:
        """Write down a part of a record that its page brings after itself (``audit.note_part``)."""
        audit.note_part(self.office.database, username=self.by.username, at=self.now, account_id=account_id)

    def saw_list(self, what: str, numbers: Sequence[str]) -> None:
        """Write down whose records a list showed."""
        with self.office.database.begin() as session:
            self.note_down(session, "list.viewed", facts={"list": what, "accounts": list(numbers)})

    def took_list(self, what: str, **more: Any) -> None:
        """Write down that a list was taken out as a file."""
        with self.office.database.begin() as session:
            self.note_down(session, "list.exported", facts={"list": what, **more})


def positive(text: str) -> int | None:
    """A number from an address or a form; None when it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@dataclass(frozen=True)
class Route:
    """An address, what answers it, and what it takes to be let in. ``watches``: asked by a timer, not by a person, so
    it does not keep a session alive. ``section``: its word in the navigation (``navigation.ORDER``), if it has one.
    ``most_bytes``: the largest body, of somebody who may send one; of anybody else a form's."""

    rule: str
    view: Callable[..., ResponseReturnValue]
    needs: Permission
    methods: tuple[str, ...] = ("GET",)
    watches: bool = False
    section: str = ""
    most_bytes: int = MAX_FORM_BYTES


def guarded(office: Office, route: Route) -> Callable[..., ResponseReturnValue]:
    """The view of a route behind the gate."""
    hosts = _our_hosts(office.settings.public_url)

    @wraps(route.view)
    def pass_the_gate(**parts: Any) -> ResponseReturnValue:
        request.max_content_length = request.max_form_memory_size = MAX_FORM_BYTES
        request.max_form_parts = MAX_FORM_FIELDS
        if (urlsplit(f"//{request.host}").hostname or "") not in hosts:
            abort(400, "This address is not served here.")
        if request.method not in SAFE:
            _refuse_foreign_forms()
        now = office.clock.now()
        staff = None
        if route.needs is not Permission.ANYONE:
            key = request.cookies.get(COOKIE, "")
            staff = sessions.who(office.database, key, now, touch=not route.watches) if key else None
        if staff is not None and staff.may(route.needs):
            request.max_content_length = route.most_bytes
            request.max_form_memory_size = min(route.most_bytes, FILE_READ_AHEAD)
        if request.method not in SAFE:
            csrf.protect()
        if route.needs is not Permission.ANYONE:
            if staff is None:
                return _ask_to_sign_in()
            if not staff.may(route.needs):
                abort(403)
        return route.view(Visit(office, staff, now), **{name: _sound(part) for name, part in parts.items()})

    pass_the_gate.permission = route.needs  # type: ignore[attr-defined]
    return pass_the_gate


def _sound(part: int | str) -> int | str:
    """A part of an address as a database can look for it: a number that none counts to leads nowhere, and a character
    that no text may hold (PostgreSQL keeps no NUL) becomes the sign for one that could not be read."""
    if isinstance(part, int):
        return part if part <= LARGEST else abort(404)
    return part.replace("\0", "\ufffd")


def _readable(fields: MultiDict[str, str]) -> MultiDict[str, str]:
    """What was filled in, without the one character that PostgreSQL cannot keep."""
    return MultiDict((name, value.replace("\0", "")) for name, value in fields.items(multi=True))


def _our_hosts(public_url: str) -> frozenset[str]:
    return frozenset({urlsplit(public_url).hostname or "", "127.0.0.1", "localhost", "::1"} - {""})


def _refuse_foreign_forms() -> None:
    """A browser says where a form comes from; only our own pages may send one (OWASP: Fetch Metadata)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign_site = site is not None and site not in ("same-origin", "none")
    foreign_origin = origin is not None and urlsplit(origin).netloc != request.host
    if foreign_site or (foreign_origin and site is None):
        abort(403, "This form was sent from another site. Open the page here and send it again.")


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.method in SAFE and "HX-Request" not in request.headers:
        target = request.full_path.rstrip("?")
        return redirect("/sign-in" if target == "/" else f"/sign-in?{urlencode({'next': target})}", 303)
    return abort(401)

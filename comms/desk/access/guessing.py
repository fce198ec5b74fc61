"""How guessing is slowed down, without keeping out those who do not guess.

Each wrong password is counted under the name that was tried and under the network address it came from. A name or an
address with too many of them waits, and while it waits nothing is looked at or counted. A browser that somebody has
signed in with before is known by a cookie and is counted by itself for that name: whoever guesses at a colleague's
password from elsewhere, or from the same office, keeps nobody out of the browser they work in (OWASP: Slow Down Online
Guessing Attacks with Device Cookies). NIST SP 800-63B wants no more than 100 wrong tries in a row for one account
("Rate Limiting (Throttling)", 5.2.2 in the edition of 2017); the other numbers are our own.
"""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from comms.desk.schema import SignInFailure
from comms.signing import sign

KEPT = timedelta(days=30)
"""How long a wrong try is kept."""


class Limit(NamedTuple):
    """So many wrong tries within a time, then the rest of that time is waited."""

    tries: int
    within: timedelta


OF_A_NAME = (Limit(5, timedelta(minutes=15)), Limit(30, timedelta(days=1)), Limit(100, KEPT))
"""For one name in browsers that nobody has signed in with under it, and for each browser that is known."""
OF_AN_ADDRESS = (Limit(20, timedelta(minutes=15)), Limit(100, timedelta(days=1)))
"""For one network address over all names. A whole office may have one address: a name that gets in takes its own wrong
tries off again, and known browsers are not counted here, so that 20 clerks would have to forget their passwords in new
browsers within a quarter of an hour."""
MOST_NAMES = 10
"""Names that one browser is known for: a counter has several clerks."""
_ID_BYTES = 12


@dataclass(frozen=True)
class Wait:
    """How long to wait. ``address``: it is the network address that has to, not the name."""

    time: timedelta
    address: bool = False


@dataclass(frozen=True)
class Client:
    """Where a try comes from: its network (empty when it is not known) and the cookie of a known browser."""

    network: str = ""
    cookie: str = ""

    @classmethod
    def of(cls, address: str, cookie: str = "") -> "Client":
        return cls(_network(address), cookie)


NOBODYS = Client()


def begin(session: Session, username: str, client: Client, secret: bytes, now: datetime) -> Wait | None:
    """Before a password is looked at: how long to wait; None when it may be tried. Then the try is written down as a
    wrong one until ``succeeded``, so that tries made at the same moment count too."""
    known = _browser(client.cookie, username, secret)
    name = f"{username}:{known}" if known else username
    if time := _wait(session, name, OF_A_NAME, now):
        return Wait(time)
    address = f"address:{client.network}" if client.network and not known else ""
    if address and (time := _wait(session, address, OF_AN_ADDRESS, now)):
        return Wait(time, address=True)
    session.execute(delete(SignInFailure).where(SignInFailure.at < now - KEPT))
    session.add_all(SignInFailure(username=each, at=now) for each in (name, address) if each)
    session.flush()
    return None


def succeeded(session: Session, username: str, client: Client, secret: bytes) -> None:
    """The password was right: forget the wrong ones that were tried for it, under the address too."""
    known = _browser(client.cookie, username, secret)
    ours = SignInFailure.username == (f"{username}:{known}" if known else username)
    if client.network:
        times = session.scalars(select(SignInFailure.at).where(ours)).all()
        address = SignInFailure.username == f"address:{client.network}"
        session.execute(delete(SignInFailure).where(address, SignInFailure.at.in_(times)))
    session.execute(delete(SignInFailure).where(ours))


def forget(session: Session, username: str) -> None:
    """Forget all wrong tries for a name, whatever the browser: it has a new password."""
    of_browsers = SignInFailure.username.startswith(f"{username}:", autoescape=True)
    session.execute(delete(SignInFailure).where(or_(SignInFailure.username == username, of_browsers)))


def begin_code(session: Session, username: str, now: datetime) -> timedelta | None:
    """The same for one-time codes, which are counted apart: a right password must not wipe out what was guessed of
    them."""
    name = _for_codes(username)
    if time := _wait(session, name, OF_A_NAME, now):
        return time
    session.add(SignInFailure(username=name, at=now))
    session.flush()
    return None


def forget_codes(session: Session, username: str) -> None:
    """Forget the wrong one-time codes of a name."""
    session.execute(delete(SignInFailure).where(SignInFailure.username == _for_codes(username)))


def cookie_for(cookie: str, username: str, secret: bytes) -> str:
    """The cookie of a browser that this name has just signed in with. It names nobody: what stands in it can only be
    made, and only be checked, with the service's key."""
    browser, *marks = cookie.split(".")
    if not marks or not browser.isascii() or len(browser) != len(secrets.token_urlsafe(_ID_BYTES)):
        browser, marks = secrets.token_urlsafe(_ID_BYTES), []
    mine = _mark(browser, username, secret)
    return ".".join([browser, mine, *[mark for mark in marks if mark != mine][: MOST_NAMES - 1]])


def _browser(cookie: str, username: str, secret: bytes) -> str:
    """The id of the browser if this name has signed in with it before; else empty."""
    browser, *marks = cookie[:1000].split(".")
    mine = _mark(browser, username, secret)
    return browser if any(hmac.compare_digest(mine.encode(), mark.encode()) for mark in marks) else ""


def _mark(browser: str, username: str, secret: bytes) -> str:
    return sign(secret, "known browser", f"{browser}:{username}")


def _wait(session: Session, name: str, limits: tuple[Limit, ...], now: datetime) -> timedelta | None:
    """How long this name has to wait, by the strictest of its limits."""
    longest = None
    for tries, within in limits:
        recent = select(func.count(), func.min(SignInFailure.at)).where(
            SignInFailure.username == name, SignInFailure.at > now - within
        )
        count, first = session.execute(recent).one()
        if count >= tries:
            longest = max(longest or timedelta(), first + within - now)
    return longest


def _for_codes(username: str) -> str:
    """Under which name wrong codes are counted; no user name holds a colon."""
    return f"code:{username}"


def _network(address: str) -> str:
    """What counts as one place: an IPv4 address, the /64 of an IPv6 address (what one customer has at the least);
    empty for what is none."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)

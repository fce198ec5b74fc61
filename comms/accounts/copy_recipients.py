"""Who else gets copies of an account's notices: a third party that the customer named, or the landlord.

A copy is a courtesy and a safeguard. It is no contact with the customer, and it takes the place of none.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.db import one_of
from comms.history import NewEvent, record

from .facts import AT_ONCE, touch
from .importing.points import email as read_email
from .importing.postal import mailing
from .schema import CopyRecipient

KINDS = ("third_party", "landlord")
WORDS = {"third_party": "third party", "landlord": "landlord"}
LANGUAGES = ("en", "es")


class CopyRecipientError(ValueError):
    """A recipient of copies that cannot be written down; the message says what is allowed."""


def of(session: Session, account_ids: Collection[int], on: date) -> dict[int, list[CopyRecipient]]:
    """The recipients in force on a day (a date in the city), by account; accounts without one are left out."""
    ordered = sorted(set(account_ids))
    found: dict[int, list[CopyRecipient]] = defaultdict(list)
    for start in range(0, len(ordered), AT_ONCE):
        statement = (
            select(CopyRecipient)
            .where(
                one_of(session, CopyRecipient.account_id, ordered[start : start + AT_ONCE]),
                CopyRecipient.starts_on <= on,
                CopyRecipient.ends_on.is_(None) | (CopyRecipient.ends_on >= on),
            )
            .order_by(CopyRecipient.id)
        )
        for one in session.scalars(statement):
            found[one.account_id].append(one)
    return dict(found)


def ever(session: Session, account_id: int) -> list[CopyRecipient]:
    """All recipients that an account has or had, oldest first."""
    statement = select(CopyRecipient).where(CopyRecipient.account_id == account_id).order_by(CopyRecipient.id)
    return list(session.scalars(statement))


def add(
    session: Session, account_id: int, *, kind: str, name: str, authority: str, starts_on: date, by: str, at: datetime,
    email: str = "", address: dict[str, str] | None = None, language: str = "en", ends_on: date | None = None,
) -> int:  # fmt: skip
    """Write a recipient down and return its id. ``authority`` is why they may be told of the account; ``address`` has
    ``line1, line2, city, state, zip``. Raises ``CopyRecipientError``."""
    if kind not in KINDS:
        raise CopyRecipientError(f"{kind!r} is no kind of recipient; allowed: {', '.join(KINDS)}.")
    if not name.strip() or len(authority.strip()) < 5:
        raise CopyRecipientError(
            "Give a name, and why they may be told of the account: the customer's signed request of a date, a contract."
        )
    if language not in LANGUAGES:
        raise CopyRecipientError(f"{language!r} is no language we write; allowed: {', '.join(LANGUAGES)}.")
    if ends_on is not None and ends_on < starts_on:
        raise CopyRecipientError(f"It would end on {ends_on} before it starts on {starts_on}; give a later end.")
    mail, post = _email(email), _address(address or {})
    if mail is None and not post:
        raise CopyRecipientError("Give an email address, or a mailing address, or both: a copy needs somewhere to go.")
    row = CopyRecipient(
        account_id=account_id, kind=kind, name=" ".join(name.split()), email=mail, mailing_address=post,
        language=language, authority=authority.strip(), starts_on=starts_on, ends_on=ends_on, source=by, created_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    touch(session, [account_id], at)
    said = f"Copies of notices go to {row.name} ({WORDS[kind]}) from {starts_on}: {row.authority}"
    record(session, [_event(row, "copies.added", said, by, at)], at)
    return row.id


def end(session: Session, recipient_id: int, *, on: date, by: str, at: datetime) -> bool:
    """No more copies from ``on`` on; False when there is no such recipient, or it has ended before."""
    yesterday = date.fromordinal(on.toordinal() - 1)
    ended = session.execute(
        update(CopyRecipient)
        .where(CopyRecipient.id == recipient_id, CopyRecipient.ends_on.is_(None) | (CopyRecipient.ends_on >= on))
        .values(ends_on=yesterday)
        .returning(CopyRecipient.id)
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        return False
    row = session.get_one(CopyRecipient, recipient_id, populate_existing=True)
    touch(session, [row.account_id], at)
    said = f"No more copies of notices to {row.name} ({WORDS[row.kind]})"
    record(session, [_event(row, "copies.ended", said, by, at)], at)
    return True


def _email(given: str) -> str | None:
    if not given.strip():
        return None
    read = read_email(given)
    if read is None or read.value is None:
        why = read.reason if read and read.reason else "It does not read as an email address"
        raise CopyRecipientError(f"{given} cannot be written to: {why}. Give one such as name@example.com.")
    return read.value


def _address(given: dict[str, str]) -> dict[str, Any]:
    parts = {name: " ".join(given.get(name, "").split()) for name in ("line1", "line2", "city", "state", "zip")}
    if not any(parts.values()):
        return {}
    address = mailing(parts["line1"], parts["line2"], parts["city"], parts["state"], parts["zip"])
    if problem := address.get("problem"):
        raise CopyRecipientError(f"{problem}. Give street or box, town, two letters of the state and the ZIP code.")
    return address


def _event(row: CopyRecipient, kind: str, said: str, by: str, at: datetime) -> NewEvent:
    facts = {"kind": row.kind, "authority": row.authority}
    return NewEvent(
        row.account_id, at, kind, said, actor=by, subject_type="copy_recipient", subject_id=row.id, facts=facts
    )

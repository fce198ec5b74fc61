"""Builders: any row a test needs, with sensible defaults. Each takes a session and returns the row, which has its id;
any column can be given by name."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from comms.accounts.folding import fold_address, fold_name, fold_number
from comms.accounts.schema import Account, ContactPoint, Hold, ImportFile, Payment
from comms.outbox import Draft

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
_numbers = itertools.count(1)
Row = TypeVar("Row")


def import_file(session: Session, *, kind: str = "accounts", **more: Any) -> ImportFile:
    """A file that was taken in; for payments, ``covers_until`` says how far it reaches."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "kind": kind, "name": f"{kind}-{number}.csv", "sha256": f"{number:064x}", "state": "done",
        "as_of": date(2026, 11, 20), "covers_until": None, "totals": {}, "started_at": NOW, "finished_at": NOW,
    }  # fmt: skip
    return _put(session, ImportFile(**(given | more)))


def account(
    session: Session,
    *,
    phone: str | None = "+12185550101",
    email: str | None = None,
    name: str = "Maria Jensen",
    past_due_cents: int = 12000,
    **more: Any,
) -> Account:
    """A residential account in Duluth that owes $120.00 and can be texted. What is looked for (number, name, address)
    is folded from what is shown, as the import does it."""
    count = next(_numbers)
    number = more.get("number", f"{count:07d}-00")
    street = more.get("service_address", f"{count} E Superior St")
    given: dict[str, Any] = {
        "number": number, "search_number": fold_number(number), "customer_number": str(100000 + count), "name": name,
        "name_as_given": name.upper(), "search_name": fold_name(name), "service_address": street,
        "service_city": "Duluth", "service_zip": "55802", "search_address": fold_address(street),
        "mailing_address": {"line1": street, "line2": "", "city": "Duluth", "state": "MN", "zip": "55802"},
        "household": f"household-{count}", "language": "en", "status": "active", "service_class": "residential",
        "occupancy": "owner", "affects_heat": True, "current_cents": 4500, "past_due_cents": past_due_cents,
        "service_past_due": {"gas": past_due_cents // 2, "water": past_due_cents - past_due_cents // 2}, "aging": {},
        "oldest_due_on": date(2026, 10, 20), "last_payment_on": None, "last_payment_cents": None, "deposit_cents": 0,
        "route": "1", "flags": [], "balance_as_of": date(2026, 11, 20), "source_digest": f"{count:064x}",
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    if "import_id" not in more:
        given["import_id"] = import_file(session).id
    row = _put(session, Account(**(given | more)))
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            contact_point(session, row.id, kind, value)
    return row


def contact_point(
    session: Session, account_id: int, kind: str, value: str | None, *, rank: int = 1, **more: Any
) -> ContactPoint:
    """A usable phone (E.164) or email address of an account; the lowest rank is preferred."""
    given: dict[str, Any] = {
        "account_id": account_id, "kind": kind, "label": kind, "rank": rank, "raw": value, "value": value,
        "status": "usable", "source": "cis", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return _put(session, ContactPoint(**(given | more)))


def hold(session: Session, account_id: int, kind: str = "dispute", **more: Any) -> Hold:
    """An open hold that began a week ago."""
    given: dict[str, Any] = {
        "account_id": account_id, "kind": kind, "starts_on": NOW.date() - timedelta(days=7), "note": "",
        "source": "test", "placed_at": NOW,
    }  # fmt: skip
    return _put(session, Hold(**(given | more)))


def payment(session: Session, account_id: int, cents: int, paid_on: date, **more: Any) -> Payment:
    """A posted payment, of a payments file that reaches to its day."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "account_id": account_id, "transaction_id": f"T{number}", "paid_on": paid_on, "amount_cents": cents,
        "kind": "payment", "source": "WEB", "imported_at": NOW,
    }  # fmt: skip
    if "import_id" not in more:
        given["import_id"] = import_file(session, kind="payments", covers_until=paid_on).id
    return _put(session, Payment(**(given | more)))


def draft(account_id: int | None, *, channel: str = "sms", recipient: str | None = None, **more: Any) -> Draft:
    """A dunning message ready to be queued."""
    number = next(_numbers)
    to = {
        "sms": f"+1218555{number % 10000:04d}",
        "email": f"customer{number}@example.com",
        "letter": "1 Main St\nDuluth MN",
    }
    given: dict[str, Any] = {
        "account_id": account_id, "channel": channel, "recipient": recipient or to[channel],
        "recipient_name": "Maria Jensen", "notice": "past-due-reminder", "notice_version": "0" * 64,
        "purpose": "dunning", "category": "billing", "language": "en", "body_text": f"Reminder {number}",
        "dedupe_key": f"test:{number}", "segments": 1 if channel == "sms" else None,
        "subject": None if channel == "sms" else "Your account is past due",
        "body_html": "<p>Reminder</p>" if channel == "email" else None,
    }  # fmt: skip
    return Draft(**(given | more))


def _put(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row

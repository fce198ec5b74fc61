"""Builders for the accounts room: any row a test needs, with sensible defaults."""

from datetime import UTC, date, datetime
from itertools import count

from sqlalchemy.orm import Session

from comms.accounts.folding import fold_address, fold_name, fold_number
from comms.accounts.schema import Account, ContactPoint, ImportFile

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_numbers = count(100)


def an_import(session: Session, **given) -> ImportFile:
    """A file that was taken in."""
    values = {
        "kind": "accounts", "name": "accounts-2026-11-20.csv", "sha256": "0" * 64, "state": "done",
        "as_of": date(2026, 11, 20), "covers_until": None, "totals": {}, "started_at": AT, "finished_at": AT,
    }  # fmt: skip
    row = ImportFile(**values | given)
    session.add(row)
    session.flush()
    return row


def an_account(session: Session, *, phones=(), emails=(), **given) -> Account:
    """An account of the residential class with nothing due, and its contact points in order of preference."""
    number = given.get("number") or f"{next(_numbers):07}-10"
    name = given.get("name", "Scott Stone")
    street = given.get("service_address", "3588 Haines Rd")
    values = {
        "number": number, "search_number": fold_number(number), "customer_number": None, "name": name,
        "name_as_given": name, "search_name": fold_name(name), "service_address": street, "service_city": "Duluth",
        "service_zip": "55804", "search_address": fold_address(street), "household": f"household of {number}",
        "mailing_address": {"line1": street, "line2": "", "city": "Duluth", "state": "MN", "zip": "55804"},
        "language": "en", "status": "active", "service_class": "residential", "occupancy": "owner",
        "affects_heat": True, "current_cents": 0, "past_due_cents": 0, "service_past_due": {}, "aging": {},
        "oldest_due_on": None, "last_payment_on": None, "last_payment_cents": None, "deposit_cents": 0, "route": "7",
        "flags": [], "balance_as_of": date(2026, 11, 20), "source_digest": "", "in_latest_file": True,
        "facts_version": 1, "created_at": AT, "updated_at": AT,
    }  # fmt: skip
    if "import_id" not in given:
        values["import_id"] = an_import(session).id
    account = Account(**values | given)
    session.add(account)
    session.flush()
    for kind, points in (("phone", phones), ("email", emails)):
        for rank, value in enumerate(points, 1):
            a_contact_point(session, account, kind=kind, value=value, rank=rank)
    return account


def a_contact_point(session: Session, account: Account, **given) -> ContactPoint:
    """A phone that can be written to."""
    values = {
        "account_id": account.id, "kind": "phone", "label": "cell", "rank": 1, "value": "+12185550148",
        "status": "usable", "reason": None, "source": "cis", "created_at": AT, "updated_at": AT,
    }  # fmt: skip
    values |= given
    point = ContactPoint(**{"raw": values["value"], **values})
    session.add(point)
    session.flush()
    return point

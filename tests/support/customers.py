"""Accounts, phones, payments and payment files, with as little said as a test needs."""

from datetime import UTC, date, datetime
from itertools import count

from comms.accounts.schema import Account, ContactPoint, ImportFile, Payment

_numbers = count(1)
NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


def an_import(session, kind="accounts", covers_until=None, state="done") -> int:
    """A file that was taken in; for payments, how far it reaches."""
    row = ImportFile(
        kind=kind, name=f"{kind}.csv", sha256="0" * 64, state=state, as_of=None, covers_until=covers_until, totals={},
        started_at=NOW, finished_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def an_account(session, *, past_due=12000, current=3000, street="1417 E Superior St", language="en", **changes) -> int:
    """An account that is past due."""
    number = next(_numbers)
    values = {
        "number": f"{number:07d}-10", "customer_number": None, "name": "Maria Jensen", "name_as_given": "JENSEN, MARIA",
        "search_name": "jensen maria", "search_number": str(number), "service_address": street,
        "service_city": "Duluth", "service_zip": "55802", "mailing_address": {}, "search_address": street.lower(),
        "household": f"h{number}", "language": language, "status": "active", "service_class": "residential",
        "occupancy": "owner", "affects_heat": None, "current_cents": current, "past_due_cents": past_due,
        "service_past_due": {}, "aging": {}, "oldest_due_on": date(2026, 10, 20), "last_payment_on": None,
        "last_payment_cents": None, "deposit_cents": 0, "route": None, "flags": [], "balance_as_of": date(2026, 11, 21),
        "source_digest": "x", "import_id": changes.pop("import_id", None) or an_import(session), "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    values = {name: value for name, value in {**values, **changes}.items() if name in Account.__mapper__.columns}
    account = Account(**values)
    session.add(account)
    session.flush()
    return account.id


def a_phone(session, account_id, number="+12185550123", *, rank=1, status="usable", kind="phone") -> None:
    """A phone (or with ``kind="email"`` an address) of an account."""
    session.add(
        ContactPoint(
            account_id=account_id,
            kind=kind,
            label="cell",
            rank=rank,
            raw=number,
            value=number,
            status=status,
            reason=None,
            source="cis",
            created_at=NOW,
            updated_at=NOW,
        )
    )
    session.flush()


def a_payment(
    session, account_id, cents, paid_on, *, transaction=None, kind="payment", reverses=None, import_id=None
) -> str:
    """A line of a payment file; returns its transaction id."""
    transaction = transaction or f"T{next(_numbers)}"
    session.add(
        Payment(
            account_id=account_id,
            transaction_id=transaction,
            paid_on=paid_on,
            amount_cents=cents,
            kind=kind,
            source="WEB",
            reverses=reverses,
            reversed_by_id=None,
            import_id=import_id or an_import(session),
            imported_at=NOW,
        )
    )
    session.flush()
    return transaction

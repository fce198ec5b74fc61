"""Finding an account by whatever the person at the counter has: a number, a name, a phone, an email, an address."""

import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from .folding import fold_address, fold_name, fold_number
from .schema import Account, ContactPoint

LOCAL_DIGITS = 7
"""Fewer digits than a local number are not looked up as a phone."""

LONGEST_QUERY = 200


def by_number(session: Session, number: str) -> Account | None:
    """The account with this number, with or without dashes and leading zeros; None when there is none, or several."""
    exact = session.scalar(select(Account).where(Account.number == number.strip()))
    if exact is not None or not fold_number(number):
        return exact
    folded = select(Account).where(Account.search_number == fold_number(number)).limit(2)
    found = list(session.scalars(folded))
    return found[0] if len(found) == 1 else None


def find(session: Session, query: str, limit: int = 50) -> list[Account]:
    """Accounts that answer to ``query``, the surest matches first: number, phone or email, name, address."""
    found: dict[int, Account] = {}
    for condition in _conditions(query.strip()[:LONGEST_QUERY]):
        statement = (
            select(Account).where(condition).order_by(Account.search_name, Account.number).limit(limit - len(found))
        )
        if found:
            statement = statement.where(Account.id.not_in(found))
        found |= {account.id: account for account in session.scalars(statement)}
        if len(found) >= limit:
            break
    return list(found.values())


def _conditions(query: str) -> Iterator[ColumnElement[bool]]:
    if number := fold_number(query):
        yield Account.number == query
        yield Account.search_number == number
    if "@" in query:
        yield _has_point("email", ContactPoint.value.startswith(query.lower(), autoescape=True))
    digits = re.sub(r"\D", "", query)
    if len(digits) >= LOCAL_DIGITS and not re.search(r"[A-Za-z]", query):
        ten = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
        exact = ContactPoint.value == f"+1{ten}"
        yield _has_point("phone", exact if len(ten) == 10 else ContactPoint.value.endswith(ten))
    if names := fold_name(query).split():
        padded = literal(" ").concat(Account.search_name)
        yield _all_begin(padded, names)
    if address := fold_address(query).split():
        yield _all_begin(literal(" ").concat(Account.search_address), address)


def _has_point(kind: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Account.id.in_(select(ContactPoint.account_id).where(ContactPoint.kind == kind, condition))


def _all_begin(padded: ColumnElement[str], words: list[str]) -> ColumnElement[bool]:
    """Each word begins a word of the text (folded words hold letters and digits only: nothing to escape)."""
    condition = padded.contains(f" {words[0]}")
    for word in words[1:]:
        condition = condition & padded.contains(f" {word}")
    return condition & (func.length(padded) > 1)

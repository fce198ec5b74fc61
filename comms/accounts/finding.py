"""Finding an account by whatever the person at the counter has: a number, a name, a phone, an email, an address."""

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, cast, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from comms.db import on_postgres

from .folding import fold_address, fold_name, fold_number
from .schema import SEARCHED, Account, ContactPoint

LOCAL_DIGITS = 7
"""Fewer digits than a local number are not looked up as a phone."""

LONGEST_QUERY = 200

MOST_SORTED = 5_000
"""Of more accounts than these ("st" is in most addresses) some are put in order: nobody reads them all."""


def by_number(session: Session, number: str) -> Account | None:
    """The account with this number, with or without dashes and leading zeros; None when there is none, or several."""
    exact = session.scalar(select(Account).where(Account.number == number.strip()))
    if exact is not None or not fold_number(number):
        return exact
    folded = select(Account).where(Account.search_number == fold_number(number)).limit(2)
    found = list(session.scalars(folded))
    return found[0] if len(found) == 1 else None


def find(session: Session, query: str, limit: int = 50) -> list[Account]:
    """Accounts that answer to ``query``, the surest matches first: number, phone or email, name, address, both."""
    found: dict[int, Account] = {}
    for condition in _conditions(query.strip()[:LONGEST_QUERY], indexed=on_postgres(session)):
        some = select(Account.id).where(condition).limit(MOST_SORTED)
        statement = select(Account).where(Account.id.in_(some)).order_by(Account.search_name, Account.number)
        statement = statement.limit(limit - len(found))
        if found:
            statement = statement.where(Account.id.not_in(found))
        found |= {account.id: account for account in session.scalars(statement)}
        if len(found) >= limit:
            break
    return list(found.values())


def _conditions(query: str, *, indexed: bool) -> Iterator[ColumnElement[bool]]:
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
    names, address = fold_name(query).split(), fold_address(query).split()
    name, street = literal(" ").concat(Account.search_name), literal(" ").concat(Account.search_address)
    if names:
        yield and_(*_in_index([names], indexed), *(_begins(name, word) for word in names))
        yield and_(*_in_index([address], indexed), *(_begins(street, word) for word in address))
    if len(names) > 1:
        either = [(word, *fold_address(word).split()) for word in names]
        anywhere = (or_(_begins(name, ways[0]), *(_begins(street, way) for way in ways)) for ways in either)
        yield and_(*_in_index(either, indexed, any_of=True), *anywhere)


def _has_point(kind: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Account.id.in_(select(ContactPoint.account_id).where(ContactPoint.kind == kind, condition))


def _begins(padded: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """The word begins a word of the text (folded words hold letters and digits only: nothing to escape)."""
    return padded.contains(f" {word}")


def _in_index(words: Sequence[Sequence[str]], indexed: bool, *, any_of: bool = False) -> Iterator[ColumnElement[bool]]:
    """What PostgreSQL's index of names and addresses can answer of this; each account that matches meets it."""
    if indexed:
        joined = " & ".join(f"({(' | ' if any_of else ' & ').join(f'{word}:*' for word in ways)})" for ways in words)
        yield literal_column(SEARCHED).op("@@", is_comparison=True)(cast(joined, TSQUERY))

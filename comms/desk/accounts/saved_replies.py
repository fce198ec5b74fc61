"""Saved replies: what is answered again and again, in the customer's language, filled with the account's facts.

The words are in ``templates/desk/saved_replies.toml``. A reply is only words for the reply box: the clerk reads it
there, changes it, and sends it like any other.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.city import City, Language
from comms.desk.access.gate import Visit
from comms.desk.accounts.composing import Composer, composer
from comms.notices import formats as written
from comms.outbox import language_of
from comms.promises.schema import Promise, PromisePart
from comms.settings import ROOT

FILE = ROOT / "templates/desk/saved_replies.toml"
FIELDS = frozenset(
    {"name", "past_due", "as_of", "office_phone", "pay_phone", "pay_url", "hours", "clerk", "promised", "promised_by"}
)
PAID = ("kept", "kept_late", "kept_short", "closed")
"""States of a part of a promise that is settled."""


class SavedRepliesError(ValueError):
    """The file of saved replies cannot be used; the message says where and why."""


@dataclass(frozen=True)
class SavedReply:
    """One reply as it stands in the file."""

    id: str
    title: str
    words: dict[str, str]
    asks_to_pay: bool

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it names, in any language."""
        return frozenset(name for text in self.words.values() for _, name, _, _ in Formatter().parse(text) if name)


@dataclass(frozen=True)
class Ready:
    """A reply filled for one account."""

    id: str
    title: str
    text: str


@cache
def load(path: Path = FILE) -> tuple[SavedReply, ...]:
    """The replies of the file, in their order. Raises ``SavedRepliesError``."""
    try:
        listed = tomllib.loads(path.read_text("utf-8")).get("reply", [])
        found = tuple(
            SavedReply(
                one["id"], one["title"], {lang: one[lang] for lang in ("en", "es")}, bool(one.get("asks_to_pay"))
            )
            for one in listed
        )
    except (KeyError, tomllib.TOMLDecodeError) as wrong:
        raise SavedRepliesError(f"{path.name}: {wrong}. Each reply needs id, title, en and es.") from None
    for one in found:
        if unknown := one.fields - FIELDS:
            known = ", ".join(sorted(FIELDS))
            raise SavedRepliesError(f"{path.name}, {one.id}: no field {', '.join(sorted(unknown))}; there are {known}.")
    if len({one.id for one in found}) < len(found):
        raise SavedRepliesError(f"{path.name}: two replies have the same id.")
    return found


def ready(
    session: Session, city: City, account: Account, language: Language, clerk: str, *, may_ask: bool
) -> list[Ready]:
    """The replies that can be offered for an account. ``may_ask``: no hold forbids asking for payment."""
    values = _values(session, city, account, language, clerk)
    return [
        Ready(one.id, one.title, one.words[language].format_map(values))
        for one in load()
        if one.fields <= values.keys() and (may_ask or not one.asks_to_pay)
    ]


def of_composer(session: Session, visit: Visit, account: Account, state: Composer) -> list[Ready]:
    """The replies that the reply box offers."""
    return ready(session, visit.office.city, account, language_of(account), visit.by.name, may_ask=not state.cautions)


def put(session: Session, visit: Visit, account: Account, typed: str, chosen: str) -> str:
    """What was typed, with a saved reply after it; as it was when the reply is not offered here."""
    state = composer(session, visit.office.city, account, visit.now)
    found = {one.id: one.text for one in of_composer(session, visit, account, state)}
    return f"{typed}\n{found[chosen]}".strip() if chosen in found else typed


def _values(session: Session, city: City, account: Account, language: Language, clerk: str) -> dict[str, str]:
    """The fields that have a value for this account, as the customer reads them."""
    values = {
        "name": account.name,
        "office_phone": written.phone(city.phone),
        "pay_phone": written.phone(city.pay_phone),
        "pay_url": str(city.pay_url),
        "hours": getattr(city.hours, language),
        "clerk": clerk,
    }
    if account.past_due_cents > 0:
        values["past_due"] = written.money(account.past_due_cents)
        values["as_of"] = written.short_date(account.balance_as_of, language)
    part = session.scalars(
        select(PromisePart)
        .join(Promise, Promise.id == PromisePart.promise_id)
        .where(Promise.account_id == account.id, Promise.status == "open", PromisePart.state.not_in(PAID))
        .order_by(PromisePart.due_on, PromisePart.id)
        .limit(1)
    ).one_or_none()
    if part is not None:
        values["promised"] = written.money(part.amount_cents)
        values["promised_by"] = written.short_date(part.due_on, language)
    return values

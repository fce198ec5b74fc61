"""Messages in which the words of a search stand: on which account, by whom, and the passage."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import history
from comms.accounts import Account
from comms.accounts.folding import words

MOST = 20
"""Messages that are shown; with more the page says so."""
SHORTEST = 2
"""A search that has only shorter words than this is not looked for in messages."""
_BEFORE, _LENGTH = 50, 180
"""Characters of a passage before the first word that was found, and in all."""


@dataclass(frozen=True)
class Passage:
    """A message that was found. ``parts`` is the passage, each part with whether it is a word that was looked for;
    ``before`` is the position that the record's history opens at, with this message as its last."""

    account: Account | None
    at: datetime
    icon: str
    what: str
    parts: list[tuple[str, bool]]
    before: int


_ICONS = {"sms": "chat", "email": "alternate_email", "letter": "mail", "phone": "phone", "note": "lock"}
_FROM = {"sms": "Text from the customer", "email": "Email from the customer"}


def passages(session: Session, query: str, limit: int = MOST + 1) -> list[Passage]:
    """What was said with all of the words of ``query``, newest first."""
    wanted = words(query)
    if max(map(len, wanted), default=0) < SHORTEST:
        return []
    said = history.with_words(session, wanted, limit)
    ids = {each.account_id for each in said if each.account_id is not None}
    accounts = {account.id: account for account in session.scalars(select(Account).where(Account.id.in_(ids)))}
    return [
        Passage(
            accounts.get(each.account_id) if each.account_id is not None else None, each.at,
            _ICONS.get(each.channel or "", "info"),
            _FROM.get(each.channel or "", each.summary) if each.direction == "in" else each.summary,
            passage(" ".join(f"{each.subject} {each.text}".split()), wanted), each.position + 1,
        )
        for each in said
    ]  # fmt: skip


def passage(text: str, wanted: Sequence[str]) -> list[tuple[str, bool]]:
    """The part of a text around the first word that was looked for, cut into what was and what was not."""
    found = [match for match in re.finditer(r"[\w'’]+", text) if _is_wanted(match[0], wanted)]
    start = max(0, found[0].start() - _BEFORE) if found else 0
    start = text.find(" ", start) + 1 if start else 0
    end = min(len(text), start + _LENGTH)
    parts, at = [("… " if start else "", False)], start
    for match in found:
        if start <= match.start() and match.end() <= end:
            parts += [(text[at : match.start()], False), (match[0], True)]
            at = match.end()
    parts.append((text[at:end] + (" …" if end < len(text) else ""), False))
    return [part for part in parts if part[0]]


def _is_wanted(word: str, wanted: Sequence[str]) -> bool:
    return any(folded.startswith(one) for folded in words(word) for one in wanted)

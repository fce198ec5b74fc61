"""Proof that a required notice was given: which letter it was, what it said, where it went, when the post had it.

A text or an email proves nothing here: a notice that service ends is a letter (15 U.S.C. 7003(b)(2)(A)), and its time
runs from the day the post office accepted it, never from the hand-off to the mail house.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.city import City
from comms.db import one_of
from comms.notices import Catalogue, Notice
from comms.notices.formats import long_date, money
from comms.notices.schema import NoticeVersion
from comms.outbox import Message, State
from comms.outbox.schema import MailBatch
from comms.rules.requirements import NoticeRequirement

from .policies import Step

_STATUTE = re.compile(r"\b\d+[A-Z]?\.\d+\b")
_ON_ITS_WAY = {
    State.HELD: "is held back", State.QUEUED: "has not left yet", State.BATCHED: "has not left yet",
    State.HANDED_OVER: "is with the mail house, and the day the post office took it is not known; "
    "next step: comms mail ack",
}  # fmt: skip
_NO_PROOF = {
    State.RETURNED: "came back", State.FAILED: "could not be mailed", State.CANCELLED: "was called back before it left",
    State.SUPPRESSED: "was called back before it left",
}  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """One letter of a step, as it was written and what became of it. ``mailed_at`` is the post office's acceptance."""

    message_id: int
    decision_id: int
    notice: str
    version: str
    language: str
    state: str
    why: str | None
    address: str
    text: str
    amount_cents: int | None
    disconnect_on: date | None
    mailed_at: datetime | None
    kept: bool
    """Whether the words of its version are kept, so that they can be shown."""


@dataclass(frozen=True)
class Evidence:
    """What proves one required step. ``earliest_on``: the first day on which its waiting time is over."""

    step: str
    message_id: int
    version: str
    mailed_on: date
    address: str
    earliest_on: date

    def as_json(self) -> dict[str, Any]:
        """As kept with a field order."""
        return {
            "step": self.step, "message_id": self.message_id, "version": self.version,
            "mailed_on": self.mailed_on.isoformat(), "address": self.address,
            "earliest_on": self.earliest_on.isoformat(),
        }  # fmt: skip


def letters_of(session: Session, decision_ids: Collection[int]) -> dict[int, list[Letter]]:
    """The letters written for these decisions, by decision, the latest last; copies for others are no notice."""
    rows = session.execute(
        select(
            Message.id, Message.decision_id, Message.notice, Message.notice_version, Message.language, Message.state,
            Message.state_reason, Message.error_text, Message.recipient, Message.body_text, Message.amount_cents,
            Message.fallback, MailBatch.mailed_at, NoticeVersion.notice.label("kept_notice"),
        )
        .outerjoin(MailBatch, MailBatch.id == Message.batch_id)
        .outerjoin(NoticeVersion, NoticeVersion.version == Message.notice_version)
        .where(
            one_of(session, Message.decision_id, sorted(decision_ids)),
            Message.channel == "letter",
            Message.copy_of_id.is_(None),
            Message.state != State.SUPERSEDED,
        )
        .order_by(Message.id)
    )  # fmt: skip
    found: dict[int, list[Letter]] = {}
    for row in rows:
        names = (row.fallback or {}).get("fields", {})
        day = names.get("disconnect_date")
        letter = Letter(
            row.id, row.decision_id or 0, row.notice, row.notice_version, row.language, row.state,
            row.state_reason or row.error_text, row.recipient, row.body_text, row.amount_cents,
            date.fromisoformat(day) if day else None, row.mailed_at, row.kept_notice == row.notice,
        )  # fmt: skip
        found.setdefault(letter.decision_id, []).append(letter)
    return found


@dataclass(frozen=True)
class Question:
    """What a letter is held against: the day of the act, the address on file, how long the policy waits after it, and
    what the rules ask of the notice."""

    city: City
    catalogue: Catalogue
    day: date
    address: str | None
    days: int
    count: str
    needs: Sequence[NoticeRequirement]
    seasonal: frozenset[str]
    """The statutes whose words belong to a season only."""


def prove(step: Step, letters: Sequence[Letter], question: Question) -> tuple[Evidence | None, list[str]]:
    """The proof that a step was taken as it must be, or a sentence for each thing that is missing."""
    if not letters:
        return None, [f"{step.name}: no letter was written for it."]
    letter = letters[-1]
    if letter.state != State.MAILED or letter.mailed_at is None:
        return None, [f"{step.name}: {_not_mailed(letter)}."]
    missing = [f"{step.name}: {each}." for each in _wrong(step, letter, question)]
    mailed_on = question.city.local_date(letter.mailed_at)
    earliest = wait_over(question.city, mailed_on, question.days, question.count)
    if earliest > question.day:
        missing.append(
            f"{step.name}: it was mailed on {mailed_on}, and the policy waits {question.days} {question.count} days "
            f"after that, until {earliest}."
        )
    if missing:
        return None, missing
    return Evidence(step.id, letter.message_id, letter.version, mailed_on, letter.address, earliest), []


def wait_over(city: City, mailed_on: date, days: int, count: str) -> date:
    """The first day on which a wait from the mailing is over; the day of mailing itself is not counted."""
    return city.add_business_days(mailed_on, days) if count == "business" else mailed_on + timedelta(days=days)


def _not_mailed(letter: Letter) -> str:
    state = State(letter.state)
    if state in _NO_PROOF:
        return f"its letter {_NO_PROOF[state]}" + (f" ({letter.why.rstrip('.')})" if letter.why else "")
    return f"its letter {_ON_ITS_WAY.get(state, state.replace('_', ' '))}"


def _wrong(step: Step, letter: Letter, question: Question) -> list[str]:
    """What a letter that was mailed does not show."""
    wrong = []
    if letter.notice != step.notice:
        wrong.append(f"the letter that was mailed is {letter.notice}, and the policy wants {step.notice}")
    if not letter.kept:
        wrong.append("the words of the letter's version are not kept, so nobody can show what it said")
    if question.address is None:
        wrong.append("the account has no mailing address now, so it is not known that the letter reached its customer")
    elif letter.address != question.address:
        was, now = letter.address.replace("\n", ", "), question.address.replace("\n", ", ")
        wrong.append(f"it was mailed to {was}, and the address on file now is {now}")
    if letter.disconnect_on and letter.disconnect_on > question.day:
        wrong.append(f"it says that service stays on until {letter.disconnect_on}")
    if letter.notice in question.catalogue:
        notice = question.catalogue.get(letter.notice)
        wrong += [f"it does not say what it must: {part}" for part in unsaid(notice, letter, question)]
    else:
        wrong.append(f"there is no notice {letter.notice} in the catalogue to hold it against")
    return wrong


def unsaid(notice: Notice, letter: Letter, question: Question) -> list[str]:
    """The required parts of a notice that a letter does not show. Parts of a season (the winter packet) are asked for
    only when the disconnection falls into it."""
    text = _folded(letter.text)
    wanted = _statutes(question.needs)
    language = _language(letter.language)
    shown = _shown(letter, language)
    missing = []
    for part in notice.parts:
        statute = _named(part.citation)
        if "letter" not in part.channels or (statute & question.seasonal and not statute & wanted):
            continue
        phrases: Sequence[str] = part.phrases.get(language, [])
        if any(_phrase(each) not in text for each in phrases) or not _shows(part.fields, shown, text):
            missing.append(part.name)
    return missing


def _shown(letter: Letter, language: Any) -> Mapping[str, str | None]:
    """The fields of a letter as its words must show them."""
    return {
        "amount_due_cents": money(letter.amount_cents) if letter.amount_cents is not None else None,
        "disconnect_date": long_date(letter.disconnect_on, language) if letter.disconnect_on else None,
    }


def _shows(fields: Collection[str], shown: Mapping[str, str | None], text: str) -> bool:
    return all((words := shown[name]) is not None and _folded(words) in text for name in fields if name in shown)


def unmet(city: City, day: date, proofs: Sequence[Evidence], needs: Sequence[NoticeRequirement]) -> list[str]:
    """The waiting times of the rules that no proven letter has behind it by ``day``."""
    late = []
    for need in needs:
        ends = [need.earliest(city, proof.mailed_on) for proof in proofs]
        if need.days and proofs and min(ends) > day:
            mailed = min(proof.mailed_on for proof in proofs)
            late.append(
                f"The notice was mailed on {mailed}; {need.days} {need.count} days must have passed, which is on "
                f"{min(ends)} ({need.citation})."
            )
    return late


def statutes_of_seasons(requirements: Sequence[NoticeRequirement]) -> frozenset[str]:
    """The statutes that ask something of a notice in a season only."""
    return frozenset(_statutes([need for need in requirements if need.text.season is not None]))


def _statutes(needs: Sequence[NoticeRequirement]) -> set[str]:
    return {statute for need in needs for statute in _named(need.citation)}


@lru_cache(maxsize=1_000)
def _named(citation: str) -> frozenset[str]:
    """The statutes of a citation. Citations and phrases are few, and are asked for with every letter."""
    return frozenset(_STATUTE.findall(citation))


@lru_cache(maxsize=1_000)
def _phrase(words: str) -> str:
    return _folded(words)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _language(name: str) -> Any:
    return "es" if name == "es" else "en"

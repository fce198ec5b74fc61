"""Copies of a notice for somebody else: a third party whom the customer named, or the landlord.

A copy says what the notice says, under a line that tells whose notice it is and why it comes. It is no contact with the
customer, takes the place of none, and carries no slip to pay with. When the account changes before it leaves, it goes
the way of the notice it is a copy of: written anew with it, or not sent.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import Account, CopyRecipient
from comms.city import City, Language
from comms.clock import Clock
from comms.history import record
from comms.notices import NoticeFields, Renderer
from comms.notices.letter_content import LetterContent
from comms.notices.letter_text import letter_text
from comms.outbox import Draft, Message, State, facts_for, insert_messages, queued_event, write
from comms.outbox.drafting import CANNOT_WRITE, UnaddressableError, address_lines
from comms.outbox.states import STALE
from comms.worklist import open_task

from .policies import Step
from .writing import fields_of

_TITLE: dict[Language, str] = {"en": "Copy of a notice to {name}", "es": "Copia de un aviso a {name}"}
_WHY: dict[tuple[str, Language], str] = {
    ("third_party", "en"): (
        "This is a copy of a notice to {name} about account {account}. You receive it because {name} asked us to send "
        "you copies. It does not ask you to pay."
    ),
    ("third_party", "es"): (
        "Esta es una copia de un aviso a {name} sobre la cuenta {account}. La recibe porque {name} nos pidió que le "
        "enviáramos copias. No le pedimos a usted que pague."
    ),
    ("landlord", "en"): (
        "This is a copy of a notice to {name} about account {account}, which serves {address}. You receive it as the "
        "owner of the property."
    ),
    ("landlord", "es"): (
        "Esta es una copia de un aviso a {name} sobre la cuenta {account}, que da servicio a {address}. La recibe como "
        "dueño de la propiedad."
    ),
}  # fmt: skip
_NOT_SENT = (State.SUPPRESSED, State.CANCELLED, State.FAILED, State.SUPERSEDED)
_CARD = re.compile(r'<div[^>]*class="card"[^>]*>|<body[^>]*>')


@dataclass(frozen=True)
class Original:
    """A message of which copies are to be made: who and what it is about."""

    message_id: int
    account: Account
    step: Step
    draft: Draft


def copies_of(
    session: Session,
    city: City,
    clock: Clock,
    renderer: Renderer,
    originals: Sequence[Original],
    recipients: Mapping[int, Iterable[CopyRecipient]],
) -> list[Draft]:
    """The copies of these notices for the ``recipients`` of each account whom the step's policy names: one for each
    recipient and step, of the letter where there is one. What cannot be written is put before staff."""  # fmt: skip
    firsts: dict[int, Original] = {}
    for one in originals:
        known = firsts.get(one.account.id)
        if known is None or (one.draft.channel == "letter" and known.draft.channel != "letter"):
            firsts[one.account.id] = one
    made = []
    for one in firsts.values():
        for recipient in recipients.get(one.account.id, ()):
            if recipient.kind in one.step.copies:
                draft = _copy(session, city, clock, renderer, one, recipient)
                if draft is not None:
                    made.append(draft)
    return made


def settle_held(session: Session, city: City, clock: Clock, renderer: Renderer, *, limit: int = 500) -> list[int]:
    """Decide again the copies that were held because their account had changed, once it is known what became of their
    notices: written anew with it, sent as it is when the notice has left, or not sent. The ids of those to be sent."""
    now = clock.now()
    original = aliased(Message)
    held = session.execute(
        select(Message, original.state)
        .join(original, original.id == Message.copy_of_id)
        .where(Message.state == State.HELD, Message.state_reason == STALE, original.state != State.HELD)
        .order_by(Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Message)
    ).all()
    anew: list[Draft] = []
    leaving: list[int] = []
    for copy, state in held:
        draft = _anew(session, city, clock, renderer, copy) if state == State.SUPERSEDED else None
        if draft is not None:
            anew.append(draft)
            copy.state, copy.state_reason, copy.final_at = State.SUPERSEDED, "Written anew.", now
        elif state in _NOT_SENT:
            copy.state, copy.state_reason, copy.final_at = State.SUPPRESSED, "Its notice was not sent.", now
        else:
            copy.state, copy.state_reason, copy.facts_version = State.QUEUED, "Its notice has left.", None
            leaving.append(copy.id)
        copy.state_at = now
    session.flush()
    fresh = insert_messages(session, anew, clock)
    record(session, [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh], now)
    return leaving + [message_id for _, message_id, _ in fresh]


def _anew(session: Session, city: City, clock: Clock, renderer: Renderer, copy: Message) -> Draft | None:
    """The copy of what was written in the place of its notice; None where there is no such thing, or nobody for it."""
    notice = session.scalar(select(Message).where(Message.dedupe_key == f"again:{copy.copy_of_id}"))
    recipient = session.get(CopyRecipient, int(copy.dedupe_key.split(":")[2]))
    if notice is None or recipient is None or copy.account_id is None:
        return None
    account = session.get_one(Account, copy.account_id)
    dates = {
        name: date.fromisoformat(day)
        for name, day in (notice.fallback or {}).get("fields", {}).items()
        if name.endswith("_date")
    }
    about = _About(
        notice.id, account, notice.notice, facts_for(city, clock, account, **dates), notice.decision_id, notice.run_id,
        notice.facts_version, notice.next_attempt_at, f"{copy.dedupe_key}:{notice.id}",
    )  # fmt: skip
    try:
        return _written(renderer, about, recipient, copy.channel, copy.recipient)
    except CANNOT_WRITE:
        return None


@dataclass(frozen=True)
class _About:
    """What a copy is of, and under which key it is written."""

    message_id: int
    account: Account
    notice: str
    fields: NoticeFields
    decision_id: int | None
    run_id: int | None
    facts_version: int | None
    send_at: datetime | None
    key: str


def _copy(
    session: Session, city: City, clock: Clock, renderer: Renderer, one: Original, recipient: CopyRecipient
) -> Draft | None:
    draft = one.draft
    about = _About(
        one.message_id, one.account, one.step.notice, fields_of(city, clock, one.account, one.step), draft.decision_id,
        draft.run_id, draft.facts_version, draft.send_at, f"copy:{draft.decision_id}:{recipient.id}",
    )  # fmt: skip
    error: Exception | None = None
    for channel, address in _addresses(recipient, draft.channel):
        try:
            return _written(renderer, about, recipient, channel, address)
        except CANNOT_WRITE as why:
            error = why
    open_task(
        session,
        kind="failed_notice",
        dedupe_key=f"uncopied:{recipient.id}:{one.step.id}",
        reason=f"No copy of {one.step.name} could be written for {recipient.name}. "
        f"{error or 'There is no address for it.'} See: comms copies list {one.account.number}",
        at=clock.now(),
        account_id=one.account.id,
        subject_type="account",
        subject_id=one.account.id,
    )
    return None


def _addresses(recipient: CopyRecipient, as_sent: str) -> list[tuple[str, str]]:
    """Where a copy can go: as the notice itself went, where that is possible."""
    found = []
    if recipient.mailing_address:
        with suppress(UnaddressableError):
            found.append(("letter", address_lines(recipient.mailing_address)))
    if recipient.email:
        found.append(("email", recipient.email))
    return sorted(found, key=lambda one: one[0] != ("letter" if as_sent == "letter" else "email"))


def _written(renderer: Renderer, about: _About, recipient: CopyRecipient, channel: str, address: str) -> Draft:
    language: Language = "es" if recipient.language == "es" else "en"
    draft = write(
        renderer,
        about.account,
        channel=channel,
        notice=about.notice,
        recipient=address,
        fields=about.fields,
        dedupe_key=about.key,
        language=language,
        facts_version=about.facts_version,
        send_at=about.send_at,
        decision_id=about.decision_id,
        run_id=about.run_id,
        copy_of_id=about.message_id,
    )
    return _marked(draft, recipient, about.account, language)


def _marked(draft: Draft, recipient: CopyRecipient, account: Account, language: Language) -> Draft:
    """The copy under its own line, without the slip to pay with."""
    said = {"name": account.name, "account": account.number, "address": account.service_address}
    title, why = _TITLE[language].format(**said), _WHY[recipient.kind, language].format(**said)
    summary = f"Copy for {recipient.name} ({recipient.kind.replace('_', ' ')}): {draft.summary}"
    to = replace(draft, recipient_name=recipient.name, summary=summary, subject=f"{title}: {draft.subject}")
    if draft.channel == "email":
        line = f"<p><strong>{html.escape(why)}</strong></p>"
        page = _CARD.sub(lambda found: found.group() + line, draft.body_html or "", count=1)
        return replace(to, body_text=f"{why}\n\n{draft.body_text}", body_html=page)
    letter = LetterContent.from_json(draft.letter or {})
    marked = replace(
        letter, title=f"{title}: {letter.title}", blocks=[_line(why), *letter.blocks], stub=None,
        pay_url=None,
    )  # fmt: skip
    return replace(to, body_text=letter_text(marked), subject=marked.title, letter=marked.as_json())


def _line(words: str) -> dict[str, Any]:
    """A paragraph of a letter that stands out."""
    return {"t": "p", "c": [{"t": "strong", "c": [words]}]}

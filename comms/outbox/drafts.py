"""Putting messages into the outbox: frozen first, queued second, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.db import upsert
from comms.history import NewEvent, record, remember

from .schema import Message
from .states import State

LANES = ("urgent", "sms", "email", "mail", "housekeeping")
CHANNEL_WORD = {"sms": "Text", "email": "Email", "letter": "Letter"}


@dataclass(frozen=True)
class Draft:
    """A message as it will leave, before it has a number.

    ``recipient`` is an E.164 number, an email address, or a letter's address lines joined by newlines. ``dedupe_key``
    names the reason for the contact (``run:7:account:12:reminder:sms``): a second draft with the same key is not
    queued. ``facts_version`` is the account's at the time of the decision; with it, a message whose account has changed
    since is not sent. ``summary`` is the line that the history shows; by default it is made from channel and notice.
    """

    account_id: int | None
    channel: str
    recipient: str
    recipient_name: str
    notice: str
    notice_version: str
    purpose: str
    category: str
    language: str
    body_text: str
    dedupe_key: str
    subject: str | None = None
    body_html: str | None = None
    letter: dict[str, Any] | None = None
    encoding: str | None = None
    segments: int | None = None
    amount_cents: int | None = None
    facts_version: int | None = None
    priority: int = 5
    lane: str | None = None
    send_at: datetime | None = None
    give_up_after: timedelta = timedelta(days=3)
    decision_id: int | None = None
    run_id: int | None = None
    in_reply_to_id: int | None = None
    fallback_of_id: int | None = None
    copy_of_id: int | None = None
    """The message that this is a copy of, for somebody else than the customer."""
    fallback: dict[str, Any] | None = None
    actor: str = "system"
    summary: str | None = None
    request_id: str | None = None

    def content(self) -> dict[str, Any]:
        """What is kept as proof: the exact words and bytes, the address and the version of the text."""
        return {
            "channel": self.channel,
            "to": self.recipient,
            "name": self.recipient_name,
            "notice": self.notice,
            "version": self.notice_version,
            "language": self.language,
            "subject": self.subject,
            "text": self.body_text,
            "html": self.body_html,
            "letter": self.letter,
        }


def enqueue(
    session: Session, drafts: Sequence[Draft], clock: Clock, *, state: State = State.QUEUED, announce: bool = True
) -> list[int]:
    """Freeze and queue the drafts; the ids of those that were new, in order. Ring the doorbell after the commit.

    With ``announce`` the history gets a ``notice.queued`` event for each. A caller that records other events in the
    same transaction uses ``insert_messages`` and ``queued_event``, so that the history is written once.
    """
    fresh = insert_messages(session, drafts, clock, state=state)
    if announce:
        now = clock.now()
        record(session, [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh], now)
    return [message_id for _, message_id, _ in fresh]


def insert_messages(
    session: Session, drafts: Sequence[Draft], clock: Clock, *, state: State = State.QUEUED
) -> list[tuple[Draft, int, str]]:
    """The inserting half of ``enqueue``: (draft, message id, content digest) of each new one; no history is written."""
    if not drafts:
        return []
    now = clock.now()
    by_key = {draft.dedupe_key: draft for draft in drafts}
    known = set(session.scalars(select(Message.dedupe_key).where(Message.dedupe_key.in_(list(by_key)))))
    wanted = [draft for key, draft in by_key.items() if key not in known]
    if not wanted:
        return []
    digests = dict(
        zip((d.dedupe_key for d in wanted), remember(session, [d.content() for d in wanted], now), strict=True)
    )
    before = session.scalar(select(Message.id).order_by(Message.id.desc()).limit(1)) or 0
    upsert(session, Message, [_row(d, digests[d.dedupe_key], state, now) for d in wanted], key=["dedupe_key"])
    made = session.execute(
        select(Message.dedupe_key, Message.id).where(
            Message.dedupe_key.in_([draft.dedupe_key for draft in wanted]), Message.id > before
        )
    )
    return [(by_key[key], message_id, digests[key]) for key, message_id in sorted(made, key=lambda row: row[1])]


def queued_event(draft: Draft, message_id: int, digest: str, at: datetime) -> NewEvent:
    """The line of the history for a message that was written and queued."""
    title = draft.summary or f"{CHANNEL_WORD[draft.channel]} written: {draft.notice.replace('-', ' ')}"
    return NewEvent(
        account_id=draft.account_id,
        at=at,
        kind="notice.queued",
        summary=title,
        direction="out",
        channel=draft.channel,
        actor=draft.actor,
        subject_type="message",
        subject_id=message_id,
        facts={"notice": draft.notice, "version": draft.notice_version[:12], "purpose": draft.purpose},
        content_digest=digest,
    )


def lane_of(draft: Draft) -> str:
    """The queue a draft goes by: its own, or its channel's."""
    return draft.lane or {"sms": "sms", "email": "email", "letter": "mail"}[draft.channel]


def _row(draft: Draft, digest: str, state: State, now: datetime) -> dict[str, Any]:
    return {
        "account_id": draft.account_id, "channel": draft.channel, "lane": lane_of(draft), "purpose": draft.purpose,
        "category": draft.category, "notice": draft.notice, "notice_version": draft.notice_version,
        "language": draft.language, "decision_id": draft.decision_id, "run_id": draft.run_id,
        "fallback_of_id": draft.fallback_of_id, "copy_of_id": draft.copy_of_id,
        "in_reply_to_id": draft.in_reply_to_id, "recipient": draft.recipient, "recipient_name": draft.recipient_name,
        "subject": draft.subject, "body_text": draft.body_text,
        "body_html": draft.body_html, "letter": draft.letter, "content_digest": digest, "encoding": draft.encoding,
        "segments": draft.segments, "amount_cents": draft.amount_cents, "facts_version": draft.facts_version,
        "dedupe_key": draft.dedupe_key, "fallback": draft.fallback, "state": state, "state_at": now,
        "priority": draft.priority, "next_attempt_at": draft.send_at or now,
        "give_up_at": (draft.send_at or now) + draft.give_up_after, "attempts": 0, "created_at": now,
        "request_id": draft.request_id,
    }  # fmt: skip

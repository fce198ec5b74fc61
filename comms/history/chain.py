"""Adding to the history, and proving that nobody changed it.

Each account has a chain: every event holds the hash of the one before it. To add events:

1. lock the heads of the chains concerned, lowest account first, so that two writers never wait for each other;
2. number the new events from there, in the order they were given, and hash each over its predecessor;
3. insert them all, then move the heads.

Call ``record`` once, last, in a transaction: the heads are then locked for as short as possible.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.db import insert_rows, instant, on_postgres, one_of, replace_rows

from .content import canonical_text, digest_of, quoted
from .schema import ContactContent, ContactEvent, HistoryHead

START = "0" * 64
"""What the first event of a chain has before it."""


@dataclass(frozen=True)
class NewEvent:
    """Something that happened, to be added to an account's history (or to chain 0 when it belongs to nobody).

    ``kind`` is the field's word with a dot (``notice.queued``, ``delivery.delivered``, ``reply.received``,
    ``promise.opened``, ``payment.posted``, ``consent.revoked``, ``note.added`` …); ``direction`` is ``out``, ``in`` or
    ``none``; ``actor`` is ``system``, ``customer``, ``carrier``, ``cis`` or ``user:<name>``; ``summary`` is one line a
    clerk can read; ``content_digest`` comes from ``remember``; ``subject`` names the row it is about.
    """

    account_id: int | None
    at: datetime
    kind: str
    summary: str
    direction: str = "none"
    channel: str | None = None
    actor: str = "system"
    subject_type: str | None = None
    subject_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    content_digest: str | None = None


def record(session: Session, events: Sequence[NewEvent], recorded_at: datetime) -> None:
    """Add events to their chains, in the order given, within the caller's transaction."""
    if not events:
        return
    heads = _locked_heads(session, sorted({event.account_id or 0 for event in events}))
    recorded, recorded_text = recorded_at.astimezone(UTC).isoformat(), instant(session, recorded_at)
    rows: list[tuple[Any, ...]] = []
    for event in events:
        chain = event.account_id or 0
        position, previous = heads[chain]
        facts = canonical_text(event.facts) if event.facts else "{}"
        at = event.at.astimezone(UTC)
        link = _link(
            event.actor, at.isoformat(), chain, event.channel, event.content_digest, event.direction, facts,
            event.kind, position + 1, previous, recorded, event.subject_id, event.subject_type, event.summary,
        )  # fmt: skip
        heads[chain] = (position + 1, link)
        rows.append((
            event.account_id, chain, position + 1, instant(session, at), recorded_text, event.kind, event.direction,
            event.channel, event.actor, event.summary, event.subject_type, event.subject_id, facts,
            event.content_digest, previous, link,
        ))  # fmt: skip
    insert_rows(session, ContactEvent, _COLUMNS, rows)
    moved = [(chain, *head) for chain, head in sorted(heads.items())]
    replace_rows(session, HistoryHead, _HEAD, moved, key="chain")


_COLUMNS = (
    "account_id", "chain", "position", "at", "recorded_at", "kind", "direction", "channel", "actor", "summary",
    "subject_type", "subject_id", "facts", "content_digest", "previous_hash", "hash",
)  # fmt: skip
_HEAD = ("chain", "position", "hash")


def link_hash(row: Mapping[str, Any]) -> str:
    """The hash of one event as it is stored."""
    at, recorded = (row[name].astimezone(UTC).isoformat() for name in ("at", "recorded_at"))
    return _link(
        row["actor"], at, row["chain"], row["channel"], row["content_digest"], row["direction"],
        canonical_text(row["facts"]), row["kind"], row["position"], row["previous_hash"], recorded, row["subject_id"],
        row["subject_type"], row["summary"],
    )  # fmt: skip


def _link(
    actor: str, at: str, chain: int, channel: str | None, content_digest: str | None, direction: str, facts: str,
    kind: str, position: int, previous_hash: str, recorded_at: str, subject_id: int | None, subject_type: str | None,
    summary: str,
) -> str:  # fmt: skip
    """SHA-256 over the canonical JSON of the fields and the hash before them. It is spelled out here because each
    event of a large file passes through; a test holds it against ``canonical``."""
    said = (
        f'{{"actor":{quoted(actor)},"at":"{at}","chain":{chain},"channel":{_or_null(channel)},'
        f'"content_digest":{_or_null(content_digest)},"direction":{quoted(direction)},"facts":{facts},'
        f'"kind":{quoted(kind)},"position":{position},"previous_hash":"{previous_hash}",'
        f'"recorded_at":"{recorded_at}","subject_id":{"null" if subject_id is None else subject_id},'
        f'"subject_type":{_or_null(subject_type)},"summary":{quoted(summary)}}}'
    )
    return hashlib.sha256(said.encode()).hexdigest()


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


def _locked_heads(session: Session, chains: list[int]) -> dict[int, tuple[int, str]]:
    """The heads, locked until the transaction ends; START for a chain that begins here. (SQLite has one writer: a
    writing transaction locks everything.)"""
    heads = _select_heads(session, chains)
    missing = [chain for chain in chains if chain not in heads]
    if missing and on_postgres(session):
        begun = [(chain, 0, START) for chain in missing]
        replace_rows(session, HistoryHead, _HEAD, begun, key="chain", keep=_HEAD)
        heads |= _select_heads(session, missing)
    return dict.fromkeys(missing, (0, START)) | heads


def _select_heads(session: Session, chains: list[int]) -> dict[int, tuple[int, str]]:
    statement = (
        select(HistoryHead.chain, HistoryHead.position, HistoryHead.hash)
        .where(one_of(session, HistoryHead.chain, chains))
        .order_by(HistoryHead.chain)
        .with_for_update()
    )
    return {chain: (position, link) for chain, position, link in session.execute(statement)}


def verify(session: Session, account_id: int | None) -> tuple[int, list[str]]:
    """Walk one chain: how many events it has, and a sentence for each thing that is wrong (empty: it is whole).

    What was said is held against its digest; words that were purged leave the digest as the proof of them.
    """
    chain = account_id or 0
    table, kept = ContactEvent.__table__, ContactContent.__table__
    position, previous, wrong = 0, START, []
    statement = (
        select(table, kept.c.content)
        .outerjoin(kept, kept.c.digest == table.c.content_digest)
        .where(table.c.chain == chain)
        .order_by(table.c.position)
    )
    for row in session.execute(statement).mappings():
        position += 1
        if row["position"] != position:
            wrong.append(f"Event {row['id']}: position {row['position']} where {position} is due; one is missing.")
            position = row["position"]
        if row["previous_hash"] != previous:
            wrong.append(f"Event {row['id']}: it does not follow the event before it.")
        if link_hash(dict(row)) != row["hash"]:
            wrong.append(f"Event {row['id']}: its content is not what was recorded.")
        if row["content"] is not None and digest_of(row["content"]) != row["content_digest"]:
            wrong.append(f"Event {row['id']}: the words are not those that were recorded.")
        previous = row["hash"]
    head = session.get(HistoryHead, chain)
    if head is not None and (head.position, head.hash) != (position, previous):
        wrong.append(
            f"The chain ends at event {position}, its head says {head.position}; events are missing at the end."
        )
    return position, wrong

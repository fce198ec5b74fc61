"""Adding to the history, and proving that nobody changed it.

Each account has a chain: every event holds the hash of the one before it. To add events:

1. lock the heads of the chains concerned, lowest account first, so that two writers never wait for each other;
2. number the new events from there, in the order they were given, and hash each over its predecessor;
3. insert them all, then move the heads.

Call ``record`` once, last, in a transaction: the heads are then locked for as short as possible.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from comms.db import bulk_insert, upsert

from .content import canonical, digest_of
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
    rows = []
    for event in events:
        chain = event.account_id or 0
        position, previous = heads[chain]
        row: dict[str, Any] = {
            "account_id": event.account_id,
            "chain": chain,
            "position": position + 1,
            "at": event.at.astimezone(UTC),
            "recorded_at": recorded_at.astimezone(UTC),
            "kind": event.kind,
            "direction": event.direction,
            "channel": event.channel,
            "actor": event.actor,
            "summary": event.summary,
            "subject_type": event.subject_type,
            "subject_id": event.subject_id,
            "facts": event.facts,
            "content_digest": event.content_digest,
            "previous_hash": previous,
        }
        row["hash"] = link_hash(row)
        heads[chain] = (position + 1, row["hash"])
        rows.append(row)
    bulk_insert(session, ContactEvent, rows)
    table = HistoryHead.__table__
    session.connection().execute(
        update(HistoryHead)
        .where(table.c.chain == bindparam("at_chain"))
        .values(position=bindparam("to_position"), hash=bindparam("to_hash")),
        [{"at_chain": chain, "to_position": p, "to_hash": h} for chain, (p, h) in sorted(heads.items())],
    )


def link_hash(row: dict[str, Any]) -> str:
    """The hash of one event: SHA-256 over its fields in a fixed order and the hash before it."""
    covered = {name: row[name] for name in _COVERED}
    covered["at"] = row["at"].astimezone(UTC).isoformat()
    covered["recorded_at"] = row["recorded_at"].astimezone(UTC).isoformat()
    return hashlib.sha256(canonical(covered)).hexdigest()


_COVERED = (
    "chain", "position", "at", "recorded_at", "kind", "direction", "channel", "actor", "summary", "subject_type",
    "subject_id", "facts", "content_digest", "previous_hash",
)  # fmt: skip


def _locked_heads(session: Session, chains: list[int]) -> dict[int, tuple[int, str]]:
    heads: dict[int, tuple[int, str]] = {}
    for part in _slices(chains, 500):
        found = _select_heads(session, part)
        if missing := [chain for chain in part if chain not in found]:
            upsert(
                session,
                HistoryHead,
                ({"chain": chain, "position": 0, "hash": START} for chain in missing),
                key=["chain"],
            )
            found |= _select_heads(session, missing)
        heads |= found
    return heads


def _select_heads(session: Session, chains: list[int]) -> dict[int, tuple[int, str]]:
    statement = (
        select(HistoryHead.chain, HistoryHead.position, HistoryHead.hash)
        .where(HistoryHead.chain.in_(chains))
        .order_by(HistoryHead.chain)
        .with_for_update()
    )
    return {chain: (position, link) for chain, position, link in session.execute(statement)}


def _slices(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


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

"""Letters leave in batches: one hand-off to the mail house, made so that it can stop anywhere and be taken up again.

1. ``gather``: queued letters become ``batched`` pieces of one batch, numbered. What may no longer be sent is put aside.
2. The files are written to a scratch folder: the letters are set, counted and summed.
3. In one transaction: pieces recalled meanwhile are looked for. Any: back to 2 without them. None: the pieces are
   ``handed_over`` and can no longer be recalled, the batch is ``handing_over``.
4. The folder gets its name, which is what the mail house sees, and the batch is ``handed_over``.

A batch found half-way (the process died) goes on at 2, or with the pieces of 3. The same pieces always give the same
name and the same bytes, so doing 4 again after a crash changes nothing. A batch that cannot be finished is put before
staff and keeps no other from leaving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.channels.mail_house import BatchResult, LetterPiece, MailHouseError, write_batch
from comms.city import City
from comms.clock import Clock
from comms.db import Database, bulk_insert
from comms.history import NewEvent, record
from comms.notices.letter_content import LetterContent
from comms.worklist import open_task

from .schema import MailBatch, MailPiece, Message
from .states import State

PIECES = 5000
"""Letters in one batch: a mail house's job of a few hundred pounds of paper, and a minute or two of setting."""

UNFINISHED = ("batched", "handing_over")
"""States of a batch that the mail house may not have yet."""


@dataclass(frozen=True)
class HandedOver:
    """What went to the mail house, and what could not be set in type (with the reason)."""

    batch: str
    pieces: int
    pages: int
    amount_cents: int
    refused: int
    folder: str


def hand_over_letters(
    database: Database, city: City, clock: Clock, mailhouse_url: str, *, limit: int = PIECES
) -> list[HandedOver]:
    """Finish batches left half-way, then make one of the letters that are queued now."""
    with database.read() as session:
        unfinished = list(session.scalars(select(MailBatch.id).where(MailBatch.state.in_(UNFINISHED))))
    fresh = database.run(lambda session: gather(session, city, clock, limit=limit))
    finished: list[HandedOver] = []
    for batch_id in unfinished + ([fresh] if fresh else []):
        try:
            done = _finish(database, city, clock, mailhouse_url, batch_id)
        except MailHouseError as error:
            why = str(error)
            database.run(lambda session: _tell_staff(session, batch_id, why, clock.now()))  # noqa: B023
            continue
        if done:
            finished.append(done)
    return finished


def gather(session: Session, city: City, clock: Clock, *, limit: int) -> int | None:
    """Step 1: the id of a new batch, or None when no letter is due."""
    now = clock.now()
    rows = session.execute(
        select(Message.id, Message.facts_version, Account.facts_version)
        .outerjoin(Account, Account.id == Message.account_id)
        .where(Message.state == State.QUEUED, Message.lane == "mail", Message.next_attempt_at <= now)
        .order_by(Message.priority, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Message)
    ).all()
    stale = [id_ for id_, decided, current in rows if decided is not None and decided != current]
    taken = [id_ for id_, decided, current in rows if decided is None or decided == current]
    if stale:
        session.execute(
            update(Message)
            .where(Message.id.in_(stale), Message.state == State.QUEUED)
            .values(
                state=State.HELD,
                state_at=now,
                state_reason="The account changed after this was decided; it is decided again.",
            )
            .execution_options(synchronize_session=False)
        )
    if not taken:
        return None
    batch = MailBatch(
        name=_name(session, city, now), state="batched", pieces=len(taken), pages=0, amount_cents=0, manifest={},
        created_at=now,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    session.execute(
        update(Message)
        .where(Message.id.in_(taken), Message.state == State.QUEUED)
        .values(state=State.BATCHED, state_at=now, batch_id=batch.id)
        .execution_options(synchronize_session=False)
    )
    bulk_insert(
        session,
        MailPiece,
        [
            {
                "batch_id": batch.id, "message_id": id_, "seq": seq, "piece_id": f"{batch.name}-{seq:05d}",
                "first_page": 0, "last_page": 0,
            }
            for seq, id_ in enumerate(sorted(taken), 1)
        ],
    )  # fmt: skip
    return batch.id


def _name(session: Session, city: City, now: datetime) -> str:
    day = city.local_date(now).strftime("%Y%m%d")
    prefix = f"{city.slug}-{day}-"
    made = session.scalars(select(MailBatch.name).where(MailBatch.name.startswith(prefix))).all()
    return f"{prefix}{len(made) + 1:02d}"


def _finish(database: Database, city: City, clock: Clock, url: str, batch_id: int) -> HandedOver | None:
    while True:
        with database.read() as session:
            batch = session.get_one(MailBatch, batch_id)
            pieces = _pieces(session, batch)
        if not pieces:
            database.run(lambda session: _empty(session, batch_id, clock.now()))
            return None
        result = write_batch(url, batch.name, pieces, city=city, created_at=batch.created_at)
        if not database.run(lambda session: _settle_batch(session, batch_id, pieces, result, clock.now())):  # noqa: B023
            result.discard()
            continue
        database.run(lambda session: _publish(session, batch_id, result, clock.now()))  # noqa: B023
        return HandedOver(
            batch.name, result.pieces, result.pages, result.amount_cents, len(result.refused), result.folder
        )


def _pieces(session: Session, batch: MailBatch) -> list[LetterPiece]:
    """The letters of a batch: those still in it, or once it is being handed over those that were."""
    states = (State.BATCHED,) if batch.state == "batched" else (State.HANDED_OVER, State.FAILED)
    rows = session.execute(
        select(MailPiece, Message)
        .join(Message, Message.id == MailPiece.message_id)
        .where(MailPiece.batch_id == batch.id, Message.state.in_(states))
        .order_by(MailPiece.seq)
    )
    return [
        LetterPiece(
            seq=piece.seq,
            piece_id=piece.piece_id,
            message_id=message.id,
            content=LetterContent.from_json(message.letter or {}),
            name=message.recipient_name,
            address=tuple(message.recipient.split("\n")),
            notice=message.notice,
            version=message.notice_version,
            language=message.language,
            amount_cents=message.amount_cents or 0,
        )
        for piece, message in rows
    ]


def _settle_batch(
    session: Session, batch_id: int, pieces: Sequence[LetterPiece], result: BatchResult, now: datetime
) -> bool:
    """Step 3. False: the letters are not those that were set, one was recalled meanwhile."""
    batch = session.scalars(select(MailBatch).where(MailBatch.id == batch_id).with_for_update()).one()
    if batch.state != "batched":  # another process was faster; these are its letters, or they are set again
        return batch.state == "handed_over" or batch.manifest == result.manifest
    rows = session.execute(
        select(Message.id, Message.account_id, Message.recipient, Message.notice, Message.content_digest)
        .where(Message.batch_id == batch_id, Message.state == State.BATCHED)
        .with_for_update()
    ).all()
    if {row.id for row in rows} != {piece.message_id for piece in pieces}:
        return False
    pages = {piece.message_id: span for piece, span in zip(pieces, result.ranges, strict=True) if span}
    events = []
    for row in rows:
        span = pages.get(row.id)
        _settle_piece(session, row.id, span, result.refused.get(row.id), now)
        events.append(_event(row, batch.name, span, result.refused.get(row.id), now))
    batch.state = "handing_over"
    batch.pieces, batch.pages, batch.amount_cents = result.pieces, result.pages, result.amount_cents
    batch.manifest = result.manifest
    session.flush()
    record(session, events, now)
    return True


def _publish(session: Session, batch_id: int, result: BatchResult, now: datetime) -> None:
    """Step 4, by one process at a time: who comes second finds it done, and the folder perhaps fetched already."""
    batch = session.scalars(select(MailBatch).where(MailBatch.id == batch_id).with_for_update()).one()
    if batch.state != "handing_over":
        result.discard()
        return
    result.publish()
    batch.state, batch.handed_over_at = "handed_over", now


def _tell_staff(session: Session, batch_id: int, why: str, now: datetime) -> None:
    open_task(
        session,
        kind="mail_batch",
        dedupe_key=f"mail_batch:{batch_id}",
        reason=f"A batch of letters is not with the mail house. {why}",
        at=now,
        subject_type="mail_batch",
        subject_id=batch_id,
        priority=2,
    )


def _settle_piece(
    session: Session, message_id: int, span: tuple[int, int] | None, why: str | None, now: datetime
) -> None:
    state = State.HANDED_OVER if span else State.FAILED
    session.execute(
        update(Message)
        .where(Message.id == message_id)
        .values(
            state=state,
            state_at=now,
            submitted_at=now if span else None,
            error_text=why,
            final_at=None if span else now,
        )
        .execution_options(synchronize_session=False)
    )
    if span:
        session.execute(
            update(MailPiece).where(MailPiece.message_id == message_id).values(first_page=span[0], last_page=span[1])
        )


def _event(
    row: Row[int, int | None, str, str, str], batch: str, span: tuple[int, int] | None, why: str | None, now: datetime
) -> NewEvent:
    message_id, account_id, recipient, notice, digest = row
    where = recipient.replace("\n", ", ")
    words = f"handed to the mail house in batch {batch}" if span else f"could not be set in type: {why}"
    return NewEvent(
        account_id, now, "delivery.handed_over" if span else "delivery.failed",
        f"Letter to {where} {words}", "out", "letter", subject_type="message", subject_id=message_id,
        facts={"batch": batch, "pages": list(span) if span else None, "notice": notice}, content_digest=digest,
    )  # fmt: skip


def _empty(session: Session, batch_id: int, now: datetime) -> None:
    """Every piece was recalled: the batch closes with nothing in it."""
    batch = session.get_one(MailBatch, batch_id)
    batch.state, batch.handed_over_at, batch.pieces = "handed_over", now, 0

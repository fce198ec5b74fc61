"""Letters that are with the mail house, without setting them in type."""

from datetime import datetime

from sqlalchemy import select, update

from comms.outbox import Message, enqueue, letter_address
from comms.outbox.schema import MailBatch, MailPiece
from tests.support import build


def hand_over(session, clock, *accounts, name="duluth-mn-20261123-01", mailed_at: datetime | None = None, **more):
    """A batch with a letter to each account (twice given, two letters), handed over now; the pieces' numbers."""
    now = clock.now()
    drafts = [
        build.draft(account.id, channel="letter", recipient=letter_address(account), facts_version=1, **more)
        for account in accounts
    ]
    ids = enqueue(session, drafts, clock)
    state = "mailed" if mailed_at else "handed_over"
    batch = MailBatch(
        name=name, state=state, pieces=len(ids), pages=len(ids), amount_cents=0, manifest={}, created_at=now,
        handed_over_at=now, mailed_at=mailed_at,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    numbers = [f"{name}-{seq:05d}" for seq in range(1, len(ids) + 1)]
    for seq, (message_id, number) in enumerate(zip(ids, numbers, strict=True), 1):
        session.add(
            MailPiece(batch_id=batch.id, message_id=message_id, seq=seq, piece_id=number, first_page=seq, last_page=seq)
        )
    session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(state=state, state_at=mailed_at or now, submitted_at=now, final_at=mailed_at, batch_id=batch.id)
    )
    session.flush()
    return numbers


def letter(session, number) -> Message:
    """The message of a piece, as it is now."""
    found = select(Message).join(MailPiece, MailPiece.message_id == Message.id).where(MailPiece.piece_id == number)
    return session.scalars(found.execution_options(populate_existing=True)).one()

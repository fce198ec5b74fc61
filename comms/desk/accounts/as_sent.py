"""One message of an account as it was sent, from what was kept as proof and not from the row that was worked with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.city import City
from comms.desk.frame import pictures, printed
from comms.desk.frame.remembering import Remembered
from comms.history.content import digest_of
from comms.history.schema import ContactContent, ContactEvent
from comms.outbox import Message
from comms.outbox.schema import Attempt, MailBatch, MailPiece

_LETTERS: Remembered[bytes] = Remembered(32, timedelta(minutes=10))
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(32, timedelta(minutes=10))


@dataclass(frozen=True)
class AsSent:
    """A message with what was kept of it. ``content`` is None when the words are not kept any more; ``whole``: they
    are those whose digest stands in the history. ``steps`` are the events about it, ``attempts`` the tries at a
    carrier; ``piece`` and ``batch`` only of a letter that went to the mail house."""

    message: Message
    content: dict[str, Any] | None
    whole: bool
    steps: Sequence[ContactEvent]
    attempts: Sequence[Attempt]
    piece: MailPiece | None
    batch: MailBatch | None

    @property
    def written(self) -> ContactEvent | None:
        """The event that put the words into the history."""
        return next((step for step in self.steps if step.kind == "notice.queued"), None)

    @property
    def letter(self) -> dict[str, Any] | None:
        """What the letter says, as it is set in type."""
        return self.content.get("letter") if self.content else None

    @property
    def pages(self) -> int:
        """Pages of a letter in the file of its batch; 0 when it is in none."""
        return self.piece.last_page - self.piece.first_page + 1 if self.piece and self.piece.last_page else 0


def read(session: Session, account: Account, message_id: int) -> AsSent | None:
    """The message of this account with this number."""
    message = session.get(Message, message_id)
    if message is None or message.account_id != account.id:
        return None
    kept = session.get(ContactContent, message.content_digest)
    about = (ContactEvent.subject_id == message_id, ContactEvent.subject_type == "message")
    steps = session.scalars(
        select(ContactEvent).where(*about, ContactEvent.chain == account.id).order_by(ContactEvent.position)
    ).all()
    tries = select(Attempt).where(Attempt.message_id == message_id).order_by(Attempt.number)
    piece = session.scalar(select(MailPiece).where(MailPiece.message_id == message_id))
    return AsSent(
        message=message,
        content=kept.content if kept else None,
        whole=kept is not None and digest_of(kept.content) == message.content_digest,
        steps=steps,
        attempts=session.scalars(tries).all(),
        piece=piece,
        batch=session.get(MailBatch, piece.batch_id) if piece else None,
    )


def page_counts(session: Session, message_ids: Sequence[int]) -> dict[int, int]:
    """How many pages the letters among these messages have in the file of their batch."""
    spans = select(MailPiece.message_id, MailPiece.first_page, MailPiece.last_page)
    found = session.execute(spans.where(MailPiece.message_id.in_(message_ids), MailPiece.last_page > 0))
    return {message_id: last - first + 1 for message_id, first, last in found}


def is_from_file(mailhouse: str, sent: AsSent, now: datetime) -> bool:
    """Whether the letter can be cut from the very file that the mail house was given."""
    return sent.batch is not None and sent.pages > 0 and printed.handed_over(mailhouse, sent.batch, now) is not None


def pdf(city: City, mailhouse: str, sent: AsSent, now: datetime) -> bytes:
    """The letter as it is printed: its pages of the file that was handed over, else set again from what was kept.
    Raises ``NotPrintedError``."""
    file = printed.handed_over(mailhouse, sent.batch, now) if sent.batch and sent.pages else None
    asked = (city.slug, sent.message.id, sent.message.content_digest, str(file))
    if file is not None and sent.piece is not None:
        first, last = sent.piece.first_page, sent.piece.last_page
        return _LETTERS.get(asked, now, lambda: printed.cut(file, first, last))
    return _LETTERS.get(asked, now, lambda: _set_again(city, sent))


def page(city: City, mailhouse: str, sent: AsSent, sheet: int, now: datetime) -> bytes | None:
    """One page of the letter as a picture, from 1. Raises ``NotPrintedError``."""
    whole = pdf(city, mailhouse, sent, now)
    asked = (city.slug, sent.message.id, sent.message.content_digest, len(whole))
    drawn = _PICTURES.get(asked, now, lambda: pictures.pages(whole))
    return drawn[sheet - 1] if 1 <= sheet <= len(drawn) else None


def _set_again(city: City, sent: AsSent) -> bytes:
    content = sent.content or {}
    address = [content.get("name", ""), *content.get("to", "").split("\n")]
    if sent.batch is None or sent.piece is None:
        return printed.set_again(city, sent.letter, address, sent.message.created_at)
    return printed.set_again(city, sent.letter, address, sent.batch.created_at, sent.piece.piece_id)

"""Batches of letters as the desk reads them: what was handed over, how it adds up, and the letters in it."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.city import City
from comms.desk.frame.words import Tone
from comms.outbox import Message
from comms.outbox.mail_acks import EXPECTED_WITHIN
from comms.outbox.schema import MailBatch, MailPiece

PER_PAGE = 50
STATES: dict[str, tuple[str, Tone]] = {
    "batched": ("being made", "info"),
    "handing_over": ("being handed over", "info"),
    "handed_over": ("with the mail house", "warn"),
    "mailed": ("mailed", "good"),
}


@dataclass(frozen=True)
class Sent:
    """One piece of a batch with its letter."""

    piece: MailPiece
    message: Message
    account: Account | None

    @property
    def where(self) -> str:
        return self.message.recipient.replace("\n", ", ")


@dataclass(frozen=True)
class Control:
    """One figure that the mail house, the manifest and the database must agree on."""

    what: str
    manifest: int
    counted: int

    @property
    def agrees(self) -> bool:
        return self.manifest == self.counted


def page(session: Session, before: int | None) -> list[MailBatch]:
    """Batches with letters, the newest first; one more than ``PER_PAGE`` when there are."""
    asked = select(MailBatch).where(MailBatch.pieces > 0).order_by(MailBatch.id.desc()).limit(PER_PAGE + 1)
    return list(session.scalars(asked if before is None else asked.where(MailBatch.id < before)))


def waiting(session: Session) -> list[MailBatch]:
    """Batches whose mailing day is not known, the oldest first."""
    asked = select(MailBatch).where(MailBatch.state == "handed_over", MailBatch.pieces > 0)
    return list(session.scalars(asked.order_by(MailBatch.id).limit(PER_PAGE)))


def named(session: Session, name: str) -> MailBatch | None:
    """The batch of this name."""
    return session.scalars(select(MailBatch).where(MailBatch.name == name)).one_or_none()


def late(city: City, batch: MailBatch, today: date) -> timedelta | None:
    """How long the mailing day of a batch is overdue; None while it is not."""
    if batch.state != "handed_over" or batch.handed_over_at is None:
        return None
    expected = city.add_business_days(city.local_date(batch.handed_over_at), EXPECTED_WITHIN)
    return today - expected if expected < today else None


def states(session: Session, batch: MailBatch) -> dict[str, int]:
    """How many of a batch's letters are in each state, the most first."""
    asked = select(Message.state, func.count()).where(Message.batch_id == batch.id).group_by(Message.state)
    return dict(sorted(session.execute(asked).all(), key=lambda row: -row[1]))


def controls(session: Session, batch: MailBatch) -> list[Control]:
    """The manifest's totals beside what the letters of the batch come to now. Amounts are cents."""
    counts, totals = batch.manifest.get("counts", {}), batch.manifest.get("control_totals", {})
    pieces, pages, last, amount = session.execute(
        select(
            func.count(), func.coalesce(func.sum(MailPiece.last_page - MailPiece.first_page + 1), 0),
            func.coalesce(func.max(MailPiece.last_page), 0), func.coalesce(func.sum(Message.amount_cents), 0),
        )
        .join(Message, Message.id == MailPiece.message_id)
        .where(MailPiece.batch_id == batch.id, MailPiece.last_page > 0)
    ).one()  # fmt: skip
    if not counts:
        return []
    return [
        Control("Letters", counts.get("pieces", 0), pieces),
        Control("Pages", counts.get("pages", 0), int(pages or 0)),
        Control("Last page", totals.get("last_page", 0), last),
        Control("Amount", totals.get("amount_cents", 0), int(amount or 0)),
    ]


def letters(session: Session, batch: MailBatch, after: int, state: str = "") -> list[Sent]:
    """Letters of a batch in their order, one more than ``PER_PAGE`` when there are; ``after`` is the last number
    seen."""
    asked = _sent().where(MailPiece.batch_id == batch.id, MailPiece.seq > after)
    if state:
        asked = asked.where(Message.state == state)
    return [Sent(*row) for row in session.execute(asked.order_by(MailPiece.seq).limit(PER_PAGE + 1))]


def letter(session: Session, batch: MailBatch, seq: int) -> Sent | None:
    """The letter of a batch with this number."""
    row = session.execute(_sent().where(MailPiece.batch_id == batch.id, MailPiece.seq == seq)).one_or_none()
    return Sent(*row) if row else None


def numbers(session: Session, batch: MailBatch) -> list[int]:
    """The numbers of the letters that were set in type."""
    asked = select(MailPiece.seq).where(MailPiece.batch_id == batch.id, MailPiece.last_page > 0)
    return list(session.scalars(asked.order_by(MailPiece.seq)))


def _sent() -> Select[MailPiece, Message, Account | None]:
    return (
        select(MailPiece, Message, Account)
        .join(Message, Message.id == MailPiece.message_id)
        .outerjoin(Account, Account.id == Message.account_id)
    )

"""Proofs: letters of a batch as they are printed, to be looked at before or after the mail house has them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from comms.city import City
from comms.desk.frame import pictures, printed
from comms.desk.frame.remembering import Remembered
from comms.desk.mail.batches import Sent
from comms.outbox.schema import MailBatch

DRAWN = 3
"""Letters drawn by lot, beside the first and the last."""
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(60, timedelta(minutes=30))


@dataclass(frozen=True)
class Chosen:
    """A letter to look at, and how it came to be chosen: first, last, or by lot."""

    how: str
    seq: int


def chosen(numbers: Sequence[int], draw: int) -> list[Chosen]:
    """The first letter, the last, and some by lot; the same ``draw`` gives the same letters."""
    if not numbers:
        return []
    between = numbers[1:-1]
    lot = sorted(random.Random(draw).sample(between, min(DRAWN, len(between))))  # noqa: S311
    ends = [Chosen("First", numbers[0])] + ([Chosen("Last", numbers[-1])] if len(numbers) > 1 else [])
    return ends[:1] + [Chosen("By lot", seq) for seq in lot] + ends[1:]


def pages(city: City, batch: MailBatch, sent: Sent, file: Path | None, now: datetime) -> tuple[bytes, ...]:
    """The pages of a letter as pictures. Raises ``NotPrintedError``."""
    piece, message = sent.piece, sent.message

    def draw() -> tuple[bytes, ...]:
        if file:
            return pictures.pages(printed.cut(file, piece.first_page, piece.last_page))
        address = [message.recipient_name, *message.recipient.split("\n")]
        return pictures.pages(printed.set_again(city, message.letter, address, batch.created_at, piece.piece_id))

    return _PICTURES.get((batch.name, piece.seq, str(file)), now, draw)

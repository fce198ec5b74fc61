"""Proofs: letters of a batch as they are printed, to be looked at before or after the mail house has them.

They are the pages of the file that was handed over, as long as it is there and unchanged since (its SHA-256 is the
manifest's); else the letters are set again from what is kept, which gives the same pages.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pypdfium2

from comms.channels.mail_house import MailHouseError
from comms.channels.mail_house.batch import PDF, folder_of
from comms.city import City
from comms.notices import FieldError, LetterContent, letter_page
from comms.notices.letters import typeset
from comms.outbox.schema import MailBatch

from . import pictures
from .batches import Sent
from .remembering import Remembered

DRAWN = 3
"""Letters drawn by lot, beside the first and the last."""
_CHECKED: Remembered[bool] = Remembered(50, timedelta(minutes=10))
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(60, timedelta(minutes=30))


class ProofError(ValueError):
    """A letter that cannot be shown; the message says why."""


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


def handed_over(mailhouse_url: str, batch: MailBatch, now: datetime) -> Path | None:
    """The file of a batch; None when it is not there (the mail house may have taken it) or not as it was made."""
    wanted = batch.manifest.get("files", {}).get(PDF, {}).get("sha256")
    try:
        path = folder_of(mailhouse_url, batch.name) / PDF
    except MailHouseError:
        return None
    if not wanted or not path.is_file():
        return None
    stamp = path.stat()
    asked = (str(path), wanted, stamp.st_mtime_ns, stamp.st_size)
    return path if _CHECKED.get(asked, now, lambda: _digest(path) == wanted) else None


def pages(city: City, batch: MailBatch, sent: Sent, file: Path | None, now: datetime) -> tuple[bytes, ...]:
    """The pages of a letter as pictures. Raises ``ProofError``."""
    asked = (batch.name, sent.piece.seq, str(file))
    first, last = sent.piece.first_page, sent.piece.last_page

    def draw() -> tuple[bytes, ...]:
        return pictures.pages(cut(file, first, last) if file else _again(city, batch, sent))

    return _PICTURES.get(asked, now, draw)


def cut(file: Path, first: int, last: int) -> bytes:
    """Some pages of a file as a file of their own."""
    document, part = pypdfium2.PdfDocument(file), pypdfium2.PdfDocument.new()
    try:
        part.import_pages(document, list(range(first - 1, last)))
        out = BytesIO()
        part.save(out)
        return out.getvalue()
    finally:
        part.close()
        document.close()


def _again(city: City, batch: MailBatch, sent: Sent) -> bytes:
    message = sent.message
    if message.letter is None:
        raise ProofError("Of this letter only its words are kept; they stand in the history.")
    try:
        content = LetterContent.from_json(message.letter)
        address = [message.recipient_name, *message.recipient.split("\n")]
        one = letter_page(content, address, piece_id=sent.piece.piece_id)
    except (FieldError, KeyError, TypeError) as error:
        raise ProofError(f"This letter cannot be set: {error}") from None
    set_in_type = typeset([one], batch.created_at, city)
    if set_in_type.unset:
        raise ProofError(f"This letter cannot be set: {set_in_type.unset[0].reason}")
    return set_in_type.pdf


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as source:
        while part := source.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()

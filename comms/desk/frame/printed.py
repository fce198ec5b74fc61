"""Letters as they are printed: pages of the file that the mail house was given, as long as it is there and unchanged
since (its SHA-256 is the manifest's); else the letter is set again from what is kept, which gives the same pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2

from comms.channels.mail_house import MailHouseError
from comms.channels.mail_house.batch import PDF, folder_of
from comms.city import City
from comms.desk.frame.remembering import Remembered
from comms.notices import FieldError, LetterContent, letter_page
from comms.notices.letters import LetterError, typeset, typeset_one
from comms.outbox.schema import MailBatch

_CHECKED: Remembered[bool] = Remembered(50, timedelta(minutes=10))


class NotPrintedError(ValueError):
    """A letter that cannot be shown as it is printed; the message says why."""


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


def set_again(
    city: City, letter: Mapping[str, Any] | None, address: Sequence[str], at: datetime, piece_id: str | None = None
) -> bytes:
    """The letter set in type from what is kept of it, as a PDF. ``at`` and ``piece_id`` are those of its batch; without
    a piece, the instant it was written. Raises ``NotPrintedError``."""
    if not letter:
        raise NotPrintedError("Of this letter only its words are kept; they stand in the history.")
    try:
        content = LetterContent.from_json(dict(letter))
        if piece_id is None:
            return typeset_one(letter_page(content, list(address)), at, city)
        done = typeset([letter_page(content, list(address), piece_id=piece_id)], at, city)
    except (FieldError, LetterError, KeyError, TypeError) as error:
        raise NotPrintedError(f"This letter cannot be set: {error}") from None
    if done.unset:
        raise NotPrintedError(f"This letter cannot be set: {done.unset[0].reason}")
    return done.pdf


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as source:
        while part := source.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()

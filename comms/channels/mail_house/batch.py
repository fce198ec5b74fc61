"""Making a batch and handing it over.

1. Set the letters; what cannot be set is left out and says why.
2. Write the three files into a hidden folder beside the final one, and flush them to disk.
3. ``publish`` renames the folder: that is the hand-off. A crash before it leaves nothing that the mail house sees.

The same batch (name, letters, time) has the same bytes, so publishing it again after a crash changes nothing; another
batch under the same name is refused.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from comms.channels import folders
from comms.city import City
from comms.notices.fields import FieldError
from comms.notices.letter_content import LetterContent, LetterPage, letter_page
from comms.notices.letters import LetterError, typeset
from comms.settings import ROOT

from .data_file import Row, write_rows

PDF, CSV = "letters.pdf", "letters.csv"
FORMAT = "mail batch 1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Span = tuple[int, int]


class MailHouseError(ValueError):
    """A batch cannot be written or is not what it says; the message says what to do."""


@dataclass(frozen=True)
class LetterPiece:
    """One letter of a batch. ``address`` is without the name; ``piece_id`` is what returned mail will show."""

    seq: int
    piece_id: str
    message_id: int
    content: LetterContent
    name: str
    address: tuple[str, ...]
    notice: str
    version: str
    language: str
    amount_cents: int


@dataclass(frozen=True)
class BatchResult:
    """A batch that is written and not yet handed over.

    ``ranges[i]`` is the first and last page (from 1) of the i-th piece given, or None when it could not be set; then
    ``refused`` says why, by message id. ``folder`` is where ``publish`` puts it.
    """

    name: str
    folder: str
    pieces: int
    pages: int
    amount_cents: int
    ranges: tuple[Span | None, ...]
    refused: Mapping[int, str]
    manifest: dict[str, Any]
    scratch: Path | None

    def publish(self) -> bool:
        """Hand it over: the folder gets its name. False when there was nothing to do: no letter could be set, or
        exactly this batch is there already. Raises ``MailHouseError`` when another batch has the name."""
        if self.scratch is None:
            return False
        try:
            return folders.publish(self.scratch, Path(self.folder), self.manifest)
        except folders.FolderTakenError as error:
            raise MailHouseError(
                f"Batch {self.name} was handed over before with other letters or damaged files. Ask the mail house "
                f"what it mailed, then move {self.folder} away."
            ) from error
        except OSError as error:
            raise MailHouseError(f"Batch {self.name} could not be handed over: {error}. It is tried again.") from error

    def discard(self) -> None:
        """Take the unpublished files away."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


def write_batch(url: str, name: str, pieces: Sequence[LetterPiece], *, city: City, created_at: datetime) -> BatchResult:
    """Set and write the batch ``name`` for the folder of ``url`` (``file:``), ready to be published.

    ``created_at`` is the batch's own time and stays the same when it is made again. Raises ``MailHouseError``.
    """
    home = _home(url)
    if not _NAME.fullmatch(name):
        raise MailHouseError(f"{name!r} is not a batch name; use letters, digits, dots and dashes.")
    if len({piece.piece_id for piece in pieces}) != len(pieces):
        raise MailHouseError(f"Batch {name}: two letters have the same piece id.")
    moment = created_at.astimezone(UTC)
    pages, refused = _pages(pieces)
    try:
        set_in_type = typeset([page for _, page in pages], moment, city)
    except (LetterError, OSError) as error:  # none of them can be set: that is not the letters' fault
        raise MailHouseError(f"Batch {name} waits. {error}") from error
    spans = {piece.piece_id: span for (piece, _), span in zip(pages, set_in_type.pages, strict=True) if span}
    refused |= {pages[one.index][0].message_id: one.reason for one in set_in_type.unset}
    rows = [_row(piece, page, spans[piece.piece_id]) for piece, page in pages if piece.piece_id in spans]
    left_out = [{"piece_id": p.piece_id, "reason": refused[p.message_id]} for p in pieces if p.message_id in refused]
    files = {PDF: set_in_type.pdf, CSV: write_rows(rows)} if rows else {}
    manifest = _manifest(name, city, moment, rows, files, left_out)
    try:
        scratch = folders.write_hidden(home, name, files, manifest) if rows else None
    except OSError as error:
        raise MailHouseError(
            f"Batch {name} could not be written: {error}. Make room there, or mend who may write; it is tried again."
        ) from error
    return BatchResult(
        name=name,
        folder=str(home / name),
        pieces=len(rows),
        pages=manifest["counts"]["pages"],
        amount_cents=manifest["control_totals"]["amount_cents"],
        ranges=tuple(spans.get(piece.piece_id) for piece in pieces),
        refused=refused,
        manifest=manifest,
        scratch=scratch,
    )


def folder_of(url: str, name: str) -> Path:
    """Where ``publish`` puts the batch ``name``. Raises ``MailHouseError`` for an address we cannot hand over to."""
    return _home(url) / name


def _home(url: str) -> Path:
    scheme, colon, path = url.partition(":")
    if scheme == "file" and colon and path:
        folder = Path(re.sub(r"^//(localhost)?(?=/)", "", path))
        return folder if folder.is_absolute() else ROOT / folder
    if scheme == "sftp":
        raise MailHouseError(
            "MAILHOUSE_URL: sftp is not supported yet. Use file:<folder> and let the folder be copied."
        )
    raise MailHouseError(f"MAILHOUSE_URL: {url!r} is not understood. Use file:<folder>, such as file:var/mailhouse.")


def _pages(pieces: Sequence[LetterPiece]) -> tuple[list[tuple[LetterPiece, LetterPage]], dict[int, str]]:
    pages, refused = [], {}
    for piece in pieces:
        try:
            pages.append((piece, letter_page(piece.content, [piece.name, *piece.address], piece_id=piece.piece_id)))
        except FieldError as error:
            refused[piece.message_id] = str(error)
    return pages, refused


def _row(piece: LetterPiece, page: LetterPage, span: Span) -> Row:
    return Row(
        seq=piece.seq,
        piece_id=piece.piece_id,
        lines=page.address,
        first_page=span[0],
        last_page=span[1],
        notice=piece.notice,
        version=piece.version,
        language=piece.language,
        account_ending="".join(char for char in piece.content.account_number if char.isalnum())[-4:],
        amount_cents=piece.amount_cents,
    )


def _manifest(
    name: str,
    city: City,
    created_at: datetime,
    rows: Sequence[Row],
    files: Mapping[str, bytes],
    left_out: list[dict[str, str]],
) -> dict[str, Any]:
    notices: dict[str, int] = {}
    for row in rows:
        notices[f"{row.notice}@{row.version}"] = notices.get(f"{row.notice}@{row.version}", 0) + 1
    return {
        "format": FORMAT,
        "job_id": name,
        "sender": city.utility_name,
        "city": city.slug,
        "created_at": created_at.isoformat(),
        "counts": {"pieces": len(rows), "pages": sum(row.pages for row in rows), "left_out": len(left_out)},
        "control_totals": {
            "last_page": rows[-1].last_page if rows else 0,
            "amount_cents": sum(row.amount_cents for row in rows),
        },
        "notices": dict(sorted(notices.items())),
        "left_out": left_out,
        "files": folders.listed(files),
    }

"""Letters set in type: one PDF of many letters, and which pages are whose.

Typst compiles them in chunks with one reused compiler, because memory grows with the letters of a chunk and not with
those of a batch. The letters go in as a file and not as inputs, because Typst forgets what it has laid out when inputs
change. Joining loses the tags of a PDF, so a batch is set without them, which lets Typst lay out a text that many
letters share once (the letterhead says how). Everything is compiled to a PDF standard (PDF/A-2b, one letter by itself
PDF/UA-1): in plain PDF a character that no font has is printed as an empty box and nobody hears of it; under a standard
it is an error that names the character.
"""

import hashlib
import importlib
import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import pypdfium2
import typst
import zint

from comms.city import City, load_city
from comms.notices.letter_content import LetterPage
from comms.settings import ROOT

CHUNK = 25
"""Letters compiled at once: 25 of two pages keep the process under 0.5 GB, and no larger number is faster."""
Standard = Literal["a-2b", "ua-1"]
TEMPLATE = ROOT / "templates" / "letterhead" / "letter.typ"


class LetterError(ValueError):
    """A letter that cannot be set; the message says why and what to do."""


@dataclass(frozen=True)
class Unset:
    """A letter left out of the PDF, by its place in the sequence given."""

    index: int
    reason: str


@dataclass(frozen=True)
class TypesetResult:
    """``pages[i]`` is the first and last page (from 1) of letter i, or None when it is in ``unset``."""

    pdf: bytes
    pages: tuple[tuple[int, int] | None, ...]
    unset: tuple[Unset, ...]

    @property
    def page_count(self) -> int:
        return sum(last - first + 1 for first, last in filter(None, self.pages))


def typeset(pages: Sequence[LetterPage], timestamp: datetime, city: City | None = None) -> TypesetResult:
    """Set the letters one after another in one PDF; those that cannot be set are left out and say why.

    ``city`` gives the logo; without it the profile that each letter names is loaded. The same letters and ``timestamp``
    (aware) give the same bytes, so that a manifest's checksum can be made again.
    """
    joined = pypdfium2.PdfDocument.new()
    ranges: list[tuple[int, int] | None] = [None] * len(pages)
    unset: list[Unset] = []
    printed = 0
    for start in range(0, len(pages), CHUNK):
        for first, pdf, ends in _chunks(pages[start : start + CHUNK], start, timestamp, city, unset):
            part = pypdfium2.PdfDocument(pdf)
            joined.import_pages(part)
            part.close()
            for i, end in enumerate(ends):
                begin = ends[i - 1] + 1 if i else 1
                ranges[first + i] = (printed + begin, printed + end)
            printed += ends[-1]
    out = io.BytesIO()
    joined.save(out)
    joined.close()
    return TypesetResult(_same_every_time(out.getvalue(), timestamp), tuple(ranges), tuple(unset))


def typeset_one(page: LetterPage, timestamp: datetime, city: City | None = None) -> bytes:
    """One letter as a tagged, accessible PDF (PDF/UA-1), for an archive or a screen.

    Raises ``LetterError``.
    """
    try:
        return _compile([page], timestamp, city, tagged=True)
    except typst.TypstError as error:
        raise LetterError(_reason(error, page)) from None


def _chunks(
    letters: Sequence[LetterPage], start: int, timestamp: datetime, city: City | None, unset: list[Unset]
) -> list[tuple[int, bytes, list[int]]]:
    """A chunk at once; when one letter in it fails, each by itself, so that one name cannot hold up fifty."""
    try:
        return [(start, *_printable(letters, timestamp, city))]
    except typst.TypstError:
        pass
    done = []
    for i, letter in enumerate(letters):
        try:
            done.append((start + i, *_printable([letter], timestamp, city)))
        except typst.TypstError as error:
            unset.append(Unset(start + i, _reason(error, letter)))
    return done


def _printable(letters: Sequence[LetterPage], timestamp: datetime, city: City | None) -> tuple[bytes, list[int]]:
    """The PDF for print, and the last page of each letter, which the letterhead bookmarks."""
    pdf = _compile(letters, timestamp, city, tagged=False)
    document = pypdfium2.PdfDocument(pdf)
    ends = [mark.get_dest().get_index() + 1 for mark in document.get_toc()]
    document.close()
    return pdf, ends


def _compile(letters: Sequence[LetterPage], timestamp: datetime, city: City | None, *, tagged: bool) -> bytes:
    first = letters[0].content
    data = {
        "tagged": tagged,
        "title": first.title if len(letters) == 1 else "Notices",
        "author": first.sender[0],
        "letters": [_printed(letter, city) for letter in letters],
    }
    # typst takes a dict of files by name, which its type stubs do not know
    files: Any = {"main.typ": _template(), "data.json": json.dumps(data, ensure_ascii=False).encode()}
    standard: Standard = "ua-1" if tagged else "a-2b"
    with _ONE_AT_A_TIME:
        pdf = _compiler().compile(
            input=files, format="pdf", pdf_standards=standard, pdf_tags=tagged, timestamp=int(timestamp.timestamp())
        )
    assert isinstance(pdf, bytes)
    return pdf


def _printed(page: LetterPage, city: City | None) -> dict[str, Any]:
    content = page.content
    stub = content.stub
    return {
        **vars(content),
        "stub": stub and vars(stub),
        "blocks": _breakable(content.blocks),
        "address": _breakable(page.address),
        "piece_id": page.piece_id,
        "piece_bars": _piece_bars(page.piece_id, content.city) if page.piece_id else None,
        "logo": _logo((city or load_city(content.city)).logo),
        "qr": _qr(content.pay_url) if content.pay_url else None,
        "bars": _bars(stub.scanline.replace(" ", "")) if stub else None,
    }


_UNBROKEN = re.compile(r"\S{45,}")
_PIECE = re.compile(r"\S{1,12}[\u0300-\u036f]*")


def _breakable(given: Any) -> Any:
    """The same words, with places where one so long that no line holds it may be broken: a zero-width space after every
    dozen characters (and the accents of the last). Without them it would run over the edge of the sheet."""
    if isinstance(given, str):
        return _UNBROKEN.sub(lambda word: "\u200b".join(_PIECE.findall(word[0])), given)
    if isinstance(given, Mapping):
        return {key: _breakable(value) for key, value in given.items()}
    if isinstance(given, Sequence):
        return [_breakable(value) for value in given]
    return given


@cache
def _logo(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=[font_folder()], ignore_system_fonts=True)


def font_folder() -> Path:
    """Where the fonts are that everything we print is set in. Raises ``LetterError`` where there are none: Typst would
    set the letters in a font of its own, in which lines break elsewhere and fewer names can be printed."""
    try:
        folder = Path(str(importlib.import_module("fontpkg_source_sans_3").__file__)).parent / "files"
    except ImportError:
        folder = None
    if folder is None or not any(folder.glob("*.ttf")):
        raise LetterError(
            "Letters cannot be set: the font Source Sans 3 is not installed. Whoever runs the service installs its "
            "packages again, from where it was unpacked: uv sync"
        )
    return folder


_ONE_AT_A_TIME = Lock()
"""A compiler holds the files of one compilation."""


@lru_cache(maxsize=512)
def _qr(url: str) -> str:
    code = zint.Symbol()
    code.symbology = zint.Symbology.QRCODE
    code.encode(url)
    code.buffer_vector()
    return _svg(code)


@lru_cache(maxsize=512)
def _bars(digits: str) -> str:
    return _svg(_code_128(digits))


def _piece_bars(piece_id: str, city: str) -> dict[str, Any]:
    """The bars that a scanner reads from a letter that came back, and how many modules wide they are. The city's name
    is left out, as it may be where a number is typed: bars half as long again would have to be too thin."""
    code = _code_128(piece_id.removeprefix(f"{city}-"))
    return {"svg": _svg(code), "modules": code.width}


def _code_128(text: str) -> Any:
    """Code 128 (ISO/IEC 15417): every handheld scanner reads it, those that see one line only too."""
    code = zint.Symbol()
    code.symbology = zint.Symbology.CODE128
    code.show_text = False
    code.encode(text)
    code.buffer_vector()
    return code


def _svg(code: Any) -> str:
    """The modules of a code as one path; zint's own writer makes a rectangle each."""
    vector = code.vector
    places = [(r.x, r.y, r.width, r.height) for r in vector.rectangles]
    path = "".join(["M%g %gh%gv%gh-%gz" % (x, y, wide, high, wide) for x, y, wide, high in places])  # noqa: UP031
    size = f"0 0 {vector.width:g} {vector.height:g}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><path d="{path}"/></svg>'


_MISSING = re.compile(r'the text `?"(.+?)"`? could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
"""How Typst names a character that cannot be seen."""
JOINERS = ("Cf", "Mn")
"""Categories of what only joins or varies its neighbour: told only where it stands alone."""


def _reason(error: typst.TypstError, page: LetterPage) -> str:
    """What went wrong, for a clerk: the characters that no font has, or else what Typst said."""
    said = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), "".join(_MISSING.findall(str(error.diagnostic))))
    missing = dict.fromkeys(char for char in said if unicodedata.category(char) not in JOINERS) or dict.fromkeys(said)
    if not missing:
        account = page.content.account_number
        return f"The letter for {account} cannot be set: {error.message}. Show this to whoever runs the service."
    named = ", ".join(f"{char} (U+{ord(char):04X}, {unicodedata.name(char, 'no name')})" for char in missing)
    return (
        f"The letter for {page.content.account_number} holds characters that cannot be printed: {named}. "
        "Ask the customer for a spelling in Latin letters, and mend the name or address in the billing system."
    )


_MADE_AT = re.compile(rb"/CreationDate\(D:(\d{14})\+00'00'\)/Creator\(PDFium")
_FILE_ID = re.compile(rb"/ID\[<([0-9A-F]{32})><([0-9A-F]{32})>\]>>\s+startxref")


def _same_every_time(pdf: bytes, timestamp: datetime) -> bytes:
    """PDFium writes the time and a random id into what it joins: put the batch's time, and an id from the content."""
    fixed = bytearray(pdf)
    if made := _MADE_AT.search(pdf):
        fixed[slice(*made.span(1))] = timestamp.astimezone(UTC).strftime("%Y%m%d%H%M%S").encode()
    if name := _FILE_ID.search(pdf):
        for part in (1, 2):
            fixed[slice(*name.span(part))] = b"0" * 32
        digest = hashlib.sha256(fixed).hexdigest()[:32].upper().encode()
        for part in (1, 2):
            fixed[slice(*name.span(part))] = digest
    return bytes(fixed)

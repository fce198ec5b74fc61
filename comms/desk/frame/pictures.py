"""Pages of a PDF as pictures for a screen, in sixteen greys: enough to read a letter by, and a third of the bytes."""

import struct
import zlib
from collections.abc import Iterator

import pypdfium2

SCALE = 1.4
"""Pixels a point: a letter page is 856 pixels wide, and its small print can be read."""
_HIGH = bytes(level & 0xF0 for level in range(256))
_LOW = bytes(level >> 4 for level in range(256))


def pages(pdf: bytes, most: int = 20) -> tuple[bytes, ...]:
    """The first pages as PNG files."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return tuple(_png(document[number]) for number in range(min(len(document), most)))
    finally:
        document.close()


def _png(page: pypdfium2.PdfPage) -> bytes:
    bitmap = page.render(scale=SCALE, grayscale=True)
    width, height = bitmap.width - bitmap.width % 2, bitmap.height
    grey, stride = bytes(bitmap.buffer), bitmap.stride
    rows = b"".join(_row(grey[top : top + width]) for top in range(0, stride * height, stride))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(parts))


def _row(grey: bytes) -> bytes:
    """A line of pixels, two in a byte, after the filter that PNG asks for (none)."""
    high = int.from_bytes(grey[0::2].translate(_HIGH), "big")
    low = int.from_bytes(grey[1::2].translate(_LOW), "big")
    return b"\0" + (high | low).to_bytes(len(grey) // 2, "big")


def _chunks(parts: tuple[tuple[bytes, bytes], ...]) -> Iterator[bytes]:
    for kind, content in parts:
        checksum = zlib.crc32(kind + content)
        yield struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

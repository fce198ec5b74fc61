"""Reading the codes of a printed page back, as a scanner would."""

from dataclasses import dataclass

import pypdfium2
import zxingcpp


@dataclass(frozen=True)
class Code:
    """A code on a sheet: what it says, and its edges in inches from the sheet's top left corner."""

    kind: str
    text: str
    left: float
    top: float
    right: float
    bottom: float


def on_page(pdf: bytes, number: int = 0, dpi: int = 300) -> list[Code]:
    """The codes of a page printed at ``dpi``; an office printer has 300 at least."""
    sheet = pypdfium2.PdfDocument(pdf)[number].render(scale=dpi / 72, grayscale=True)
    ink = bytes(sheet.buffer)  # a view only looks at it: it must outlive the reading
    view = zxingcpp.ImageView(ink, sheet.width, sheet.height, zxingcpp.ImageFormat.Lum, sheet.stride)
    return [_code(found, dpi) for found in zxingcpp.read_barcodes(view)]


def bars(pdf: bytes, number: int = 0) -> list[str]:
    """What the bar codes of a page say, from top to bottom."""
    return [code.text for code in sorted(on_page(pdf, number), key=lambda code: code.top) if code.kind == "Code 128"]


def _code(found: zxingcpp.Barcode, dpi: int) -> Code:
    where = found.position
    corners = (where.top_left, where.top_right, where.bottom_left, where.bottom_right)
    across, down = [corner.x / dpi for corner in corners], [corner.y / dpi for corner in corners]
    return Code(str(found.format), found.text, min(across), min(down), max(across), max(down))

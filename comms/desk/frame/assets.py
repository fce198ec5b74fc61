"""The style sheets, scripts, fonts and pictures: read once, compressed once, kept by browsers for a year.

Every address carries a digest of the whole folder, so that a new version is a new address and relative addresses inside
a style sheet still hold. Texts are compressed when the process starts (0.1 s), not at each request. The desk's own
style sheet is kept in parts, one for each kind of page, and goes out as one file: ``app.css``.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Response, abort, request

FOLDER = Path(__file__).parents[1] / "static"
PARTS, SHEET = "styles", "app.css"
"""The folder of the style sheet's parts, which are joined by their names' order, and the name it goes out by."""
USWDS = "vendor/uswds-3.14.0"
HTMX = "vendor/htmx-2.0.11"
A_YEAR = 31_536_000

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_COMMENT = re.compile(rb"/\*.*?\*/\n?", re.S)
_PACKED = (".css", ".js", ".svg")


@dataclass(frozen=True)
class Asset:
    body: bytes
    packed: bytes | None
    media_type: str


@cache
def our_assets() -> "Assets":
    """The files of the desk, read and compressed once a process."""
    return Assets(FOLDER)


def _found(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files by their names, the parts of the style sheet as one, without what they say to us."""
    parts = sorted((folder / PARTS).glob("*.css"))
    if parts:
        yield SHEET, _COMMENT.sub(b"", b"\n".join(part.read_bytes() for part in parts))
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TYPES and path not in parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()


class Assets:
    """The files of the static folder by name; ``digest`` stands in their addresses."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, Asset] = {}
        digest = hashlib.sha256()
        for name, body in _found(folder):
            digest.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
            suffix = Path(name).suffix
            packed = gzip.compress(body, 9, mtime=0) if suffix in _PACKED else None
            if packed is not None and len(packed) >= len(body):
                packed = None
            self._files[name] = Asset(body, packed, _TYPES[suffix])
        self.digest = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file; a name that is not there is a fault of ours and raises ``KeyError``."""
        self._files[name]
        return f"/assets/{self.digest}/{name}"

    def serve(self, digest: str, name: str) -> Response:
        """Answer a request for a file. An address of an older version gets the file as it is now, uncached."""
        asset = self._files.get(name)
        if asset is None:
            abort(404)
        packed = asset.packed if request.accept_encodings.quality("gzip") > 0 else None
        response = Response(asset.body if packed is None else packed, content_type=asset.media_type)
        if packed is not None:
            response.headers["Content-Encoding"] = "gzip"
        if asset.packed is not None:
            response.headers["Vary"] = "Accept-Encoding"
        current = digest == self.digest
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if current else "no-cache"
        return response

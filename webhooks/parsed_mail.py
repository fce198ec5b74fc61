"""Reading an Inbound Parse form (sg-docs, setting up the Inbound Parse webhook).

Each text field has a charset of its own, named in the field ``charsets``: it is applied to the raw bytes (a web
framework's form would already have replaced what is not UTF-8). Attachments are read past: their names and types are
kept, their content never is, not even for the length of the request.
"""

import json
import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import IO, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from .contract import Refused

CHUNK = 64 * 1024
MOST_PARTS = 500
FIELD_BYTES = 512 * 1024
"""Of one field this much is kept; a longer mail is cut, and says so."""
RAW_BYTES = 31 * 1024 * 1024
MOST_ATTACHMENTS = 100
_AUTOMATIC = re.compile(r"^(bulk|junk|list|auto[_-]?reply)$", re.IGNORECASE)


def read(boundary: str, stream: IO[bytes]) -> dict[str, Any]:
    """The mail as JSON values. Raises ``Refused`` when it is no such form or has no sender."""
    try:
        fields, files, cut = _parts(boundary, stream)
    except RequestEntityTooLarge:
        raise Refused(413, "too_many_fields") from None
    except (ValueError, TypeError, UnicodeError):
        raise Refused(400, "body") from None
    mail = _from_raw(fields["email"], fields, files) if "email" in fields else _from_fields(fields, files)
    if not mail["envelope"]["from"] and not mail["automatic"]:
        raise Refused(400, "field")
    return {**mail, "cut": cut}


def _parts(boundary: str, stream: IO[bytes]) -> tuple[dict[str, bytes], list[dict[str, str]], bool]:
    if not boundary:
        raise ValueError("no boundary")
    decoder = MultipartDecoder(boundary.encode("latin-1"), RAW_BYTES, max_parts=MOST_PARTS)
    gathering = _Gathering()
    while True:
        chunk = stream.read(CHUNK)
        decoder.receive_data(chunk or None)
        event = decoder.next_event()
        while not isinstance(event, NeedData | Epilogue):
            gathering.take(event)
            event = decoder.next_event()
        if isinstance(event, Epilogue):
            return gathering.fields, gathering.files, gathering.cut
        if not chunk:
            raise ValueError("the form is not closed")


class _Gathering:
    """Collects fields up to their limit and lets the content of files go."""

    def __init__(self) -> None:
        self.fields: dict[str, bytes] = {}
        self.files: list[dict[str, str]] = []
        self.cut = False
        self._name = ""
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, event: Event) -> None:
        if isinstance(event, Field):
            self._name, self._parts, self._size = event.name, [], 0
        elif isinstance(event, File):
            self._name, self._parts = "", []
            if len(self.files) < MOST_ATTACHMENTS:
                kind = event.headers.get("Content-Type", "").partition(";")[0].strip()
                self.files.append({"part": event.name, "name": _leaf(event.filename), "type": kind[:100]})
        elif isinstance(event, Data) and self._name:
            self._keep(event.data)
            if not event.more_data and self._name not in self.fields:
                self.fields[self._name] = b"".join(self._parts)

    def _keep(self, data: bytes) -> None:
        room = (RAW_BYTES if self._name == "email" else FIELD_BYTES) - self._size
        self.cut = self.cut or len(data) > room
        self._parts.append(bytes(data[:room]))
        self._size += min(len(data), room)


def _from_fields(fields: Mapping[str, bytes], files: list[dict[str, str]]) -> dict[str, Any]:
    charsets = _json(fields.get("charsets", b""))

    def text(name: str) -> str:
        return _decoded(fields.get(name, b""), charsets.get(name))

    headers = message_from_bytes(fields.get("headers", b"").lstrip(), policy=policy.compat32)
    words = text("text") or _words_of(text("html"))
    said = {name: _header(headers, name) for name in _HEADERS}
    return _mail(said, text("from"), text("to"), text("subject"), words, fields, _named(files, fields))


def _from_raw(raw: bytes, fields: Mapping[str, bytes], files: list[dict[str, str]]) -> dict[str, Any]:
    """The whole message in one field ("POST the raw, full MIME message")."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    words, attached = "", list(files)
    try:
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        words = _content(plain) or _words_of(_content(html))
        for part in list(message.iter_attachments())[:MOST_ATTACHMENTS]:
            attached.append({"name": _leaf(part.get_filename()), "type": part.get_content_type()})
    except (ValueError, LookupError, TypeError, AttributeError, KeyError):  # mail as broken as mail can be
        words = words or raw[:FIELD_BYTES].decode("utf-8", "replace")
    said = {name: _header(message, name) for name in _HEADERS}
    sender, to, subject = (_header(message, name) for name in ("From", "To", "Subject"))
    return _mail(said, sender, to, subject, words[:FIELD_BYTES], fields, _named(attached, fields))


_HEADERS = ("Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Precedence", "Date")


def _mail(
    said: Mapping[str, str],
    sender: str,
    to: str,
    subject: str,
    text: str,
    fields: Mapping[str, bytes],
    files: list[dict[str, str]],
) -> dict[str, Any]:
    envelope = _json(fields.get("envelope", b""))
    given, to_given = envelope.get("from"), envelope.get("to")
    from_envelope = given.strip() if isinstance(given, str) else ""
    null_sender = given == "" and "envelope" in fields
    submitted = said["Auto-Submitted"].partition(";")[0].strip().lower()
    return {
        "message_id": said["Message-ID"][:300],
        "in_reply_to": said["In-Reply-To"][:300],
        "references": said["References"][:2000],
        "date": said["Date"][:100],
        "from": sender,
        "to": to,
        "subject": subject[:1000],
        "text": text,
        "envelope": {
            "from": (from_envelope or _address(sender)).lower(),
            "to": [str(one).lower() for one in to_given] if isinstance(to_given, list) else [],
        },
        "automatic": null_sender or submitted not in ("", "no") or bool(_AUTOMATIC.match(said["Precedence"].strip())),
        "attachments": files,
        "spf": fields.get("SPF", b"").decode("ascii", "replace")[:40],
        "dkim": fields.get("dkim", b"").decode("utf-8", "replace")[:200],
    }


def _named(files: list[dict[str, str]], fields: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Names from ``attachment-info`` where it has them: the part's own may be mangled."""
    info = _json(fields.get("attachment-info", b""))
    named = []
    for file in files:
        told = info.get(file.get("part", ""))
        told = told if isinstance(told, Mapping) else {}
        name, kind = told.get("filename"), told.get("type")
        named.append(
            {
                "name": _leaf(name) if isinstance(name, str) else file["name"],
                "type": kind[:100] if isinstance(kind, str) else file["type"],
            }
        )
    return named


def _leaf(name: str | None) -> str:
    """A file's name without any path: it is shown, never opened."""
    return re.split(r"[\\/]", name or "")[-1][:200]


def _decoded(raw: bytes, charset: Any) -> str:
    try:
        return raw.decode(charset if isinstance(charset, str) and charset else "utf-8", "replace")
    except (LookupError, ValueError):  # a charset that does not exist, or is none for text
        return raw.decode("utf-8", "replace")


def _json(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _header(message: Any, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""


def _content(part: Any) -> str:
    return str(part.get_content()) if part is not None else ""


def _address(sender: str) -> str:
    return parseaddr(" ".join(sender.split()))[1]


class _Words(HTMLParser):
    """The words of a page, a line a block; scripts and styles are not words."""

    _BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"})
    _SILENT = frozenset({"script", "style", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))
        if tag in self._BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def _words_of(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.words).splitlines())
    return "\n".join(line for line in lines if line)

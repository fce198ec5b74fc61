"""What was said, kept once under the SHA-256 of its canonical JSON."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from comms.db import upsert

from .schema import ContactContent

canonical_text: Callable[[Mapping[str, Any]], str] = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode
"""One spelling for one content: JSON with sorted keys and no spaces."""

quoted: Callable[[str], str] = json.encoder.encode_basestring
"""A text as it stands in that JSON."""


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one spelling in UTF-8."""
    return canonical_text(content).encode()


def digest_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 (hex) under which this content is kept."""
    return hashlib.sha256(canonical(content)).hexdigest()


def remember(session: Session, contents: Iterable[Mapping[str, Any]], at: datetime) -> list[str]:
    """Keep each content (JSON values only) and return the digests in order; what is already there is not kept twice."""
    given = [dict(content) for content in contents]
    digests = [digest_of(content) for content in given]
    rows = {d: {"digest": d, "content": c, "stored_at": at} for d, c in zip(digests, given, strict=True)}
    upsert(session, ContactContent, (rows[d] for d in sorted(rows)), key=["digest"])
    return digests

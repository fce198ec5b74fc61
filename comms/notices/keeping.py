"""Keeping the words of every version that may be sent, so that a message's version can be read years later."""

from datetime import datetime

from sqlalchemy.orm import Session

from comms.db import upsert

from .catalogue import Catalogue
from .schema import NoticeVersion


def keep_versions(session: Session, catalogue: Catalogue, at: datetime) -> None:
    """Store the sources of each notice under its version; versions that are known stay as they are."""
    rows = [
        {
            "version": notice.version,
            "notice": notice.name,
            "sources": {
                f"{language}/{channel}": {"front": source.front, "body": source.body}
                for (channel, language), source in sorted(notice.sources.items())
            },
            "first_used_at": at,
        }
        for notice in catalogue
    ]
    upsert(session, NoticeVersion, sorted(rows, key=lambda row: str(row["version"])), key=["version"])

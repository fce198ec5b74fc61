"""One form that was sent twice: a double click, the back button, a page that was sent again.

The act is done and held against what the same person did just before; when it is the same, everything is rolled back.
Of two at once the second waits for the first, because both write into the account's chain.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.history.schema import ContactEvent

TWICE = timedelta(minutes=2)
"""The same about the same account by the same person within this time is one form that was sent twice."""


class AgainError(Exception):
    """This was kept a moment ago."""


def refuse(session: Session, account_id: int, kinds: Sequence[str], by: str, now: datetime) -> None:
    """Raise ``AgainError`` when the newest event of these kinds by this person says the same as the one before. Called
    after the event was recorded; ``kinds`` are those that follow one another, so that what was ended may begin anew."""
    newest = session.scalars(
        select(ContactEvent)
        .where(ContactEvent.chain == account_id, ContactEvent.recorded_at > now - TWICE)
        .where(ContactEvent.kind.in_(kinds), ContactEvent.actor == by)
        .order_by(ContactEvent.position.desc())
        .limit(2)
    ).all()
    said = [(each.kind, each.channel, each.summary, each.content_digest, each.facts) for each in newest]
    if len(said) == 2 and said[0] == said[1]:
        raise AgainError("This was kept a moment ago; it is kept once.")

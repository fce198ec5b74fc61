"""What happened: the contact history of every account, on every channel, both ways, and its proof.

``record`` adds events (always in bulk, once per transaction), ``remember`` keeps what was said by its digest,
``timeline`` reads an account's history, ``verify`` checks its chain; ``with_words``
finds what was said by the words in it.
"""

from .chain import NewEvent, record, verify
from .content import digest_of, remember
from .timeline import Entry, timeline
from .words import Found, with_words

__all__ = [
    "Entry", "Found", "NewEvent", "digest_of", "record", "remember", "timeline", "verify", "with_words",
]  # fmt: skip

"""What happened: the contact history of every account, on every channel, both ways, and its proof.

``record`` adds events (always in bulk, once per transaction), ``remember`` keeps what was said by its digest,
``timeline`` reads an account's history, ``verify`` checks its chain; ``logged_event`` is what people did without a
message of ours; ``with_words`` finds what was said by the words in it.
"""

from .by_hand import DEEDS, Logged, logged_event
from .chain import NewEvent, record, verify
from .content import digest_of, remember
from .timeline import Entry, timeline
from .words import Found, with_words

__all__ = [
    "DEEDS", "Entry", "Found", "Logged", "NewEvent", "digest_of", "logged_event", "record", "remember", "timeline",
    "verify", "with_words",
]  # fmt: skip

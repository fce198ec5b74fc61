"""Getting it out once: messages, claims, attempts, retries, pacing, recovery and recall.

The database is the truth; Redis and RQ are the doorbell and the hands. ``enqueue`` freezes and queues, ``Dispatcher``
sends what it claims, ``fold`` takes in what carriers report, ``recall`` calls back what has not left, ``sweep`` and
``resolve_unknowns`` mend whatever died in between.
"""

from .dispatch import Delivered, Dispatcher
from .doorbell import Doorbell
from .drafting import facts_for, language_of, letter_address, write
from .drafts import LANES, Draft, enqueue, insert_messages, queued_event
from .failures import show_failures
from .fallback import fall_back
from .mail_acks import returned_addresses
from .mirroring import Mirrored, tell_carrier
from .recall import Recalled, recall, set_aside, take_back
from .receipts import Folded, Receipt, fold, fold_quietly
from .schema import Message
from .states import State
from .sweep import Swept, sweep
from .unknowns import Patience, Resolved, resolve_unknowns

__all__ = [
    "LANES",
    "Delivered",
    "Dispatcher",
    "Doorbell",
    "Draft",
    "Folded",
    "Message",
    "Mirrored",
    "Patience",
    "Recalled",
    "Receipt",
    "Resolved",
    "State",
    "Swept",
    "enqueue",
    "facts_for",
    "fall_back",
    "fold",
    "fold_quietly",
    "insert_messages",
    "language_of",
    "letter_address",
    "queued_event",
    "recall",
    "resolve_unknowns",
    "returned_addresses",
    "set_aside",
    "show_failures",
    "sweep",
    "take_back",
    "tell_carrier",
    "write",
]

"""What customers write back: kept first, then matched to an account, then understood and answered.

``receive`` keeps a message as it came; ``handle`` finds whose it is, understands it and acts: opt-outs at once,
promises read back and opened on YES, everything else to a clerk. ``follow_up`` asks again what got no answer.
``understand`` is the reading alone, without a database.
"""

from .following_up import FollowedUp, follow_up
from .handling import Handled, handle
from .intake import Inbound, receive
from .understanding import Instalment, Understanding, understand

__all__ = [
    "FollowedUp", "Handled", "Inbound", "Instalment", "Understanding", "follow_up", "handle", "receive",
    "understand",
]  # fmt: skip

"""What customers write back: kept first, then matched to an account, then understood and answered.

``receive`` keeps a message as it came; ``handle`` finds whose it is, understands it and acts: opt-outs at once,
promises read back and opened on YES, everything else to a clerk. ``understand`` is the reading
alone, without a database.
"""

from .handling import Handled, handle
from .intake import Inbound, receive
from .understanding import Instalment, Understanding, understand

__all__ = ["Handled", "Inbound", "Instalment", "Understanding", "handle", "receive", "understand"]

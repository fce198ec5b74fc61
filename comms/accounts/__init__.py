"""Who we write to: accounts, their contact points, consent, holds and payments, and the files they come in.

Ask through the rooms: ``consent``, ``contacts``, ``finding``, ``holds``; ``importing`` takes the CIS files in.
``touch`` raises an account's facts version: whoever changes what a decision rests on calls it.
"""

from .facts import touch
from .schema import Account, ConsentEvent, ContactPoint, Hold, ImportFile, ImportRefusal, Payment

__all__ = [
    "Account", "ConsentEvent", "ContactPoint", "Hold", "ImportFile", "ImportRefusal", "Payment", "touch",
]  # fmt: skip

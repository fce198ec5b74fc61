"""What carriers tell us: kept first, then understood.

``blueprint(office)`` answers the carriers: it checks a post's signature, keeps it with one insert, and says thanks.
``understand`` reads what was kept, in a worker, as often as it takes. ``reconcile`` asks Twilio for what it could not
deliver. A post that belongs to nobody is kept and shown to staff.
"""

from .intake import blueprint
from .reconcile import Reconciled, reconcile
from .understanding import understand

__all__ = ["Reconciled", "blueprint", "reconcile", "understand"]

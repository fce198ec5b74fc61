"""What customers write back: kept first, then matched to an account, then understood and answered.

``receive`` keeps a message as it came.
"""

from .intake import Inbound, receive

__all__ = ["Inbound", "receive"]

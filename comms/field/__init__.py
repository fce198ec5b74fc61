"""What the Service Department is to do outside: orders to disconnect and reconnect, door tags, and what came of them.

``propose`` makes a list of orders that were found sufficient (``campaigns.shutoff`` finds that), ``approve`` is for a
second person, ``issue`` gives out its files, ``complete`` takes back what was done. ``recall`` calls open orders back
as soon as something stands against them; ``look_over`` does so for all.
"""

from .orders import Due, LeftOut, OrderError, Wanted, open_orders
from .recalling import RecalledOrder, look_over, recall, recall_one
from .schema import FieldList, FieldOrder
from .standing import ShutOff, shut_off

__all__ = [
    "Due",
    "FieldList",
    "FieldOrder",
    "LeftOut",
    "OrderError",
    "RecalledOrder",
    "ShutOff",
    "Wanted",
    "look_over",
    "open_orders",
    "recall",
    "recall_one",
    "shut_off",
]

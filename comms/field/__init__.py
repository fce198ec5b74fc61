"""What the Service Department is to do outside: orders to disconnect and reconnect, door tags, and what came of them.

``propose`` makes a list of orders that were found sufficient (``campaigns.shutoff`` finds that), ``approve`` is for a
second person, ``issue`` gives out its files, ``complete`` takes back what was done. ``recall`` calls open orders back
as soon as something stands against them; ``look_over`` does so for all.
"""

from .completing import Completed, complete
from .issuing import Issued, issue
from .lists import SECOND_PERSON, approve, cancel, orders_of, propose
from .order_file import CompletionFileError, write_refused
from .orders import (
    Due,
    LeftOut,
    OrderError,
    Wanted,
    by_number,
    in_order,
    in_words,
    list_named,
    open_orders,
    services_of,
)
from .recalling import RecalledOrder, look_over, recall, recall_for, recall_one
from .schema import FieldList, FieldOrder
from .standing import ShutOff, shut_off

__all__ = [
    "SECOND_PERSON", "Completed", "CompletionFileError", "Due", "FieldList", "FieldOrder", "Issued", "LeftOut",
    "OrderError", "RecalledOrder", "ShutOff", "Wanted", "approve", "by_number", "cancel", "complete", "in_order",
    "in_words", "issue", "list_named", "look_over", "open_orders", "orders_of", "propose", "recall", "recall_for",
    "recall_one", "services_of", "shut_off", "write_refused",
]  # fmt: skip

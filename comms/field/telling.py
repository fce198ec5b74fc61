"""What the contact history and the worklist say of orders."""

from datetime import datetime
from typing import Any

from comms.city import City
from comms.history import NewEvent

from .orders import WORDS, in_words, services_of
from .schema import FieldOrder

TASK = "field_order"
"""The kind of every task that is about orders."""


def what(city: City, order: FieldOrder) -> str:
    """``to disconnect natural gas and water``."""
    labels = {key: words.en for key, words in city.service_labels.items()}
    return f"{WORDS[order.kind]} {in_words(services_of(order), labels)}"


def event_of(
    city: City, order: FieldOrder, ending: str, at: datetime, words: str, *, actor: str = "system", **facts: Any
) -> NewEvent:
    """The event of an order: ``field.issued``, ``field.recalled``, ``field.done``, ``field.not_done`` …"""
    said = {"order": order.number, "amount_cents": order.amount_cents, **facts}
    return NewEvent(
        order.account_id, at, f"field.{ending}", f"Order {order.number} {what(city, order)} {words}", "none", "field",
        actor, "field_order", order.id, said,
    )  # fmt: skip

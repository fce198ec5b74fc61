"""What a kept post means, in the same words for both carriers."""

from dataclasses import dataclass

from comms.channels.errors import DeliveryError, Effect
from comms.outbox import Receipt


@dataclass(frozen=True, slots=True)
class AddressNews:
    """What a receipt says of the address: a status of ``errors.ADDRESS_STATUSES``."""

    channel: str
    address: str
    status: str
    why: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a kept post means: a receipt, news of an address, trouble of the whole account, or only a note."""

    receipt: Receipt | None = None
    address: AddressNews | None = None
    halt: str | None = None
    note: str = ""
    unmatched: str | None = None
    """Why it belongs to nobody; it is shown to staff."""


def halt(carrier: str, row: DeliveryError) -> str | None:
    """What to tell staff when a failure means that nobody's message can leave."""
    return f"{carrier} {row.code}: {row.meaning} {row.advice}" if row.effect is Effect.HALT else None

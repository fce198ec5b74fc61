"""What every channel promises to the outbox."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What to do next after an attempt."""

    ACCEPTED = "accepted"
    """The carrier has it."""
    REFUSED_NOW = "refused_now"
    """The carrier does not have it; try again later."""
    REFUSED_FOR_GOOD = "refused_for_good"
    """The carrier does not have it and never will as it is."""
    AMBIGUOUS = "ambiguous"
    """Bytes were written and no whole answer came: the carrier may have it. Ask before sending again."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it leaves. ``token`` is its signed id, the only thing about it that a carrier stores for us."""

    message_id: int
    token: str
    recipient: str
    recipient_name: str
    subject: str | None
    text: str
    html: str | None
    category: str
    purpose: str
    in_reply_to: str | None = None
    """Email only: the Message-ID of the customer's mail that this one answers."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt."""

    outcome: Outcome
    carrier_id: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    detail: str | None = None
    retry_after: timedelta | None = None
    """How long the carrier asks us to wait."""
    halt: bool = False
    """Nobody's message can leave: credentials, a suspended account, a sender that is not ours."""
    address_status: str | None = None
    """What the refusal says about the address: ``opted_out``, ``unreachable``, ``wrong_number`` or ``bounced``."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the carrier says it has of a message; ``status`` is one of the outbox's states."""

    carrier_id: str
    status: str
    error_code: str | None
    at: datetime


class CannotAsk(Exception):  # noqa: N818 - the room's word for it
    """The carrier has no such question, or did not answer it; nothing is known."""


class ChannelNotAllowed(ValueError):  # noqa: N818 - as above
    """The settings do not allow this channel to be opened; the message says what to change."""


class Channel(Protocol):
    """A way out. Every method may be called from several threads at once; they share one kept-alive pool."""

    @property
    def name(self) -> str:
        """``sms`` or ``email``."""

    @property
    def carrier(self) -> str:
        """``twilio`` or ``sendgrid``."""

    def send(self, outgoing: Outgoing) -> Result:
        """Offer the message to the carrier, once. Does not raise for anything the network or the carrier does."""

    def look_for(self, outgoing: Outgoing, since: datetime, until: datetime, known: Collection[str]) -> Found | None:
        """The carrier's copy of a message offered between ``since`` and ``until``; None when it has none.

        ``known`` are carrier ids that belong to other messages. Raises ``CannotAsk``.
        """

    def close(self) -> None:
        """Close the connections."""

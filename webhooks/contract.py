"""What this room needs of the office it serves, and the shape of what it keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.settings import Settings


class Bell(Protocol):
    """Tells the workers that there is something to do; never raises."""

    def ring(self, lane: str, ids: Sequence[int] = ()) -> bool: ...


class Office(Protocol):
    """Where the room works: ``comms.office.Office`` is one."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def city(self) -> City: ...
    @property
    def renderer(self) -> Any: ...
    @property
    def doorbell(self) -> Bell: ...


@dataclass(frozen=True, slots=True)
class Post:
    """One thing a carrier told us, ready to be kept. ``event_key`` makes a repetition harmless."""

    provider: str
    """``twilio`` or ``sendgrid``."""
    kind: str
    """``sms.inbound``, ``sms.status``, ``email.event`` or ``email.inbound``."""
    event_key: str
    body: str
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - a refusal is this room's ordinary answer
    """The post is not taken: the HTTP status to answer with, and one word for the counter."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why

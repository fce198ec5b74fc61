"""Switches for what goes wrong, drawn by the seed so that a bad day can be played again."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from comms.sandbox.draws import Draws


class Fault(StrEnum):
    """What happens to one request; the first three refuse it, the others come after it was accepted."""

    TOO_MANY = "429"
    UNAVAILABLE = "503"
    SERVER_ERROR = "500"
    ACCEPT_THEN_DROP = "accept_then_drop"
    ACCEPT_THEN_500 = "accept_then_500"
    NONE = "ok"


REFUSALS = {Fault.TOO_MANY: 429, Fault.UNAVAILABLE: 503, Fault.SERVER_ERROR: 500}


class SwitchError(ValueError):
    """A switch that does not exist or a value it cannot take; the message says which and what it takes."""


@dataclass(frozen=True)
class Switches:
    """Everything that can be set, at start and while running. Rates are shares from 0 to 1; times are milliseconds.

    ``webhook_delay_ms`` is the least and the most time before each next status or event; ``undelivered_rate``,
    ``bounce_rate`` and ``open_rate`` are the shares of addresses (not of messages) that end so.
    """

    latency_ms: float = 0
    latency_jitter_ms: float = 0
    rate_429: float = 0
    rate_503: float = 0
    rate_500: float = 0
    rate_accept_then_drop: float = 0
    rate_accept_then_500: float = 0
    rate_refuse_connection: float = 0
    duplicate_webhooks: float = 0
    reorder_webhooks: float = 0
    never_receipt: float = 0
    webhook_delay_ms: tuple[float, float] = (20, 200)
    event_batch_ms: float = 50
    webhook_timeout_ms: float = 15000
    retry_after_ms: float = 200
    twilio_retries: int = 1
    sendgrid_retries: int = 8
    undelivered_rate: float = 0.04
    bounce_rate: float = 0.03
    open_rate: float = 0.3
    list_hides_unsent: bool = False
    magic: bool = True

    def changed(self, changes: Mapping[str, Any]) -> "Switches":
        """These switches with some of them set; raises ``SwitchError``."""
        known = {field.name: field for field in fields(self)}
        checked: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise SwitchError(f"There is no switch {name!r}. There are: {', '.join(known)}.")
            checked[name] = _checked(name, known[name].default, value)
        return replace(self, **checked)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _checked(name: str, default: object, value: object) -> object:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise SwitchError(f"{name} is true or false, not {value!r}.")
    if isinstance(default, tuple):
        pair = value if isinstance(value, (list, tuple)) else (value, value)
        if len(pair) == 2 and all(_is_time(part) for part in pair) and pair[0] <= pair[1]:
            return float(pair[0]), float(pair[1])
        raise SwitchError(f"{name} is a number of milliseconds or two of them, least first, not {value!r}.")
    if not _is_time(value):
        raise SwitchError(f"{name} is a number from 0 up, not {value!r}.")
    if isinstance(default, int) and name.endswith("_retries"):
        return int(value)  # type: ignore[call-overload]
    if not name.endswith("_ms") and float(value) > 1:  # type: ignore[arg-type]
        raise SwitchError(f"{name} is a share from 0 to 1, not {value!r}.")
    return value


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86_400_000


class Faults:
    """The switches of a running sandbox, and the draws behind them."""

    def __init__(self, draws: Draws, switches: Switches) -> None:
        self.switches = switches
        self._draws = draws
        self._arrivals = 0
        self._connections = 0
        self._scripted: deque[Fault] = deque()

    def script(self, names: list[str]) -> None:
        """What happens to the next sends, one each, before the rates count again; raises ``SwitchError``."""
        try:
            self._scripted = deque(Fault(name) for name in names)
        except (ValueError, TypeError):
            raise SwitchError(f"next is a list of: {', '.join(Fault)}.") from None

    def admit(self) -> bool:
        """Whether a new connection is taken at all."""
        self._connections += 1
        rate = self.switches.rate_refuse_connection
        return not self._draws.happens(rate, "connection", self._connections)

    def draw(self, sends: bool) -> Fault:
        """What happens to this request; only those that send a message use up the script or are accepted and lost."""
        self._arrivals += 1
        if sends and self._scripted:
            return self._scripted.popleft()
        switches = self.switches
        rates = [
            (Fault.TOO_MANY, switches.rate_429),
            (Fault.UNAVAILABLE, switches.rate_503),
            (Fault.SERVER_ERROR, switches.rate_500),
        ]
        if sends:
            rates += [
                (Fault.ACCEPT_THEN_DROP, switches.rate_accept_then_drop),
                (Fault.ACCEPT_THEN_500, switches.rate_accept_then_500),
            ]
        for fault, rate in rates:
            if rate and self._draws.happens(rate, fault, self._arrivals):
                return fault
        return Fault.NONE

    def latency(self) -> float:
        """Seconds until this request is answered."""
        switches = self.switches
        jitter = switches.latency_jitter_ms
        extra = jitter * self._draws.unit("latency", self._arrivals) if jitter else 0.0
        return (switches.latency_ms + extra) / 1000

    def step(self, *key: object) -> float:
        """Seconds until the next status or event of one message."""
        least, most = self.switches.webhook_delay_ms
        return (least + (most - least) * self._draws.unit("step", *key)) / 1000

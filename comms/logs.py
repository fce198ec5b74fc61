"""Structured logs without personal data: one JSON object a line, with the request id that began the work.

Phone numbers, addresses and account numbers never go into a log. ``comms.signing.stands_for`` makes what stands for
them: the last four characters and a keyed hash. As a last guard, anything that looks like a phone number or an email
address is cut out of every line here.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_PHONE = re.compile(r"\+?1?[-. (]{0,2}\d{3}[-. )]{0,2}\d{3}[-. ]?(\d{4})\b")
_EMAIL = re.compile(r"[^\s@<>\"'=,;]+@[^\s@<>\"',;]+")
_KEPT = frozenset({"timestamp", "level", "event", "request_id", "logger", "message_id", "job_id"})


def _without_people(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key == "event" or not (key in _KEPT or key.startswith("_")):
            event[key] = _scrubbed(value)
    return event


def _scrubbed(value: Any) -> Any:
    """The value with every text in it scrubbed, however deep it lies; what JSON does not know becomes text first."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {scrub(str(name)): _scrubbed(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_scrubbed(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else scrub(str(value))


def scrub(text: str) -> str:
    """``text`` with phone numbers cut to their last four digits and email addresses taken out."""
    return _EMAIL.sub("[email]", _PHONE.sub(r"[phone …\1]", text))


def configure(level: str = "INFO") -> None:
    """Send every log of the process, ours and the libraries', to standard error as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_people,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("twilio.http_client", "urllib3", "rq.worker", "rq.scheduler"):
        logging.getLogger(noisy).setLevel("WARNING")

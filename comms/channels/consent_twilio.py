"""Telling Twilio who wants texts and who does not, where Twilio has not heard it itself.

Twilio keeps a list of its own for each sender: a number on it is refused with 21610. A STOP puts a number there; an
opt-out in other words, by phone or by letter does not, and an opt-in does not take it off. The Consent Management API
does both (Twilio: "Consent Management API", POST /v1/Consents/Bulk). It must be enabled for the account, takes 25
consents a request and 100 requests a minute, and answers for each consent on its own. Telling it the same again changes
nothing, so an answer that was lost is asked for again.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

from comms.clock import Clock
from comms.settings import Settings

from . import errors, transport
from .contract import ChannelNotAllowed
from .sms_twilio import sdk_client
from .transport import Answer, NoAnswer, Pool, wait_asked_for

AT_ONCE = 25
"""Consents in one request, at most (Twilio: "Consent Management API")."""

READ_SECONDS = 10.0
"""Twilio gives up its own work after three seconds (same page)."""

AGAIN = "INTERNAL_SERVER_ERROR"
"""The one failure of a single consent that another try may mend (Twilio error 30646)."""

_NAMES = uuid.UUID("6f2f4f0e-5d0b-4a34-9c55-0b6c3a1d7f11")


class Heard(StrEnum):
    """What Twilio made of one consent."""

    TOLD = "told"
    AGAIN = "again"
    """Not taken, or nobody knows; tell it again later."""
    CLOSED = "closed"
    """The account may not keep consents there, or the credentials do not fit: a matter for whoever runs it."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of the ledger for the carrier. ``source`` is the ledger's."""

    event_id: int
    phone: str
    wanted: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one wish; ``why`` is for staff, ``wait`` how long Twilio asks us to."""

    event_id: int
    heard: Heard
    why: str = ""
    wait: timedelta | None = None


class TwilioConsents:
    """Twilio's list for our sender."""

    def __init__(self, settings: Settings, clock: Clock, *, read_seconds: float = READ_SECONDS) -> None:
        transport.check_destination(settings, settings.twilio_consents_url, "TWILIO_ACCOUNTS_URL")
        if not settings.twilio_sender or not settings.twilio_tokens:
            raise ChannelNotAllowed(
                "Twilio cannot be told of opt-outs: set TWILIO_AUTH_TOKEN, and TWILIO_MESSAGING_SERVICE_SID or "
                "TWILIO_FROM_NUMBER."
            )
        self._clock = clock
        self._sender = settings.twilio_sender
        self._pool = Pool(connections=1, read_seconds=read_seconds)
        self._consents = sdk_client(settings, self._pool).accounts.v1.bulk_consents

    def tell(self, wishes: Sequence[Wish]) -> list[Answered]:
        """Tell up to ``AT_ONCE`` wishes, in one request; an answer for each. Never raises for what Twilio does."""
        keys = {_key(wish): wish.event_id for wish in wishes}
        try:
            made = self._consents.create(items=[self._item(wish) for wish in wishes])
            found = {str(one["correlation_id"]): one for one in made.items}
        except NoAnswer as lost:
            return _all(wishes, Heard.AGAIN, f"Twilio did not answer: {lost}")
        except TwilioException as refused:
            return self._not_taken(wishes, self._pool.last(), refused)
        except (ValueError, TypeError, AttributeError, KeyError):  # a 2xx whose body is not an answer
            return _all(wishes, Heard.AGAIN, "Twilio's answer could not be read.")
        return [_one(event_id, found.get(key)) for key, event_id in keys.items()]

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def _item(self, wish: Wish) -> dict[str, str]:
        return {
            "contact_id": wish.phone,
            "correlation_id": _key(wish),
            "sender_id": self._sender,
            "status": "opt-in" if wish.wanted else "opt-out",
            "source": _source(wish),
            "date_of_consent": wish.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _not_taken(self, wishes: Sequence[Wish], answer: Answer | None, refused: TwilioException) -> list[Answered]:
        """An answer outside 2xx is about the request: no single wish was looked at."""
        if answer is None or answer.status < 400 or answer.status >= 500 or answer.status in (408, 429):
            wait = wait_asked_for(answer.headers, self._clock.now()) if answer else None
            return _all(wishes, Heard.AGAIN, f"Twilio did not take it ({_status(answer)}).", wait)
        code = getattr(refused, "code", None)
        known = code is not None and errors.is_known("twilio", str(code))
        said = errors.explain("twilio", str(code))[0] if known else str(getattr(refused, "msg", refused))[:200]
        return _all(wishes, Heard.CLOSED, f"{said} ({_status(answer)})")


def _key(wish: Wish) -> str:
    """The 32 characters by which Twilio's answer names a wish; the same each time it is told."""
    return uuid.uuid5(_NAMES, str(wish.event_id)).hex


def _source(wish: Wish) -> str:
    """The medium in Twilio's words: website, offline, opt-in-message, opt-out-message, others."""
    if wish.source == "reply:sms":
        return "opt-in-message" if wish.wanted else "opt-out-message"
    return "offline" if wish.source.startswith("user:") else "others"


def _one(event_id: int, said: Mapping[str, Any] | None) -> Answered:
    if said is None:
        return Answered(event_id, Heard.AGAIN, "Twilio did not say what became of it.")
    if str(said.get("error_code", "")) == "0":
        return Answered(event_id, Heard.TOLD)
    reasons = said.get("error_messages") or []
    words = ", ".join(str(one) for one in reasons) if isinstance(reasons, list) else str(reasons)
    why = f"Twilio error {said.get('error_code')}: {words or 'no reason given'}"[:300]
    return Answered(event_id, Heard.AGAIN if AGAIN in words.upper() else Heard.REFUSED, why)


def _all(wishes: Sequence[Wish], heard: Heard, why: str, wait: timedelta | None = None) -> list[Answered]:
    return [Answered(wish.event_id, heard, why[:300], wait) for wish in wishes]


def _status(answer: Answer | None) -> str:
    return f"HTTP {answer.status}" if answer else "no answer"

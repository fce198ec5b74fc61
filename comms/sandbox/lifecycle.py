"""What happens after acceptance: statuses and events in time, each told to the service by a signed webhook.

The resource and the ledger always move in the true order; the switches only bend what the service is told.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from comms.clock import Clock
from comms.sandbox.draws import Draws
from comms.sandbox.faults import Faults
from comms.sandbox.ledger import Ledger, Row
from comms.sandbox.messages import API_VERSION, Message
from comms.sandbox.outcomes import mail_outcome, sms_outcome
from comms.sandbox.webhooks_out import Params, Webhooks

_SCHEDULE_CHECK = 0.25
_LARGEST_BATCH = 500
"""Events a post: well under SendGrid's 768 kB with this service's few custom arguments."""

_OVER_SMTP = {"ip": "198.51.100.7", "tls": 1}
_READER = {"useragent": "Mozilla/5.0", "ip": "203.0.113.9"}
_REASONS: dict[str, dict[str, Any]] = {
    "delivered": {"response": "250 2.0.0 OK", **_OVER_SMTP},
    "deferred": {"response": "451 4.7.1 Try again later", "attempt": "1", **_OVER_SMTP},
    "bounce": {
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 No such mailbox",
        "bounce_classification": "Invalid Address",
        **_OVER_SMTP,
    },
    "blocked": {
        "type": "blocked",
        "status": "5.2.2",
        "reason": "552 5.2.2 Mailbox full",
        "bounce_classification": "Mailbox Unavailable",
        **_OVER_SMTP,
    },
    "dropped": {"status": "5.0.0", "reason": "Bounced Address"},
    "open": {**_READER, "sg_machine_open": False, "sg_content_type": "html"},
    "click": {**_READER, "url": "https://example.gov/pay", "url_offset": {"index": 0, "type": "html"}},
}
_SUPPRESSES = {
    "bounce": "Bounced Address",
    "latebounce": "Bounced Address",
    "spamreport": "Spam Reporting Address",
    "unsubscribe": "Unsubscribed Address",
}
"""After this event later mail to the address is dropped for this reason (sg-docs, event.md, drop reasons)."""
_ENGAGEMENT = frozenset({"open", "click", "spamreport", "unsubscribe"})


@dataclass(slots=True)
class Mail:
    """One recipient of one accepted mail/send request."""

    row: Row
    categories: list[str]


class Lifecycle:
    """Carries accepted messages on to their end."""

    def __init__(
        self, *, webhooks: Webhooks, faults: Faults, draws: Draws, ledger: Ledger, clock: Clock, events_url: str
    ) -> None:
        self._webhooks = webhooks
        self._faults = faults
        self._draws = draws
        self._ledger = ledger
        self._clock = clock
        self._events_url = events_url
        self._loop = asyncio.get_running_loop()
        self._batch: list[dict[str, Any]] = []
        self._scheduled: list[Message] = []
        self.suppressed: dict[str, str] = {}

    def forget(self) -> None:
        """Forget suppressions, the open batch and what is scheduled."""
        self.suppressed.clear()
        self._batch.clear()
        self._scheduled.clear()

    def text(self, message: Message, after: float, sender: str) -> None:
        """Play out an accepted text, starting ``after`` seconds from now; ``sender`` is the number it leaves from."""
        outcome = sms_outcome(message.to, self._faults.switches, self._draws)
        steps = ("queued", *outcome.steps) if message.service else outcome.steps
        sid = message.sid
        times = self._times(len(steps), after, sid)
        silent = self._withheld(len(steps), sid)
        told = self._told_at(times, sid)
        for at, tell_at, status in zip(times, told, steps, strict=True):
            code = outcome.error_code if status == steps[-1] else None
            if silent and status != "sent" and status != steps[-1]:
                continue
            if silent or tell_at != at or not message.callback:
                self._later(at, self._move, message, status, code, sender)
                if not silent and message.callback:
                    self._later(tell_at, self._tell, message, status, code)
            else:
                self._later(at, self._move_and_tell, message, status, code, sender)

    def schedule(self, message: Message, sender: str) -> None:
        """Hold a scheduled text until the carrier's clock reaches its time."""
        self._scheduled.append(message)
        if len(self._scheduled) == 1:
            self._loop.call_later(_SCHEDULE_CHECK, self._check_schedule, sender)

    def cancelled(self, message: Message, sender: str) -> None:
        """Tell of a scheduled text that was cancelled in time; ``sender`` is the number it would have left from."""
        self._move(message, "canceled", None, sender)
        if message.callback:
            self._later(self._faults.step(message.sid, "canceled"), self._tell, message, "canceled", None)

    def mail(self, mail: Mail, after: float) -> None:
        """Play out an accepted email, starting ``after`` seconds from now."""
        row = mail.row
        address = row.to.lower()
        reason = self.suppressed.get(address)
        steps = ("dropped",) if reason else mail_outcome(address, self._faults.switches, self._draws).steps
        times = self._times(len(steps), after, row.id, row.n)
        silent = self._withheld(len(steps), row.id, row.n)
        told = self._told_at(times, row.id, row.n)
        now = self._clock.now()
        for number, (at, tell_at, step) in enumerate(zip(times, told, steps, strict=True)):
            self._later(at, self._mail_step, row, step)
            if not silent:
                moment = int((now + timedelta(seconds=at)).timestamp())
                self._later(tell_at, self._mail_event, mail, number, step, reason, moment)

    def _times(self, count: int, after: float, *key: object) -> list[float]:
        times = []
        for number in range(count):
            after += self._faults.step(number, *key)
            times.append(after)
        return times

    def _told_at(self, times: list[float], *key: object) -> list[float]:
        """When each step is told: as it happens, or last first when the reorder switch draws this message."""
        rate = self._faults.switches.reorder_webhooks
        if len(times) < 2 or not self._draws.happens(rate, "reorder", *key):
            return times
        self._ledger.webhooks["reordered"] += 1
        return [times[-1] + times[-1] - at for at in times]

    def _withheld(self, count: int, *key: object) -> bool:
        full = self._webhooks.full
        if full:
            self._ledger.webhooks["overflowed"] += count
        elif self._draws.happens(self._faults.switches.never_receipt, "never", *key):
            self._ledger.webhooks["withheld"] += count
            return True
        return full

    def _later(self, delay: float, act: Callable[..., None], *args: object) -> None:
        self._webhooks.hold()
        self._loop.call_later(delay, self._act, self._webhooks.era, act, args)

    def _act(self, era: int, act: Callable[..., None], args: tuple[object, ...]) -> None:
        if era == self._webhooks.era:
            act(*args)
            self._webhooks.release()

    def _move(self, message: Message, status: str, code: int | None, sender: str) -> None:
        message.sender = sender
        message.move(status, self._clock.now(), code)

    def _tell(self, message: Message, status: str, code: int | None) -> None:
        params = _status_params(message, status, code, self._clock.now().strftime("%y%m%d%H%M"))
        self._webhooks.twilio(message.callback, params, message.sid, status)

    def _move_and_tell(self, message: Message, status: str, code: int | None, sender: str) -> None:
        self._move(message, status, code, sender)
        self._tell(message, status, code)

    def _check_schedule(self, sender: str) -> None:
        now = self._clock.now()
        for message in self._scheduled:
            if message.status == "scheduled" and message.send_at is not None and message.send_at <= now:
                message.move("accepted", now)
                self.text(message, 0, sender)
        self._scheduled = [message for message in self._scheduled if message.status == "scheduled"]
        if self._scheduled:
            self._loop.call_later(_SCHEDULE_CHECK, self._check_schedule, sender)

    def _mail_step(self, row: Row, step: str) -> None:
        if step not in _ENGAGEMENT:
            row.status = "bounce" if step == "latebounce" else step
        if (reason := _SUPPRESSES.get(step)) is not None:
            self.suppressed[row.to.lower()] = reason

    def _mail_event(self, mail: Mail, number: int, step: str, reason: str | None, moment: int) -> None:
        row = mail.row
        event_id = self._draws.raw(16, "event", row.id, row.n, number)
        event: dict[str, Any] = {
            "email": row.to,
            "timestamp": moment,
            "event": {"blocked": "bounce", "latebounce": "bounce"}.get(step, step),
            "sg_event_id": urlsafe_b64encode(event_id).rstrip(b"=").decode("ascii"),
        }
        if step != "latebounce":
            event["sg_message_id"] = f"{row.id}.recvd-5f8d4c7b9-sandbox-1-{row.n:X}-1.0"
        if step not in _ENGAGEMENT and step != "latebounce":
            event["smtp-id"] = f"<{row.id}@sandbox.invalid>"
        if mail.categories:
            event["category"] = mail.categories
        event |= _REASONS.get("bounce" if step == "latebounce" else step, {})
        if reason:
            event["reason"] = reason
        if step == "deferred":
            event["attempt"] = str(number)
        self._add_event({**row.custom_args, **event})
        if self._draws.happens(self._faults.switches.duplicate_webhooks, "twice", row.id, row.n, number):
            self._ledger.webhooks["duplicated"] += 1
            again = {**row.custom_args, **event}
            if event_id[0] & 1:
                self._add_event(again)
            else:
                self._later(self._faults.switches.event_batch_ms / 500, self._add_event, again)

    def _add_event(self, event: dict[str, Any]) -> None:
        self._batch.append(event)
        if len(self._batch) == 1:
            self._later(self._faults.switches.event_batch_ms / 1000, self._flush)

    def _flush(self) -> None:
        events, self._batch = self._batch, []
        for start in range(0, len(events), _LARGEST_BATCH):
            part = events[start : start + _LARGEST_BATCH]
            self._webhooks.sendgrid_events(self._events_url, part, self._timestamp)

    def _timestamp(self) -> str:
        return str(int(self._clock.now().timestamp()))


def _status_params(message: Message, status: str, code: int | None, done: str) -> Params:
    """The form of a status callback (Twilio, outbound message status)."""
    params = [("SmsSid", message.sid), ("SmsStatus", status), ("MessageStatus", status), ("To", message.to)]
    if message.service:
        params.append(("MessagingServiceSid", message.service))
    params += [
        ("MessageSid", message.sid),
        ("AccountSid", message.account),
        ("From", message.sender or ""),
        ("ApiVersion", API_VERSION),
    ]
    if code is not None:
        params.append(("ErrorCode", str(code)))
    if status in ("delivered", "undelivered"):
        params.append(("RawDlrDoneDate", done))
    return tuple(params)

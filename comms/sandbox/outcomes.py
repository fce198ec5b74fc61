"""What becomes of an accepted message: by the recipient's address and the seed, or by a magic recipient.

Magic numbers are the last four digits of ``+1 NPA 555 99NN`` (any area code: the area code keeps its time zone) and the
test numbers that Twilio publishes (``+1 500 555 00NN``). Magic email addresses are the part before ``@`` or ``+``.
"""

from dataclasses import dataclass

from comms.sandbox.draws import Draws
from comms.sandbox.faults import Switches


@dataclass(frozen=True, slots=True)
class Outcome:
    """Statuses or events in order, and why the last one came about."""

    steps: tuple[str, ...]
    error_code: int | None = None


DELIVERED = Outcome(("sent", "delivered"))

ERROR_TEXT = {
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30034: "Message from an unregistered number",
}
"""Twilio's asynchronous error codes (facts: Twilio error pages), in words for the Message's ``error_message``."""


def _undelivered(code: int) -> Outcome:
    return Outcome(("sent", "undelivered"), code)


MAGIC_NUMBERS: dict[str, Outcome] = {
    "9900": DELIVERED,
    "9901": _undelivered(30003),
    "9903": Outcome(("sent",)),
    "9905": _undelivered(30005),
    "9906": _undelivered(30006),
    "9907": _undelivered(30007),
    "9908": _undelivered(30008),
    "9909": Outcome(("failed",), 30001),
    "9910": Outcome(("failed",), 30034),
}
"""Accepted, then this happens. 9903 never gets a final receipt."""

MAGIC_REFUSALS: dict[str, int] = {"9902": 21610, "9904": 21614, "9911": 21211}
"""RefusedError at once with this Twilio code."""

PUBLISHED_REFUSALS: dict[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
"""Twilio's own published test recipients."""

PUBLISHED_SENDERS: dict[str, int] = {
    "+15005550001": 21212,
    "+15005550007": 21606,
    "+15005550008": 21611,
}
"""Twilio's own published test senders that are refused; +15005550006 is taken."""

_SMS_FAILURES = (30003, 30003, 30003, 30005, 30006, 30006, 30007, 30008)

MAIL_DELIVERED = Outcome(("processed", "delivered"))

MAGIC_MAILBOXES: dict[str, Outcome] = {
    "delivered": MAIL_DELIVERED,
    "bounce": Outcome(("processed", "bounce")),
    "blocked": Outcome(("processed", "blocked")),
    "dropped": Outcome(("dropped",)),
    "deferred": Outcome(("processed", "deferred", "deferred", "delivered")),
    "expired": Outcome(("processed", "deferred", "blocked")),
    "latebounce": Outcome(("processed", "delivered", "latebounce")),
    "open": Outcome(("processed", "delivered", "open")),
    "click": Outcome(("processed", "delivered", "open", "click")),
    "spam": Outcome(("processed", "delivered", "spamreport")),
    "unsubscribe": Outcome(("processed", "delivered", "open", "unsubscribe")),
    "silent": Outcome(("processed",)),
}
"""``latebounce`` is an asynchronous bounce: its event carries no ``sg_message_id`` (sg-docs, event.md)."""


def refusal(number: str, switches: Switches) -> int | None:
    """The Twilio code this recipient is always refused with, if it is a magic one."""
    if code := PUBLISHED_REFUSALS.get(number):
        return code
    return MAGIC_REFUSALS.get(_magic_digits(number)) if switches.magic else None


def sms_outcome(number: str, switches: Switches, draws: Draws) -> Outcome:
    """What becomes of a text to this number."""
    if switches.magic and (magic := MAGIC_NUMBERS.get(_magic_digits(number))):
        return magic
    rate = switches.undelivered_rate
    drawn = draws.unit("sms", number) if rate else 1.0
    if drawn >= rate:
        return DELIVERED
    return _undelivered(_SMS_FAILURES[int(drawn / rate * len(_SMS_FAILURES))])


def mail_outcome(address: str, switches: Switches, draws: Draws) -> Outcome:
    """What becomes of an email to this address."""
    mailbox = address.partition("@")[0].partition("+")[0].lower()
    if switches.magic and (magic := MAGIC_MAILBOXES.get(mailbox)):
        return magic
    drawn = draws.unit("mail", address.lower())
    if drawn < switches.bounce_rate:
        return MAGIC_MAILBOXES["bounce" if drawn < switches.bounce_rate * 0.7 else "blocked"]
    return MAGIC_MAILBOXES["open"] if 1 - drawn < switches.open_rate else MAIL_DELIVERED


def _magic_digits(number: str) -> str:
    """The last four digits of +1 NPA 555 99NN, or nothing."""
    return number[8:] if len(number) == 12 and number[5:10] == "55599" else ""

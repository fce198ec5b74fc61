"""The words of the pages: what a state, a hold, a priority is called, and what it means to a clerk."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from comms.desk.frame import formats

Tone = Literal["plain", "good", "warn", "bad", "info"]

HOLDS = {
    "medical": "Medical hold",
    "military": "Military service hold",
    "bankruptcy": "Bankruptcy hold",
    "deceased": "Customer deceased",
    "dispute": "Bill in dispute",
    "energy_assistance": "Energy assistance pending",
    "promise": "Promise hold",
    "moratorium": "City moratorium",
    "office": "Office hold",
}
CAUTIONS = {
    "bankruptcy": "A bankruptcy hold is in force. Do not ask for payment; answer questions only.",
    "deceased": "The customer is recorded as deceased. Write with care, to whoever handles the estate.",
    "dispute": "This bill is in dispute. Do not ask for the disputed amount.",
}
"""Holds under which a text may be written but not any text."""

LANGUAGES = {"en": "English", "es": "Spanish"}
STATUSES = {"active": "Active", "inactive": "Inactive", "final": "Final bill", "shut_off": "Shut off"}
ADDRESS_STATUS: dict[str, tuple[str, Tone]] = {
    "usable": ("in use", "plain"),
    "unusable": ("not usable", "warn"),
    "wrong_number": ("wrong number", "bad"),
    "bounced": ("email bounced", "bad"),
    "unreachable": ("not reachable", "warn"),
    "gone": ("no longer in the billing system", "plain"),
}
PROMISES: dict[str, tuple[str, Tone]] = {
    "proposed": ("waiting for the customer's YES", "warn"),
    "open": ("open", "info"),
    "kept": ("kept", "good"),
    "kept_late": ("kept, late", "good"),
    "kept_short": ("kept, a little short", "good"),
    "partial": ("partly kept", "warn"),
    "broken": ("broken", "bad"),
    "withdrawn_customer": ("withdrawn by the customer", "plain"),
    "withdrawn_office": ("withdrawn by the office", "plain"),
    "superseded": ("replaced by a newer one", "plain"),
    "refused": ("not accepted", "plain"),
    "settled_other": ("settled another way", "plain"),
}
DELIVERY: dict[str, tuple[str, Tone]] = {
    "held": ("Held, to be decided again", "warn"),
    "queued": ("Queued", "plain"),
    "claimed": ("Sending", "plain"),
    "unknown": ("Not known whether it left; we are asking the carrier", "warn"),
    "submitted": ("Handed to the carrier", "plain"),
    "sent": ("Sent", "plain"),
    "failed": ("Not sent", "bad"),
    "undelivered": ("Not delivered", "bad"),
    "delivered": ("Delivered", "good"),
    "bounced": ("Bounced", "bad"),
    "cancelled": ("Cancelled before it left", "plain"),
    "superseded": ("Replaced before it left", "plain"),
    "suppressed": ("Not sent: not allowed", "warn"),
    "batched": ("In the mail file", "plain"),
    "handed_over": ("With the mail house", "plain"),
    "mailed": ("Mailed", "good"),
    "returned": ("Returned by the post office", "bad"),
}
PURGED = "[no longer kept: the retention schedule has purged the words]"
CHANNELS = {"sms": "Text", "email": "Email", "letter": "Letter", "phone": "Call", "note": "Private note",
            "counter": "Counter visit", "door": "Door tag"}  # fmt: skip
TASKS = {
    "reply": "Replies that need a person",
    "unmatched_reply": "Messages from unknown senders",
    "unmatched_event": "Carrier reports about no message of ours",
    "unknown_send": "Messages that may not have left",
    "failed_notice": "Notices that could not be delivered",
    "approval": "Promises that need a supervisor",
    "promise": "Promises to look at",
    "decision_reopened": "Promises decided anew, because payments changed",
    "campaign_run": "Runs that wait for somebody",
    "field_order": "Orders of the Service Department to look at",
    "mail_batch": "Batches of letters the mail house does not have",
    "mail_day": "Batches of letters whose mailing day is not known",
    "returned_mail": "Letters that came back",
    "hold_review": "Holds to look at again",
    "pledge_lapsed": "Pledges that were not paid",
    "third_party_address": "Third parties nobody wrote down",
    "consent_mirror": "Opt-outs that Twilio's own list does not have",
    "carrier_halted": "A carrier takes nothing from us",
}


_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_COMMAND = re.compile(r": ?comms [a-z]")


def for_the_desk(reason: str) -> str:
    """Why a task was opened, without the commands that it names for those who work in a terminal."""
    sentences = [
        "; ".join(part for part in sentence.split("; ") if not _COMMAND.search(part)).rstrip(".")
        for sentence in _SENTENCE_ENDS.split(reason)
    ]
    kept = " ".join(f"{one}." if one[-1:] not in "!?" else one for one in sentences if one)
    return kept if _COMMAND.search(reason) and kept else reason


_HOLD = re.compile(r"\b(?:hold-[a-z_]+, )?hold: ([a-z_]+), (?=open-ended|until)", re.IGNORECASE)
_DAY = re.compile(r"(?<![\w/-])(\d{4}-\d\d-\d\d)(?![\w/-])")
_NUMBER = re.compile(r"\+1\d{10}\b")


def readable(text: str, today: date) -> str:
    """What a room below says to programs too, as a clerk reads it: days, phones, holds and ways by their words.
    ``hold: dispute, open-ended`` is ``Bill in dispute, without a last day``."""
    said = _HOLD.sub(lambda found: f"{HOLDS.get(found[1], found[1].replace('_', ' '))}, ", text)
    said = said.replace(", open-ended", ", without a last day")
    said = _DAY.sub(lambda found: formats.day(date.fromisoformat(found[1]), today), said)
    said = _NUMBER.sub(lambda found: formats.phone(found[0]), said)
    return re.sub(r"\bsms\b", "text", said)


def task_kind(kind: str) -> str:
    """The heading of a list of tasks; a kind without a name of its own is read as it is spelled."""
    return TASKS.get(kind, kind.replace("_", " ").capitalize())


def priority(value: int) -> tuple[str, Tone]:
    """The word for a task's priority, 1 to 9."""
    if value <= 1:
        return "Emergency", "bad"
    if value <= 3:
        return "Urgent", "warn"
    return ("Normal", "plain") if value <= 6 else ("Can wait", "plain")


def promise(status: str, awaits: str | None = None) -> tuple[str, Tone]:
    """The word for how a promise stands; a proposed one waits for the customer's YES or for a supervisor."""
    if status == "proposed" and awaits == "supervisor":
        return "waiting for a supervisor", "warn"
    return PROMISES.get(status, (status.replace("_", " "), "plain"))


def delivery(state: str) -> tuple[str, Tone]:
    return DELIVERY.get(state, (state.replace("_", " ").capitalize(), "plain"))


def actor(name: str | None, names: Mapping[str, str] | None = None) -> str:
    """Who did it, as a clerk says it: ``user:park`` is who ``names`` says park is, else park; ``field:Berg`` is Berg of
    the Service Department."""
    known = {
        "system": "Automatic", "customer": "Customer", "carrier": "Carrier", "cis": "Billing system",
        "schedule": "the clock", None: "nobody",
    }  # fmt: skip
    if name is None or name in known:
        return known[name]
    if name.startswith("field:"):
        return f"{name.removeprefix('field:')} (field)"
    username = name.removeprefix("user:")
    return (names or {}).get(username, username)

"""What a customer says to staff about being written to: by phone, by letter, at the counter.

It takes effect as an opt-out by text does: a line in the ledger, what has not left called back, the carrier told, and
the history of every account that has the address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.accounts.consent import Action
from comms.clock import Clock
from comms.history import NewEvent, record

from .recall import recall

WRITTEN_TO = {"sms": "texts", "email": "emails", "voice": "calls"}
_PURPOSES = ("dunning", "informational", "conversational")
"""What an opt-out stops; what the law requires in writing goes by letter all the same."""


@dataclass(frozen=True)
class Recorded:
    """The accounts it concerns, and the messages that were called back or were leaving already."""

    account_ids: tuple[int, ...]
    recalled: tuple[int, ...] = ()
    too_late: tuple[int, ...] = ()


def record_word(
    session: Session,
    clock: Clock,
    *,
    channel: str,
    address: str,
    action: Action,
    evidence: str,
    by: str,
    category: str = "all",
    account_id: int | None = None,
    inbound_id: int | None = None,
    beside: Sequence[NewEvent] = (),
) -> Recorded:
    """Write down what the holder of ``address`` said to ``by`` (``user:park``); ``evidence`` is how and when, in words
    that will stand up later. ``category`` is ``all`` or one category of notices; ``beside`` are events of the caller's
    to be recorded first."""
    now = clock.now()
    accounts = consent.record(
        session, channel=channel, address=address, action=action, source=by, evidence=evidence, at=now,
        category=category, account_id=account_id, inbound_id=inbound_id,
    )  # fmt: skip
    about = "" if category == "all" else f" of the kind “{category}”"
    wants = f"wants {WRITTEN_TO[channel]}{about} again" if action == "granted" else f"wants no {WRITTEN_TO[channel]}"
    summary = f"{address} {wants}{'' if action == 'granted' else about}: {_short(evidence)}"
    facts: dict[str, Any] = {"category": category, "evidence": evidence}
    events = [
        NewEvent(account, now, f"consent.{action}", summary, channel=channel, actor=by, facts=facts)
        for account in accounts or (None,)
    ]
    if action == "granted":
        record(session, [*beside, *events], now)
        return Recorded(tuple(accounts))
    called_back = recall(
        session, accounts, clock, reason="the customer has opted out", purposes=_PURPOSES, channels=(channel,),
        recipient=address.strip().lower(), categories=() if category == "all" else (category,), announce=False,
    )  # fmt: skip
    record(session, [*beside, *events, *called_back.events], now)
    return Recorded(tuple(accounts), tuple(called_back.cancelled), tuple(called_back.too_late))


def _short(words: str) -> str:
    joined = " ".join(words.split())
    return joined if len(joined) <= 120 else joined[:119] + "…"

"""Who may be written to: opting out, opting in, and a number that is not the customer's.

All of it takes effect at once. Letters that the law requires go on.
"""

import re
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from comms import outbox
from comms.accounts import ContactPoint, consent, contacts
from comms.accounts.folding import plain
from comms.outbox import Message

from . import escalating
from .asking import rest
from .mail_text import new_subject
from .matter import Matter
from .pausing import OFFICE_DAYS, pause

CONFIRM_WITHIN = timedelta(minutes=5)
"""An opt-out confirmation later than this is a message without consent: 47 CFR 64.1200(a)(12)."""

_DIED = re.compile(
    r"\b(deceased|died|dead|passed (away|on)|pass away|passing|funeral|murio|fallec\w*|difunt\w*|finado|finada)\b"
)


def opt_out(matter: Matter, *, carrier: bool = False) -> None:
    """Immediate, whatever the words; what has not left to this address is called back, legal letters go on.

    ``carrier``: the carrier has taken it and answered already.
    """
    inbound = matter.inbound
    accounts = _write_down(matter, "revoked", "has opted out", carrier)
    if not consent.blocked(matter.session, inbound.channel, [inbound.sender]):
        return  # read late: the customer has opted in again since
    _call_back(matter, accounts, "the customer has opted out", purposes=("dunning", "informational", "conversational"))
    if "wrong_number" in matter.understanding.also:
        _mark(matter)
        escalating.to_clerk(matter)
    rest(matter.conversation)
    left = CONFIRM_WITHIN - (matter.clock.now() - inbound.received_at)
    if not carrier and not matter.opted_out_before and left > timedelta():
        matter.answer("opt-out-confirmation", within=left, even_opted_out=True, at_most=None)


def opt_in(matter: Matter, *, carrier: bool = False) -> None:
    """Messages are wanted again. ``carrier``: the carrier has taken it and answered already."""
    _write_down(matter, "granted", "wants messages again", carrier)
    if not carrier:
        matter.answer("opt-in-confirmation")


def _write_down(matter: Matter, action: consent.Action, said: str, carrier: bool) -> list[int]:
    """A line of the ledger, and one in the history of every account with this address; their ids."""
    inbound = matter.inbound
    accounts = consent.record(
        matter.session,
        channel=inbound.channel,
        address=inbound.sender,
        action=action,
        source="carrier" if carrier else f"reply:{inbound.channel}",
        evidence=_evidence(matter),
        at=inbound.received_at,
        account_id=matter.account.id if matter.account else None,
        inbound_id=inbound.id,
    )
    matter.tell_all(accounts, f"consent.{action}", f"{inbound.sender} {said}: {matter.short}")
    return accounts


def wrong_number(matter: Matter) -> None:
    """The number is not written to any more, and a clerk looks for the right one; the account stays as it is.

    Who has died has not moved: the dunning stops until staff have looked.
    """
    _mark(matter)
    rest(matter.conversation)
    if matter.account is not None and _DIED.search(plain(matter.words)):
        held = pause(matter, "office", OFFICE_DAYS, "the customer is said to have died")
        matter.give_to_clerk(
            f"The customer is said to have died. {held}: look before anything more is sent.",
            priority=3, hold_id=held.hold_id,
        )  # fmt: skip
    else:
        escalating.to_clerk(matter)
    if not _answered_before(matter):
        matter.answer("wrong-number-answer")


def a_stranger(matter: Matter) -> bool:
    """Whether this address is known not to be the customer's: nothing of the account may be told to it."""
    if matter.account is None:
        return False
    statuses = matter.session.scalars(
        select(ContactPoint.status).where(
            ContactPoint.account_id == matter.account.id,
            ContactPoint.kind == _kind(matter),
            ContactPoint.value == matter.inbound.sender.lower(),
        )
    ).all()
    return "wrong_number" in statuses


def _evidence(matter: Matter) -> str:
    """What was said, for the ledger: of an email the subject too, where the customer wrote it."""
    subject = new_subject(matter.inbound.subject) if matter.inbound.channel == "email" else ""
    return f"{subject}\n{matter.words}" if subject and subject != matter.words else matter.words


def _mark(matter: Matter) -> None:
    """Notices that were to go there are decided again: the customer, who has not heard them, may be reached on another
    channel."""
    sender = matter.inbound.sender
    accounts = contacts.mark(matter.session, _kind(matter), sender, "wrong_number", matter.short, matter.clock.now())
    matter.tell_all(accounts, "contact.unusable", f"{sender} is not the customer's: {matter.short}")
    _call_back(
        matter, accounts, "the number is not the customer's", purposes=("dunning", "informational"), decided=False
    )
    _call_back(matter, accounts, "the number is not the customer's", purposes=("conversational",))
    outbox.set_aside(matter.session, accounts, matter.clock)


def _call_back(
    matter: Matter, accounts: Collection[int], reason: str, *, purposes: Collection[str], decided: bool = True
) -> None:
    matter.events += outbox.recall(
        matter.session,
        accounts,
        matter.clock,
        reason=reason,
        purposes=purposes,
        channels=(matter.inbound.channel,),
        recipient=matter.inbound.sender,
        decided=decided,
        announce=False,
    ).events


def _answered_before(matter: Matter) -> bool:
    """One answer is enough for somebody who has nothing to do with the account."""
    told = select(Message.id).where(
        Message.channel == matter.inbound.channel,
        Message.recipient == matter.inbound.sender,
        Message.notice == "wrong-number-answer",
    )
    return matter.session.scalar(told.limit(1)) is not None


def _kind(matter: Matter) -> str:
    return "phone" if matter.inbound.channel == "sms" else "email"

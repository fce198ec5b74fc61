"""Handling one reply, from the stored row to the answer: claim, match, understand, act, record.

1. claim the row: whoever turns ``new`` into something else handles it, everybody else finds nothing to do;
2. find the account, and the conversation that is under way with this address;
3. opt-out words first, then what the conversation waits for, then the intent;
4. answer at most once; whatever a person should see goes on the clerk's list;
5. write all of it into the contact history in one go.

It all happens in the caller's transaction: when anything fails, the reply is as new as before and can be handled again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms import history, worklist
from comms.accounts import Account, consent
from comms.accounts.folding import plain
from comms.city import City
from comms.clock import Clock
from comms.db import upsert
from comms.history import NewEvent
from comms.notices.rendering import Renderer
from comms.settings import Settings

from . import answering, choosing, escalating, opting, promising
from .matching import Matched, match
from .matter import Matter
from .reading import content_of, owed, understood, words_of
from .refusing import hear_a_refusal
from .schema import Conversation, InboundMessage
from .understanding.wordlists import words


@dataclass(frozen=True)
class Handled:
    """What came of a reply. ``lanes`` are the doorbells to ring after the commit."""

    inbound_id: int
    handling: str | None = None
    intent: str | None = None
    account_id: int | None = None
    lanes: tuple[str, ...] = ()


def handle(
    session: Session, inbound_id: int, *, city: City, clock: Clock, renderer: Renderer, settings: Settings
) -> Handled:
    """Understand and act on one stored reply, once; again, or from two workers at once, does nothing more."""
    inbound = _claim(session, inbound_id, clock)
    if inbound is None:
        return Handled(inbound_id)
    conversation = _conversation(session, inbound)
    said = words_of(inbound)
    matched = match(session, inbound, conversation)
    _new_day(conversation, inbound, city)
    matter = Matter(
        session=session, city=city, clock=clock, renderer=renderer, inbound=inbound, conversation=conversation,
        words=said, matched=matched, understanding=understood(said, inbound, city, matched.account),
        opted_out_before=bool(consent.blocked(session, inbound.channel, [inbound.sender])),
        asked_in=conversation.context.get("language"),
    )  # fmt: skip
    if matched.account is None and choosing.waiting(matter):
        choosing.choose(matter)
    hear_a_refusal(matter)
    _stay_with_what_was_read_back(matter)
    _keep_what_was_said(matter)
    _act(matter)
    inbound.intent, inbound.confidence = matter.understanding.intent, matter.understanding.confidence
    inbound.understanding = matter.understanding.as_json() | owed(matter.account)
    inbound.account_id = matter.account.id if matter.account else None
    inbound.matched_by = matter.matched.how
    inbound.conversation_id = conversation.id
    conversation.last_inbound_at = inbound.received_at
    if matter.account is not None:
        conversation.account_id = matter.account.id
        worklist.customer_wrote(session, matter.account.id, inbound.received_at)
    lanes = matter.finish()
    return Handled(inbound_id, inbound.handling, inbound.intent, inbound.account_id, tuple(lanes))


def _claim(session: Session, inbound_id: int, clock: Clock) -> InboundMessage | None:
    taken = session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == inbound_id, InboundMessage.handling == "new")
        .values(handling="noted", handled_at=clock.now())
        .returning(InboundMessage.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    return session.get(InboundMessage, inbound_id, populate_existing=True)


def _conversation(session: Session, inbound: InboundMessage) -> Conversation:
    """The conversation with this address, locked: two texts of one person are handled one after the other."""
    row: dict[str, Any] = {
        "channel": inbound.channel, "address": inbound.sender, "account_id": None, "state": "idle", "context": {},
        "automatic_answers": 0, "opened_at": inbound.received_at, "last_inbound_at": None, "expires_at": None,
    }  # fmt: skip
    upsert(session, Conversation, [row], key=["channel", "address"])
    statement = (
        select(Conversation)
        .where(Conversation.channel == inbound.channel, Conversation.address == inbound.sender)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one()


def _new_day(conversation: Conversation, inbound: InboundMessage, city: City) -> None:
    """The cap on automatic answers is a day's."""
    last = conversation.last_inbound_at
    if last is None or city.local_date(last) != city.local_date(inbound.received_at):
        conversation.automatic_answers = 0


def _keep_what_was_said(matter: Matter) -> None:
    """The first line of the story: the exact words, who wrote them and where."""
    inbound = matter.inbound
    (digest,) = history.remember(matter.session, [content_of(inbound)], matter.clock.now())
    word = "Text" if inbound.channel == "sms" else "Email"
    short = " ".join(words_of(inbound).split())
    quoted = short if len(short) <= 120 else short[:119] + "…"
    matter.events.append(
        NewEvent(
            account_id=matter.account.id if matter.account else None,
            at=inbound.received_at,
            kind="reply.received",
            summary=f"{word} from {inbound.sender}: {quoted}",
            direction="in",
            channel=inbound.channel,
            actor="customer",
            subject_type="inbound_message",
            subject_id=inbound.id,
            facts={"intent": matter.understanding.intent, "matched_by": matter.matched.how},
            content_digest=digest,
        )
    )


def _stay_with_what_was_read_back(matter: Matter) -> None:
    """A YES, a NO or a correction belongs to what was read back, although another account of this number may have been
    written to since."""
    account_id = matter.conversation.account_id
    known = matter.account.id if matter.account else None
    if account_id is None or account_id == known or not promising.asked_here(matter):
        return
    if matter.understanding.intent in ("confirm_yes", "confirm_no") or promising.corrects(matter):
        matter.matched = Matched(matter.session.get(Account, account_id), "conversation")


# --- acting ---


def _act(matter: Matter) -> None:
    intent = matter.understanding.intent
    carrier = (matter.inbound.carrier_opt_out or "").upper()
    if carrier == "STOP" or "opt_out" in (intent, *matter.understanding.also):
        if intent == "emergency" and not escalating.unsure(matter):
            answering.emergency(matter)
        opting.opt_out(matter, carrier=carrier == "STOP")
    elif carrier == "START" and not _says_yes_to_us(matter):
        opting.opt_in(matter, carrier=True)
    elif carrier == "HELP" or _small_talk(matter):
        return
    elif choosing.must_ask(matter):
        choosing.ask_which(matter)
    elif escalating.unsure(matter):
        return
    elif intent in _FOR_ANYBODY:
        _FOR_ANYBODY[intent](matter)
    elif opting.a_stranger(matter):
        reason = "From a number or address that is not the customer's any more; look before anything is told."
        matter.give_to_clerk(reason, priority=escalating.PRIORITY.get(intent, 5))
    else:
        _act_on_account(matter)


def _act_on_account(matter: Matter) -> None:
    intent = matter.understanding.intent
    if intent in _ANSWERS and (matter.account is not None or intent in _NEEDS_NO_ACCOUNT):
        _ANSWERS[intent](matter)
    elif intent in ("confirm_yes", "confirm_no") and matter.account is not None and promising.waiting(matter):
        (promising.confirmed if intent == "confirm_yes" else promising.declined)(matter)
    elif intent != "confirm_yes":
        escalating.to_clerk(matter)


def _says_yes_to_us(matter: Matter) -> bool:
    """YES is a word for opting in too (facts: Twilio's opt-in words); of somebody who had not opted out, and whom we
    asked, it is the answer."""
    return matter.understanding.intent == "confirm_yes" and not matter.opted_out_before and promising.asked_here(matter)


Act = Callable[[Matter], None]

_FOR_ANYBODY: dict[str, Act] = {
    "emergency": answering.emergency, "opt_in": opting.opt_in, "wrong_number": opting.wrong_number,
    "help": answering.help_,
}  # fmt: skip
"""Whoever writes, whatever the account: nothing of it is told."""

_ANSWERS: dict[str, Act] = {
    "abuse_or_threat": answering.threat, "promise": promising.offer, "paid": answering.paid,
    "dispute": answering.dispute, "hardship": answering.hardship, "arrangement_request": promising.arrange,
    "balance_question": answering.balance, "language_request": answering.language,
}  # fmt: skip
_NEEDS_NO_ACCOUNT = frozenset({"abuse_or_threat", "language_request"})


def _small_talk(matter: Matter) -> bool:
    """Thanks, a greeting, an emoji, a thumb on one of our texts: nothing to do for anybody."""
    if matter.understanding.intent != "other":
        return False
    said = set(_WORD.findall(plain(matter.words)))
    return bool(matter.words.strip()) and (
        not said or _REACTION.match(matter.words) is not None or (bool(said & _KIND) and said <= _KIND | _BESIDE)
    )


_WORD = re.compile(r"\w+")
_REACTION = re.compile(r"\s*(Liked|Loved|Laughed at|Emphasized|Reacted \S+ to|Le gustó|Le encantó|Me gusta) [“\"«]")
_KIND = words(
    "thanks thank thx ty tysm thankyou hi hello hey morning afternoon evening night bless holidays welcome yw np "
    "problem gracias hola buenos buenas bendiciones bendiga lol haha jaja"
)
_BESIDE = words(
    "you u so very much a lot again for your the help time all me good day nice have great god happy no muchas "
    "muchisimas mil dias tardes noches dia que tenga buen dios le los de nada ha"
)

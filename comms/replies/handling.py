"""Handling one reply, from the stored row to the answer: claim, match, understand, act, record.

1. claim the row: whoever turns ``new`` into something else handles it, everybody else finds nothing to do;
2. find the account, and the conversation that is under way with this address;
3. opt-out words first, then what the conversation waits for, then the intent;
4. answer at most once; whatever a person should see goes on the clerk's list;
5. write all of it into the contact history in one go.

It all happens in the caller's transaction: when anything fails, the reply is as new as before and can be handled again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms import history, outbox
from comms.accounts import Account, consent, contacts
from comms.city import City
from comms.clock import Clock
from comms.db import upsert
from comms.history import NewEvent
from comms.notices.rendering import Renderer
from comms.settings import Settings

from . import choosing, promising
from .matching import Matched, match
from .matter import Matter
from .reading import understood, words_of
from .schema import Conversation, InboundMessage

CONFIRM_WITHIN = timedelta(minutes=5)
"""An opt-out confirmation later than this is a message without consent: 47 CFR 64.1200(a)(12)."""

PRIORITY = {
    "emergency": 1, "abuse_or_threat": 3, "dispute": 3, "hardship": 3, "arrangement_request": 4, "wrong_number": 4,
    "promise": 4, "paid": 5, "balance_question": 5, "help": 5, "language_request": 5, "confirm_no": 6, "other": 8,
}  # fmt: skip

REASON = {
    "emergency": "EMERGENCY: read this reply now and call the customer",
    "abuse_or_threat": "A threat, a legal matter or an insult: no automatic answer was sent",
    "dispute": "Disputes the bill",
    "hardship": "Cannot pay: needs help or assistance programs",
    "arrangement_request": "Asks for more time or a plan",
    "wrong_number": "Says this is not the customer's number; it is not written to any more",
    "paid": "Says it is paid",
    "balance_question": "Asks about the balance, a date or how to pay",
    "help": "Asks for help or a person",
    "language_request": "Asks for another language",
    "confirm_no": "Says no, but nothing was asked",
    "other": "A reply that needs a person",
}

_ACKNOWLEDGED = frozenset(
    {"emergency", "dispute", "hardship", "arrangement_request", "paid", "balance_question", "help", "language_request"}
)
"""Intents that a person answers, and whose sender is told so. Insults, threats and small talk get nothing."""


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
    words = words_of(inbound)
    matched = match(session, inbound, conversation)
    _new_day(conversation, inbound, city)
    matter = Matter(
        session=session, city=city, clock=clock, renderer=renderer, inbound=inbound, conversation=conversation,
        words=words, matched=matched, understanding=understood(words, inbound, city, matched.account),
        opted_out_before=bool(consent.blocked(session, inbound.channel, [inbound.sender])),
    )  # fmt: skip
    if matched.account is None and conversation.state == "choosing_account":
        choosing.choose(matter)
    _stay_with_what_was_read_back(matter)
    _keep_what_was_said(matter)
    _act(matter)
    inbound.intent, inbound.confidence = matter.understanding.intent, matter.understanding.confidence
    inbound.understanding = matter.understanding.as_json()
    inbound.account_id = matter.account.id if matter.account else None
    inbound.matched_by = matter.matched.how
    inbound.conversation_id = conversation.id
    conversation.last_inbound_at = inbound.received_at
    if matter.account is not None:
        conversation.account_id = matter.account.id
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
    content = {
        "channel": inbound.channel,
        "from": inbound.sender,
        "to": inbound.recipient,
        "subject": inbound.subject,
        "text": inbound.text,
        "media": inbound.media,
        "received_at": inbound.received_at.isoformat(),
    }
    (digest,) = history.remember(matter.session, [content], matter.clock.now())
    word = "Text" if inbound.channel == "sms" else "Email"
    short = " ".join(matter.words.split())
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
    if account_id is None or account_id == known or not promising.waiting(matter):
        return
    if matter.understanding.intent in ("confirm_yes", "confirm_no") or promising.corrects(matter):
        matter.matched = Matched(matter.session.get(Account, account_id), "conversation")


# --- acting ---


def _act(matter: Matter) -> None:
    intent = matter.understanding.intent
    carrier = (matter.inbound.carrier_opt_out or "").upper()
    if carrier == "STOP" or intent == "opt_out":
        _opt_out(matter, carrier)
    elif carrier == "START" or intent == "opt_in":
        _opt_in(matter, carrier)
    elif carrier == "HELP":
        return
    elif intent == "emergency":
        _to_clerk(matter)
    elif matter.account is None and len(matter.matched.candidates) > 1 and intent not in _NEEDS_NO_ACCOUNT:
        choosing.ask_which(matter)
    elif promising.waiting(matter) and matter.account is not None and intent in ("confirm_yes", "confirm_no"):
        (promising.confirmed if intent == "confirm_yes" else promising.declined)(matter)
    elif intent == "promise" and matter.account is not None:
        promising.offer(matter)
    elif intent == "help" and matter.understanding.confidence == 1.0:
        if not matter.answer("help-answer"):
            _to_clerk(matter)
    elif intent == "wrong_number":
        _wrong_number(matter)
    elif intent != "confirm_yes" and not _only_thanks(matter):
        _to_clerk(matter)


_NEEDS_NO_ACCOUNT = frozenset({"wrong_number", "abuse_or_threat", "help", "language_request", "confirm_yes", "other"})


def _only_thanks(matter: Matter) -> bool:
    """``thank u so much``: nothing to do for anybody."""
    words = matter.words.lower().split()
    return matter.understanding.intent == "other" and 0 < len(words) <= 4 and bool(_THANKS & set(words))


_THANKS = frozenset({"thanks", "thank", "thx", "ty", "gracias", "thanks!", "gracias!", "thanks."})


def _to_clerk(matter: Matter) -> None:
    intent = matter.understanding.intent
    reason = REASON.get(intent, REASON["other"])
    if intent == "promise":
        reason = "A promise from a number that is on no account"
    matter.give_to_clerk(f"{reason}.", priority=PRIORITY.get(intent, 5))
    if intent in _ACKNOWLEDGED and matter.account is not None:
        today = matter.city.local_date(matter.clock.now())
        matter.answer("reply-received", answer_by=matter.city.next_business_day(today))


def _opt_out(matter: Matter, carrier: str) -> None:
    """Immediate, whatever the words; what has not left to this address is called back, legal letters go on."""
    inbound = matter.inbound
    accounts = consent.record(
        matter.session,
        channel=inbound.channel,
        address=inbound.sender,
        action="revoked",
        source="carrier" if carrier == "STOP" else f"reply:{inbound.channel}",
        evidence=matter.words,
        at=inbound.received_at,
        account_id=matter.account.id if matter.account else None,
        inbound_id=inbound.id,
    )
    _tell_all(matter, accounts, "consent.revoked", f"{inbound.sender} has opted out: {_short(matter.words)}")
    recalled = outbox.recall(
        matter.session,
        accounts,
        matter.clock,
        reason="the customer has opted out",
        purposes=("dunning", "informational", "conversational"),
        channels=(inbound.channel,),
        recipient=inbound.sender,
        announce=False,
    )
    matter.events += recalled.events
    matter.conversation.state, matter.conversation.context = "idle", {}
    left = CONFIRM_WITHIN - (matter.clock.now() - inbound.received_at)
    if carrier != "STOP" and not matter.opted_out_before and left > timedelta():
        matter.answer("opt-out-confirmation", within=left, even_opted_out=True)


def _opt_in(matter: Matter, carrier: str) -> None:
    inbound = matter.inbound
    accounts = consent.record(
        matter.session,
        channel=inbound.channel,
        address=inbound.sender,
        action="granted",
        source="carrier" if carrier == "START" else f"reply:{inbound.channel}",
        evidence=matter.words,
        at=inbound.received_at,
        account_id=matter.account.id if matter.account else None,
        inbound_id=inbound.id,
    )
    _tell_all(matter, accounts, "consent.granted", f"{inbound.sender} wants messages again: {_short(matter.words)}")
    if carrier != "START":
        matter.answer("opt-in-confirmation")


def _wrong_number(matter: Matter) -> None:
    """The number is not written to any more, and a clerk looks for the right one. Notices that were to go there are
    decided again: the customer, who has not heard them, may be reached on another channel."""
    inbound, now = matter.inbound, matter.clock.now()
    kind = "phone" if inbound.channel == "sms" else "email"
    accounts = contacts.mark(matter.session, kind, inbound.sender, "wrong_number", _short(matter.words), now)
    _tell_all(matter, accounts, "contact.unusable", f"{inbound.sender} is not the customer's: {_short(matter.words)}")
    recalled = outbox.recall(
        matter.session,
        accounts,
        matter.clock,
        reason="the number is not the customer's",
        purposes=("dunning", "informational"),
        channels=(inbound.channel,),
        recipient=inbound.sender,
        decided=False,
        announce=False,
    )
    outbox.set_aside(matter.session, accounts, matter.clock)
    matter.events += recalled.events
    _to_clerk(matter)


def _tell_all(matter: Matter, account_ids: list[int], kind: str, summary: str) -> None:
    """The same line in the history of every account that has the address."""
    at, inbound = matter.clock.now(), matter.inbound
    for account_id in account_ids or (None,):
        matter.events.append(
            NewEvent(
                account_id,
                at,
                kind,
                summary,
                channel=inbound.channel,
                actor="customer",
                subject_type="inbound_message",
                subject_id=inbound.id,
            )
        )


def _short(words: str) -> str:
    joined = " ".join(words.split())
    return joined if len(joined) <= 100 else joined[:99] + "…"

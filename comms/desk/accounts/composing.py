"""Writing to a customer by hand: to which number, whether it may be now, and what the text will cost.

The page shows what is true when it is opened; everything is asked again when the form comes back, inside the
transaction that queues the text.
"""

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from comms.accounts import Account, ContactPoint, consent, contacts, holds
from comms.city import City
from comms.desk.frame import formats, words
from comms.desk.schema import User
from comms.history.schema import ContactEvent
from comms.notices import segments
from comms.outbox import Draft, Message, State, language_of
from comms.replies.schema import InboundMessage
from comms.rules.quiet import next_open

NOTICE = "staff-reply"
CATEGORY = "conversation"
LONGEST = 1600
"""Characters in one text (Twilio error 21617)."""
LONGEST_NOTE = 8000


@dataclass(frozen=True)
class Locked:
    """Why no text may be written, and what can be done instead."""

    reason: str
    way_out: str


@dataclass(frozen=True)
class Composer:
    """What the reply box needs. ``opens``: it is night there, a text goes out then. ``seen``: the newest message from
    the customer, so that a reply written before a newer one arrived is not sent unread. ``unsorted``: that message,
    while it is in nobody's history because it has not been matched to an account. ``answered``: the newest text that
    somebody wrote by hand, so that two clerks do not answer one message."""

    numbers: list[tuple[str, str]]
    locked: Locked | None
    opens: datetime | None
    seen: int
    answered: int
    unsorted: InboundMessage | None
    language: str
    cautions: list[str]


def composer(session: Session, city: City, account: Account, now: datetime) -> Composer:
    """The state of the reply box for an account."""
    newest = newest_inbound(session, account)
    numbers, locked = _reachable(session, account)
    if newest is not None and newest.channel == "sms" and newest.sender in numbers:
        numbers = [newest.sender, *(number for number in numbers if number != newest.sender)]
    held = holds.active(session, [account.id], city.local_date(now)).get(account.id, [])
    return Composer(
        numbers=[(number, formats.phone(number)) for number in numbers],
        locked=locked,
        opens=next_open(city, "sms", numbers[0], now) if numbers else None,
        seen=newest.id if newest else 0,
        answered=newest_by_hand(session, account),
        unsorted=newest if newest and newest.account_id is None else None,
        language=language_of(account),
        cautions=[words.CAUTIONS[hold.kind] for hold in held if hold.kind in words.CAUTIONS],
    )


def _reachable(session: Session, account: Account) -> tuple[list[str], Locked | None]:
    """The numbers that may be texted, best first, or why there is none."""
    usable = contacts.preferred(session, [account.id], "sms").get(account.id, [])
    numbers = [point.value for point in usable if point.value]
    refused = consent.blocked(session, "sms", numbers, CATEGORY)
    allowed = [number for number in numbers if number not in refused]
    if allowed:
        return allowed, None
    if refused:
        who = " and ".join(formats.phone(number) for number in numbers)
        return [], Locked(
            f"{who} opted out of texts.",
            "No text may go out until the customer texts START from that phone. Call or write a letter instead.",
        )
    wrong = session.scalars(
        select(ContactPoint.value)
        .where(ContactPoint.account_id == account.id, ContactPoint.kind == "phone")
        .where(ContactPoint.status == "wrong_number", ContactPoint.value.is_not(None))
        .order_by(ContactPoint.rank)
    ).first()
    if wrong:
        return [], Locked(
            f"{formats.phone(wrong)} reaches somebody else: it is marked as a wrong number.",
            "Ask for a new number by letter or email, and put it into the billing system; the next import brings it.",
        )
    return [], Locked(
        "This account has no phone number that takes texts.",
        "Write a letter or an email, or put a mobile number into the billing system; the next import brings it here.",
    )


def newest_inbound(session: Session, account: Account) -> InboundMessage | None:
    """The newest message from the customer, whether it has been matched to the account yet or only to its phone."""
    phones = select(ContactPoint.value).where(
        ContactPoint.account_id == account.id, ContactPoint.kind == "phone", ContactPoint.value.is_not(None)
    )
    by_phone = (
        (InboundMessage.channel == "sms") & InboundMessage.sender.in_(phones) & InboundMessage.account_id.is_(None)
    )
    newest = select(func.max(InboundMessage.id)).where(or_(InboundMessage.account_id == account.id, by_phone))
    number = session.scalar(newest)
    return session.get(InboundMessage, number) if number is not None else None


def is_taken_back(message: Message, account: Account) -> bool:
    """Whether this is a text of the account that somebody wrote by hand and took back."""
    return (message.account_id, message.notice, message.state) == (account.id, NOTICE, State.CANCELLED)


def newest_by_hand(session: Session, account: Account) -> int:
    """The newest text to the account that somebody wrote by hand and did not take back; 0 without one."""
    mine = (Message.account_id == account.id, Message.notice == NOTICE, Message.state != State.CANCELLED)
    return session.scalar(select(func.max(Message.id)).where(*mine)) or 0


def written_by(session: Session, message_id: int) -> str:
    """The user name of who wrote a text by hand; empty when nobody did."""
    actor = session.scalar(
        select(ContactEvent.actor).where(
            ContactEvent.subject_id == message_id, ContactEvent.subject_type == "message",
            ContactEvent.kind == "notice.queued",
        )
    )  # fmt: skip
    return (actor or "").removeprefix("user:")


def answered_since(session: Session, account: Account, known: int, username: str, once: str = "") -> str:
    """Who has texted the customer since ``known``: a colleague's name, ``You`` for oneself in another window; empty
    when nobody has, or only this very form, whose number is ``once``."""
    newest = newest_by_hand(session, account)
    if newest <= known or (once and session.get_one(Message, newest).dedupe_key == dedupe_key(account, once)):
        return ""
    who = written_by(session, newest)
    if who == username:
        return "You"
    return session.scalar(select(User.name).where(User.username == who)) or who


def dedupe_key(account: Account, once: str) -> str:
    """What makes a text the one of a form: ``once`` is the form's own number."""
    return f"{NOTICE}:{account.id}:{once}"


def tidy(text: str) -> str:
    """What was typed, with plain line ends and no control characters, and nothing around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = (char for char in lines if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def as_sent(text: str) -> str:
    """A text as it will leave: typeset quotes, dashes and spaces become typewriter ones, the words stay."""
    return segments.plain(tidy(text)).strip()


def fault(text: str, *, note: bool) -> str:
    """What is wrong with what was written, as a sentence; empty when nothing is."""
    if not text:
        return "There is nothing to save yet. Write the note first." if note else "There is nothing to send yet."
    if note and len(text) > LONGEST_NOTE:
        return f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(text):,}. Save it in two parts."
    if not note and len(text) > LONGEST:
        return f"A text has at most {LONGEST:,} characters; this one has {len(text):,}. Shorten it, or send two."
    return ""


def draft(
    account: Account,
    *,
    to: str,
    text: str,
    username: str,
    once: str,
    send_at: datetime | None,
    in_reply_to: int | None,
    request_id: str | None,
) -> Draft:
    """The text as the outbox takes it. ``once`` is the form's own number: sent twice, it is one text."""
    cost = segments.count(text)
    return Draft(
        account_id=account.id, channel="sms", recipient=to, recipient_name=account.name, notice=NOTICE,
        notice_version="by-hand", purpose="conversational", category=CATEGORY, language=language_of(account),
        body_text=text, dedupe_key=dedupe_key(account, once), encoding=cost.encoding, segments=cost.segments,
        priority=1, lane="urgent", send_at=send_at, in_reply_to_id=in_reply_to, actor=f"user:{username}",
        summary=f"Text from the office to {formats.phone(to)}", request_id=request_id,
    )  # fmt: skip


@cache
def alphabet() -> dict[str, str]:
    """What the counter in the browser needs to count as the server does: the two tables of GSM-7, and as JSON what
    ``segments.plain`` writes for each typeset character."""
    plain = {char: segments.plain(char) for char in map(chr, (*range(0x20, 0x3100), *range(0xFE00, 0xFFF0)))}
    changed = {char: text for char, text in plain.items() if text != unicodedata.normalize("NFC", char)}
    return {"basic": segments.BASIC, "extension": segments.EXTENSION, "plain": json.dumps(changed, ensure_ascii=False)}

"""Questions that got no answer: asked once more, then given to a clerk.

1. A question that was asked long enough ago (``[conversation]`` of promises.toml) and that still stands is asked once
   more, by day only, and never where the customer has opted out, the number is not his, or a
   hold says that nobody asks for money.
2. When that got no answer either, a clerk has it. The promise stays proposed: a late YES still opens it.
3. A question that settled itself (the promise was opened or taken back elsewhere, a person has the conversation,
   nothing is due any more) is dropped without a word.

Safe to run at any time, by any number of workers: each conversation is locked while it is looked at.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from comms import history, outbox, promises, worklist
from comms.accounts import Account, ContactPoint, consent, holds
from comms.accounts.balances import paid_since
from comms.accounts.consent import KINDS
from comms.city import City, Language
from comms.clock import Clock
from comms.history import NewEvent
from comms.notices import Installment, NoticeFields
from comms.notices.rendering import Renderer
from comms.outbox import Draft
from comms.outbox.drafting import CANNOT_WRITE
from comms.outbox.schema import Message
from comms.promises.schema import Promise
from comms.promises.wording import in_words
from comms.rules import quiet

from .asking import CHOOSING, rest
from .schema import Conversation, InboundMessage

SEND_WITHIN = timedelta(hours=1)
"""A repeated question that cannot leave for this long is not sent: it would come at an odd hour."""


@dataclass(frozen=True)
class FollowedUp:
    """How many questions were asked again, and how many a clerk has now; ``lanes`` to ring after the commit."""

    reminded: int = 0
    to_clerk: int = 0
    lanes: tuple[str, ...] = ()


def follow_up(session: Session, city: City, clock: Clock, renderer: Renderer, *, limit: int = 200) -> FollowedUp:
    """Ask again what got no answer, and give to a clerk what got none a second time; see the module."""
    work = _Work(session, city, clock, renderer, clock.now())
    reminded = to_clerk = 0
    for conversation in _unanswered(session, city, work.now, limit):
        question = _question(work, conversation)
        if question is None:
            continue
        if conversation.reminded_at is None and question.may_be_repeated:
            reminded += _remind(work, question)
        else:
            _to_clerk(work, question)
            to_clerk += 1
    made = outbox.insert_messages(session, work.drafts, clock)
    queued = [outbox.queued_event(draft, message_id, digest, work.now) for draft, message_id, digest in made]
    session.flush()
    history.record(session, [*work.events, *queued], work.now)
    return FollowedUp(reminded, to_clerk, tuple(sorted({draft.channel for draft, _, _ in made})))


class _Work:
    """What one run looks at and gathers."""

    def __init__(self, session: Session, city: City, clock: Clock, renderer: Renderer, now: datetime) -> None:
        self.session, self.city, self.clock, self.renderer, self.now = session, city, clock, renderer, now
        self.events: list[NewEvent] = []
        self.drafts: list[Draft] = []


@dataclass(frozen=True)
class _Question:
    """A question that still stands."""

    conversation: Conversation
    account: Account | None
    last: InboundMessage | None
    promise: Promise | None
    parts: tuple[promises.Part, ...]
    may_be_repeated: bool

    @property
    def language(self) -> Language:
        """The language it was asked in."""
        return "es" if self.conversation.context.get("language") == "es" else "en"


def _unanswered(session: Session, city: City, now: datetime, limit: int) -> list[Conversation]:
    """The conversations whose question is due for a second asking or for a clerk, locked; the oldest first."""
    after = promises.load_policy(city).conversation
    asked_long_ago = Conversation.asked_at <= now - timedelta(hours=after.remind_after_hours)
    repeated_long_ago = Conversation.reminded_at <= now - timedelta(hours=after.clerk_after_hours)
    statement = (
        select(Conversation)
        .where(
            Conversation.asked_at.is_not(None),
            or_(and_(Conversation.reminded_at.is_(None), asked_long_ago), repeated_long_ago),
        )
        .order_by(Conversation.asked_at, Conversation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _question(work: _Work, conversation: Conversation) -> _Question | None:
    """The question as it stands now; None, and nothing is asked any more, when it has settled itself."""
    session, context = work.session, conversation.context
    account = session.get(Account, conversation.account_id) if conversation.account_id else None
    promise = session.get(Promise, context["promise_id"]) if "promise_id" in context else None
    last = _last_inbound(session, conversation)
    if conversation.state == "idle":
        rest(conversation)
        return None
    if _a_person_has_it(session, conversation, last):
        conversation.asked_at = conversation.reminded_at = None
        return None
    if promise is not None and promise.status != "proposed":
        rest(conversation)
        return None
    if conversation.state != CHOOSING and account is not None and _nothing_due(session, account):
        if promise is not None:
            reason = "Nothing was past due any more before an answer came."
            withdrawn = promises.withdraw(
                session, work.city, work.clock, promise.id, by="office", actor="system", reason=reason
            )
            work.events += withdrawn.events
        rest(conversation)
        return None
    parts = tuple(promises.parts_of(session, promise.id)) if promise is not None else ()
    past = bool(parts) and parts[0].due_on < work.city.local_date(work.now)
    silenced = _unwelcome(session, conversation) or _held(work, account)
    return _Question(conversation, account, last, promise, parts, may_be_repeated=not (silenced or past))


def _last_inbound(session: Session, conversation: Conversation) -> InboundMessage | None:
    return session.scalars(
        select(InboundMessage)
        .where(InboundMessage.channel == conversation.channel, InboundMessage.sender == conversation.address)
        .order_by(InboundMessage.received_at.desc(), InboundMessage.id.desc())
        .limit(1)
    ).first()


def _a_person_has_it(session: Session, conversation: Conversation, last: InboundMessage | None) -> bool:
    """Whether the customer's newest reply lies with a clerk, or a clerk has written since we asked."""
    if last is not None and last.handling == "with_clerk":
        return True
    assert conversation.asked_at is not None
    written = select(Message.id).where(
        Message.channel == conversation.channel,
        Message.recipient == conversation.address,
        Message.notice == "staff-reply",
        Message.created_at > conversation.asked_at,
    )
    return session.scalar(written.limit(1)) is not None


def _nothing_due(session: Session, account: Account) -> bool:
    return account.past_due_cents - paid_since(session, [account.id]).get(account.id, 0) <= 0


def _held(work: _Work, account: Account | None) -> bool:
    """Whether the account has a hold under which nobody asks for money."""
    if account is None:
        return False
    held = holds.active(work.session, [account.id], work.city.local_date(work.now)).get(account.id, ())
    return any(hold.kind in holds.SILENCING for hold in held)


def _unwelcome(session: Session, conversation: Conversation) -> bool:
    """Whether the address has opted out, or was said to be somebody else's."""
    address, channel = conversation.address, conversation.channel
    strange = select(ContactPoint.id).where(
        ContactPoint.kind == KINDS[channel], ContactPoint.value == address, ContactPoint.status == "wrong_number"
    )
    if session.scalar(strange.limit(1)) is not None:
        return True
    return bool(consent.blocked(session, channel, [address], "conversation"))


# --- asking again ---


def _remind(work: _Work, question: _Question) -> int:
    """Ask once more, unless it is night there; then a later round does. How many questions were asked."""
    conversation = question.conversation
    if quiet.next_open(work.city, conversation.channel, conversation.address, work.now):
        return 0
    try:
        work.drafts.append(_written(work, question))
    except CANNOT_WRITE:
        _to_clerk(work, question)
        return 0
    conversation.reminded_at = work.now
    return 1


def _written(work: _Work, question: _Question) -> Draft:
    conversation, account = question.conversation, question.account
    notice, more = _again(question)
    today = work.city.local_date(work.now)
    if account is not None:
        fields = outbox.facts_for(work.city, work.clock, account, **more)
    else:
        fields = NoticeFields(account_number="", name="", service_address="", notice_date=today, as_of=today, **more)
    assert conversation.asked_at is not None
    return outbox.write(
        work.renderer,
        account,
        channel=conversation.channel,
        notice=notice,
        recipient=conversation.address,
        fields=fields,
        dedupe_key=f"asked-again:{conversation.id}:{conversation.asked_at:%Y%m%dT%H%M%S%f}",
        language=question.language,
        give_up_after=SEND_WITHIN,
        priority=2,
        in_reply_to_id=question.last.id if question.last else None,
    )


def _again(question: _Question) -> tuple[str, dict[str, Any]]:
    """The notice that asks again, and what it needs to know."""
    context = question.conversation.context
    if question.parts:
        schedule = tuple(Installment(part.amount_cents, part.due_on) for part in question.parts)
        return "promise-still-open", {"promise": schedule}
    if question.conversation.state == CHOOSING:
        return context.get("notice", "which-street"), {"text": context.get("text") or None}
    return "promise-details", {}


# --- to a person ---


def _to_clerk(work: _Work, question: _Question) -> None:
    """Nobody is asked any more; a clerk calls, or lets it be."""
    conversation = question.conversation
    assert conversation.asked_at is not None
    reason = _reason(question)
    worklist.open_task(
        work.session,
        kind="reply" if question.account is not None else "unmatched_reply",
        dedupe_key=f"unanswered:{conversation.id}:{conversation.asked_at:%Y%m%dT%H%M%S%f}",
        reason=reason,
        at=work.now,
        account_id=question.account.id if question.account else None,
        subject_type="inbound_message" if question.last else None,
        subject_id=question.last.id if question.last else None,
        priority=5,
        facts={
            "address": conversation.address,
            "promise_id": question.promise.id if question.promise else None,
            "until_promised": True,
        },
    )
    conversation.asked_at = conversation.reminded_at = None
    work.events.append(
        NewEvent(
            account_id=question.account.id if question.account else None,
            at=work.now,
            kind="task.opened",
            summary=f"For a person: {reason}",
            channel=conversation.channel,
            subject_type="inbound_message" if question.last else None,
            subject_id=question.last.id if question.last else None,
            facts={"priority": 5},
        )
    )


def _reason(question: _Question) -> str:
    if question.promise is not None:
        what = (
            "arrangement that was offered" if question.promise.kind == "arrangement" else "promise that was read back"
        )
        return f"No answer to the {what}: {in_words(question.parts)}. A YES within 7 days still opens it."
    if question.conversation.state == CHOOSING:
        return "No answer to which of several addresses a message is about."
    return "Wants to pay, but did not say which day and how much."

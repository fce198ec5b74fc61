"""What was agreed, in writing: the confirmation of a promise that staff took, the agreement of an arrangement."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import NewEvent, record
from comms.notices import Installment, keep_versions
from comms.notices.rendering import Renderer
from comms.outbox import facts_for, insert_messages, queued_event, recall, write
from comms.outbox.drafting import CANNOT_WRITE, language_of
from comms.outbox.drafts import lane_of
from comms.promises import parts_of
from comms.promises.schema import Promise
from comms.promises.wording import KIND
from comms.rules import Purpose, Reason, rulebook_of

from .choosing import choose, main_reason
from .facts import CHANNELS, picture

NOTICES = {"promise": "promise-confirmation", "arrangement": "payment-arrangement-agreement"}
IN_A_TEXT = 4
"""A text message names so many payments; a longer schedule goes by email or letter, which have a table."""


@dataclass(frozen=True)
class Written:
    """What is queued: the message and the lane to ring, its channel, and events for the contact history. Without a
    message, ``why_not`` says what stands against it."""

    message_id: int | None = None
    lane: str = ""
    channel: str = ""
    events: tuple[NewEvent, ...] = ()
    why_not: str = ""


def follow_opening(
    session: Session, city: City, clock: Clock, renderer: Renderer, promise_id: int, events: Sequence[NewEvent], *,
    channels: Sequence[str] = CHANNELS,
) -> Written:  # fmt: skip
    """What follows a promise that staff opened: dunning that has not left is called back, the customer has it in
    writing on the first of ``channels`` that may be used (none: not in writing), and all of it is recorded together
    with ``events``, those of the opening itself. Ring for the message after the commit."""
    promise = session.get_one(Promise, promise_id)
    reason = f"{KIND[promise.kind].lower()} {promise_id} was opened"
    recalled = recall(session, [promise.account_id], clock, reason=reason, announce=False)
    written = Written()
    if channels:
        try:
            written = put_in_writing(session, city, clock, renderer, promise_id, channels=channels)
        except CANNOT_WRITE as error:
            written = Written(why_not=str(error))
    record(session, [*events, *recalled.events, *written.events], clock.now())
    return written


def put_in_writing(
    session: Session,
    city: City,
    clock: Clock,
    renderer: Renderer,
    promise_id: int,
    *,
    channels: Sequence[str] = CHANNELS,
    actor: str = "system",
) -> Written:
    """Queue the written form of an open promise on the first of ``channels`` that the rules allow.

    Once a promise and channel, however often it is asked for. Raises the errors of the notice room (``CANNOT_WRITE``).
    """
    promise = session.get_one(Promise, promise_id)
    account = session.get_one(Account, promise.account_id, populate_existing=True)
    parts = parts_of(session, promise_id)
    now = clock.now()
    seen = picture(session, city, [account.id], now)
    facts = seen.subjects[account.id].facts
    able = [channel for channel in channels if channel != "sms" or len(parts) <= IN_A_TEXT]
    notice = NOTICES[promise.kind]
    purpose = Purpose(renderer.catalogue.get(notice).purpose)
    choice = choose(rulebook_of(city), able, purpose, facts, seen.recent(account.id), now)
    if choice.channel is None:
        if not choice.ruling.reasons:
            return Written(why_not="so many payments do not fit a text; write by email or letter")
        return Written(why_not=_in_words(main_reason(choice.ruling.reasons)))
    fields = facts_for(
        city, clock, account, promise=tuple(Installment(part.amount_cents, part.due_on) for part in parts)
    )
    draft = write(
        renderer, account, channel=choice.channel, notice=notice, recipient=facts.addresses[choice.channel],
        fields=fields, dedupe_key=f"agreed:{promise_id}:{choice.channel}", language=language_of(account),
        send_at=choice.ruling.until, actor=actor,
    )  # fmt: skip
    keep_versions(session, renderer.catalogue, now)
    for queued, message_id, digest in insert_messages(session, [draft], clock):
        events = (queued_event(queued, message_id, digest, now),)
        return Written(message_id, lane_of(draft), choice.channel, events)
    return Written(channel=choice.channel, why_not="it was written already")


def _in_words(reason: Reason) -> str:
    """What stands against it, as a clause that can be read aloud."""
    if reason.fact == "contacts":
        return f"there were {reason.value}"
    if reason.fact == "hold":
        return f"a hold stands against it ({reason.value.replace('_', ' ')})"
    what, _, of = reason.fact.partition(" ")
    names = {"sms": "text messages", "email": "email", "letter": "letters"}
    if what in names and of == "address":
        return f"there is no address for {names[what]} ({reason.value})"
    if what in names and of == "consent":
        return f"the customer has opted out of {names[what]} ({reason.value})"
    return f"{reason.fact}: {reason.value}"

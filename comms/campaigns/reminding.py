"""A reminder of a promise on the business day before each of its days, once, while something of it is still to be paid.

1. On a business day: the parts of open promises whose day comes after it and before any other business day is over, and
   of which nobody was reminded, are read and locked. What is covered, or was promised only today, needs no reminder.
2. Each is written once: ``reminded_at`` of the part, and the key of the message, see to that.
3. The rules decide, as for every other notice: consent, quiet hours, contact caps, holds. A reminder asks for money, so
   the holds under which nobody asks for money stop it too. By night it waits for a later round of the same day.
4. It goes out on the channel the promise was made on, to the same address when that is still the account's; else on
   the account's first channel that the rules allow. Never by letter: a letter would come too late.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import outbox
from comms.accounts import consent, contacts, holds
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import NewEvent, record
from comms.notices import Installment
from comms.notices.rendering import Renderer
from comms.outbox import Draft, Message
from comms.outbox.drafting import CANNOT_WRITE
from comms.promises.schema import Promise, PromisePart
from comms.rules import Facts, Purpose, Verdict, rulebook_of

from .choosing import Choice, choose, main_reason
from .facts import CATEGORY, picture

NOTICE = "promise-reminder"
CHANNELS = ("sms", "email")
EVENING = time(21)
"""When a reminder that did not leave is given up, in the city."""
LOOK_AHEAD = 10
"""Days: no run of closed days is longer."""
LATEST_DEADLINE = timedelta(60)
"""More than the days ahead, the longest grace and a run of closed days together."""


@dataclass(frozen=True)
class Reminded:
    """How many were reminded, and how many not because a rule stood against it; ``lanes`` to ring after the commit."""

    reminded: int = 0
    suppressed: int = 0
    lanes: tuple[str, ...] = ()


def remind(session: Session, city: City, clock: Clock, renderer: Renderer) -> Reminded:
    """Write the reminders that are due today; see the module. Again, or twice at once, writes nothing more."""
    now = clock.now()
    days = _days_to_remind_of(city, city.local_date(now))
    due = _due(session, city, days, now) if days else []
    if not due:
        return Reminded()
    accounts = {account.id: account for _, _, account in due}
    seen = picture(session, city, list(accounts), now)
    talked_at = _talked_at(session, [promise for _, promise, _ in due])
    drafts: list[Draft] = []
    events: list[NewEvent] = []
    for part, promise, account in due:
        facts = _at_the_same_address(seen.subjects[account.id].facts, talked_at.get(account.id))
        choice = _choice(city, promise, facts, seen.recent(account.id, facts.addresses.values()), now)
        if choice.ruling.verdict is Verdict.DEFER:
            continue
        part.reminded_at = now
        if choice.channel is None:
            reason = main_reason(choice.ruling.reasons)
            events.append(_not_sent(part, promise, f"{reason.rule}: {reason.fact} {reason.value}", now))
            continue
        recipient = facts.addresses[choice.channel]
        try:
            drafts.append(_draft(city, clock, renderer, part, account, choice.channel, recipient))
        except CANNOT_WRITE as error:
            events.append(_not_sent(part, promise, f"It cannot be written: {error}", now))
            continue
        seen.add(account.id, recipient, now, ("reminder", part.id))
    made = outbox.insert_messages(session, drafts, clock)
    queued = [outbox.queued_event(draft, message_id, digest, now) for draft, message_id, digest in made]
    session.flush()
    record(session, [*events, *queued], now)
    return Reminded(len(made), len(events), tuple(sorted({draft.channel for draft, _, _ in made})))


def _days_to_remind_of(city: City, today: date) -> list[date]:
    """The due dates whose last business day before them is today."""
    if not city.is_business_day(today):
        return []
    ahead = [today + timedelta(days) for days in range(1, LOOK_AHEAD + 1)]
    return [day for day in ahead if city.add_business_days(day, -1) == today]


def _due(
    session: Session, city: City, days: Sequence[date], now: datetime
) -> list[tuple[PromisePart, Promise, Account]]:
    """The parts to remind of today, locked. The bounds on the deadline are what the index is read for."""
    today = city.local_date(now)
    midnight = datetime.combine(today, time(), city.zone).astimezone(UTC)
    statement = (
        select(PromisePart, Promise, Account)
        .join(Promise, Promise.id == PromisePart.promise_id)
        .join(Account, Account.id == Promise.account_id)
        .where(
            PromisePart.state == "waiting",
            PromisePart.deadline_at.between(now, now + LATEST_DEADLINE),
            PromisePart.due_on.in_(days),
            PromisePart.reminded_at.is_(None),
            PromisePart.amount_cents - PromisePart.allocated_cents > PromisePart.tolerance_cents,
            Promise.status == "open",
            Promise.confirmed_at < midnight,
        )
        .order_by(PromisePart.id)
        .with_for_update(skip_locked=True, of=PromisePart)
        .execution_options(populate_existing=True)
    )
    return [(part, promise, account) for part, promise, account in session.execute(statement)]


def _choice(city: City, promise: Promise, facts: Facts, recent: Sequence[datetime], now: datetime) -> Choice:
    """The promise's own channel, else the first that the rules allow. Decided as dunning is, under those holds only
    that silence a reminder too: the promise's own hold, or one for a medical device, is no reason to stay silent."""
    own = [promise.source] if promise.source in CHANNELS else []
    channels = [*own, *[channel for channel in CHANNELS if channel not in own]]
    silencing = [hold for hold in facts.holds if hold.kind in holds.SILENCING]
    return choose(rulebook_of(city), channels, Purpose.DUNNING, replace(facts, holds=silencing), recent, now)


def _talked_at(session: Session, promises: Sequence[Promise]) -> dict[int, tuple[str, str]]:
    """Channel and address, by account, at which a promise was talked about: where our last answer about it went, if the
    address is the account's and may be written to."""
    source_of = {promise.account_id: promise.source for promise in promises if promise.source in CHANNELS}
    rows = session.execute(
        select(Message.account_id, Message.channel, Message.recipient)
        .where(Message.account_id.in_(source_of), Message.purpose == "conversational")
        .order_by(Message.created_at, Message.id)
    )
    last = {
        account_id: (channel, to)
        for account_id, channel, to in rows
        if account_id is not None and source_of[account_id] == channel
    }
    usable: dict[int, tuple[str, str]] = {}
    for channel in CHANNELS:
        here = {account_id: to for account_id, (of, to) in last.items() if of == channel}
        points = contacts.preferred(session, here, channel)
        refused = consent.blocked(session, channel, here.values(), CATEGORY)
        for account_id, to in here.items():
            if to not in refused and any(point.value == to for point in points.get(account_id, [])):
                usable[account_id] = (channel, to)
    return usable


def _at_the_same_address(facts: Facts, talked_at: tuple[str, str] | None) -> Facts:
    if talked_at is None:
        return facts
    channel, address = talked_at
    return replace(facts, addresses={**facts.addresses, channel: address})


def _draft(
    city: City, clock: Clock, renderer: Renderer, part: PromisePart, account: Account, channel: str, recipient: str
) -> Draft:
    """The reminder of what is left of a part. It gives up in the evening: a day later it would remind of the past."""
    left = Installment(part.amount_cents - part.allocated_cents, part.due_on)
    now = clock.now()
    evening = datetime.combine(city.local_date(now), EVENING, city.zone)
    return outbox.write(
        renderer,
        account,
        channel=channel,
        notice=NOTICE,
        recipient=recipient,
        fields=outbox.facts_for(city, clock, account, promise=(left,)),
        dedupe_key=f"promise-reminder:{part.id}",
        language=outbox.language_of(account),
        give_up_after=max(evening - now, timedelta(hours=1)),
    )


def _not_sent(part: PromisePart, promise: Promise, why: str, now: datetime) -> NewEvent:
    return NewEvent(
        promise.account_id, now, "notice.suppressed", f"Reminder of a promise not sent: {why}", "none",
        subject_type="promise", subject_id=promise.id, facts={"part": part.seq},
    )  # fmt: skip

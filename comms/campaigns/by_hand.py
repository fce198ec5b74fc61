"""One notice to one account, because a member of staff wants it sent: which may be, on which ways, and as it would
leave. The rules are asked as they are for a campaign; what the law asks for goes out by a policy, which keeps its
clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City, Language
from comms.clock import Clock
from comms.notices import Installment, Notice, NoticeFields, keep_versions
from comms.notices.rendering import Renderer
from comms.outbox import Draft, enqueue, facts_for, write
from comms.outbox.drafting import CANNOT_WRITE, language_of
from comms.promises import PolicyError, arrangement_for, parts_of
from comms.promises.schema import Promise
from comms.rules import Decision, Purpose, Verdict, rulebook_of

from .choosing import choose
from .facts import picture

PURPOSES = ("dunning", "informational")
"""What staff send by hand: the law's notices go out by a policy, and answers belong to a conversation."""
TO_PAY = timedelta(days=10)
"""The time to pay that a notice by hand gives, moved to a business day. Office policy."""
ABOUT_A_PROMISE = {"promise-confirmation": "promise", "payment-arrangement-agreement": "arrangement"}
"""Notices that speak of one kind of promise only."""
LACKS = {
    "promise": "there is no open promise", "offer": "there is no arrangement to offer",
    "payment_cents": "no payment is known", "payment_date": "no payment is known",
    "mailing_address": "there is no mailing address", "amount_due_cents": "nothing is past due",
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A channel of a notice: what the rules say of it now, and the message, or why it cannot be written."""

    channel: str
    ruling: Decision
    draft: Draft | None
    problem: str = ""

    @property
    def open(self) -> bool:
        """Whether it may go out, now or later."""
        return self.draft is not None and self.ruling.verdict is not Verdict.SUPPRESS


class RefusedError(ValueError):
    """This notice does not go to this account this way; the message says why."""


def sendable(renderer: Renderer) -> list[Notice]:
    """The notices that staff may send by hand."""
    return [one for one in renderer.catalogue if one.purpose in PURPOSES]


def fields_of(session: Session, city: City, clock: Clock, account: Account) -> NoticeFields:
    """All that a notice by hand may speak of: the debt, the promise that is open, what could be arranged, the last
    payment."""
    today = city.local_date(clock.now())
    more: dict[str, Any] = {"due_date": city.business_day_from(today + TO_PAY)}
    if (promise := _open_promise(session, account)) is not None:
        parts = parts_of(session, promise.id)
        more["promise"] = tuple(Installment(part.amount_cents, part.due_on) for part in parts)
    try:
        offer = arrangement_for(session, city, clock, account.id)
    except PolicyError:
        offer = None
    if offer is not None and offer.parts:
        more["offer"] = tuple(Installment(part.amount_cents, part.due_on) for part in offer.parts)
    if account.last_payment_on is not None and account.last_payment_cents:
        more |= {"payment_cents": account.last_payment_cents, "payment_date": account.last_payment_on}
    return facts_for(city, clock, account, **more)


def lacking(session: Session, account: Account, notice: Notice, fields: NoticeFields, city: City, clock: Clock) -> str:
    """Why this notice has nothing to say to this account, as a clause; empty when it has."""
    if not notice.is_valid_on(city.local_date(clock.now())):
        return "it is not in use today"
    if (kind := ABOUT_A_PROMISE.get(notice.name)) is not None:
        promise = _open_promise(session, account)
        if promise is None or promise.kind != kind:
            return f"there is no open {kind}"
    for name in notice.requires:
        if not getattr(fields, name, None):
            return LACKS.get(name, f"{name.replace('_', ' ')} is not known")
    return ""


def ways(
    session: Session, city: City, clock: Clock, renderer: Renderer, account: Account, notice: Notice, *,
    by: str, once: str = "preview", channels: Sequence[str] = (), language: Language | None = None,
) -> list[Way]:  # fmt: skip
    """Every channel of the notice (or those of ``channels``): the rules' word, and the message as it would leave.
    Nothing is queued. ``by`` is who sends it (``user:park``); ``once`` names the sending, which is one message."""
    now = clock.now()
    seen = picture(session, city, [account.id], now)
    facts, recent = seen.facts[account.id], seen.recent(account.id)
    fields = fields_of(session, city, clock, account)
    found = []
    for channel in notice.channels:
        if channels and channel not in channels:
            continue
        ruling = choose(rulebook_of(city), [channel], Purpose(notice.purpose), facts, recent, now).ruling
        try:
            draft = write(
                renderer, account, channel=channel, notice=notice.name, recipient=facts.addresses.get(channel, ""),
                fields=fields, language=language or language_of(account), dedupe_key=f"by-hand:{account.id}:{once}",
                send_at=ruling.until, actor=by,
                facts_version=account.facts_version if notice.purpose == "dunning" else None,
            )  # fmt: skip
            found.append(Way(channel, ruling, draft))
        except CANNOT_WRITE as error:
            found.append(Way(channel, ruling, None, str(error)))
    return found


def send(
    session: Session, city: City, clock: Clock, renderer: Renderer, account: Account, name: str, channel: str, *,
    by: str, once: str, request_id: str | None = None,
) -> tuple[Draft, list[int]]:  # fmt: skip
    """Queue the notice; the message that leaves and its id (none: this sending was queued before). Ring for it after
    the commit. Raises ``RefusedError`` when the rules forbid it or it cannot be written, ``NoticeError`` for one that
    there is not."""
    notice = renderer.catalogue.get(name)
    if notice.purpose not in PURPOSES:
        raise RefusedError(
            f"{notice.title('en')} is not sent by hand. A legal notice goes out by its policy, which keeps its clock; "
            "an answer is written in the conversation."
        )
    if channel not in notice.channels:
        raise RefusedError(f"{notice.title('en')} has no form for {channel}. It has: {', '.join(notice.channels)}.")
    (way,) = ways(session, city, clock, renderer, account, notice, by=by, once=once, channels=[channel])
    if way.ruling.verdict is Verdict.SUPPRESS:
        why = "; ".join(f"{one.fact}: {one.value} ({one.citation})" for one in way.ruling.reasons if _against(one))
        raise RefusedError(f"This account may not be sent {name} by {channel} now. {why}")
    if why := lacking(session, account, notice, fields_of(session, city, clock, account), city, clock):
        raise RefusedError(f"{notice.title('en')} has nothing to say to this account: {why}.")
    if way.draft is None:
        raise RefusedError(way.problem)
    draft = replace(way.draft, request_id=request_id)
    keep_versions(session, renderer.catalogue, clock.now())
    return draft, enqueue(session, [draft], clock)


def _against(reason: Any) -> bool:
    return bool(reason.verdict is not Verdict.ALLOW)


def _open_promise(session: Session, account: Account) -> Promise | None:
    statement = select(Promise).where(Promise.account_id == account.id, Promise.status == "open")
    return session.scalars(statement).one_or_none()

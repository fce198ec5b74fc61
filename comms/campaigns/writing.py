"""The messages of a decision: rendered from today's facts, with the dates they name and what follows if one fails."""

from datetime import date, timedelta
from typing import Any

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.notices import NoticeFields, Renderer
from comms.outbox import Draft, facts_for, language_of, write

from .night import Send
from .policies import Step


def dates_of(city: City, today: date, step: Step) -> dict[str, date]:
    """The days that a step's notice names when it is written on ``today``; each moves on to a business day."""
    dates = {"due_date": city.business_day_from(today + timedelta(days=step.pay_within_days))}
    if step.disconnect_after_days is not None:
        dates["disconnect_date"] = city.business_day_from(today + timedelta(days=step.disconnect_after_days))
    return dates


def fields_of(city: City, clock: Clock, account: Account, step: Step) -> NoticeFields:
    """What the notice of a step says of an account today."""
    return facts_for(city, clock, account, **dates_of(city, city.local_date(clock.now()), step))


def draft_of(
    renderer: Renderer,
    city: City,
    clock: Clock,
    account: Account,
    step: Step,
    send: Send,
    recipient: str,
    *,
    decision_id: int,
    run_id: int,
) -> Draft:
    """One message of a decision. Raises the errors of the notice room (``CANNOT_WRITE``)."""
    return write(
        renderer,
        account,
        channel=send.channel,
        notice=step.notice,
        recipient=recipient,
        fields=fields_of(city, clock, account, step),
        dedupe_key=f"decision:{decision_id}:{send.channel}",
        language=language_of(account),
        facts_version=account.facts_version,
        send_at=send.until,
        decision_id=decision_id,
        run_id=run_id,
        fallback=_fallback(dates_of(city, city.local_date(clock.now()), step), step, send),
    )


def _fallback(dates: dict[str, date], step: Step, send: Send) -> dict[str, Any]:
    """What is tried when the message fails, and the days that whatever takes its place names as well."""
    after = step.send.fallback_after if step.send else None
    return {
        "channels": list(send.rest),
        "after_s": int(after.total_seconds()) if after and send.rest else None,
        "fields": {name: day.isoformat() for name, day in dates.items()},
        **({} if send.required else {"courtesy": True}),
    }

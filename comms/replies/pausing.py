"""Leaving an account alone because of what its customer wrote: a hold, and the recall of what has not left.

One hold of a kind an account comes from replies; who writes again does not lengthen it. A clerk ends it.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from comms import outbox
from comms.accounts import Account, holds
from comms.notices.formats import long_date

from .matter import Matter

OFFICE_DAYS = 7
"""How long the dunning stops for a matter that staff must look at before anything more is sent. Office policy."""

FROM_REPLIES = "reply:"


@dataclass(frozen=True)
class Pause:
    """The hold in force, and the last day of it; None while it has no end."""

    hold_id: int
    until: date | None

    def __str__(self) -> str:
        return f"Hold {self.hold_id}, " + (f"until {long_date(self.until, 'en')}" if self.until else "without an end")


def pause(matter: Matter, kind: str, days: int, why: str) -> Pause:
    """Place a hold of ``kind`` from today on, unless one from a reply is in force, and call back unsent dunning.

    ``why`` is a clause for the history: "the customer disputes the bill".
    """
    account, today, now = matter.account, matter.today, matter.clock.now()
    assert account is not None
    matter.session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    for hold in holds.active(matter.session, [account.id], today).get(account.id, []):
        if hold.kind == kind and hold.source.startswith(FROM_REPLIES):
            return Pause(hold.id, hold.ends_on)
    until = today + timedelta(days=days)
    source = f"{FROM_REPLIES}{matter.inbound.id}"
    pause = Pause(holds.place(matter.session, account.id, kind, today, until, _note(matter, why), source, now), until)
    said = f"Hold placed: {why} (until {long_date(until, 'en')})"
    matter.tell("hold.placed", said, hold=kind, source=source, hold_id=pause.hold_id)
    recalled = outbox.recall(matter.session, [account.id], matter.clock, reason=why, announce=False)
    matter.events += recalled.events
    outbox.set_aside(matter.session, [account.id], matter.clock)
    return pause


def _note(matter: Matter, why: str) -> str:
    return f"{why[0].upper()}{why[1:]}: {matter.short}"

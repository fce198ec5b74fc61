"""The morning on which the desk is opened: what came before is seen to, customers write, and tonight's run is planned
and waits for somebody to approve it and let it go."""

from datetime import date, datetime, time

from sqlalchemy import exists, func, select

from comms import history, worklist
from comms.accounts.schema import Account, Hold
from comms.campaigns.schema import CampaignRun
from comms.worklist import Task

from . import cast, nights
from .billing import Billing
from .people import CLERK, COORDINATOR
from .replying import all_write
from .stage import Stage
from .words import day, heading, many, say

EVE = date(2027, 1, 27)
TODAY = date(2027, 1, 28)
"""Ten business days after the reminders of January 13: their disconnect notices are due."""
THEY_WRITE = time(8, 40)
STRANGER, ASKS = "+12185550166", "hi, is this the water dept? my mom lives at 12 Birch but i pay for her"
SEEN_TO = ("reply", "promise", "failed_notice")
"""What a clerk finishes by calling. A letter that came back waits for a better address, however long."""


def begin(on: Stage, billing: Billing) -> int:
    """Tell the morning; the run that waits."""
    heading(f"9. Today, {day(TODAY)}: what waits at the desk")
    zone = on.office.city.zone
    on.move_to(datetime.combine(EVE, nights.OPENS, zone))
    say(f"{day(EVE)}, the mail house: {many(nights.mailed(on), 'letter')} mailed.")
    see_to_matters(on)
    on.move_to(datetime.combine(TODAY, THEY_WRITE, zone))
    with on.office.database.read() as session:
        lines = list(cast.this_morning(session, on.office.city.local_date(on.now())))
    all_write(on, [*lines, cast.Line(STRANGER, ASKS)], "Customers write this morning")
    nights.morning(on, billing, TODAY)
    run_id = nights.plan(on)
    nights.tell_night(on, run_id)
    nights.tell_brakes(on, run_id)
    say(
        f"{COORDINATOR} planned it as run {run_id}. It waits at the desk for somebody else to approve it and let it go."
    )
    return run_id


def see_to_matters(on: Stage) -> None:
    """The clerk calls everybody whose reply or promise waited for a person, and closes the matter."""
    at, now = on.office, on.now()
    with at.database.begin() as session:
        waiting = worklist.open_tasks(session, SEEN_TO, limit=1000)
        for task in waiting:
            worklist.resolve(session, task.id, CLERK.actor, "Talked it over", now)
        history.record(session, [_settled(task, now) for task in waiting], now)
    if waiting:
        say(f"{CLERK} talked with the customers of {many(len(waiting), 'matter')} that waited for a person.")


def _settled(task: Task, now: datetime) -> history.NewEvent:
    return history.NewEvent(
        account_id=task.account_id, at=now, kind="task.resolved", summary=f"Talked it over: {task.reason}",
        actor=CLERK.actor, subject_type="task", subject_id=task.id,
    )  # fmt: skip


def to_begin_with(on: Stage) -> tuple[str, str] | None:
    """Whose record to open first: of those that wrote this morning and may promise, the account that owes most."""
    with on.office.database.read() as session:
        row = session.execute(
            select(Account.number, Account.name)
            .join(Task, Task.account_id == Account.id)
            .where(Task.kind == "reply", Task.state == "open")
            .where(~exists().where(Hold.account_id == Account.id, Hold.released_at.is_(None)))
            .order_by(Account.past_due_cents.desc(), Account.id)
            .limit(1)
        ).first()
    return (row.number, row.name) if row else None


def waiting_run(on: Stage) -> int | None:
    """The run that waits to be let go."""
    with on.office.database.read() as session:
        return session.scalar(select(func.max(CampaignRun.id)).where(CampaignRun.state == "planned"))

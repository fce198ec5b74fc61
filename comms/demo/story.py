"""The story, in order; each chapter is a module of its own. What it prints are counts read from the database, and at
the end they are held against the carriers' ledgers."""

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from comms.campaigns import Decision
from comms.campaigns.tracing import Explanation
from comms.city import load_city
from comms.outbox import holding
from comms.supervisor import told_to_end

from . import desk, fortnight, nights, opening, replying, today, whys, winter
from .billing import Billing
from .opening import Files
from .people import CLERK
from .report import Report, agreement, print_report
from .stage import DemoError, Stage, stage
from .words import day, heading, say

MONDAY = date(2026, 11, 23)
OPENS = time(10, 0)
CALLS = {"medical": "Called: her oxygen runs on power", "dispute": "Called: the meter was read wrong"}


def run(*, city: str, leave: bool, port: int) -> None:
    """Tell the story; then serve the desk until Ctrl-C, unless ``leave``. Raises ``DemoError``."""
    profile = load_city(city)
    begins = datetime.combine(MONDAY, OPENS, ZoneInfo(profile.time_zone))
    files = opening.files_of(city)
    click.echo(f"{profile.name}: the demonstration. Its clock says {begins:%A %Y-%m-%d %H:%M}.")
    told_to_end(_leave_now)
    with stage(city, begins, port) as on:
        report = _tell(on, files)
        differences = agreement(on, report)
        print_report(report, differences)
        if differences:
            raise DemoError("The counts and the carriers' ledgers differ; see above.")
        if not leave:
            _serve(on)


def _leave_now() -> None:
    """Leave in the middle, once: what was started is ended on the way out."""
    told_to_end(lambda: None)
    raise KeyboardInterrupt


def _tell(on: Stage, files: Files) -> Report:
    billing = Billing(on.office.city, files.accounts, files.payments, on.folder)
    opening.take_in_all(on, files)
    opening.agree_on_policies(on)
    _first_night(on, billing)
    late = _second_night(on, billing)
    fortnight.pass_by(on, billing, MONDAY)
    fortnight.settle(on, files)
    today.see_to_matters(on)
    winter.two_months_on(on, billing)
    whys.ask(on, late)
    today.begin(on, billing)
    report = Report()
    with on.office.database.read() as session:
        report.read(session)
    return report


def _first_night(on: Stage, billing: Billing) -> None:
    heading(f"3. The first night, {day(MONDAY)}")
    say("Planned too early, before the weekend's payments are there:")
    nights.tell_brakes(on, nights.plan(on))
    paid = nights.pay(on, billing, MONDAY)
    say(f"The payments of the weekend come in, {paid.taken:,} of them, and the night is planned anew.")
    run_id = nights.plan(on)
    nights.tell_preview(on, run_id)
    _late_calls(on, run_id)
    nights.let_go(on, run_id)
    heading("4. Customers write back")
    replying.write_back(on, billing.payments())


def _late_calls(on: Stage, run_id: int) -> None:
    """Between the plan and the release two customers call; the release looks at everybody once more."""
    at = on.office
    planned = select(Decision.account_id).where(Decision.run_id == run_id, Decision.outcome == "contact")
    with at.database.begin() as session:
        callers = list(session.scalars(planned.order_by(Decision.id).limit(len(CALLS))))
        for account_id, (kind, note) in zip(callers, CALLS.items(), strict=True):
            holding.place(session, at.city, at.clock, account_id, kind, by=CLERK.actor, note=note)
    say(f"Before it is let go two customers call; {CLERK} holds their accounts: {' and '.join(CALLS)}.")


def _second_night(on: Stage, billing: Billing) -> Explanation | None:
    tuesday = MONDAY + timedelta(days=1)
    heading(f"5. The second night, {day(tuesday)}: what is different, and why")
    paid = nights.morning(on, billing, tuesday)
    say(f"The payments of {day(MONDAY)} came in ({paid.taken:,} of them), and the accounts as of that evening.")
    say(f"The mail house: {nights.mailed(on):,} letters mailed; they count from today.")
    late = whys.late_in_the_evening(on)
    run_id = nights.plan(on)
    nights.tell_night(on, run_id)
    nights.tell_diff(on, run_id, examples=3)
    nights.let_go(on, run_id)
    return late


def _serve(on: Stage) -> None:
    desk.open_for_visitors(on)
    ended = threading.Event()
    told_to_end(ended.set)
    ended.wait()

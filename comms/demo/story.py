"""The story, in order, with counts that are read from the database and held against the carriers' ledgers."""

import csv
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import func, or_, select

from comms import campaigns, replies
from comms.accounts.importing import import_accounts, import_payments
from comms.accounts.schema import Account
from comms.city import load_city
from comms.desk.users import add_user
from comms.history.schema import WebhookEvent
from comms.outbox import Message, State
from comms.outbox.sweep import MAIL_GATHERS
from comms.replies.schema import Conversation, InboundMessage
from comms.settings import ROOT

from . import cast
from .report import Report, agreement, print_report
from .stage import DemoError, Stage, stage

MONDAY = date(2026, 11, 23)
OPENS = time(10, 0)
UNDER_WAY = (State.QUEUED, State.CLAIMED, State.UNKNOWN, State.HELD)
POLICY = "residential-past-due"


@dataclass(frozen=True)
class Files:
    """A city's sample exports."""

    accounts: Path
    payments: Path


def run(*, city: str, leave: bool, port: int) -> None:
    """Tell the story; then serve the desk until Ctrl-C, unless ``leave``. Raises ``DemoError``."""
    profile = load_city(city)
    begins = datetime.combine(MONDAY, OPENS, ZoneInfo(profile.time_zone))
    files = _files(city)
    click.echo(f"{profile.name}: the demonstration. Its clock says {begins:%A %Y-%m-%d %H:%M}.")
    with stage(city, begins, port) as on:
        report = _tell(on, files)
        differences = agreement(on, report)
        print_report(report, differences)
        if differences:
            raise DemoError("The counts and the carriers' ledgers differ; see above.")
        if not leave:
            _serve(on)


def _files(city: str) -> Files:
    folder = ROOT / "cities" / city / "sample"
    found = {kind: sorted(folder.glob(f"{kind}-*")) for kind in ("accounts", "payments")}
    if not all(found.values()):
        raise DemoError(f"There are no sample exports in {folder}.")
    return Files(found["accounts"][0], found["payments"][0])


def _tell(on: Stage, files: Files) -> Report:
    report = Report()
    at = on.office
    with _bar("Taking in the accounts") as update:
        report.accounts = import_accounts(
            at.database, at.city, at.clock, files.accounts, progress=lambda _phase, done, of: update(done, of)
        )
    policy = campaigns.load_policy(at.city, POLICY)
    with _bar("Planning tonight's campaign") as update:
        report.run_id = campaigns.plan(at.database, at.city, at.clock, at.renderer.catalogue, policy, progress=update)
    with _bar("Releasing it") as update:
        released = campaigns.release(
            at.database, at.city, at.clock, at.renderer, policy, report.run_id, by="demo", progress=update
        )
    for lane, ids in released.lanes.items():
        at.doorbell.ring(lane, ids)
    _wait_for_sending(on, "Sending by three channels")
    _hear_back(on)
    _replies(on, files)
    _days_pass(on, files, report)
    with at.database.read() as session:
        report.read(session)
    return report


@contextmanager
def _bar(words: str) -> Iterator[Callable[[int, int | None], None]]:
    columns = (SpinnerColumn(), TextColumn(f"{words:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(words, total=None)
        last = [0]

        def update(done: int, total: int | None) -> None:
            last[0] = done
            bar.update(task, completed=done, total=total)

        yield update
        bar.update(task, completed=last[0], total=last[0])


def _count(on: Stage, *where: object) -> int:
    with on.office.database.read() as session:
        return session.scalar(select(func.count(Message.id)).where(*where)) or 0  # type: ignore[arg-type]


def _wait_for_sending(on: Stage, words: str) -> None:
    total = _count(on, Message.state.in_(UNDER_WAY))
    with _bar(words) as update:

        def done() -> bool:
            left = _count(on, *_due(on))
            update(max(0, total - left), total)
            return left == 0

        on.until(words, done)


def _understood(on: Stage) -> bool:
    with on.office.database.read() as session:
        events = session.scalar(select(func.count()).where(WebhookEvent.state == "new")) or 0
        replies = session.scalar(select(func.count()).where(InboundMessage.handling == "new")) or 0
    return events == 0 and replies == 0


def _hear_back(on: Stage) -> None:
    """Until the carriers have posted everything and all of it is understood and answered."""
    with _bar("Hearing back from the carriers") as update:

        def done() -> bool:
            final = _count(on, Message.channel != "letter", Message.state.not_in((*UNDER_WAY, "submitted", "sent")))
            update(final, _count(on, Message.channel != "letter"))
            return on.carriers.drain(timeout=0.2) and _understood(on) and not _sending(on)

        on.until("Hearing back", done)


def _sending(on: Stage) -> bool:
    return _count(on, *_due(on)) > 0


def _due(on: Stage) -> tuple[object, ...]:
    """Messages that should be leaving now. Letters wait an hour for company, but a released run's own go at once."""
    now = on.now()
    first_night = now < datetime.combine(MONDAY + timedelta(days=1), OPENS, on.office.city.zone)
    released = Message.run_id.is_not(None) & Message.fallback_of_id.is_(None)
    at_once = released if first_night else Message.lane != "mail"
    leaving = or_(Message.lane != "mail", at_once, Message.next_attempt_at <= now - MAIL_GATHERS)
    return Message.state.in_((*UNDER_WAY, State.BATCHED)), Message.next_attempt_at <= now, leaving


def _replies(on: Stage, files: Files) -> None:
    at = on.office
    coming = _coming_payments(on, files)
    with at.database.read() as session:
        lines = list(cast.script(session, coming, at.city.local_date(on.now())))
    with _bar("Customers write back") as update:
        for number, line in enumerate(lines, 1):
            _write(on, line)
            update(number, len(lines))
    _hear_back(on)
    answering = [line for line in lines if line.then and _is_asked(on, line)]
    with _bar("Customers answer what was asked") as update:
        for number, line in enumerate(answering, 1):
            _write(on, replace(line, words=line.then or ""))
            update(number, len(answering))
    _hear_back(on)


def _write(on: Stage, line: cast.Line) -> None:
    if line.channel == "sms":
        on.carriers.text_from(line.sender, line.words)
    else:
        on.carriers.mail_from(line.sender, on.office.city.email, "Re: your account", line.words)


def _is_asked(on: Stage, line: cast.Line) -> bool:
    with on.office.database.read() as session:
        state = session.scalar(
            select(Conversation.state).where(Conversation.channel == line.channel, Conversation.address == line.sender)
        )
    return state == "confirming_promise"


def _coming_payments(on: Stage, files: Files) -> list[tuple[str, date, int]]:
    """What the payment file will say, read ahead for the cast alone; nothing of it reaches the service yet."""
    with files.payments.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        sample = file.readline()
        file.seek(0)
        rows = list(csv.reader(file, delimiter="|" if "|" in sample else ","))[1:]
    found = []
    for row in rows:
        if len(row) < 5 or not row[2].strip("$").replace(".", "").isdigit() or row[3] in ("ADJ", "EAP"):
            continue
        found.append((row[0], _day(row[1]), round(float(row[2].strip("$")) * 100)))
    return found


def _day(text: str) -> date:
    return date.fromisoformat(text) if "-" in text else datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007


def _days_pass(on: Stage, files: Files, report: Report) -> None:
    """Two weeks go by, then the payment file comes in and the promises are decided."""
    at = on.office
    _each_day(on)
    later = datetime.combine(MONDAY + timedelta(days=16), OPENS, at.city.zone)
    on.move_to(later)
    with _bar("Two weeks later: the payments") as update:
        report.payments = import_payments(
            at.database, at.city, at.clock, files.payments, progress=lambda _phase, done, of: update(done, of)
        )
    with _bar("Deciding the promises") as update:
        followed = campaigns.follow(at.database, at.city, at.renderer, at.clock, report.payments.touched)
        report.called_back = followed.called_back
        update(1, 1)
    _wait_for_sending(on, "Sending what that brought about")
    _hear_back(on)
    on.move_to(later + 2 * MAIL_GATHERS)
    _wait_for_sending(on, "And the letters that waited")


def _each_day(on: Stage) -> None:
    """Two weeks of mornings: what got no answer is asked again, and promises are reminded of the day before."""
    at = on.office
    with _bar("Two weeks of reminders") as update:
        for day in range(1, 15):
            on.move_to(datetime.combine(MONDAY + timedelta(days=day), time(11, 0), at.city.zone))
            asked = at.database.run(lambda session: replies.follow_up(session, at.city, at.clock, at.renderer))
            reminded = at.database.run(lambda session: campaigns.remind(session, at.city, at.clock, at.renderer))
            lanes = {*asked.lanes, *reminded.lanes}
            for lane in lanes:
                at.doorbell.ring(lane)
            if lanes:
                on.until("Sending the reminders", lambda: not _sending(on))
            update(day, 14)
    _hear_back(on)


def _serve(on: Stage) -> None:
    at = on.office
    password = secrets.token_urlsafe(9)
    with at.database.begin() as session:
        add_user(session, username="demo", name="Demo Supervisor", role="supervisor", password=password, at=on.now())
    with at.database.read() as session:
        number = session.scalar(
            select(Account.number)
            .join(InboundMessage, InboundMessage.account_id == Account.id)
            .order_by(InboundMessage.id)
            .limit(1)
        )
    click.echo(f"\nThe desk:   {on.url}")
    click.echo(f"Sign in as: demo   with: {password}")
    if number:
        click.echo(f"Begin with: {on.url}/accounts/{number}")
    click.echo("Ctrl-C ends it.")
    ended = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: ended.set())
    ended.wait()

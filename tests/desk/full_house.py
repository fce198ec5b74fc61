"""An office in which every address of the desk shows something: runs, lists, letters, a month of figures, files."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pyotp
from sqlalchemy import select

from comms import field, promises, reports, worklist
from comms.accounts import finding
from comms.campaigns import shutoff
from comms.campaigns.policies import moving
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.desk.access import codes, users
from comms.desk.reporting import exporting
from comms.desk.reporting.correspondence import Wanted
from comms.desk.schema import User
from comms.notices.schema import NoticeVersion
from comms.office import Office
from comms.settings import Settings
from tests.desk import story
from tests.desk.campaigns import told
from tests.desk.conftest import RememberingDoorbell
from tests.desk.mail import mail_story
from tests.support import build, month, policies, runs
from tests.support.identity_provider import CLIENT, SECRET
from tests.support.notified import TUESDAY, Notified

POLICY = "residential-past-due"
ENDLESS = "Wolfeschlegelsteinhausenbergerdorff" * 3
"""A name of more than a hundred letters without a space."""
LONG, LONG_USER = "0000999-99", "maximiliana.wolfeschlegelsteinhausenbergerdorff@utilities.ci"
CHALLENGER = """
[challenger]
title = "Letter first"
share = 0.5
seed = "autumn"
from = 2026-10-01
to = 2026-12-31
step = [{ id = "reminder", send = { first_of = ["letter"] } }]
"""
OLDER = "a" * 64
"""A version of the past-due reminder that was used before."""
PRINTED = "10 letters of the batch duluth-mn-20261123-01 wait for a proof. Look: comms mail show 5"


@contextmanager
def opened(template: Path, folder: Path) -> Iterator[Office]:
    """The office on a database of its own in ``folder``, made from the empty one."""
    path = folder / "desk.db"
    path.write_bytes(template.read_bytes())
    city = load_city("duluth-mn")
    (folder / "var").mkdir()
    shutil.copytree(city.folder, folder / city.slug)
    settings = Settings(
        _env_file=None, comms_var=folder / "var", secret_key="test-key", mailhouse_url=f"file:{folder / 'house'}",
        oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT, oidc_client_secret=SECRET,
    )  # fmt: skip
    office = Office(
        settings, Database(f"sqlite:///{path}"), FixedClock(story.NOW),
        city.model_copy(update={"folder": folder / city.slug}), RememberingDoorbell(),
    )  # fmt: skip
    furnish(office, folder)
    yield office
    office.database.dispose()


def furnish(office: Office, folder: Path) -> None:
    """Two nights of campaigns, an afternoon's customers, letters, a November, a shut-off list, a log."""
    database, city, clock = office.database, office.city, office.clock
    told.tell(office)
    with database.begin() as session:
        runs.run(session, policy=POLICY, planned_for=date(2026, 11, 24), state="planning")
        story.customers(session, story.NOW)
        month.whole(session)
        long_ones(session)
    mail_story.handed_over(database, city, folder / "house")
    mail_story.mailed(database, city, 12)
    with database.begin() as session:
        busy(session, city, clock)
    _shut_off(office, folder)
    _next_version(office)
    reports.count(database, city, clock)
    _under_way(office)


def long_ones(session) -> None:
    """What is too long, too many or too much: a customer and a colleague."""
    row = build.account(
        session, number=LONG, name=ENDLESS, phone="+12185550999", email=f"{ENDLESS[:60]}@example.org",
        past_due_cents=123_456_789, current_cents=98_765_432, service_address=f"{ENDLESS[:80]} St",
        mailing_address={"line1": ENDLESS, "line2": ENDLESS, "city": ENDLESS[:60], "state": "MN", "zip": "55802"},
    )  # fmt: skip
    story.sent(session, row.id, ENDLESS * 3, story.NOW - timedelta(days=2), state="undelivered", why=ENDLESS,
               summary=ENDLESS, code="30003", to="+12185550999")  # fmt: skip
    story.note(session, row.id, story.NOW - timedelta(days=1), ENDLESS)
    build.hold(session, row.id, "dispute", note=ENDLESS, amount_cents=123_456_789)
    inbound = story.wrote(session, row.id, ENDLESS, story.NOW - timedelta(hours=1), sender="+12185550999")
    story.ask(session, row.id, inbound, ENDLESS, story.NOW - timedelta(hours=1))
    users.add_user(session, username=LONG_USER, name=ENDLESS, email=f"{ENDLESS[:60]}@city.example", role="supervisor",
                   password=story.PASSWORD, at=story.NOW)  # fmt: skip
    users.disable(session, "vera", story.NOW)


def busy(session, city, clock) -> None:
    """Something on each list, long words too."""
    now = clock.now()
    maria = finding.by_number(session, story.MARIA)
    chatty = finding.by_number(session, "0000555-50")
    for kind, priority, hours, who in (
        ("promise", 4, 70, chatty), ("unknown_send", 5, 1, maria), ("mail_batch", 5, 30, None),
        ("campaign_run", 3, 2, None), ("carrier_halted", 2, 1, None), ("approval", 3, 5, maria),
        ("third_party_address", 8, 5, maria),
    ):  # fmt: skip
        task = worklist.open_task(
            session, kind=kind, dedupe_key=kind, at=now - timedelta(hours=hours), priority=priority,
            account_id=who.id if who else None, subject_type="campaign_run" if kind == "campaign_run" else None,
            subject_id=2 if kind == "campaign_run" else None,
            reason="A reason that takes its time to say what happened, and what a person might do about it now. "
            + PRINTED,
        )  # fmt: skip
        if kind in ("mail_batch", "promise"):
            worklist.assign(session, task, "park", was=None)
    failed = next(task for task in worklist.open_tasks(session, ("failed_notice",)))
    worklist.set_aside(session, failed.id, now + timedelta(days=2))
    promises.enter(
        session, city, clock, account_id=maria.id, source="phone", by="user:park",
        parts=[promises.Part(date(2026, 11, 23), 9000)], approved_by="osei",
    )  # fmt: skip
    build.hold(session, chatty.id, "medical", ends_on=date(2026, 11, 27), note="Letter of Dr. Lund of Oct 28")


def _shut_off(office: Office, folder: Path) -> None:
    """A list for December 22, given out the day before: one is on it, one is left out."""
    notified = Notified(office.database, office.clock, office.city, office.renderer, folder)
    notified.account(name=f"Gail {ENDLESS}")
    notified.account(name="Una Unmailed", mailed=False)
    catalogue = office.renderer.catalogue
    with office.database.begin() as session:
        made = shutoff.propose(session, office.city, office.clock, catalogue, kind="shutoff", day=TUESDAY, by="osei")
        field.approve(session, office.clock, made.name, by="admin")
    home = office.settings.var / "field"
    shutoff.issue(office.database, office.city, office.clock, catalogue, home, made.name, by="admin")
    office.clock.set(story.NOW)


def _next_version(office: Office) -> None:
    """A second version in use, with a challenger beside it, and the list of those who would move to it."""
    folder = office.city.folder / "policies"
    text = (folder / f"{POLICY}.toml").read_text().replace("version = 1", "version = 2")
    text = text.replace("due_days = 5 }", "due_days = 6 }", 1) + CHALLENGER
    (folder / f"{POLICY}.v2.toml").write_text(text)
    with office.database.begin() as session:
        policies.put_in_use(session, text)
        moving.propose(session, office.city, office.renderer.catalogue, POLICY, 2, by="osei", at=office.clock.now())


def _under_way(office: Office) -> None:
    """A log that is made and one that waits, a wording that was changed, a code."""
    wanted = Wanted(date(2026, 11, 1), date(2026, 11, 22))
    with office.database.begin() as session:
        made, _ = (
            exporting.ask(session, wanted, "csv", by=by, at=office.clock.now(), about="Everybody")
            for by in ("admin", "osei")
        )
        now = session.scalars(select(NoticeVersion).where(NoticeVersion.notice == "past-due-reminder")).first()
        words = now.sources["en/sms"]["body"].replace("past due", "overdue", 1)
        older = now.sources | {"en/sms": {"front": {}, "body": words}}
        session.add(NoticeVersion(version=OLDER, notice=now.notice, sources=older, first_used_at=story.NOW))
        coda = users.add_user(session, username="coda", name="Coda", role="viewer", password=story.PASSWORD,
                              at=story.NOW)  # fmt: skip
        user, key = session.get(User, coda), office.settings.secret
        shown = pyotp.TOTP(codes.begin(session, user, key)).generate_otp(int(story.NOW.timestamp()) // codes.STEP)
        codes.confirm(session, user, key, shown, story.NOW)
    exporting.make(office.database, office.city, office.clock, office.settings.comms_var, made)

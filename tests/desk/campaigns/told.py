"""An office with policies in use: one run was let go three weeks ago, tonight's waits."""

from datetime import date, timedelta

from sqlalchemy import update

from comms import campaigns
from comms.accounts import consent
from comms.campaigns import brakes
from comms.office import Office
from comms.outbox import Message
from tests.desk import story
from tests.support import build, policies

WEEKS_AGO = timedelta(days=21)
LONG = "Wilhelmina-Alexandrina Vandenberghe-Castellanos de la Fuente y Montgomery-Featherstonehaugh"


def files(office: Office) -> None:
    """The billing system's files of today come in."""
    now = office.clock.now()
    with office.database.begin() as session:
        for kind in ("accounts", "payments"):
            day = office.city.local_date(now)
            build.import_file(session, kind=kind, as_of=day, covers_until=day, started_at=now, finished_at=now)


def customers(office: Office, people: int = 24) -> None:
    """Residential customers at several steps, some of whom are to be left alone."""
    with office.database.begin() as session:
        for n in range(people):
            late = date(2026, 11, 2) - timedelta(days=6 + 2 * n)
            row = build.account(
                session, number=f"00031{n:02d}-{n:02d}", name=LONG if n == 3 else f"Anna Andersson {n:02d}",
                phone=None if n % 6 == 5 else f"+1218555{7000 + n}", email=f"anna{n}@example.org" if n % 2 else None,
                past_due_cents=9000 + 1111 * n, oldest_due_on=late, language="es" if n % 4 == 1 else "en",
                affects_heat=n % 3 == 0,
            )  # fmt: skip
            if n % 9 == 2:
                build.hold(session, row.id, "medical", note="Certificate of Nov 2")
            if n % 7 == 3:
                build.hold(session, row.id, "dispute")
            if n % 8 == 6:
                consent.record(
                    session, channel="sms", address=f"+1218555{7000 + n}", action="revoked", source="sms",
                    evidence="STOP", at=office.clock.now(), account_id=row.id,
                )  # fmt: skip


def plan(office: Office, by: str = "schedule") -> int:
    run_id = campaigns.plan(office.database, office.city, office.clock, office.renderer.catalogue, by=by)
    with office.database.begin() as session:
        brakes.look(session, office.city, office.clock, office.renderer.catalogue, run_id)
    return run_id


def let_go(office: Office, run_id: int, by: str = "osei") -> None:
    campaigns.release(office.database, office.city, office.clock, office.renderer, run_id, by=by)


def arrive(office: Office) -> None:
    """All that waits to leave leaves and arrives, letters at the post office."""
    now = office.clock.now()
    with office.database.begin() as session:
        for channel, state in (("letter", "mailed"), ("sms", "delivered"), ("email", "delivered")):
            session.execute(
                update(Message)
                .where(Message.state == "queued", Message.channel == channel)
                .values(state=state, state_at=now, submitted_at=now)
            )


def tell(office: Office) -> tuple[int, int]:
    """Two nights: a run of three weeks ago, which was let go and arrived, and that of today, which waits."""
    office.clock.set(story.NOW - WEEKS_AGO)
    with office.database.begin() as session:
        story.staff(session, story.NOW)
        policies.activate(session, office.city)
    customers(office)
    files(office)
    first = plan(office)
    let_go(office, first)
    arrive(office)
    office.clock.set(story.NOW)
    with office.database.begin() as session:
        new = build.account(session, name="Nina Newcomer", phone="+12185558001", oldest_due_on=date(2026, 11, 10))
        build.account(session, name="Norbert Nowhere", phone=None, mailing_address={}, oldest_due_on=date(2026, 11, 10))
        assert new.id
    files(office)
    return first, plan(office)

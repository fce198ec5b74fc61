"""A worker that is killed while it plans or releases a run: the next one goes on by itself, nobody is decided twice."""

import signal
from collections import Counter
from datetime import date
from importlib import import_module

import pytest
from sqlalchemy import func, select

from comms.campaigns import CampaignRun, Decision
from comms.campaigns.planner import begin
from comms.outbox import Message
from tests.support import build, policies
from tests.support.waiting import until

RELEASE = import_module("comms.campaigns.release")
PEOPLE = 1100
"""Two chunks of a plan and three of a release: one is committed, another is under way when the worker is shot."""


@pytest.fixture
def city_that_owes(at_work):
    office = at_work.office
    with office.database.begin() as session:
        policies.activate(session, office.city)
        source, day = build.import_file(session).id, office.city.local_date(office.clock.now())
        for n in range(PEOPLE):
            build.account(
                session, number=f"{n:07d}-00", phone=f"+1218{2000000 + n}", import_id=source,
                oldest_due_on=date(2026, 11, 10),
            )  # fmt: skip
        for kind in ("accounts", "payments"):
            build.import_file(session, kind=kind, as_of=day, covers_until=day, finished_at=office.clock.now())
    return at_work


def decided(at, *where) -> int:
    with at.office.database.read() as session:
        return session.scalar(select(func.count()).select_from(Decision).where(*where))


def state(at) -> str:
    with at.office.database.read() as session:
        return session.scalars(select(CampaignRun.state)).one()


def test_a_run_survives_the_death_of_the_worker_that_plans_it_and_of_the_one_that_lets_it_go(city_that_owes):
    at, office = city_that_owes, city_that_owes.office
    run_id = office.database.run(
        lambda session: begin(session, office.city, office.renderer.catalogue, office.clock.now(), by="osei")
    )
    planner = at.worker("--lane", "housekeeping")
    until("the first chunk of the plan", lambda: decided(at) > 0)
    at.end(planner, signal.SIGKILL)
    second = at.worker("--lane", "housekeeping")
    until("the plan", lambda: state(at) == "planned")
    assert decided(at) == PEOPLE
    at.end(second)

    with office.database.begin() as session:
        run = session.get_one(CampaignRun, run_id)
        import_module("comms.campaigns.brakes").look(session, office.city, office.clock, office.renderer.catalogue, 1)
        run.brakes = [one | {"lifted_by": "lee", "lifted_why": "The first night."} for one in run.brakes]
    assert RELEASE.begin(office.database, office.city, office.clock, office.renderer, run_id, by="osei")
    third = at.worker("--lane", "housekeeping")
    until("the first chunk of the release", lambda: decided(at, Decision.state == "released") > 0)
    at.end(third, signal.SIGKILL)
    left = decided(at, Decision.state == "planned")
    fourth = at.worker("--lane", "housekeeping")
    until("the release", lambda: state(at) == "done")
    assert left > 0, "it died with something left to do"
    with office.database.read() as session:
        contacts = Counter(session.scalars(select(Message.decision_id)))
    assert (len(contacts), set(contacts.values())) == (PEOPLE, {1})
    assert decided(at, Decision.state == "planned") == 0
    assert at.end(fourth) == 0

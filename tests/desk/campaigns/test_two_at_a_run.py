"""Two people at one run, a second click, an old page: nothing is done twice, and each is told what is so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from comms.campaigns import CampaignRun
from comms.campaigns.schema import PolicyVersion
from comms.desk.schema import AuditEvent
from comms.outbox import Message
from tests.desk import story
from tests.desk.campaigns import told
from tests.desk.campaigns.conftest import words, work
from tests.support import build

TONIGHT = "/campaigns/2"


def run_of(office, run_id: int = 2) -> CampaignRun:
    with office.database.read() as session:
        return session.get_one(CampaignRun, run_id)


def releases(office) -> int:
    with office.database.read() as session:
        return session.scalar(select(func.count()).where(AuditEvent.action == "run.released"))


def let_go(person):
    return person.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page="/campaigns")


@pytest.fixture
def approved(supervisor):
    supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)


@pytest.fixture
def replaced(supervisor, office):
    """Somebody planned again while others still had tonight's run on their screens."""
    later = story.NOW + timedelta(minutes=1)
    with office.database.begin() as session:
        build.account(session, name="Late Larsen", phone="+12185558123", updated_at=later)
    office.clock.set(later + timedelta(minutes=1))
    supervisor.post("/campaigns/plan", page="/campaigns")
    assert work(office, 3).state == "planned"


@pytest.mark.usefixtures("approved")
def test_a_second_click_is_told_that_the_run_was_let_go_already(supervisor, second, office):
    assert let_go(supervisor).status_code == 303
    for person in (supervisor, second):
        assert let_go(person).status_code == 303
        assert "The run was let go already, by R. Osei, 10:00 AM. Nothing was done" in words(person.get(TONIGHT))
    work(office, 2)
    assert let_go(second).status_code == 303
    assert (releases(office), len(office.doorbell.rung)) == (1, 1)
    with office.database.read() as session:
        assert session.scalar(select(func.count()).where(Message.run_id == 2)) == 32


@pytest.mark.usefixtures("approved")
def test_two_who_let_it_go_at_the_same_moment_do_it_once(supervisor, second, office):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(let_go, (supervisor, second)))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (run_of(office).state, releases(office)) == ("releasing", 1)


def test_approving_a_run_that_somebody_has_just_stopped(supervisor, second, office):
    second.post(f"{TONIGHT}/stop", {"because": "The wrong file was imported."}, page=TONIGHT)
    answer = supervisor.post(f"{TONIGHT}/approve", page="/campaigns")
    assert (answer.status_code, "Run 2 is stopped; only a planned one is approved." in words(answer)) == (409, True)
    page = words(supervisor.get(TONIGHT))
    assert "stopped by lee, 10:00 AM" in page
    assert "Why it was stopped: The wrong file was imported." in page
    assert run_of(office).approvals == []


@pytest.mark.usefixtures("replaced")
def test_the_numbers_of_a_plan_that_was_replaced_let_nothing_go(supervisor, office):
    answer = let_go(supervisor)
    assert (answer.status_code, "Run 2 is stopped and cannot be released" in words(answer)) == (409, True)
    assert "Go to run 3" in words(answer)
    assert run_of(office, 3).state == "planned"
    with office.database.read() as session:
        assert session.scalar(select(func.count()).where(Message.run_id.in_((2, 3)))) == 0


def test_a_brake_that_found_more_since_it_was_read_is_not_lifted(supervisor, office):
    pulled = {"brake": "volume", "found": 190, "allowed": 3, "words": "190 contacts.", "subject": "x"}
    with office.database.begin() as session:
        session.execute(update(CampaignRun).where(CampaignRun.id == 2).values(brakes=[pulled]))
    assert 'name="found" value="190"' in supervisor.get(TONIGHT).get_data(as_text=True)
    why = {"brake": "volume:x", "because": "The first night after the holidays."}
    answer = supervisor.post(f"{TONIGHT}/lift", why | {"found": "19"}, page=TONIGHT)
    assert (answer.status_code, "found something else since you read it" in words(answer)) == (409, True)
    assert supervisor.post(f"{TONIGHT}/lift", why | {"found": "190"}, page=TONIGHT).status_code == 303


def test_a_file_that_came_in_since_takes_its_brake_away(supervisor, office):
    pulled = {"brake": "payments-file", "found": 400, "allowed": 96, "words": "It is old. Next step: comms import"}
    with office.database.begin() as session:
        session.execute(update(CampaignRun).where(CampaignRun.id == 2).values(brakes=[pulled | {"subject": ""}]))
    page = words(supervisor.get(TONIGHT))
    assert "It is old. Have the newest payments file taken in" in page
    assert "Plan it again" in page
    told.files(office)
    answer = supervisor.post("/campaigns/plan", page=TONIGHT)
    page = words(supervisor.get(answer.headers["Location"]))
    assert "Its brakes were looked at again." in page
    assert "The payments file is old" not in page


def test_a_plan_that_is_too_old_says_to_plan_again(supervisor, office):
    office.clock.set(story.NOW + timedelta(days=3))
    supervisor.sign_in("osei")
    page = words(supervisor.get(TONIGHT))
    assert "too long ago to be let go" in page
    assert "Plan it again" in page
    assert "To let it go" not in page


def test_a_run_that_cannot_be_planned_says_why(supervisor, office):
    later = story.NOW + timedelta(minutes=2)
    with office.database.begin() as session:
        build.account(session, name="Late Larsen", phone="+12185558123", updated_at=later)
    office.clock.set(later)
    supervisor.post("/campaigns/plan", page="/campaigns")
    with office.database.begin() as session:
        session.execute(update(PolicyVersion).values(state="retired"))
    with pytest.raises(ValueError, match="No policy is in use"):
        work(office, 3)
    page = words(supervisor.get("/campaigns/3"))
    assert "stopped by the service" in page
    assert "Why it was not planned: No policy is in use and in effect on 2026-11-23." in page
    assert "comms policy" not in page
    assert "plan tonight’s run again" in page


def test_messages_looked_for_too_early_are_shown_once_the_run_is_planned(supervisor, office):
    later = story.NOW + timedelta(minutes=3)
    with office.database.begin() as session:
        build.account(session, name="Late Larsen", phone="+12185558123", updated_at=later)
    office.clock.set(later)
    supervisor.post("/campaigns/plan", page="/campaigns")
    supervisor.get("/campaigns/3/samples")
    work(office, 3)
    assert "as the carrier bills it." in words(supervisor.get("/campaigns/3/samples"))

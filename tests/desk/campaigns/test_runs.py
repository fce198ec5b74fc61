"""Runs at the desk: what one comes to, why somebody is left alone, and letting it go, holding it, ending it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from comms.campaigns import CampaignRun, Decision
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


def audited(office) -> list[str]:
    with office.database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def approved_and_let_go(supervisor, office) -> None:
    assert supervisor.post(f"{TONIGHT}/approve", page=TONIGHT).status_code == 303
    assert supervisor.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page=TONIGHT).status_code == 303
    assert work(office, 2).state == "done"


def test_the_list_says_what_each_run_came_to(supervisor):
    page = words(supervisor.get("/campaigns"))
    assert "Nov 23 run 2 waits to be let go 18 letters and 14 texts to 19 accounts in 19 households." in page
    assert "Nov 2 run 1 let go" in page
    assert "the clock let go by R. Osei" in page


def test_a_run_shows_who_hears_who_is_left_alone_and_what_it_costs(supervisor):
    page = words(supervisor.get(TONIGHT))
    assert "Nothing is sent yet." in page
    assert "$4,106.43 past due addressed" in page
    assert "Disconnect notice Residential past due: reminders, notices, disconnection 18 accounts" in page
    assert "Medical hold Service goes on where there is a medical emergency" in page
    assert "No channel reaches them" in page


def test_every_number_leads_to_its_accounts(supervisor, office):
    page = supervisor.get(TONIGHT).get_data(as_text=True)
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/campaigns/2/accounts[^"]+)"', page)]
    assert len(links) == 5
    for link in links:
        listed = supervisor.get(link)
        assert listed.status_code == 200
        assert "/accounts/" in listed.get_data(as_text=True)
    assert "Medical hold" in words(supervisor.get("/campaigns/2/accounts?outcome=protected&rule=hold-medical"))
    assert "list.viewed" in audited(office)


def test_where_a_message_goes_is_written_as_people_write_it(supervisor):
    page = words(supervisor.get("/campaigns/2/accounts?outcome=contact"))
    assert "text: (218) 555-8001" in page
    assert "+1218" not in page


def test_a_long_list_of_accounts_is_read_page_by_page(supervisor, monkeypatch):
    monkeypatch.setattr("comms.desk.campaigns.runs.PER_PAGE", 7)
    seen, path = [], "/campaigns/2/accounts?outcome=contact"
    while path:
        page = supervisor.get(path).get_data(as_text=True)
        seen += re.findall(r'<th scope="row"><a href="/accounts/([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following and "/campaigns/2/accounts" + following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 19


@pytest.mark.parametrize("query", ["", "outcome=nonsense", "outcome="])
def test_a_part_of_a_run_that_there_is_not(supervisor, query):
    assert supervisor.get(f"/campaigns/2/accounts?{query}").status_code == 404


def test_what_is_different_from_the_run_before_has_reasons_and_accounts(supervisor):
    page = words(supervisor.get("/campaigns/2/differences"))
    assert "The step before, reminder, was taken and the next one is due" in page
    assert "A rule stands against it now (Medical hold)" in page
    rows = words(supervisor.get("/campaigns/2/differences?change=new"))
    assert "Nothing Reminder by text, $120.00 It came past due" in rows
    assert supervisor.get("/campaigns/2/differences?change=nonsense").status_code == 404


def test_the_messages_can_be_read_before_they_leave(supervisor, office):
    page = supervisor.get("/campaigns/2/samples")
    assert "Disconnect notice by letter in Spanish" in words(page)
    assert "2 texts as the carrier bills it." in words(page)
    letter = re.search(r'src="(/campaigns/2/samples/\d+/page-1.png[^"]*)"', page.get_data(as_text=True))[1]
    assert supervisor.get(letter).get_data().startswith(b"\x89PNG")
    assert supervisor.get(letter.replace("page-1", "page-9")).status_code == 404
    assert supervisor.get(letter.replace("page-1.png", "letter.pdf")).get_data().startswith(b"%PDF")
    assert supervisor.get("/campaigns/2/samples/99/email").status_code == 404
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Message).where(Message.run_id == 2)) == 0


def test_nothing_goes_before_it_is_approved(supervisor, office):
    page = words(supervisor.get(TONIGHT))
    assert "It waits for a supervisor’s approval" in page
    assert "To let it go" not in page
    answer = supervisor.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page=TONIGHT)
    assert answer.status_code == 409
    assert "waits for the approval of a supervisor" in words(answer)
    assert run_of(office).state == "planned"


def test_a_run_is_let_go_by_typing_how_much_it_is_and_the_workers_do_it(supervisor, office):
    supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)
    wrong = supervisor.post(f"{TONIGHT}/release", {"typed": "send 31"}, page=TONIGHT)
    assert (wrong.status_code, "type SEND 32 into the box" in words(wrong)) == (422, True)
    assert 'value="send 31"' in wrong.get_data(as_text=True)
    assert supervisor.post(f"{TONIGHT}/release", {"typed": " send 32 "}, page=TONIGHT).status_code == 303
    assert office.doorbell.rung == [("run", (2,))]
    run = run_of(office)
    assert (run.state, run.released_by) == ("releasing", "osei")
    assert "0 of 19 decisions looked at again" in words(supervisor.get(TONIGHT))
    assert work(office, 2).state == "done"
    page = words(supervisor.get(TONIGHT))
    assert "0 of 32 messages handed over" in page
    assert [act for act in audited(office) if act.startswith("run.")] == ["run.approved", "run.released"]


def test_watching_asks_again_soon_while_it_moves_and_later_when_it_does_not(supervisor, office):
    approved_and_let_go(supervisor, office)
    page = supervisor.get(TONIGHT).get_data(as_text=True)
    path = re.search(r'hx-get="(/campaigns/2/progress[^"]+)" hx-trigger="every 2s"', page)[1].replace("&amp;", "&")
    again = supervisor.get(path).get_data(as_text=True)
    assert 'hx-trigger="every 10s"' in again
    assert "hx-swap-oob" not in again
    with office.database.begin() as session:
        texts = (Message.run_id == 2, Message.channel == "sms")
        session.execute(update(Message).where(*texts).values(state="delivered"))
    moved = supervisor.get(path).get_data(as_text=True)
    assert 'hx-trigger="every 2s"' in moved
    assert "14 of 32 messages handed over." in moved
    told.arrive(office)
    over = supervisor.get(path).get_data(as_text=True)
    assert "hx-trigger" not in over
    assert "What came of it" in words(supervisor.get(TONIGHT))


def follow(browser, path: str, looks: int) -> str:
    """What the page says after so many looks, each asked for by the answer before."""
    for _ in range(looks):
        page = browser.get(path).get_data(as_text=True)
        path = re.search(r'hx-get="(/campaigns/2/progress[^"]+)"', page)[1].replace("&amp;", "&")
    return page


@pytest.mark.parametrize(
    ("answers", "says"),
    [(True, "Nothing has moved for 1 minute. A worker takes the run up by itself"), (False, "Redis does not answer")],
)
def test_a_run_at_which_nobody_works_says_so_and_what_to_do(supervisor, office, monkeypatch, answers, says):
    monkeypatch.setattr(office.doorbell, "answers", lambda: answers)
    supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)
    supervisor.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page=TONIGHT)
    assert says not in follow(supervisor, TONIGHT, 3)
    assert says in follow(supervisor, TONIGHT, 8)


def test_messages_that_wait_for_their_hour_are_no_fault(supervisor, office):
    approved_and_let_go(supervisor, office)
    assert "Nothing needs to be done here." in follow(supervisor, TONIGHT, 5)


def test_a_run_that_came_to_another_state_brings_its_whole_page(supervisor, office):
    answer = supervisor.get("/campaigns/2/progress?state=releasing")
    assert (answer.headers["HX-Redirect"], answer.get_data()) == (TONIGHT, b"")


def test_pausing_going_on_and_stopping(supervisor, office):
    approved_and_let_go(supervisor, office)
    assert supervisor.post(f"{TONIGHT}/pause", page=TONIGHT).status_code == 303
    assert "The run is paused; 32 messages are held." in words(supervisor.get(TONIGHT))
    supervisor.post(f"{TONIGHT}/resume", page=TONIGHT)
    assert office.doorbell.rung[-1] == ("run", (2,))
    assert work(office, 2).state == "done"
    short = supervisor.post(f"{TONIGHT}/stop", {"because": "no"}, page=TONIGHT)
    assert (short.status_code, "Say why the run is stopped" in words(short)) == (409, True)
    supervisor.post(f"{TONIGHT}/stop", {"because": "The wrong file was imported."}, page=TONIGHT)
    page = words(supervisor.get(TONIGHT))
    assert "The run is stopped. Called back: 18 letters and 14 texts." in page
    assert "stopped by osei" in page
    twice = supervisor.post(f"{TONIGHT}/pause", page=TONIGHT)
    assert (twice.status_code, "only one that was released can be paused" in words(twice)) == (409, True)


def test_a_brake_holds_until_somebody_says_why_it_may_go(supervisor, office):
    with office.database.begin() as session:
        session.execute(update(PolicyVersion).values(activated_at=story.NOW))
        session.execute(
            update(CampaignRun).where(CampaignRun.id == 2).values(
                brakes=[{"brake": "volume", "found": 19, "allowed": 3, "words": "19 contacts.", "subject": "x"}]
            )
        )  # fmt: skip
    page = words(supervisor.get(TONIGHT))
    assert "Far more contacts than usual 19 contacts." in page
    refused = supervisor.post(f"{TONIGHT}/lift", {"brake": "volume:x", "because": "ok"}, page=TONIGHT)
    assert (refused.status_code, "Say why it may be lifted" in words(refused)) == (409, True)
    assert "--because" not in words(refused)
    why = {"brake": "volume:x", "because": "The first night after the holidays."}
    assert supervisor.post(f"{TONIGHT}/lift", why, page=TONIGHT).status_code == 303
    page = words(supervisor.get(TONIGHT))
    assert "Far more contacts than usual: lifted by R. Osei . “The first night after the holidays.”" in page


def test_who_planned_a_run_neither_approves_it_nor_lifts_its_brakes(supervisor, office):
    with office.database.begin() as session:
        session.execute(update(CampaignRun).where(CampaignRun.id == 2).values(planned_by="osei"))
    assert "You planned this run, so somebody else approves it." in words(supervisor.get(TONIGHT))
    answer = supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)
    assert (answer.status_code, "osei planned run 2; somebody else approves it." in words(answer)) == (409, True)


def test_a_run_is_planned_in_the_background(supervisor, office):
    with office.database.begin() as session:
        later = story.NOW + timedelta(minutes=1)
        build.account(session, name="Late Larsen", phone="+12185558123", updated_at=later)
    office.clock.set(later + timedelta(minutes=1))
    answer = supervisor.post("/campaigns/plan", page="/campaigns")
    path = answer.headers["Location"]
    assert office.doorbell.rung == [("run", (3,))]
    assert "0 accounts decided so far." in words(supervisor.get(path))
    assert work(office, 3).state == "planned"
    assert "20 accounts written to" in words(supervisor.get(path))
    assert run_of(office).state == "stopped"
    again = supervisor.post("/campaigns/plan", page="/campaigns")
    assert "This run is planned already" in words(supervisor.get(again.headers["Location"]))


def test_without_workers_the_page_says_so_and_nothing_is_lost(supervisor, office, monkeypatch):
    monkeypatch.setattr(office.doorbell, "ask_for_run", lambda run_id: False)
    supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)
    supervisor.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page=TONIGHT)
    assert "The workers do not answer; they take it up as soon as they do." in words(supervisor.get(TONIGHT))
    assert run_of(office).state == "releasing"


def test_a_plan_without_a_policy_in_use_says_what_is_missing(supervisor, office):
    with office.database.begin() as session:
        session.execute(update(PolicyVersion).values(state="retired"))
    answer = supervisor.post("/campaigns/plan", page="/campaigns")
    assert (answer.status_code, "No policy is in use" in words(answer)) == (409, True)


def test_a_collector_looks_and_a_viewer_does_not(collector, browser, office):
    assert "A supervisor approves it here." in words(collector.get(TONIGHT))
    for act in ("plan", "2/release", "2/approve", "2/pause", "2/stop", "2/lift"):
        assert collector.post(f"/campaigns/{act}", page=TONIGHT).status_code == 403
    browser.sign_in("vera")
    assert browser.get("/campaigns").status_code == 403


@pytest.mark.parametrize("act", ["release", "approve", "pause", "resume", "stop", "lift"])
def test_a_run_that_is_not_there(supervisor, act):
    assert supervisor.get("/campaigns/77").status_code == 404
    assert supervisor.post(f"/campaigns/77/{act}", {"because": "For no reason."}, page="/campaigns").status_code == 404


def test_dropped_decisions_are_listed_with_why(supervisor, office):
    with office.database.begin() as session:
        one = session.scalars(select(Decision).where(Decision.run_id == 2, Decision.outcome == "contact")).first()
        one.state, one.rule, one.occurrence = "dropped", "hold-medical", None
    page = words(supervisor.get("/campaigns/2/accounts?outcome=dropped"))
    assert "left alone after all: medical hold" in page

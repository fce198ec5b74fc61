"""Working the lists: whose a matter is, setting it aside, walking through a part of a list, and the lists as Excel."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from comms import promises, worklist
from comms.accounts import finding
from comms.campaigns.schema import CampaignRun, PolicyVersion
from comms.desk.frame import words
from comms.desk.schema import AuditEvent
from comms.promises import Part
from comms.promises.schema import PromisePart
from comms.worklist import Task
from tests.desk import story
from tests.desk.reading import task_of
from tests.support import build, workbooks

DULUTH = ZoneInfo("America/Chicago")
MARIA = f"/accounts/{story.MARIA}"


def row(office, task_id: int) -> Task:
    with office.database.read() as session:
        return session.get(Task, task_id)


def text(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)))


@pytest.fixture
def boss(browser):
    """A supervisor who has signed in."""
    assert browser.sign_in("osei").status_code == 303
    return browser


@pytest.fixture
def question(afternoon) -> Task:
    return task_of(afternoon, "Proposes two dates")


# --- whose it is ---


def test_a_clerk_takes_a_matter_and_finds_it_under_mine(clerk, afternoon, question):
    path = f"{MARIA}?task={question.id}"
    assert "Nobody’s yet" in text(clerk.get(path))
    answer = clerk.post(
        "/tasks/assign", {"to": "me", "task": f"{question.id}:", "then": "record"}, page="/worklists/replies"
    )
    assert answer.headers["Location"] == path
    assert "J. Park’s" in text(clerk.get(path))
    mine = clerk.get("/worklists/replies?who=mine").get_data(as_text=True)
    assert re.findall(r"/accounts/([\d-]+)\?who=mine&amp;task=", mine) == [story.MARIA]
    assert "3 mine" not in text(clerk.get("/"))
    assert "1 mine" in text(clerk.get("/"))
    with afternoon.database.read() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.action == "task.assigned")).one()
        assert (noted.username, noted.facts["to"]) == ("park", "park")


def test_two_clerks_take_the_same_matter_and_the_first_has_it(clerk, afternoon, question):
    with afternoon.database.begin() as session:
        worklist.assign(session, question.id, "osei", was=None)
    clerk.post("/tasks/assign", {"to": "me", "task": f"{question.id}:"}, page="/worklists/replies")
    assert row(afternoon, question.id).assignee == "osei"
    assert "1 matter had changed meanwhile. Look again." in text(clerk.get("/worklists/replies"))


def test_a_clerk_gives_back_his_own_but_gives_nothing_to_others(clerk, afternoon, question):
    page = "/worklists/replies"
    assert clerk.post("/tasks/assign", {"to": "osei", "task": f"{question.id}:"}, page=page).status_code == 403
    clerk.post("/tasks/assign", {"to": "me", "task": f"{question.id}:"}, page=page)
    clerk.post("/tasks/assign", {"to": "", "task": f"{question.id}:park"}, page=page)
    assert row(afternoon, question.id).assignee is None
    with afternoon.database.begin() as session:
        worklist.assign(session, question.id, "osei", was=None)
    assert clerk.post("/tasks/assign", {"to": "", "task": f"{question.id}:osei"}, page=page).status_code == 403


def test_a_supervisor_gives_several_matters_to_a_clerk_at_once(boss, afternoon):
    page = boss.get("/worklists/replies").get_data(as_text=True)
    chosen = re.findall(r'name="task" value="(\d+:)"', page)
    assert len(chosen) == 3
    answer = boss.post("/tasks/assign", {"to": "park", "task": chosen, "list": "replies"}, page="/worklists/replies")
    assert answer.headers["Location"] == "/worklists/replies"
    assert "3 matters are J. Park’s now." in text(boss.get("/worklists/replies?who=user:park"))
    assert boss.post("/tasks/assign", {"to": "vera", "task": chosen}, page="/worklists/replies").status_code == 422


def test_choosing_nothing_says_so(clerk):
    answer = clerk.post("/tasks/assign", {"to": "me", "list": "failed-notices"}, page="/worklists/failed-notices")
    assert answer.headers["Location"] == "/worklists/failed-notices"
    assert "Nothing was chosen" in text(clerk.get("/worklists/failed-notices"))


# --- setting aside ---


def snooze(clerk, task: Task, until: str, **more):
    return clerk.post("/tasks/snooze", {"task": str(task.id), "until": until, **more}, page="/worklists/replies")


def test_until_tomorrow_is_eight_in_the_morning_of_the_city(clerk, afternoon, question):
    answer = snooze(clerk, question, "tomorrow")
    assert answer.headers["Location"] == "/worklists/replies"
    back = row(afternoon, question.id)
    assert back.snoozed_until == datetime(2026, 11, 24, 8, 0, tzinfo=DULUTH)
    page = text(clerk.get("/worklists/replies"))
    assert "1 matter is set aside until Nov 24, 8:00 AM." in page
    assert "Maria" not in page
    assert "Set aside until Nov 24, 8:00 AM" in text(clerk.get("/worklists/replies?state=aside"))


def test_setting_aside_on_a_record_goes_on_with_the_next(clerk, afternoon, question):
    answer = snooze(clerk, question, "tomorrow", then="record")
    assert answer.headers["Location"].startswith("/accounts/0000666-13?task=")


def test_what_waits_for_the_customer_is_named_so_and_can_be_brought_back(clerk, afternoon, question):
    snooze(clerk, question, "reply")
    assert row(afternoon, question.id).state == "waiting"
    record = text(clerk.get(f"{MARIA}?task={question.id}"))
    assert "Set aside until the customer writes, at the latest Dec 7, 8:00 AM" in record
    clerk.post("/tasks/back", {"task": str(question.id), "then": "record"}, page="/worklists/replies")
    assert row(afternoon, question.id).state == "open"


def test_after_the_promise_means_the_morning_after_its_last_day_of_grace(clerk, afternoon, question):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        promises.enter(
            session, afternoon.city, afternoon.clock, account_id=account.id, source="phone", by="user:park",
            parts=[Part(date(2026, 12, 1), 20000)], approved_by="osei",
        )  # fmt: skip
        until = session.scalars(select(PromisePart.deadline_on).where(PromisePart.state == "waiting")).one()
    assert "After the promise of" in text(clerk.get(f"{MARIA}?task={question.id}"))
    snooze(clerk, question, "promise")
    expected = datetime.combine(until + timedelta(1), datetime.min.time().replace(hour=8), DULUTH)
    assert row(afternoon, question.id).snoozed_until == expected


def test_another_time_is_asked_for_and_words_are_kept_when_it_cannot_be(clerk, afternoon, question):
    assert "Day" in text(clerk.get(f"/tasks/snooze?task={question.id}"))
    answer = snooze(clerk, question, "on", on="2026-11-20", at="09:30")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "That time has passed" in page
    assert 'value="2026-11-20"' in page
    assert 'value="09:30"' in page
    for wrong in ({"on": "soon"}, {"on": "2026-12-01", "at": "noonish"}, {"on": "2036-12-01"}, {}):
        assert snooze(clerk, question, "on", **wrong).status_code == 422
    snooze(clerk, question, "on", on="2026-12-01", at="09:30")
    assert row(afternoon, question.id).snoozed_until == datetime(2026, 12, 1, 9, 30, tzinfo=DULUTH)


def test_an_emergency_stays_on_the_list(clerk, afternoon):
    task = task_of(afternoon, "Gas smell")
    assert "Set aside" not in text(clerk.get(f"/accounts/0000911-01?task={task.id}"))
    snooze(clerk, task, "tomorrow")
    assert row(afternoon, task.id).state == "open"
    assert "1 matter could not be." in text(clerk.get("/worklists/replies"))


# --- walking through a part of a list ---


def test_resolve_and_next_stays_among_ones_own(clerk, afternoon):
    with afternoon.database.begin() as session:
        mine = [
            session.scalars(select(Task).where(Task.reason == r)).one().id
            for r in ("Gas smell", "Could not be understood")
        ]
        for task in mine:
            worklist.assign(session, task, "park", was=None)
    first = f"/accounts/0000911-01?who=mine&task={mine[0]}"
    assert "1 of 2" in text(clerk.get(first))
    answer = clerk.post(f"/tasks/{mine[0]}/resolve", {"then": "next", "who": "mine"}, page=first)
    assert answer.headers["Location"] == f"/accounts/0000666-13?who=mine&task={mine[1]}"
    answer = clerk.post(f"/tasks/{mine[1]}/resolve", {"then": "next", "who": "mine"}, page="/")
    assert answer.headers["Location"] == "/worklists/replies?who=mine"
    assert "None of these is yours." in text(clerk.get("/worklists/replies?who=mine"))


def test_the_record_leads_to_the_matters_before_and_after(clerk, afternoon, question):
    page = clerk.get(f"{MARIA}?task={question.id}").get_data(as_text=True)
    assert re.search(r'rel="prev" href="/accounts/0000911-01\?task=', page)
    assert re.search(r'rel="next" href="/accounts/0000666-13\?task=', page)


@pytest.mark.parametrize("query", ["who=user:", "who=x", "kind=promise", "kind=%00", "state=x"])
def test_a_filter_that_makes_no_sense_is_left_out(clerk, query):
    assert "i smell gas" in clerk.get(f"/worklists/replies?{query}").get_data(as_text=True)


def test_a_list_that_is_not_there(clerk):
    assert clerk.get("/worklists/nothing").status_code == 404
    assert clerk.get("/worklists/nothing/excel").status_code == 404


def test_what_has_waited_too_long_says_so(clerk):
    assert "Late: over 1 business day" in text(clerk.get("/worklists/unmatched"))
    assert "Late" not in text(clerk.get("/worklists/failed-notices"))


# --- the calendar ---


def test_promises_due_today_come_from_the_promises_themselves(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        promises.enter(
            session, afternoon.city, afternoon.clock, account_id=account.id, source="phone", by="user:park",
            parts=[Part(date(2026, 11, 23), 5000), Part(date(2026, 11, 30), 7550)], approved_by="osei",
        )  # fmt: skip
    assert "Promises due today 1 $50.00 still to come today." in text(clerk.get("/"))
    page = text(clerk.get("/worklists/promises-due"))
    assert "Maria Delgado-Ruiz 0048221-37" in page
    assert "$50.00" in page
    assert "$75.50" not in page
    assert "$75.50" in text(clerk.get("/worklists/promises-due?when=week"))
    sheet = workbook(clerk.get("/worklists/promises-due/excel?when=week"))
    assert [row["D"] for row in sheet] == ["Promised", "50", "75.5"]


def test_holds_that_end_within_a_week(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        for days, kind in ((0, "medical"), (6, "dispute"), (20, "office"), (2, "promise")):
            build.hold(session, account.id, kind, ends_on=date(2026, 11, 23) + timedelta(days), note=f"Ends in {days}")
    page = text(clerk.get("/worklists/holds-ending"))
    assert "Medical hold" in page
    assert "Bill in dispute" in page
    assert "Ends in 20" not in page
    assert "Promise hold" not in page
    assert "Ends in 20" in text(clerk.get("/worklists/holds-ending?when=month"))
    assert "Holds ending 2 Within the next 7 days." in text(clerk.get("/"))


def test_a_long_day_of_promises_is_read_page_by_page(clerk, afternoon):
    with afternoon.database.begin() as session:
        for n in range(60):
            account = build.account(session, number=f"0009{n:03d}-1", name=f"Due {n:02d}", phone=None)
            promises.enter(
                session, afternoon.city, afternoon.clock, account_id=account.id, source="phone", by="user:park",
                parts=[Part(date(2026, 11, 23), 5000)], approved_by="osei",
            )  # fmt: skip
    first = clerk.get("/worklists/promises-due").get_data(as_text=True)
    onward = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    seen = re.findall(r"0009\d{3}-1\b(?=</span>)", first + clerk.get(onward).get_data(as_text=True))
    assert len(seen) == len(set(seen)) == 60
    assert len(workbook(clerk.get("/worklists/promises-due/excel"))) == 61
    assert "Due 00" in text(clerk.get("/worklists/promises-due?after=x_y"))


# --- approvals ---


def test_a_supervisor_sees_what_waits_for_a_yes(boss, afternoon):
    with afternoon.database.begin() as session:
        worklist.open_task(
            session, kind="approval", dedupe_key="approval:1", reason="Promise of $50.00 needs a supervisor.",
            at=story.NOW - timedelta(hours=1), account_id=finding.by_number(session, story.MARIA).id,
        )  # fmt: skip
        run = CampaignRun(
            policy="all", versions={}, rulebook="x", planned_for=date(2026, 11, 23), state="planned", counts={},
            brakes=[], approvals=[], planned_at=story.NOW, planned_by="system",
        )  # fmt: skip
        old = CampaignRun(
            policy="all", versions={}, rulebook="x", planned_for=date(2026, 11, 20), state="planned", counts={},
            brakes=[], approvals=[], planned_at=story.NOW, planned_by="system",
        )  # fmt: skip
        version = PolicyVersion(
            policy="p", version=2, title="Reminders", sha256="0", content="", cases="", state="submitted",
            author="user:ann", submitted_at=story.NOW - timedelta(days=2), approvals=[],
        )  # fmt: skip
        session.add_all([run, old, version])
    assert "Approvals 3" in text(boss.get("/"))
    page = boss.get("/worklists/approvals")
    assert re.findall(r'href="(/campaigns/[^"]+)"', page.get_data(as_text=True)) == [
        "/campaigns/policies/p/2",
        "/campaigns/1",
    ]
    assert "Approvals 3" in text(page) and "Promise of $50.00 needs a supervisor." in text(page)


def test_a_collectors_home_has_no_approvals(clerk):
    assert "Approvals" not in text(clerk.get("/"))


# --- Excel and words ---


def workbook(answer):
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return workbooks.rows(answer.get_data())


def test_a_list_is_taken_into_excel_as_it_is_filtered(clerk, afternoon, question):
    sheet = workbook(clerk.get("/worklists/replies/excel"))
    assert [row["B"] for row in sheet] == ["Account", "0000911-01", story.MARIA, "0000666-13"]
    assert sheet[3]["A"] == story.HOSTILE
    assert sheet[3]["E"] == f"{story.HOSTILE} =1+1"
    assert len(sheet) == 4
    assert workbook(clerk.get("/worklists/replies/excel?who=mine")) == sheet[:1]
    with afternoon.database.read() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "list.exported")).first()


def test_a_viewer_sees_the_lists_but_changes_and_takes_nothing(browser, question):
    browser.sign_in("vera")
    page = browser.get("/worklists/replies").get_data(as_text=True)
    assert "i smell gas" in page
    assert "checkbox" not in page
    assert "/tasks/" not in page
    assert browser.get("/worklists/replies/excel").status_code == 403


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("It came back. Put it right; to ask for it: comms send 1-2 x.", "It came back. Put it right."),
        ("See whether it stands. It does: comms hold review 5 --again DATE; it does not: comms hold release 5",
         "See whether it stands."),
        ("Asks: why?", "Asks: why?"),
        ("Run: comms doctor", "Run: comms doctor"),
    ],
)  # fmt: skip
def test_a_clerk_is_not_shown_commands(reason, shown):
    assert words.for_the_desk(reason) == shown

"""The lists of what needs a person."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms import worklist
from comms.accounts import finding
from comms.desk.schema import AuditEvent
from comms.history import timeline
from comms.worklist import Task
from tests.desk import story
from tests.desk.reading import task_of


def test_home_counts_what_waits(clerk):
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", clerk.get("/").get_data(as_text=True)))
    assert "Good morning, J. Park" in page
    assert "5 matters wait for a person." in page
    assert "Replies that need a person 3 3 nobody’s The longest has waited 2 h 14 min ." in page
    assert "Messages from unknown senders 1 1 nobody’s The longest has waited 1 day ." in page
    assert "Notices that could not be delivered 1 1 nobody’s The longest has waited 3 days ." in page
    assert "Nothing waits in: Broken promises , Unknown sends , Returned mail , Holds , Runs and mail" in page


def test_an_emergency_comes_first_then_the_longest_waiting(clerk):
    page = clerk.get("/worklists/replies").get_data(as_text=True)
    assert re.findall(r'href="/accounts/([\d-]+)\?task=', page) == ["0000911-01", story.MARIA, "0000666-13"]
    assert re.findall(r'class="chip (?:bad|plain)">(\w+)<', page) == ["Emergency"]
    assert "i smell gas in the basement" in page
    assert "2 h 14 min" in page


def test_a_task_knows_its_place_in_the_list(clerk, afternoon):
    task = task_of(afternoon, "Proposes two dates")
    page = clerk.get(f"/accounts/{story.MARIA}?task={task.id}").get_data(as_text=True)
    assert "<span>2 of 3</span>" in page


def test_resolve_and_next_walks_through_the_list_to_its_end(clerk, afternoon):
    visited, path = [], f"/accounts/0000911-01?task={task_of(afternoon, 'Gas smell').id}"
    while "task=" in path:
        visited.append(path.split("?")[0])
        path = clerk.post(f"/tasks/{path.split('=')[1]}/resolve", {"then": "next"}, page=path).headers["Location"]
    assert visited == ["/accounts/0000911-01", f"/accounts/{story.MARIA}", "/accounts/0000666-13"]
    assert path == "/worklists/replies"
    page = clerk.get(path).get_data(as_text=True)
    assert "Nobody is waiting for an answer." in page


def test_what_was_done_is_kept_with_who_did_it(clerk, afternoon):
    task = task_of(afternoon, "Gas smell")
    clerk.post(f"/tasks/{task.id}/resolve", {"how": "Called 911 and the crew"}, page="/")
    with afternoon.database.read() as session:
        done = session.get(Task, task.id)
        assert (done.state, done.resolved_by, done.resolution) == ("resolved", "user:park", "Called 911 and the crew")
        newest = timeline(session, done.account_id)[-1]
        assert (newest.kind, newest.summary) == ("task.resolved", "Called 911 and the crew: Gas smell")
        audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "task.resolved")).one()
        assert (audited.username, audited.account_id) == ("park", done.account_id)


def test_resolving_twice_says_that_somebody_was_first(clerk, afternoon):
    task = task_of(afternoon, "Gas smell")
    for _ in range(2):
        clerk.post(f"/tasks/{task.id}/resolve", page="/")
    assert "Somebody else had resolved that already." in clerk.get("/").get_data(as_text=True)
    with afternoon.database.read() as session:
        assert [entry.kind for entry in timeline(session, task.account_id)].count("task.resolved") == 1


def test_a_task_that_is_not_there(clerk):
    assert clerk.post("/tasks/9999/resolve", page="/").status_code == 404


def test_an_unknown_sender_can_be_looked_for_and_set_aside(clerk, afternoon):
    page = clerk.get("/worklists/unmatched").get_data(as_text=True)
    assert "(715) 555-9999" in page
    assert "who is this? wrong number" in page
    assert 'href="/find?q=%2B17155559999"' in page
    task = task_of(afternoon, "No account has this phone.")
    answer = clerk.post(f"/tasks/{task.id}/resolve", {"how": "Not a customer"}, page="/worklists/unmatched")
    assert answer.headers["Location"] == "/worklists/unmatched"
    assert "Every message has found its account." in clerk.get("/worklists/unmatched").get_data(as_text=True)


def test_a_failed_notice_leads_to_the_account(clerk):
    page = clerk.get("/worklists/failed-notices").get_data(as_text=True)
    assert "could not be delivered by text or email" in page
    assert 'href="/accounts/0000404-04?task=' in page


def test_a_long_list_is_read_page_by_page(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, "0000555-50")
        for n in range(120):
            worklist.open_task(
                session, kind="reply", dedupe_key=f"many:{n}", reason=f"Matter {n:03d}.", account_id=account.id,
                at=story.NOW - timedelta(minutes=n), priority=4 + n % 3,
            )  # fmt: skip
    seen, path = [], "/worklists/replies"
    while path:
        page = clerk.get(path).get_data(as_text=True)
        seen += re.findall(r"\?task=(\d+)", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following and following[1]
    assert len(seen) == len(set(seen)) == 123


@pytest.mark.parametrize("after", ["x", "5", "-", "5-x", "99999999999999999999-1", "5-1 or 1"])
def test_a_cursor_that_is_not_ours_begins_at_the_start(clerk, after):
    assert "i smell gas" in clerk.get("/worklists/replies", query_string={"after": after}).get_data(as_text=True)

"""Notices at the desk: both languages side by side, the longest data, the checks, the versions, and approving."""

import re

import pytest
from sqlalchemy import select

from comms.desk.frame.headers import FRAMED
from comms.notices.schema import NoticeVersion
from tests.desk import story
from tests.desk.campaigns.conftest import words

REMINDER = "/notices/past-due-reminder"


def version(office, name="past-due-reminder") -> str:
    return office.renderer.catalogue.get(name).version


def test_the_list_says_whose_words_were_approved(supervisor):
    page = words(supervisor.get("/notices"))
    assert "Notices that the law asks for" in page
    assert "Past-due reminder past-due-reminder text, email, letter English, Spanish in use" in page


def test_a_notice_stands_side_by_side_in_both_languages(supervisor):
    page = words(supervisor.get(REMINDER))
    assert "Reply STOP to opt out" in page
    assert "Responda ALTO" in page
    assert "as the carrier bills it (GSM-7)" in page
    assert "Wilhelmina" not in page
    assert "Wilhelmina" in words(supervisor.get("/notices/payment-received?worst=1"))


def test_an_email_is_shown_in_a_frame_that_runs_nothing(supervisor):
    answer = supervisor.get(f"{REMINDER}/es/email")
    assert answer.headers["Content-Security-Policy"] == FRAMED["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    page = supervisor.get(REMINDER).get_data(as_text=True)
    assert re.search(r'<iframe class="email" sandbox title="[^"]+" src="/notices/past-due-reminder/es/email"', page)


def test_a_letter_is_shown_page_by_page_and_as_the_file(supervisor):
    pages = supervisor.get("/notices/disconnect-notice/en/letter?worst=1").get_data(as_text=True)
    pictures = re.findall(r'src="([^"]+png[^"]*)"', pages)
    assert len(pictures) == 2
    assert supervisor.get(pictures[1]).get_data().startswith(b"\x89PNG")
    assert supervisor.get("/notices/disconnect-notice/en/letter.pdf").get_data().startswith(b"%PDF")
    assert supervisor.get("/notices/disconnect-notice/en/letter-9.png").status_code == 404


def test_the_checks_are_run_and_the_words_approved(supervisor, office):
    assert "Nothing is wrong" in words(supervisor.get(f"{REMINDER}/checks"))
    assert "Approve these words" in words(supervisor.get(f"{REMINDER}?checks=1"))
    answer = supervisor.post(f"{REMINDER}/approve", {"version": version(office)}, page=REMINDER)
    assert answer.status_code == 303
    assert "approved by R. Osei" in words(supervisor.get(REMINDER))
    again = supervisor.post(f"{REMINDER}/approve", {"version": version(office)}, page=REMINDER)
    assert (again.status_code, "osei has approved these words already." in words(again)) == (409, True)
    with office.database.read() as session:
        row = session.get(NoticeVersion, version(office))
        assert (row.approved_by, row.approved_at) == ("osei", story.NOW)


def test_words_that_were_changed_since_are_not_approved_unread(supervisor):
    answer = supervisor.post(f"{REMINDER}/approve", {"version": "0" * 64}, page=REMINDER)
    assert (answer.status_code, "were changed since you opened the page" in words(answer)) == (409, True)


def test_a_legal_notice_that_cites_what_nobody_has_read_is_not_approved(supervisor, office):
    notice = "/notices/disconnect-notice"
    assert "It cannot be approved yet" in words(supervisor.get(f"{notice}/checks"))
    answer = supervisor.post(f"{notice}/approve", {"version": version(office, "disconnect-notice")}, page=notice)
    assert (answer.status_code, "Have the city attorney read it" in words(answer)) == (409, True)


def test_an_older_version_is_held_against_the_words_of_now(supervisor, office):
    with office.database.begin() as session:
        row = session.scalars(select(NoticeVersion).where(NoticeVersion.notice == "past-due-reminder")).one()
        text = row.sources["en/sms"]["body"]
        old = row.sources | {"en/sms": {"front": {}, "body": text.replace("past due", "overdue", 1)}}
        session.add(NoticeVersion(version="a" * 64, notice="past-due-reminder", sources=old, first_used_at=story.NOW))
    assert "What is different now" in words(supervisor.get(REMINDER))
    page = supervisor.get(f"{REMINDER}/compare?with={'a' * 64}").get_data(as_text=True)
    assert "<del>overdue</del>" in page
    assert "Text in English" in page
    assert supervisor.get(f"{REMINDER}/compare?with=nonsense").status_code == 404


@pytest.mark.parametrize("path", ["/notices/nothing", f"{REMINDER}/de/email", f"{REMINDER}/en/letter-0.png"])
def test_what_is_not_there(supervisor, path):
    assert supervisor.get(path).status_code == 404


def test_a_collector_reads_and_does_not_approve(collector, office):
    assert "A supervisor approves the words here." in words(collector.get(f"{REMINDER}/checks"))
    assert collector.post(f"{REMINDER}/approve", {"version": version(office)}, page=REMINDER).status_code == 403

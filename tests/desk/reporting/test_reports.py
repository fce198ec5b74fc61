"""The reports' pages and files."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms import reports
from comms.desk.frame import charts
from comms.desk.reporting.views import reports as pages
from comms.desk.schema import AuditEvent
from comms.reports import REPORTS, Line, Stacks
from tests.support import month

NOVEMBER = "from=2026-11-01&to=2026-11-30"


@pytest.fixture
def november(afternoon):
    with afternoon.database.begin() as session:
        month.whole(session)
    reports.count(afternoon.database, afternoon.city, afternoon.clock)
    return afternoon


def shown(browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def words(browser, path: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", shown(browser, path)).split())


def test_each_report_states_its_finding_and_leads_to_table_and_excel(november, clerk):
    html = shown(clerk, f"/reports?{NOVEMBER}")
    assert "How soon customers are answered" in html and "messages came in; the service answered" in html
    for name in ("delivery", "sent", "promises", "cures", "replies", "aging", "undeliverable", "opt-outs"):
        assert f'href="/reports/{name}?from=2026-11-01&amp;to=2026-11-30"' in html
        assert f'href="/reports/{name}.xlsx?from=2026-11-01&amp;to=2026-11-30"' in html
    assert html.count("<style") == html.count("style=") == 0


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_its_table_on_the_page_and_as_excel(november, clerk, name):
    html = shown(clerk, f"/reports/{name}?{NOVEMBER}")
    assert "<table" in html and REPORTS[name].__name__ and 'scope="row"' in html
    answer = clerk.get(f"/reports/{name}.xlsx?{NOVEMBER}")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}-all-2026-11-01-2026-11-30.xlsx"
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as book:
        assert "<row" in book.read("xl/worksheets/sheet1.xml").decode()
    with november.database.read() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.action == "report.downloaded")).one()
    assert (noted.username, noted.facts["report"]) == ("park", name)


@pytest.mark.parametrize("path", ["/reports", "/reports/sent", "/reports/sent.xlsx"])
def test_who_looks_before_anything_was_counted_has_it_counted(afternoon, clerk, path):
    with afternoon.database.begin() as session:
        month.whole(session)
    assert clerk.get(f"{path}?{NOVEMBER}").status_code == 200
    html = words(clerk, f"/reports?{NOVEMBER}")
    assert "The figures are from 10:00 AM and are brought up to date every few minutes." in html
    assert "No notices were written in these days." not in html
    assert ("housekeeping", ()) in afternoon.doorbell.rung


def test_what_a_first_look_has_no_time_to_count_is_told(afternoon, clerk, monkeypatch):
    with afternoon.database.begin() as session:
        month.whole(session)
    monkeypatch.setattr(pages, "FIRST_COUNT", -1.0)
    html = shown(clerk, f"/reports?{NOVEMBER}")
    assert re.search(r"\d+ days of this time are still being counted; look again in a few minutes\.", html)
    reports.count(afternoon.database, afternoon.city, afternoon.clock)
    assert "still being counted" not in shown(clerk, f"/reports?{NOVEMBER}")


def test_figures_that_nobody_brings_up_to_date_say_so(november, clerk, clock):
    clock.advance(timedelta(minutes=29))
    assert "not brought up to date" not in shown(clerk, "/reports")
    clock.advance(timedelta(minutes=2))
    html = words(clerk, "/reports")
    assert "The figures are from 10:00 AM." in html and "They are not brought up to date at the moment." in html
    assert "Tell whoever looks after the service." in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-12-01&to=2026-11-01", "The last day lies before the first"),
        ("from=yesterday", "That is no date"),
        ("from=1999-01-01", "at most 1,100 days"),
        ("policy=nonsense", "There is no policy “nonsense”"),
    ],
)
def test_an_impossible_question_is_told_and_answered_with_the_usual_days(november, clerk, query, words):
    html = shown(clerk, f"/reports?{query}")
    assert words in html and "Excel" in html
    assert clerk.get(f"/reports/sent.xlsx?{query}").status_code == 400


def test_there_is_no_report_of_another_name(clerk):
    assert clerk.get("/reports/nothing").status_code == 404
    assert clerk.get("/reports/nothing.xlsx").status_code == 404


def test_a_viewer_sees_reports_but_takes_no_log_out(november, browser):
    browser.sign_in("vera")
    assert "/reports/log" not in shown(browser, "/reports")
    assert browser.get("/reports/log").status_code == 403


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (1, 4), (4, 4), (5, 8), (9, 20), (21, 40), (40, 40), (41, 80), (950, 2000), (4001, 8000)]
)
def test_the_scale_of_a_chart_ends_at_a_round_number(most, top):
    assert charts.round_up(most) == top


def test_columns_stand_on_each_other_and_reach_the_scale():
    drawing = charts.stacks(Stacks(("Text", "Email"), (("Nov 1", (30, 10)), ("Nov 2", (0, 0)))))
    text, email = drawing.boxes
    assert email.y == charts.TOP and text.y == pytest.approx(email.y + email.height)
    assert text.words == "Nov 1: 30 text" and [tick.label for tick in drawing.across] == ["0", "10", "20", "30", "40"]


def test_a_line_shows_what_is_known():
    drawing = charts.line(Line((("Nov 1", 0.5), ("Nov 2", None), ("Nov 3", 1.0))))
    assert [dot.words for dot in drawing.dots] == ["Nov 1: 50%", "Nov 3: 100%"] and len(drawing.lines) == 1


def test_a_year_of_columns_has_few_words_below():
    drawing = charts.stacks(Stacks(("Text",), tuple((f"Week {n}", (n,)) for n in range(53))))
    assert len(drawing.below) <= charts.LABELS

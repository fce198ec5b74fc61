"""The reports in a real browser: read by everybody, at both sizes, and the month's log taken out by hand."""

import csv
import io
from pathlib import Path

import pytest

from comms import reports
from tests.desk import chromium
from tests.desk.conftest import make_app
from tests.support import month

pytestmark = pytest.mark.browser


@pytest.fixture
def page(one_chromium, afternoon):
    with afternoon.database.begin() as session:
        month.whole(session)
    reports.count(afternoon.database, afternoon.city, afternoon.clock)
    with chromium.served(make_app(afternoon)) as address:
        page, _ = chromium.signed_in(one_chromium, address, who="osei")
        yield page
        page.context.close()


def test_by_keyboard_the_month_s_log_is_exported(page):
    page.goto("/reports")
    page.get_by_role("link", name="Export the correspondence log").press("Enter")
    page.fill("#from", "2026-11-01")
    page.fill("#to", "2026-11-30")
    page.get_by_label("CSV").check()
    page.get_by_role("button", name="Export").press("Enter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").press("Enter")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert any("calc" in row["Words"] for row in csv.DictReader(io.StringIO(text)))
    assert download.value.suggested_filename == "log-2026-11-01-2026-11-30-1.csv"

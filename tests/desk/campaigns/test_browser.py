"""The pages of campaigns and notices in a real Chromium: accessible at both sizes, and a run let go by keyboard."""

import pytest

from tests.desk import chromium
from tests.desk.campaigns import told
from tests.desk.campaigns.conftest import open_office, work
from tests.desk.conftest import make_app

pytestmark = pytest.mark.browser

POLICY = "/campaigns/policies/residential-past-due"


@pytest.fixture
def served(office):
    with chromium.served(make_app(office)) as address:
        yield address


@pytest.fixture(scope="module")
def still(told_file, tmp_path_factory):
    """The office for tests that only look: served once."""
    folder = tmp_path_factory.mktemp("still")
    (folder / "desk.db").write_bytes(told_file.read_bytes())
    office = open_office(folder / "desk.db", folder / "var")
    with chromium.served(make_app(office)) as address:
        yield address
    office.database.dispose()


def test_a_run_is_approved_and_let_go_by_keyboard_and_the_page_follows_it(one_chromium, served, office):
    page, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP, who="osei")
    page.goto("/campaigns/2")
    page.get_by_role("button", name="Approve this run").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#typed")
    page.get_by_label("To let it go, type SEND 32").focus()
    page.keyboard.type("SEND 32")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=0 of 19 decisions looked at again")
    assert chromium.violations(page) == []
    work(office, 2)
    page.wait_for_selector("text=0 of 32 messages handed over")
    assert chromium.violations(page) == []
    told.arrive(office)
    page.wait_for_selector("text=32 of 32 messages handed over", timeout=15_000)
    page.context.close()


def test_a_page_that_follows_a_run_says_when_the_service_does_not_answer_and_goes_on_when_it_does(
    one_chromium, served, office
):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE, who="osei")
    page.goto("/campaigns/2")
    page.get_by_role("button", name="Approve this run").click()
    page.fill("#typed", "SEND 32")
    page.route("**/progress*", lambda route: route.fulfill(status=503, body="no database"))
    page.get_by_role("button", name="Let the run go").click()
    page.wait_for_selector("text=This page does not hear from the service")
    assert (chromium.violations(page), chromium.overflow(page)) == ([], 0)
    page.unroute("**/progress*")
    page.wait_for_selector("text=This page does not hear from the service", state="hidden")
    work(office, 2)
    page.wait_for_selector("text=0 of 32 messages handed over")
    page.context.close()


def test_what_was_typed_wrong_stands_in_the_box_beside_the_reason(one_chromium, served):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE, who="osei")
    page.goto("/campaigns/2")
    page.get_by_role("button", name="Approve this run").click()
    page.fill("#typed", "SEND 23")
    page.get_by_role("button", name="Let the run go").click()
    assert "type SEND 32 into the box" in page.inner_text("[role=alert]")
    assert page.input_value("#typed") == "SEND 23"
    assert (chromium.violations(page), chromium.overflow(page)) == ([], 0)
    page.context.close()

"""What the pages show and do, without a browser."""

import pytest

from comms.accounts import finding
from comms.history import verify
from comms.office import Office
from tests.desk import story
from tests.desk.conftest import Browser, RememberingDoorbell, make_app


@pytest.mark.parametrize(
    "path",
    ["/", "/find?q=larson", "/find", f"/accounts/{story.MARIA}", "/worklists/replies", "/worklists/unmatched",
     "/worklists/other", "/accounts/0000555-50"],
)  # fmt: skip
def test_every_page_opens(clerk, path):
    answer = clerk.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]


def test_a_clerks_round_on_both_databases(settings, database, clock, city):
    """Sign in, look around, answer, note, resolve: the same on SQLite and on PostgreSQL."""
    with database.begin() as session:
        story.whole(session, clock.now())
    clerk = Browser(make_app(Office(settings, database, clock, city, RememberingDoorbell())))
    clerk.sign_in()
    account = f"/accounts/{story.MARIA}"
    for path in ("/", "/find?q=larson", account, f"{account}?show=texts", "/worklists/replies", "/worklists/other"):
        assert clerk.get(path).status_code == 200, path
    assert clerk.get("/find?q=218-555-4417").headers["Location"] == account
    assert clerk.post(f"{account}/text", {"text": "Sí, está bien."}, page=account).status_code == 303
    assert clerk.post(f"{account}/note", {"text": "Answered."}, page=account).status_code == 303
    assert clerk.post("/tasks/1/resolve", {"then": "next"}, page="/").status_code == 303
    page = clerk.get(account).get_data(as_text=True)
    assert page.index("Sí, está bien.") < page.index("Answered.") < page.index("Resolved: Proposes two dates")
    with database.read() as session:
        events, wrong = verify(session, finding.by_number(session, story.MARIA).id)
    assert (events > 12, wrong) == (True, [])

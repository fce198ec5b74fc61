"""The lists of campaigns as Excel: all of a list, as it stands on the page, and who took it is written down."""

import pytest
from sqlalchemy import select, update

from comms.campaigns import Decision
from comms.desk.campaigns import tables
from comms.desk.schema import AuditEvent
from tests.desk.campaigns.conftest import words
from tests.support.workbooks import rows

TONIGHT = "/campaigns/2"


def table(answer) -> list[dict]:
    assert answer.status_code == 200, words(answer)
    heading, *found = rows(answer.get_data())
    return [{title: row.get(letter, "") for letter, title in heading.items()} for row in found]


def test_the_accounts_of_a_step_with_what_was_decided_for_each(supervisor, office):
    page = supervisor.get(f"{TONIGHT}/accounts?outcome=contact").get_data(as_text=True)
    assert "/campaigns/2/accounts/excel?outcome=contact" in page
    answer = supervisor.get(f"{TONIGHT}/accounts/excel?outcome=contact")
    found = table(answer)
    assert len(found) == 19
    nina = next(row for row in found if row["Customer"] == "Nina Newcomer")
    assert (nina["Past due then"], nina["Step"], nina["Decided"]) == ("120", "Reminder", "Reminder by text")
    assert "run-2-accounts-that-are-written-to.xlsx" in answer.headers["Content-Disposition"]
    with office.database.read() as session:
        assert "list.exported" in session.scalars(select(AuditEvent.action)).all()


def test_those_whom_a_rule_protects_with_what_it_saw(supervisor):
    found = table(supervisor.get(f"{TONIGHT}/accounts/excel?outcome=protected&rule=hold-medical"))
    assert found
    assert {row["Decided"] for row in found} == {"Medical hold"}
    assert all(row["Why"] for row in found)
    assert supervisor.get(f"{TONIGHT}/accounts/excel?outcome=nonsense").status_code == 404


def test_a_long_list_is_given_in_parts_that_hold_each_account_once(supervisor, monkeypatch):
    monkeypatch.setattr(tables, "AT_ONCE", 8)
    monkeypatch.setattr("comms.desk.campaigns.runs.PER_PAGE", 7)
    page = supervisor.get(f"{TONIGHT}/accounts?outcome=contact").get_data(as_text=True)
    assert ("part=3" in page, "part=4" in page) == (True, False)
    parts = [table(supervisor.get(f"{TONIGHT}/accounts/excel?outcome=contact&part={n}")) for n in (1, 2, 3, 4)]
    assert [len(part) for part in parts] == [8, 8, 3, 0]
    assert len({row["Account"] for part in parts for row in part}) == 19


def test_what_differs_from_the_run_before_in_all_ways_and_in_one(supervisor):
    every = table(supervisor.get(f"{TONIGHT}/differences/excel"))
    new = table(supervisor.get(f"{TONIGHT}/differences/excel?change=new"))
    assert 0 < len(new) < len(every)
    assert {row["How it differs"] for row in new} == {"hear from us now and did not before"}
    assert "/campaigns/2/differences/excel" in supervisor.get(f"{TONIGHT}/differences").get_data(as_text=True)
    assert supervisor.get(f"{TONIGHT}/differences/excel?change=nonsense").status_code == 404


def test_what_a_customer_is_called_never_runs(supervisor, office):
    with office.database.begin() as session:
        one = session.scalars(select(Decision).where(Decision.run_id == 2, Decision.outcome == "contact")).first()
        session.execute(update(Decision).where(Decision.id == one.id).values(step="=1+1"))
    found = table(supervisor.get(f"{TONIGHT}/accounts/excel?outcome=contact&step=%3D1%2B1"))
    assert [row["Step"] for row in found] == ["=1+1"]


@pytest.mark.parametrize(
    "path", ["/campaigns/99/accounts/excel?outcome=contact", "/campaigns/99/differences/excel",
             "/campaigns/moves/99/excel", "/campaigns/shutoff/lists/none/excel",
             "/campaigns/shutoff/propose/excel?kind=none"],
)  # fmt: skip
def test_what_is_not_there(supervisor, path):
    assert supervisor.get(path).status_code == 404

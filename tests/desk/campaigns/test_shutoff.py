"""Shut-off lists at the desk: looked at, made, approved by somebody else, given out, and called back."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.accounts import Account
from comms.desk.schema import AuditEvent
from comms.field import FieldOrder, by_number
from tests.desk import story
from tests.desk.campaigns.conftest import open_office, words
from tests.support.notified import NOW, Notified
from tests.support.workbooks import rows

LIST = "/campaigns/shutoff/lists/shutoff-2026-12-22"
DAY = {"kind": "shutoff", "day": "2026-12-22"}
LOOK = "/campaigns/shutoff/propose"


@pytest.fixture
def office(sqlite_template, tmp_path):
    """Two accounts whose notices are proven, one whose letters are still with the mail house."""
    path = tmp_path / "desk.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = open_office(path, tmp_path / "var")
    with opened.database.begin() as session:
        story.staff(session, NOW)
    notified = Notified(opened.database, opened.clock, opened.city, opened.renderer, tmp_path)
    notified.account(name="Gail Good")
    notified.account(name="Paul Proven")
    notified.account(name="Una Unmailed", mailed=False)
    yield opened
    opened.database.dispose()


def made(supervisor) -> None:
    answer = supervisor.post(LOOK, DAY, page=LOOK)
    assert answer.headers["Location"] == LIST, words(answer)


def given_out(supervisor, second) -> None:
    made(supervisor)
    second.post(f"{LIST}/approve", page=LIST)
    assert second.post(f"{LIST}/issue", page=LIST).status_code == 303


def test_looking_says_who_passes_and_what_is_missing_and_makes_nothing(supervisor, office):
    page = words(supervisor.get(LOOK))
    assert "2 accounts pass, with $240.00 past due. Looking has changed nothing." in page
    assert "Disconnect notice mailed Nov 10" in page
    assert "its letter is with the mail house, and the day the post office took it is not known." in page
    assert "comms mail" not in page
    assert "There is no list yet." in words(supervisor.get("/campaigns/shutoff"))


def test_a_day_that_is_past_and_a_kind_that_there_is_not(supervisor):
    past = supervisor.post(LOOK, DAY | {"day": "2026-12-01"}, page=LOOK)
    assert (past.status_code, "2026-12-01 is past." in words(past)) == (409, True)
    assert 'data-fault="day"' in past.get_data(as_text=True)
    assert supervisor.get(f"{LOOK}?kind=nonsense").status_code == 404
    assert "Tuesday, December 22" in words(supervisor.get(f"{LOOK}?day=nonsense"))


def test_a_list_is_made_by_one_approved_by_another_and_given_out_with_its_files(supervisor, second, office):
    made(supervisor)
    assert "You made this list, so somebody else approves it." in words(supervisor.get(LIST))
    own = supervisor.post(f"{LIST}/approve", page=LIST)
    assert (own.status_code, "somebody else must approve it" in words(own)) == (409, True)
    early = supervisor.post(f"{LIST}/issue", page=LIST)
    assert (early.status_code, "It must be approved first." in words(early)) == (409, True)
    second.post(f"{LIST}/approve", page=LIST)
    second.post(f"{LIST}/issue", page=LIST)
    page = words(second.get(LIST))
    assert "2 orders are given out. Take the files to the Service Department." in page
    assert "Una Unmailed" in page
    orders = second.get(f"{LIST}/files/orders.csv")
    assert b"D261222-001" in orders.get_data()
    assert "attachment" in orders.headers["Content-Disposition"]
    assert second.get(f"{LIST}/files/door-tags.pdf").get_data().startswith(b"%PDF")
    assert b'"list"' in second.get(f"{LIST}/files/manifest.json").get_data()
    with office.database.read() as session:
        acts = list(session.scalars(select(AuditEvent.action).where(AuditEvent.action.startswith("field_list"))))
    assert acts[:3] == ["field_list.proposed", "field_list.approved", "field_list.issued"]


@pytest.mark.parametrize("file", ["..%2Fdesk.db", "secret.key", ".."])
def test_no_other_file_can_be_had(supervisor, second, file):
    given_out(supervisor, second)
    assert second.get(f"{LIST}/files/{file}").status_code == 404


def test_an_order_is_called_back_and_the_truck_is_to_be_called(supervisor, second, office):
    given_out(supervisor, second)
    path = f"{LIST}/orders/D261222-001/recall"
    short = supervisor.post(path, {"because": "no"}, page=LIST)
    assert (short.status_code, "Say why the order is called back" in words(short)) == (409, True)
    supervisor.post(path, {"because": "Paid at the counter."}, page=LIST)
    page = words(supervisor.get(LIST))
    assert "Order D261222-001 is called back. It was given out already: call the truck now." in page
    with office.database.read() as session:
        assert by_number(session, "D261222-001").state == "recalled"


def test_what_the_field_did_is_taken_in(supervisor, second, office):
    given_out(supervisor, second)
    office.clock.set(NOW + timedelta(minutes=20))
    rows = b"order,result,at,by\nD261222-001,done,2026-12-21 10:10,Berg\nD261222-999,done,,\n"
    here = "/campaigns/shutoff"
    answer = supervisor.post(f"{here}/completed", {"file": (io.BytesIO(rows), "orders.csv")}, page=here)
    page = words(answer)
    assert "1 order is done, 0 not done, 0 known before, 0 still open." in page
    assert "Not taken: 1 row. " in page
    assert "order D261222-999" in page
    with office.database.read() as session:
        assert by_number(session, "D261222-001").state == "done"
    wrong = supervisor.post(f"{here}/completed", {"file": (io.BytesIO(b"what\n1\n"), "x.csv")}, page=here)
    assert (wrong.status_code, "names no column order" in words(wrong)) == (422, True)
    nothing = supervisor.post(f"{here}/completed", page=here)
    assert (nothing.status_code, 'data-fault="file"' in nothing.get_data(as_text=True)) == (422, True)


def filled_in(orders: int) -> bytes:
    """An order file of a city's whole list, as it comes back."""
    cells = (
        '"{0}","disconnect","{0}","Wilhelmina-Alexandrina Montgomery","1 E Superior St","not_done","","Berg","No one"'
    )
    rows = [cells.format(f"D261222-{n:04d}") for n in range(orders)]
    return "\n".join(["order,action,account,name,service_address,result,at,by,reason", *rows]).encode()


def test_an_order_file_of_thousands_of_orders_is_taken_in_from_who_may_give_one(supervisor, collector, office):
    here, content = "/campaigns/shutoff", filled_in(4000)
    assert len(content) > 400_000

    def give(person):
        return person.post(f"{here}/completed", {"file": (io.BytesIO(content), "orders.csv")}, page=here)

    assert "Not taken: 4,000 rows." in words(give(supervisor))
    assert give(collector).status_code == 413
    huge = {"file": (io.BytesIO(b"x" * 5_200_000), "orders.csv")}
    assert supervisor.post(f"{here}/completed", huge, page=here).status_code == 413


def test_what_was_done_although_it_was_called_back_is_said_on_the_list(supervisor, second, office):
    given_out(supervisor, second)
    supervisor.post(f"{LIST}/orders/D261222-001/recall", {"because": "Paid at the counter."}, page=LIST)
    office.clock.set(NOW + timedelta(minutes=20))
    rows = b"order,result,at,by\nD261222-001,done,2026-12-21 10:10,Berg\nD261222-002,done,2026-12-21 10:12,Berg\n"
    here = "/campaigns/shutoff"
    supervisor.post(f"{here}/completed", {"file": (io.BytesIO(rows), "orders.csv")}, page=here)
    page = words(supervisor.get(LIST))
    assert page.count("although it had been called back") == 1
    assert "done Berg (field), 10:12 AM" in page


def test_a_long_list_is_read_page_by_page_and_as_excel(supervisor, second, office, monkeypatch):
    monkeypatch.setattr("comms.desk.campaigns.views.shutoff.ORDERS_SHOWN", 1)
    given_out(supervisor, second)
    first = supervisor.get(LIST).get_data(as_text=True)
    assert ("D261222-001" in first, "D261222-002" in first) == (True, False)
    assert f'rel="next" href="{LIST}?from=1"' in first
    assert "D261222-002" in words(supervisor.get(f"{LIST}?from=1"))
    short = supervisor.post(f"{LIST}/orders/D261222-002/recall", {"because": "no"}, page=LIST)
    assert 'value="no"' in short.get_data(as_text=True), "the page comes back at the order that was meant"
    found = rows(supervisor.get(f"{LIST}/excel").get_data())
    assert [row["A"] for row in found] == ["Order", "D261222-001", "D261222-002"]
    assert rows(supervisor.get(f"{LIST}/excel?who=left-out").get_data())[1]["A"] == "Una Unmailed"
    gated = rows(supervisor.get(f"{LOOK}/excel?kind=shutoff&day=2026-12-23").get_data())
    assert [row["D"] for row in gated] == ["On the list", "no"]


def test_a_list_is_given_up_before_it_is_given_out(supervisor, office):
    made(supervisor)
    supervisor.post(f"{LIST}/cancel", {"because": "No crew on that day."}, page=LIST)
    assert "The list is given up; 2 orders end with it." in words(supervisor.get(LIST))
    nobody = supervisor.get("/campaigns/shutoff/lists/shutoff-2031-01-01")
    assert nobody.status_code == 404


def test_service_is_turned_on_again_for_those_for_whom_somebody_says_so(supervisor, second, office):
    with office.database.begin() as session:
        gail = session.scalars(select(Account).where(Account.name == "Gail Good")).one()
        gail.status, gail.past_due_cents = "shut_off", 0
        paul = session.scalars(select(Account).where(Account.name == "Paul Proven")).one()
        paul.status, paul.affects_heat, numbers = "shut_off", True, [gail.number, paul.number]
    page = words(supervisor.get(f"{LOOK}?kind=reconnect"))
    assert "Everything past due is paid" in page
    assert "service must be on again where the heat depends on it" in page
    answer = supervisor.post(LOOK, {"kind": "reconnect", "account": numbers}, page=f"{LOOK}?kind=reconnect")
    path = answer.headers["Location"]
    assert supervisor.post(f"{path}/approve", page=path).status_code == 303
    with office.database.read() as session:
        assert sorted(session.scalars(select(FieldOrder.kind))) == ["reconnect", "reconnect"]


def test_a_collector_looks_and_makes_nothing(collector):
    assert "A supervisor makes the list." in words(collector.get(LOOK))
    assert collector.post(LOOK, DAY, page=LOOK).status_code == 403

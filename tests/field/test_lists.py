"""A list is proposed by one person, approved by another, and given out as a folder that appears whole."""

import json
from datetime import date
from hashlib import sha256

import pypdfium2
import pytest

from comms import field
from comms.field import OrderError
from comms.field.lists import orders_of

from .conftest import THURSDAY


def test_a_list_keeps_who_is_on_it_and_why_others_are_not(department):
    name = department.propose(department.account(), department.account())
    with department.database.read() as session:
        made = field.list_named(session, name)
        orders = orders_of(session, made.id)
    assert name == "shutoff-2026-12-03"
    assert [order.number for order in orders] == ["D261203-001", "D261203-002"]
    assert made.left_out[0]["missing"] == ["The letter has not been mailed."]


def test_a_second_list_of_the_day_has_names_and_numbers_of_its_own(department):
    department.propose(department.account())
    second = department.propose(department.account())
    assert second == "shutoff-2026-12-03-b"
    assert department.propose(department.account(), kind="reconnect") == "reconnect-2026-12-03"


def test_an_account_has_one_open_order_of_a_kind(department):
    account = department.account()
    department.propose(account)
    with pytest.raises(Exception, match=r"(?i)unique"):
        department.propose(account)


def test_whoever_made_a_list_does_not_approve_it(department):
    name = department.propose(department.account())
    with pytest.raises(OrderError, match="somebody else must approve"):
        department.approve(name, by=" J.Park ")
    department.approve(name)
    with pytest.raises(OrderError, match="approved already"):
        department.approve(name)


def test_turning_service_on_again_needs_no_second_person(department):
    name = department.propose(department.account(), kind="reconnect")
    department.approve(name, by="j.park")
    assert department.issue(name).orders == 1


@pytest.mark.parametrize(
    ("kind", "day", "words"), [("shutoff", date(2026, 11, 20), "past"), ("party", THURSDAY, "kind")]
)
def test_a_list_that_cannot_be_is_refused_with_what_is_allowed(department, kind, day, words):
    with pytest.raises(OrderError, match=words):
        department.propose(department.account(), kind=kind, for_day=day)


def test_a_list_without_anybody_says_where_to_read_why(department):
    with pytest.raises(OrderError, match="1 accounts are left out"):
        department.propose()


def test_a_list_is_not_given_out_before_it_is_approved(department):
    name = department.propose(department.account())
    with pytest.raises(OrderError, match="approved first"):
        department.issue(name)
    assert not department.home.exists()


def test_what_is_given_out_is_an_order_file_door_tags_and_a_manifest(department):
    spanish = department.account(name="José Núñez", language="es", service_address="77 W 4th St")
    name = department.propose(department.account(name="=1+1"), spanish)
    department.approve(name)
    done = department.issue(name)

    assert (done.orders, done.amount_cents, done.fresh) == (2, 24000, True)
    rows = department.rows(name)
    assert rows[0]["name"] == "'=1+1"
    assert rows[1]["services"] == "natural gas and water"
    assert rows[1]["amount"] == "120.00"
    assert {rows[0][column] for column in ("result", "at", "by", "reason")} == {""}
    folder = department.home / name
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"] == {"orders": 2}
    for file, told in manifest["files"].items():
        assert sha256((folder / file).read_bytes()).hexdigest() == told["sha256"]
    pdf = pypdfium2.PdfDocument(folder / "door-tags.pdf")
    pages = [" ".join(page.get_textpage().get_text_range().split()) for page in pdf]
    assert len(pages) == 4
    assert "$120.00" not in pages[2]
    assert "José Núñez" in pages[2]
    assert pages[3].index("Llámenos") < pages[3].index("Please call us")
    assert department.told(spanish) == ["field.issued"]


def test_what_does_not_hold_any_more_leaves_the_list_with_why(department):
    stays, goes = department.account(), department.account()
    name = department.propose(stays, goes)
    department.approve(name)
    department.stands_against[goes] = ["A medical hold was placed."]
    done = department.issue(name)
    assert done.orders == 1
    assert done.left_out == (("D261203-002", "A medical hold was placed."),)
    assert department.order(goes).state == "cancelled"
    assert department.told(goes) == ["field.cancelled"]


def test_a_list_with_nobody_left_is_not_given_out(department):
    account = department.account()
    name = department.propose(account)
    department.approve(name)
    department.stands_against[account] = ["It was paid."]
    with pytest.raises(OrderError, match="Nothing is left"):
        department.issue(name)
    assert department.order(account).state == "cancelled"


def test_giving_out_twice_changes_nothing(department):
    account = department.account()
    name = department.issued(account)
    before = {path.name: path.read_bytes() for path in (department.home / name).iterdir()}
    again = department.issue(name)
    assert (again.fresh, again.orders) == (False, 1)
    assert {path.name: path.read_bytes() for path in (department.home / name).iterdir()} == before
    assert department.told(account) == ["field.issued"]


def test_a_crash_before_the_folder_appears_is_mended_by_issuing_again(department, monkeypatch):
    first, second = department.account(), department.account()
    name = department.propose(first, second)
    department.approve(name)
    with monkeypatch.context() as patch:
        patch.setattr("comms.field.issuing._publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            department.issue(name)
    assert not (department.home / name).exists()
    with department.database.begin() as session:
        field.recall_one(session, department.city, department.clock, "D261203-002", because="paid", by="j.park")
    done = department.issue(name)
    assert (done.orders, done.fresh) == (1, True)
    assert [row["order"] for row in department.rows(name)] == ["D261203-001"]
    assert department.told(first) == ["field.issued"]


def test_an_order_called_back_while_the_files_are_written_is_not_in_them(department, monkeypatch):
    from comms.channels import folders

    first, second = department.account(), department.account()
    name = department.propose(first, second)
    department.approve(name)
    write, calls = folders.write_hidden, []

    def pay_meanwhile(*given):
        if not calls:
            department.change(second, past_due_cents=0)
            department.recall(second)
        calls.append(given)
        return write(*given)

    monkeypatch.setattr(folders, "write_hidden", pay_meanwhile)
    assert department.issue(name).orders == 1
    assert len(calls) == 2
    assert sorted(path.name for path in department.home.iterdir()) == [name]


def test_a_damaged_folder_is_not_taken_for_what_was_given_out(department):
    name = department.issued(department.account())
    (department.home / name / "orders.csv").write_bytes(b"")
    with pytest.raises(OrderError, match="damaged"):
        department.issue(name)


def test_a_list_whose_day_is_past_is_not_given_out(department):
    name = department.propose(department.account())
    department.approve(name)
    department.go_to(2026, 12, 4, 8)
    with pytest.raises(OrderError, match="is past"):
        department.issue(name)


def test_a_cancelled_list_frees_its_accounts(department):
    account = department.account()
    name = department.propose(account)
    with department.database.begin() as session:
        assert field.cancel(session, department.clock, name, by="j.park", because="wrong day") == 1
    assert department.propose(account, for_day=date(2026, 12, 8))
    with department.database.begin() as session, pytest.raises(OrderError, match="is cancelled"):
        field.cancel(session, department.clock, name, by="j.park", because="twice")


def test_a_tag_that_no_font_can_print_keeps_its_order_from_being_given_out(department):
    good, bad = department.account(), department.account(service_address="王小明 St")
    name = department.propose(good, bad)
    department.approve(name)
    done = department.issue(name)
    assert done.orders == 1
    assert "characters of no font" in done.left_out[0][1]


def test_an_order_of_an_unknown_number_is_refused_with_where_to_look(department):
    with department.database.begin() as session, pytest.raises(OrderError, match="comms shutoff orders"):
        field.recall_one(session, department.city, department.clock, "D1", because="x", by="y")


def test_two_proposals_at_once_make_two_lists(department, two_at_once):
    accounts = iter([department.account(), department.account()])
    names = two_at_once(lambda: department.propose(next(accounts)))
    assert sorted(names) == ["shutoff-2026-12-03", "shutoff-2026-12-03-b"]


def test_two_who_issue_at_once_give_it_out_once(department, two_at_once):
    account = department.account()
    name = department.propose(account)
    department.approve(name)
    both = two_at_once(lambda: department.issue(name))
    assert [done.orders for done in both] == [1, 1]
    assert sorted(path.name for path in department.home.iterdir()) == [name]
    assert department.told(account) == ["field.issued"]

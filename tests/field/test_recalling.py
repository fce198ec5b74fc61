"""An open order is called back as soon as something stands against it, and one that was given out calls the truck."""

from datetime import date

import pytest

from comms import field, outbox
from comms.accounts import holds
from comms.field import OrderError
from comms.outbox.states import State
from tests.support import build


def test_an_order_stands_while_nothing_has_changed(department):
    account = department.account()
    department.issued(account)
    department.change(account, past_due_cents=15000)
    assert department.recall(account) == []
    assert department.order(account).state == "issued"


def test_a_payment_calls_an_order_back_that_is_only_proposed(department):
    account = department.account()
    department.propose(account)
    with department.database.begin() as session:
        build.payment(session, account, 5000, date(2026, 11, 23))
    (recalled,) = department.recall(account, reason="a payments file came in")
    assert not recalled.was_issued
    assert recalled.why == "$50.00 less is owed than when it was made ($70.00 is left) (a payments file came in)"
    assert department.order(account).state == "recalled"
    assert department.told(account) == ["field.recalled"]
    assert department.tasks() == []


def test_what_was_given_out_calls_the_truck(department):
    account = department.account(service_address="12 Lake Ave")
    department.issued(account)
    department.change(account, past_due_cents=0)
    (recalled,) = department.recall(account)
    (task,) = department.tasks()
    assert recalled.was_issued
    assert (task.kind, task.priority, task.account_id) == ("field_order", 1, account)
    assert task.reason.startswith(
        "Call the truck: order D261203-001 to disconnect natural gas and water at 12 Lake Ave"
    )
    assert department.told(account) == ["field.issued", "field.recalled"]


@pytest.mark.parametrize("kind", ["medical", "promise", "dispute", "moratorium"])
def test_a_hold_placed_after_the_order_calls_it_back(department, kind):
    account = department.account()
    department.issued(account)
    department.go_to(2026, 11, 24, 9)
    with department.database.begin() as session:
        now = department.clock.now()
        holds.place(session, account, kind, date(2026, 11, 24), None, "", "test", now)
    (recalled,) = department.recall(account)
    assert kind in recalled.why


def test_a_hold_that_begins_before_the_day_calls_it_back(department):
    account = department.account()
    department.issued(account)
    with department.database.begin() as session:
        now = department.clock.now()
        holds.place(session, account, "medical", date(2026, 12, 1), date(2026, 12, 31), "", "test", now)
    assert len(department.recall(account)) == 1


def test_a_returned_letter_calls_back_what_rests_on_it(department):
    account = department.account()
    with department.database.begin() as session:
        draft = build.draft(account, channel="letter")
        ((_, message_id, _),) = outbox.insert_messages(session, [draft], department.clock)
    department.issued(account, evidence=[{"step": "disconnect-notice", "message_id": message_id}])
    assert department.recall(account) == []
    with department.database.begin() as session:
        session.get_one(outbox.Message, message_id).state = State.RETURNED
    (recalled,) = department.recall(account)
    assert "came back" in recalled.why


@pytest.mark.parametrize("columns", [{"status": "final"}, {"in_latest_file": False}])
def test_an_account_that_ended_is_not_disconnected(department, columns):
    account = department.account()
    department.issued(account)
    department.change(account, **columns)
    assert len(department.recall(account)) == 1


def test_recalling_twice_changes_nothing(department):
    account = department.account()
    department.issued(account)
    department.change(account, past_due_cents=0)
    assert len(department.recall(account)) == 1
    assert department.recall(account) == []
    assert department.told(account) == ["field.issued", "field.recalled"]
    assert len(department.tasks()) == 1


def test_looking_over_finds_what_nobody_told(department):
    account = department.account()
    department.issued(account)
    department.change(account, past_due_cents=0)
    with department.database.begin() as session:
        assert len(field.look_over(session, department.city, department.clock)) == 1


def test_staff_call_an_order_back_by_its_number(department):
    account = department.account()
    department.issued(account)
    with department.database.begin() as session:
        done = field.recall_one(session, department.city, department.clock, "d261203-001", because="a", by="j.park")
        with pytest.raises(OrderError, match="only an open order"):
            field.recall_one(session, department.city, department.clock, "D261203-001", because="a", by="j.park")
    assert done.was_issued
    assert department.order(account).result_by == "user:j.park"


def test_whoever_was_shut_off_and_paid_is_to_be_turned_on(department):
    account = department.account()
    department.issued(account)
    department.go_to(2026, 12, 3, 16)
    department.report({"order": "D261203-001", "result": "done", "at": "2026-12-03 10:40", "by": "R. Berg"})
    department.recall(account)
    assert department.tasks() == []
    department.change(account, past_due_cents=0)
    assert department.recall(account) == []
    (task,) = department.tasks()
    assert task.reason.startswith("Paid in full, and the service has been off since 2026-12-03.")


def test_a_reconnection_closes_the_matter(department):
    account = department.account()
    department.issued(account)
    department.go_to(2026, 12, 3, 16)
    department.report({"order": "D261203-001", "result": "done", "at": "2026-12-03 10:40", "by": "R. Berg"})
    with department.database.read() as session:
        (off,) = field.shut_off(session, department.city)
    assert (off.account_id, off.off_since, off.owed_cents) == (account, date(2026, 12, 3), 12000)
    department.issued(account, kind="reconnect")
    with department.database.read() as session:
        assert field.shut_off(session, department.city) == []
    department.report({"order": "R261203-001", "result": "done", "at": "2026-12-03 16:00", "by": "R. Berg"})
    with department.database.read() as session:
        assert field.shut_off(session, department.city) == []


def test_the_billing_system_tells_of_shut_off_accounts_too(department):
    account = department.account(status="shut_off")
    department.account()
    with department.database.read() as session:
        (off,) = field.shut_off(session, department.city)
    assert (off.account_id, off.order, off.off_since) == (account, None, None)

"""From the gate to the truck and back: lists, what calls an order back, and whose service is turned on again."""

from datetime import date, datetime, timedelta

import pytest

from comms import field
from comms.accounts import holds
from comms.campaigns import shutoff
from comms.field import OrderError
from comms.worklist import Task, open_tasks, resolve
from tests.support import build
from tests.support.notified import NOW, TUESDAY, Notified


@pytest.fixture
def office(database, clock, city, renderer, tmp_path) -> Notified:
    return Notified(database, clock, city, renderer, tmp_path)


@pytest.fixture
def propose(office):
    def make(**how) -> shutoff.Proposed:
        with office.database.begin() as session:
            given = {"kind": "shutoff", "day": TUESDAY, "by": "j.park"} | how
            return shutoff.propose(session, office.city, office.clock, office.renderer.catalogue, **given)

    return make


@pytest.fixture
def issue(office):
    def give_out(name: str) -> field.Issued:
        with office.database.begin() as session:
            field.approve(session, office.clock, name, by="s.lee")
        return shutoff.issue(
            office.database, office.city, office.clock, office.renderer.catalogue, office.folder / "field", name,
            by="s.lee",
        )  # fmt: skip

    return give_out


@pytest.fixture
def watch(office):
    def look() -> list[str]:
        with office.database.begin() as session:
            found = shutoff.keep_watch(session, office.city, office.clock, office.renderer.catalogue)
            return [one.why for one in found]

    return look


def test_those_who_pass_are_on_the_list_and_the_others_are_told_why_not(office, propose, issue):
    good, unmailed = office.account(), office.account(mailed=False)
    office.account(decided=False)
    made = propose()
    assert [one.account_id for one in made.on_it] == [good]
    assert [one.account_id for one in made.left_out] == [unmailed]
    done = issue(made.name)
    assert (done.orders, done.left_out) == (1, ())
    with office.database.read() as session:
        (order,) = field.open_orders(session)
    assert [proof["step"] for proof in order.evidence] == ["disconnect-notice", "final-notice"]
    assert order.evidence[0]["mailed_on"] == "2026-11-10"


def test_who_has_an_order_is_not_proposed_again(office, propose):
    office.account()
    propose()
    with pytest.raises(OrderError, match="Nobody can be on a shutoff list"):
        propose()


def test_naming_an_account_with_an_open_order_says_so(office, propose):
    account = office.account()
    name = propose().name
    with office.database.read() as session:
        (found,) = shutoff.look(
            session, office.city, office.clock, office.renderer.catalogue, kind="shutoff", day=TUESDAY,
            account_ids=[account],
        )  # fmt: skip
    assert found.missing == ("Order D261222-001 is open already.",)
    assert name == "shutoff-2026-12-22"


def test_what_changed_between_proposal_and_issue_is_left_out_with_why(office, propose, issue):
    office.account()
    sick = office.account()
    made = propose()
    with office.database.begin() as session:
        holds.place(session, sick, "medical", date(2026, 12, 21), None, "", "test", NOW)
    done = issue(made.name)
    assert done.orders == 1
    ((number, why),) = done.left_out
    assert number == "D261222-002"
    assert "hold-medical" in why


def test_a_returned_letter_and_a_payment_call_the_truck(office, propose, issue, watch):
    returned, paid = office.account(), office.account()
    issue(propose().name)
    assert watch() == []
    office.alter(returned, state="returned", state_reason="Vacant")
    with office.database.begin() as session:
        build.payment(session, paid, 2000, date(2026, 12, 21))
    whys = watch()
    assert len(whys) == 2
    assert any("the letter that it rests on came back (Vacant)" in why for why in whys)
    assert any("$20.00 less is owed" in why for why in whys)
    with office.database.read() as session:
        assert [task.priority for task in open_tasks(session, ["field_order"])] == [1, 1]


def test_a_heat_alert_on_the_day_calls_the_truck(office, propose, issue, watch):
    office.account()
    issue(propose().name)
    at = datetime(2026, 12, 22, 9, tzinfo=office.city.zone)
    office.clock.set(at)
    office.weather(at=at - timedelta(minutes=20))
    assert watch() == []
    office.weather("Extreme Heat Warning", at=at - timedelta(minutes=10))
    (why,) = watch()
    assert "extreme-heat" in why
    assert watch() == []


def test_an_old_payments_file_calls_nobody_back_by_itself(office, propose, issue, watch):
    office.account()
    issue(propose(day=date(2026, 12, 29)).name)
    office.clock.set(NOW + timedelta(days=5))
    office.weather(at=NOW + timedelta(days=5, hours=-1))
    assert watch() == []


def test_an_order_that_was_not_done_can_be_proposed_when_it_is_decided_again(office, propose, issue):
    account = office.account()
    issue(propose().name)
    with office.database.begin() as session:
        field.recall_one(session, office.city, office.clock, "D261222-001", because="wrong house", by="s.lee")
        assert shutoff.candidates(session, "shutoff") == []
    assert account


@pytest.fixture
def off(office):
    """An account whose service is off, as the billing system says."""
    return office.account(status="shut_off", affects_heat=True, occupancy="owner")


def turn_on(office, on: date | None = None):
    with office.database.read() as session:
        return shutoff.to_turn_on(session, office.city, office.clock, on=on)


def test_in_the_cold_season_service_that_heat_depends_on_is_to_be_established(office, off):
    (one,) = turn_on(office)
    assert one.account_id == off
    assert one.why == "from 2026-10-01 to 2027-04-30 service must be on again where the heat depends on it"
    assert "216B.097" in one.citation
    assert not one.certain
    assert turn_on(office, date(2027, 6, 1)) == []


def test_it_is_work_once_a_season_whatever_became_of_it(office, off):
    def raised() -> int:
        with office.database.begin() as session:
            return shutoff.raise_reconnections(session, office.city, office.clock)

    assert raised() == 1
    assert raised() == 0
    with office.database.begin() as session:
        (task,) = open_tasks(session, ["field_order"])
        assert "comms shutoff propose --kind reconnect --account" in task.reason
        resolve(session, task.id, "user:j.park", "income too high", office.clock.now())
    assert raised() == 0
    office.clock.set(datetime(2027, 6, 1, 10, tzinfo=office.city.zone))
    assert raised() == 0
    office.clock.set(datetime(2027, 10, 1, 0, 5, tzinfo=office.city.zone))
    assert raised() == 1
    with office.database.read() as session:
        assert session.query(Task).count() == 2


@pytest.mark.parametrize(
    ("kind", "why"),
    [("medical", "medical emergency"), ("promise", "payment agreement"), ("military", "military orders")],
)
def test_whom_a_hold_protects_is_turned_on_without_more(office, off, kind, why):
    with office.database.begin() as session:
        holds.place(session, off, kind, date(2026, 12, 1), None, "", "test", NOW)
    (one,) = turn_on(office)
    assert one.certain
    assert why in one.why


def test_a_reconnection_list_holds_those_with_nothing_left_to_establish(office, off):
    paid = office.account(status="shut_off", past_due_cents=0)
    with office.database.begin() as session:
        name, chosen = shutoff.propose_reconnections(session, office.city, office.clock, day=TUESDAY, by="j.park")
        assert [one.account_id for one in chosen] == [paid]
        _, chosen = shutoff.propose_reconnections(
            session, office.city, office.clock, day=TUESDAY, by="j.park", account_ids=[off]
        )
        assert [one.account_id for one in chosen] == [off]
        field.approve(session, office.clock, name, by="j.park")
    done = shutoff.issue(
        office.database,
        office.city,
        office.clock,
        office.renderer.catalogue,
        office.folder / "field",
        name,
        by="j.park",
    )
    assert done.orders == 1
    assert sorted(path.name for path in done.folder.iterdir()) == ["manifest.json", "orders.csv"]


def test_heat_that_does_not_depend_on_it_is_not_turned_on_by_the_season(office):
    office.account(status="shut_off", affects_heat=False)
    assert turn_on(office) == []

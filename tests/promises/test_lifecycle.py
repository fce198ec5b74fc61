"""What people do with promises: make, confirm, replace, take back."""

from datetime import date, timedelta

import pytest

from comms import history, promises
from comms.accounts import Account, holds
from comms.promises import Part
from comms.promises.schema import Promise, PromisePart
from tests.support import build

FRIDAY = date(2026, 12, 4)


def proposed(session, city, clock, account_id, cents=5000, due_on=FRIDAY):
    return promises.propose(
        session, city, clock, account_id=account_id, parts=[Part(due_on, cents)], source="sms", said_text="50 friday"
    ).promise_id


def opened(session, city, clock, account_id, **terms):
    promise_id = proposed(session, city, clock, account_id, **terms)
    promises.open_(session, city, clock, promise_id, actor="customer")
    return promise_id


def test_a_proposed_promise_holds_nothing_until_the_customer_says_yes(database, city, clock):
    today = city.local_date(clock.now())
    with database.begin() as session:
        account_id = build.account(session, past_due_cents=12000).id
        promise_id = proposed(session, city, clock, account_id)
        assert holds.active(session, [account_id], today) == {}

        change = promises.open_(session, city, clock, promise_id, actor="customer")

        (hold,) = holds.active(session, [account_id], today)[account_id]
        assert (hold.kind, hold.amount_cents, hold.source) == ("promise", 12000, f"promise:{promise_id}")
        assert "$50.00 by Fri Dec 4, 2026" in hold.note
        assert session.get(Promise, promise_id).status == "open"
        assert [event.kind for event in change.events] == ["promise.opened"]


def test_saying_yes_twice_opens_it_once(database, city, clock):
    with database.begin() as session:
        account_id = build.account(session).id
        promise_id = opened(session, city, clock, account_id)
        again = promises.open_(session, city, clock, promise_id, actor="customer")
        assert again.events == ()
        assert len(holds.active(session, [account_id], city.local_date(clock.now()))[account_id]) == 1


def test_a_new_promise_replaces_the_open_one_and_its_hold(database, city, clock):
    with database.begin() as session:
        account_id = build.account(session).id
        first = opened(session, city, clock, account_id)
        second = opened(session, city, clock, account_id, cents=7000)
        assert session.get(Promise, first).status == "superseded"
        assert session.get(Promise, second).status == "open"
        (hold,) = holds.active(session, [account_id], city.local_date(clock.now()))[account_id]
        assert hold.source == f"promise:{second}"


def test_a_second_offer_before_the_yes_replaces_the_first(database, city, clock):
    with database.begin() as session:
        account_id = build.account(session).id
        first = proposed(session, city, clock, account_id)
        second = proposed(session, city, clock, account_id, cents=6000)
        assert [session.get(Promise, one).status for one in (first, second)] == ["superseded", "proposed"]
        with pytest.raises(promises.PromiseError, match="only a proposed one can be opened"):
            promises.open_(session, city, clock, first, actor="customer")


def test_taking_a_promise_back_lets_go_of_the_debt(database, city, clock):
    with database.begin() as session:
        account_id = build.account(session).id
        promise_id = opened(session, city, clock, account_id)
        before = session.get(Account, account_id, populate_existing=True).facts_version
        change = promises.withdraw(
            session, city, clock, promise_id, by="customer", actor="customer", reason="Cannot make it."
        )
        assert session.get(Promise, promise_id).status == "withdrawn_customer"
        assert holds.active(session, [account_id], city.local_date(clock.now())) == {}
        assert session.get(Account, account_id, populate_existing=True).facts_version > before
        assert "Cannot make it." in change.events[0].summary


def test_a_refused_promise_never_opens(sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        promise_id = proposed(session, city, clock, build.account(session).id)
        promises.refuse(session, clock, promise_id, actor="user:dana", reason="Too many broken.")
        with pytest.raises(promises.PromiseError):
            promises.open_(session, city, clock, promise_id, actor="user:dana")


def test_what_is_not_there_is_said(sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        with pytest.raises(promises.PromiseError, match="There is no promise 99"):
            promises.open_(session, city, clock, 99, actor="user:dana")
        with pytest.raises(promises.PromiseError, match="needs at least one date"):
            promises.propose(session, city, clock, account_id=build.account(session).id, parts=[], source="sms")


def test_the_deadline_is_a_business_day_after_the_grace(sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        account_id = build.account(session).id
        promise_id = proposed(session, city, clock, account_id, due_on=FRIDAY)
        part = session.query(PromisePart).filter_by(promise_id=promise_id).one()
        assert part.deadline_on == date(2026, 12, 7)  # Saturday's grace ends on Monday
        local = part.deadline_at.astimezone(city.zone)
        assert (local.date(), local.hour) == (date(2026, 12, 7), 23)


def test_the_history_tells_the_promise(database, city, clock):
    with database.begin() as session:
        account_id = build.account(session).id
        first = promises.propose(session, city, clock, account_id=account_id, parts=[Part(FRIDAY, 5000)], source="sms")
        second = promises.open_(session, city, clock, first.promise_id, actor="customer")
        history.record(session, [*first.events, *second.events], clock.now())
        assert [entry.kind for entry in history.timeline(session, account_id)] == [
            "promise.proposed",
            "promise.opened",
        ]
        assert history.verify(session, account_id) == (2, [])


def test_only_promises_broken_within_the_year_count(sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        account_id = build.account(session).id
        for days in (10, 300, 500):
            promise_id = proposed(session, city, clock, account_id)
            session.get(Promise, promise_id).status = "broken"
            part = session.query(PromisePart).filter_by(promise_id=promise_id).one()
            part.state, part.deadline_at = "broken", clock.now() - timedelta(days)
        session.flush()
        assert promises.broken_before(session, account_id, city, clock) == 2

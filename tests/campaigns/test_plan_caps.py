"""Contact caps over a whole plan: by household, customer and phone, over accounts, campaigns and what staff wrote."""

import pytest
from sqlalchemy import select, update

from comms.campaigns import Decision, planner
from comms.outbox import Message, enqueue
from tests.support import build


def test_a_household_is_capped_over_all_its_accounts(small, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 2)
    together = [small.account(phone=f"+1218555030{n}", household="1 main st") for n in range(5)]
    apart = small.account(phone="+12185550399")
    small.plan()
    assert [small.outcome(account)[0] for account in together] == ["contact"] * 3 + ["protected"] * 2
    assert small.outcome(together[4])[1].startswith("cap")
    assert small.outcome(apart) == ("contact", "may-contact")


def test_a_customer_is_capped_over_all_addresses(small, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 2)
    owned = [small.account(phone=f"+1218555030{n}", customer_number="L-7") for n in range(5)]
    small.plan()
    assert [small.outcome(account)[0] for account in owned] == ["contact"] * 3 + ["protected"] * 2
    small.go_to(2026, 11, 24)
    with small.database.begin() as session:
        build.account(session, customer_number="L-7", phone="+12185550309")
    small.let_go(small.plan())
    assert small.count(select(Decision.id).where(Decision.state == "released").subquery()) == 3


def test_a_phone_that_stands_on_many_accounts_is_capped_too(evenings):
    """A landlord's number: three texts in a week, however many flats there are."""
    landlord = [evenings.account(phone="+12185550111") for _ in range(10)]
    evenings.night(2026, 11, 23)
    assert sum(evenings.outcome(account)[0] == "contact" for account in landlord) == 3
    evenings.night(2026, 11, 25)
    assert len(evenings.messages()) == 3
    evenings.night(2026, 12, 1)
    assert len(evenings.messages()) == 6
    evenings.night(2026, 12, 8)
    assert len(evenings.messages()) == 6, "six in thirty days"


def test_at_night_a_landlord_is_capped_as_by_day(small):
    """What is planned for the morning counts tonight already."""
    small.go_to(2026, 11, 23, 23)
    landlord = [small.account(phone="+12185550111") for _ in range(10)]
    small.plan()
    assert sum(small.outcome(account)[0] == "contact" for account in landlord) == 3


def test_what_staff_wrote_by_hand_counts_too(small):
    account = small.account(phone="+12185550101")
    with small.database.begin() as session:
        enqueue(session, [build.draft(account, recipient="+12185550101") for _ in range(3)], small.clock)
    small.go_to(2026, 11, 24)
    small.plan()
    assert small.outcome(account)[1].startswith("cap")


def test_copies_for_others_and_next_channels_do_not_count(small):
    account = small.account(phone="+12185550101")
    with small.database.begin() as session:
        (first,) = enqueue(session, [build.draft(account, recipient="+12185550101")], small.clock)
        more = [{"copy_of_id": first}, {"copy_of_id": first}, {"fallback_of_id": first}, {"fallback_of_id": first}]
        enqueue(session, [build.draft(account, recipient="+12185550101", **one) for one in more], small.clock)
    small.go_to(2026, 11, 24)
    small.plan()
    assert small.outcome(account) == ("contact", "may-contact")


@pytest.mark.parametrize(("went_by_email", "rule"), [(False, "may-contact"), (True, "cap")])
def test_the_next_channel_of_what_never_left_counts_in_its_place(small, went_by_email, rule):
    """Three texts that the carrier refused reached nobody; the three emails in their place did."""
    account = small.account(phone="+12185550101", email="a@example.com")
    with small.database.begin() as session:
        refused = enqueue(session, [build.draft(account, recipient="+12185550101") for _ in range(3)], small.clock)
        session.execute(update(Message).where(Message.id.in_(refused)).values(state="failed"))
        instead = {"channel": "email", "recipient": "a@example.com"}
        if went_by_email:
            enqueue(session, [build.draft(account, **instead, fallback_of_id=one) for one in refused], small.clock)
    small.go_to(2026, 11, 24)
    small.plan()
    assert small.outcome(account)[1].startswith(rule)


# --- over many nights ---

"""Schedules: within policy, to the cent, on business days."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comms.city import load_city
from comms.promises import Part, Policy, arrange, load_policy
from comms.promises.arranging import PERIODS

TODAY = date(2026, 11, 23)
CITY = load_city("duluth-mn")
POLICY = load_policy(CITY)


def offered(past_due_cents=40000, *, policy=POLICY, today=TODAY, **wish):
    return arrange(policy, CITY, today=today, past_due_cents=past_due_cents, **wish)


def test_a_quarter_down_and_three_months_is_what_anybody_is_offered():
    found = offered()
    assert found.accepted and found.changed == ()
    assert found.parts == (
        Part(date(2026, 11, 30), 10000),
        Part(date(2026, 12, 30), 10000),
        Part(date(2027, 2, 1), 10000),  # January 30 is a Saturday
        Part(date(2027, 3, 1), 10000),  # February has no 30th, and its last day is a Sunday
    )
    assert found.terms == {
        "down_payment_cents": 10000, "installments": 3, "every": "month", "broken_after_missed": 1,
    }  # fmt: skip


def test_cents_that_do_not_divide_go_to_the_first_payments():
    assert [part.amount_cents for part in offered(10001, down_payment_cents=5000).parts] == [5000, 1667, 1667, 1667]
    assert [part.amount_cents for part in offered(10000, down_payment_cents=5000).parts] == [5000, 1667, 1667, 1666]


def test_number_and_frequency_are_the_customers_to_choose():
    weekly = offered(installments=4, every="week").parts
    assert [part.due_on for part in weekly] == [TODAY + timedelta(days) for days in (7, 14, 21, 28, 35)]
    assert len(offered(installments=12).parts) == 13


@pytest.mark.parametrize(
    ("wish", "changed", "terms"),
    [
        ({"installments": 20}, ("installments",), {"installments": 12}),
        ({"down_payment_cents": 500}, ("down_payment",), {"down_payment_cents": 10000}),
        ({"down_payment_cents": 30000}, (), {"down_payment_cents": 30000}),
        ({"down_payment_cents": 90000}, (), {"down_payment_cents": 40000, "installments": 0}),
    ],
)
def test_a_wish_beyond_the_policy_becomes_the_nearest_within_it(wish, changed, terms):
    found = offered(**wish)
    assert found.accepted and found.changed == changed
    assert found.terms | terms == found.terms


def test_a_frequency_the_office_does_not_have_becomes_the_standard_one():
    monthly = Policy.model_validate({"arrangement": {"every": ["month"]}})
    found = offered(policy=monthly, every="week")
    assert (found.changed, found.terms["every"]) == (("every",), "month")


def test_small_debts_are_not_cut_into_crumbs():
    assert [part.amount_cents for part in offered(3000, installments=12).parts] == [1000, 1000, 1000]
    assert [part.amount_cents for part in offered(700).parts] == [700]


def test_with_a_stated_income_no_payment_is_above_its_share():
    found = offered(income_cents=120000)  # five percent: $60.00 a month
    assert found.accepted
    assert found.parts[0].amount_cents == 6000, "the down payment too"
    assert max(part.amount_cents for part in found.parts) <= 6000
    assert (found.terms["installments"], found.terms["income_cents"]) == (6, 120000)


def test_when_the_wished_number_is_above_the_income_it_is_raised():
    found = offered(income_cents=120000, installments=3)
    assert (found.changed, found.terms["installments"]) == (("installments",), 6)


def test_when_no_schedule_fits_the_income_the_least_that_would_do_is_told():
    found = offered(income_cents=50000)
    assert found.reasons == ("income_too_small",)
    assert sum(part.amount_cents for part in found.parts) == 40000
    assert offered(income_cents=found.needs_income_cents).accepted
    assert not offered(income_cents=found.needs_income_cents - 1).accepted


def test_nothing_is_arranged_where_nothing_is_due():
    assert (offered(0).reasons, offered(0).parts) == (("nothing_due",), ())


def test_who_broke_too_many_is_shown_to_a_supervisor():
    found = offered(broken_before=2)
    assert found.reasons == ("too_many_broken",)
    assert sum(part.amount_cents for part in found.parts) == 40000, "for the supervisor to agree"


@pytest.mark.parametrize("wish", [{"installments": 0}, {"every": "day"}, {"income_cents": -1}])
def test_a_wish_without_sense_is_refused(wish):
    with pytest.raises(ValueError, match=r"at least one|not a frequency|nothing or more"):
        offered(**wish)


wishes = st.fixed_dictionaries(
    {},
    optional={
        "down_payment_cents": st.integers(0, 60000),
        "installments": st.integers(1, 60),
        "every": st.sampled_from(["week", "two_weeks", "month"]),
        "income_cents": st.integers(0, 900000),
    },
)
policies = st.builds(
    lambda down, most, low, share: Policy.model_validate(
        {
            "arrangement": {
                "down_payment_percent": down, "installments": most, "minimum_installment_cents": low,
                "income_share_percent": share, "standard": {"installments": min(3, most)},
            }
        }
    ),
    st.integers(0, 100), st.integers(1, 12), st.integers(1, 5000), st.integers(1, 20),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(policies, st.integers(1, 300000), wishes, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_every_schedule_keeps_the_policy(policy, debt, wish, today):
    found = offered(debt, policy=policy, today=today, **wish)
    terms, limits = policy.arrangement, policy.category("arrangement")
    assert sum(part.amount_cents for part in found.parts) == debt
    days = [part.due_on for part in found.parts]
    assert days == sorted(set(days))
    assert all(CITY.is_business_day(day) and day >= today for day in days)
    assert all(part.amount_cents > 0 for part in found.parts)
    assert len(found.parts) <= terms.installments + 1
    assert days[-1] <= today + timedelta(limits.horizon_days)
    every, income = found.terms["every"], wish.get("income_cents")
    if found.accepted and income is not None:
        own = wish.get("down_payment_cents", 0)
        bears = income * terms.income_share_percent * 12 // (100 * PERIODS[every])
        assert all(part.amount_cents <= max(bears, own if part == found.parts[0] else 0) for part in found.parts)
    if found.needs_income_cents is not None:
        again = offered(debt, policy=policy, today=today, **wish | {"income_cents": found.needs_income_cents})
        assert again.accepted
    if found.accepted:
        same = {name: found.terms.get(name) for name in ("down_payment_cents", "every", "income_cents")}
        again = offered(debt, policy=policy, today=today, installments=found.terms["installments"] or None, **same)
        assert (again.parts, again.terms, again.changed) == (found.parts, found.terms, ())

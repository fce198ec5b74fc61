"""When the offices are closed: the statute's days, the observed ones, and the city's own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.city import load_city, statutory_holidays

DULUTH = load_city("duluth-mn")
KENT = load_city("kent-oh")


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 1, 1), "New Year's Day"),
        (date(2026, 1, 19), "Martin Luther King's Birthday"),
        (date(2026, 2, 16), "Washington's and Lincoln's Birthday"),
        (date(2026, 5, 25), "Memorial Day"),
        (date(2026, 6, 19), "Juneteenth"),
        (date(2026, 7, 3), "Independence Day (observed)"),
        (date(2026, 9, 7), "Labor Day"),
        (date(2026, 10, 12), "Indigenous Peoples Day"),
        (date(2026, 11, 11), "Veterans Day"),
        (date(2026, 11, 26), "Thanksgiving Day"),
        (date(2026, 11, 27), "Friday after Thanksgiving"),
        (date(2026, 12, 25), "Christmas Day"),
    ],
)
def test_duluths_closed_days_of_2026(day, name):
    assert DULUTH.holidays(2026)[day] == name
    assert not DULUTH.is_business_day(day)


def test_a_fixed_holiday_on_a_sunday_is_kept_on_monday_in_both_states():
    assert date(2027, 7, 5) in DULUTH.holidays(2027)
    assert date(2027, 7, 5) in KENT.holidays(2027)


def test_a_saturday_moves_back_in_minnesota_only():
    assert not DULUTH.is_business_day(date(2026, 7, 3))
    assert KENT.is_business_day(date(2026, 7, 3))


def test_new_years_day_on_a_saturday_closes_the_last_day_of_the_old_year():
    assert statutory_holidays("MN", 2027)[date(2027, 12, 31)] == "New Year's Day (observed)"


def test_a_weekday_holiday_is_never_moved():
    assert [day for day, name in statutory_holidays("MN", 2026).items() if "Memorial" in name] == [date(2026, 5, 25)]


def test_the_next_business_day_steps_over_the_thanksgiving_weekend():
    assert DULUTH.next_business_day(date(2026, 11, 25)) == date(2026, 11, 30)
    assert DULUTH.business_day_from(date(2026, 11, 25)) == date(2026, 11, 25)
    assert DULUTH.business_day_from(date(2026, 11, 28)) == date(2026, 11, 30)
    assert DULUTH.add_business_days(date(2026, 11, 24), 2) == date(2026, 11, 30)
    assert DULUTH.add_business_days(date(2026, 11, 30), -2) == date(2026, 11, 24)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([DULUTH, KENT]))
def test_the_next_business_day_is_the_first_open_one(day, city):
    found = city.next_business_day(day)
    assert city.is_business_day(found)
    assert found - day <= timedelta(7)
    between = [day + timedelta(n) for n in range(1, (found - day).days)]
    assert not any(city.is_business_day(other) for other in between)


@given(st.integers(1990, 2150), st.sampled_from(["MN", "OH"]))
def test_every_year_has_eleven_holidays_and_their_observed_days(year, state):
    days = statutory_holidays(state, year)
    actual = [day for day, name in days.items() if "observed" not in name]
    assert len(actual) == 11
    assert all(day.year == year for day in days)
    assert all(day.weekday() < 5 for day, name in days.items() if "observed" in name)

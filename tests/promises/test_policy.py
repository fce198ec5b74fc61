"""What the office accepts, and the best it can offer instead."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.city import load_city
from comms.promises import Part, Policy, PolicyError, consider, load_policy

TODAY = date(2026, 11, 23)
CITY = load_city("duluth-mn")


def verdict(*parts, past_due=12000, broken=0):
    return consider(Policy(), CITY, parts, today=TODAY, past_due_cents=past_due, broken_before=broken)


def test_half_of_it_in_a_week_is_taken():
    assert verdict(Part(date(2026, 11, 30), 6000)).accepted


def test_a_date_too_far_away_becomes_the_last_business_day_within_thirty():
    found = verdict(Part(date(2027, 2, 1), 12000))
    assert found.reasons == ("too_late",)
    assert found.counter == (Part(date(2026, 12, 23), 12000),)


def test_too_little_becomes_a_quarter_of_what_is_past_due():
    found = verdict(Part(date(2026, 11, 27), 1000))
    assert found.reasons == ("too_little",)
    assert found.counter == (Part(date(2026, 11, 27), 3000),)


def test_a_small_debt_is_asked_for_whole():
    assert verdict(Part(date(2026, 11, 27), 500), past_due=800).counter[0].amount_cents == 800


@pytest.mark.parametrize(
    ("parts", "changes", "reason"),
    [
        ([Part(TODAY, 5000)], {"broken": 2}, "too_many_broken"),
        ([Part(TODAY, 5000)], {"past_due": 0}, "nothing_due"),
        ([Part(TODAY - timedelta(1), 5000)], {}, "in_the_past"),
        ([Part(TODAY + timedelta(day), 3000) for day in range(5)], {}, "too_many_parts"),
    ],
)
def test_some_offers_are_for_a_clerk(parts, changes, reason):
    found = verdict(*parts, **changes)
    assert (found.reasons, found.counter) == ((reason,), ())


@given(
    st.lists(st.builds(Part, st.dates(TODAY, TODAY + timedelta(200)), st.integers(1, 50000)), min_size=1, max_size=4),
    st.integers(1, 100000),
)
def test_a_counter_offer_is_itself_acceptable(parts, past_due):
    found = verdict(*parts, past_due=past_due)
    assert found.accepted or verdict(*found.counter, past_due=past_due).accepted


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
def test_every_city_has_a_policy_that_loads(name):
    policy = load_policy(load_city(name))
    assert policy == Policy(version=policy.version), "what the cities say is what a city without a file has"


def test_a_misspelt_key_is_refused_with_file_key_and_what_is_allowed(tmp_path: Path):
    city = CITY.model_copy(update={"folder": tmp_path})
    (tmp_path / "promises.toml").write_text('[category.standard]\nhorizon = 30\n[keeping]\ngrace_days = "1"\n')
    with pytest.raises(PolicyError) as refused:
        load_policy(city)
    assert "promises.toml: category.standard.horizon: is not a key" in str(refused.value)
    assert "horizon_days" in str(refused.value)
    assert "keeping.grace_days" in str(refused.value)


def test_a_city_without_a_file_has_the_defaults(tmp_path: Path):
    folder = tmp_path / "elsewhere"
    shutil.copytree(CITY.folder, folder, ignore=lambda _d, names: [n for n in names if n != "city.toml"])
    (folder / "promises.toml").unlink(missing_ok=True)
    assert load_policy(CITY.model_copy(update={"folder": folder})) == Policy()

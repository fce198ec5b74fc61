"""What the office accepts, and the best it can offer instead."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.city import load_city
from comms.promises import Part, Policy, PolicyError, consider, load_policy, why

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


@pytest.mark.parametrize(
    ("category", "more", "reasons"),
    [
        ("standard", {"shut_off": True}, ("shut_off",)),
        ("staff", {"shut_off": True}, ()),
        ("standard", {"open_before": 3}, ("too_many_open",)),
        ("staff", {"open_before": 3}, ()),
        ("standard", {"broken_before": 2, "shut_off": True}, ("too_many_broken", "shut_off")),
    ],
)
def test_every_category_has_limits_of_its_own(category, more, reasons):
    given = {"today": TODAY, "past_due_cents": 12000, "broken_before": 0, "category": category} | more
    assert consider(Policy(), CITY, [Part(date(2026, 11, 30), 6000)], **given).reasons == reasons


def test_a_category_may_ask_for_a_supervisor_each_time():
    policy = Policy.model_validate({"category": {"vip": {"approval": "supervisor"}}})
    given = {"today": TODAY, "past_due_cents": 12000, "broken_before": 0, "category": "vip"}
    assert consider(policy, CITY, [Part(date(2026, 11, 30), 6000)], **given).reasons == ("needs_approval",)
    with pytest.raises(PolicyError, match="There is no category 'none' of promises; there are: arrangement"):
        policy.category("none")


def test_every_reason_can_be_told_in_words():
    assert why(["shut_off", "too_many_parts"]) == "service is shut off, and it has too many parts"


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[arrangement]\ndown = 5", "arrangement.down: is not a key of a promise policy; allowed here: down_payment"),
        ("[arrangement.standard]\nnumber = 5", "arrangement.standard.number: is not a key"),
        ('[arrangement]\nevery = ["month"]\nstandard = { every = "week" }', "standard must be within the rest"),
        ("[arrangement]\ninstallments = 20", "a down payment and 20 installments are 21 parts"),
        ("[disputes]\nhold = 5", "disputes.hold: is not a key of a promise policy; allowed here: hold_days"),
        ('[category.standard]\napproval = "mayor"', "category.standard.approval"),
        ("[limits]\nhorizon_days = 5", "limits: is not a key of a promise policy; allowed here: version, category"),
        ("version = ", "not readable as TOML"),
    ],
)
def test_a_policy_that_cannot_be_used_says_what_is_allowed(tmp_path: Path, text, says):
    (tmp_path / "promises.toml").write_text(text)
    with pytest.raises(PolicyError) as refused:
        load_policy(CITY.model_copy(update={"folder": tmp_path}))
    assert says in str(refused.value)


def test_what_the_conversations_and_disputes_need_stands_there_too():
    policy = load_policy(CITY)
    assert (policy.disputes.hold_days, policy.conversation.remind_after_hours) == (30, 24)
    assert policy.conversation.clerk_after_hours == 48


def test_a_city_without_a_file_has_the_defaults(tmp_path: Path):
    folder = tmp_path / "elsewhere"
    shutil.copytree(CITY.folder, folder, ignore=lambda _d, names: [n for n in names if n != "city.toml"])
    (folder / "promises.toml").unlink(missing_ok=True)
    assert load_policy(CITY.model_copy(update={"folder": folder})) == Policy()

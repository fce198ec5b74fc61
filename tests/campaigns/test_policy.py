"""Policies are files that people write: what is wrong is told with the file, the key and what is allowed."""

from datetime import UTC, date, datetime

import pytest

from comms.campaigns import PolicyError, load_policy
from comms.campaigns.policy import step_due
from comms.city import load_city

GOOD = """
policy = "late-bills"
version = 1
title = "Late bills"
[effective]
from = 2026-10-01
[enter]
service_class = "residential"
past_due_at_least = 25.00
oldest_due_days = 5
[exit]
past_due_at_most = 5.00
[caps]
7 = 3
[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms", "letter"] }
[[step]]
id = "final"
notice = "final-notice"
after = { step = "reminder", days = 10, count = "business" }
send = { first_of = ["letter"] }
"""


@pytest.fixture
def read(city, tmp_path):
    def load(text: str):
        path = tmp_path / "late-bills.toml"
        path.write_text(text, "utf-8")
        return load_policy(city, str(path))

    return load


def test_a_good_policy_is_read_with_money_in_cents(read):
    policy = read(GOOD)
    assert (policy.enter.past_due_at_least, policy.exit.past_due_at_most) == (2500, 500)
    assert [step.id for step in policy.step] == ["reminder", "final"]
    assert [(window.days, most) for window, most in policy.household_caps] == [(7, 3)]


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
def test_every_city_has_a_policy_that_can_be_used(name):
    assert load_policy(load_city(name), "residential-past-due").step


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (("[enter]", "[enter]\ncolour = 1"), "enter.colour", "allowed: service_class, statuses, past_due_at_least"),
        (('title = "Late bills"', ""), "title", "missing"),
        (("version = 1", "version = 0"), "version", "greater than or equal to 1"),
        (('"residential"', '"houses"'), "enter.service_class", "'residential' or 'commercial'"),
        (("past_due_at_least = 25.00", "past_due_at_least = -1"), "enter.past_due_at_least", "such as 25.00"),
        (("past_due_at_least = 25.00", "past_due_at_least = 25.001"), "enter.past_due_at_least", "such as 25.00"),
        (("past_due_at_least = 25.00", 'past_due_at_least = "a lot"'), "enter.past_due_at_least", "such as 25.00"),
        (("past_due_at_least = 25.00", "past_due_at_least = nan"), "enter.past_due_at_least", "such as 25.00"),
        (("past_due_at_least = 25.00", "past_due_at_least = inf"), "enter.past_due_at_least", "such as 25.00"),
        (("past_due_at_least = 25.00", "past_due_at_least = true"), "enter.past_due_at_least", "such as 25.00"),
        (('["sms", "letter"]', '["fax"]'), "step.0.send.first_of.0", "'sms', 'email' or 'letter'"),
        (('["sms", "letter"]', "[]"), "step.0.send.first_of", "at least 1"),
        (("{ due_days = 5 }", "{ due_days = 5, days = 2 }"), "step.0.after", "either { due_days = N } or"),
        (("{ due_days = 5 }", "{ }"), "step.0.after", "either { due_days = N } or"),
        (('step = "reminder", ', 'step = "invoice", '), "policy", "'invoice', which is not an earlier step"),
        (('id = "final"', 'id = "reminder"'), "policy", "stands twice"),
        (('count = "business"', 'count = "working"'), "step.1.after.count", "'calendar' or 'business'"),
        (("7 = 3", "week = 3"), "caps.week", "integer"),
        (("7 = 3", "7 = -1"), "caps.7", "greater than or equal to 0"),
        (("7 = 3", "0 = 3"), "caps.0", "greater than or equal to 1"),
        (("from = 2026-10-01", 'from = "soon"'), "effective.from", "date"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_what_is_allowed(read, change, key, says):
    assert change[0] in GOOD
    with pytest.raises(PolicyError) as refused:
        read(GOOD.replace(*change, 1))
    told = str(refused.value)
    assert told.startswith("late-bills.toml: ")
    assert f" {key}" in told and says in told


def test_a_file_that_is_no_toml_is_refused(read):
    with pytest.raises(PolicyError, match=r"late-bills\.toml: not TOML: Invalid value"):
        read("policy = ")


def test_a_policy_that_is_not_there_names_those_that_are(city):
    with pytest.raises(PolicyError, match=r"No policy 'garbage' for .*Duluth.*residential-past-due"):
        load_policy(city, "garbage")


def test_ten_business_days_go_around_weekends_and_thanksgiving(read, city):
    policy = read(GOOD)
    reminded = {"reminder": datetime(2026, 11, 24, 2, 0, tzinfo=UTC)}
    due = [
        day
        for day in (date(2026, 12, n) for n in range(1, 20))
        if step_due(policy, policy.step[1], date(2026, 10, 1), reminded, city, day)
    ]
    assert due[0] == date(2026, 12, 9), "Monday the 23rd in Duluth, Thanksgiving and the day after do not count"
    assert due == [date(2026, 12, n) for n in range(9, 20)], "due since, not due on"

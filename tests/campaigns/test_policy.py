"""Policies are files that people write: what is wrong is told with the file, the key and what is allowed."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from comms.campaigns.policies import PolicyError, declared_order, load_policy, parse_policy, policy_files, versions
from comms.city import City, load_city

GOOD = """
policy = "late-bills"
version = 1
title = "Late bills"
approved_by = ["supervisor"]

[effective]
from = 2026-10-01

[enter]
class = "residential"
past_due_at_least = 25.00
oldest_due_days = 5

[exit]
past_due_at_most = 5.00

[reentry]
cool_down_days = 14
restart_at = "second"

[caps]
per_household = { "7d" = 3, "30d" = 6 }

[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms", "letter"], fallback_after = "24h" }

[[step]]
id = "second"
notice = "past-due-reminder"
after = { step = "reminder", days = 7 }
send = { first_of = ["email"] }
skip_if_late = true
unless = { languages = ["es"] }

[[step]]
id = "notice"
title = "Disconnect notice"
notice = "disconnect-notice"
after = { step = "reminder", days = 10, count = "business" }
send = { all_of = ["letter"], also = ["sms"] }
required = true
counts_when = "mailed"
approve = "supervisor"
copies = ["third_party"]

[[step]]
id = "order"
action = "field_order"
after = { step = "notice", days = 21 }
require = { steps = ["notice"], days = 20 }

[on_promise]
broken = "jump_to:notice"

[challenger]
share = 0.1
seed = "autumn"
from = 2026-11-01
to = 2027-01-31
step = [{ id = "reminder", send = { first_of = ["email", "sms"] } }, { id = "second", drop = true }]
"""


def read(text: str):
    return parse_policy(text, "late-bills.toml")


def test_a_good_policy_is_read_with_money_in_cents():
    policy = read(GOOD.replace('restart_at = "second"\n', ""))
    assert (policy.enter.past_due_at_least, policy.exit.past_due_at_most) == (2500, 500)
    assert policy.enter.service_class == ("residential",) and policy.enter.statuses == ("active",)
    assert policy.household_caps == ((timedelta(7), 3), (timedelta(30), 6))
    reminder, second, notice, order = policy.step
    assert reminder.send.fallback_after == timedelta(hours=24)
    assert second.name == "Second" and notice.name == "Disconnect notice"
    assert (notice.send.channels, notice.send.also) == (("letter",), ("sms",))
    assert (order.require.steps, order.require.days, order.notice) == (("notice",), 20, "")


def test_the_challenger_has_its_own_steps_and_the_champion_keeps_his():
    policy = read(GOOD.replace('restart_at = "second"\n', ""))
    assert [step.id for step in policy.steps_of(None)] == ["reminder", "second", "notice", "order"]
    assert [step.id for step in policy.steps_of("challenger")] == ["reminder", "notice", "order"]
    assert policy.named("reminder").send.first_of == ("sms", "letter")
    assert policy.named("reminder", "challenger").send.first_of == ("email", "sms")
    assert policy.named("second", "challenger").id == "second", "a step that was taken before is still found"


WRONG = [
    ("[enter]", "[enter]\ncolour = 1", "enter.colour", "allowed: class, statuses, services, past_due_at_least"),
    ("[enter]", "[enter]\nservice_class = 1", "enter.service_class", "allowed: class"),
    ("unless = {", "unless = { colour = 1, ", "step.1.unless.colour", "allowed: class, statuses"),
    ("to = 2027-01-31", "to = 2027-01-31\nsize = 3", "challenger.size", "allowed: title, share, seed, from, to, step"),
    ('title = "Late bills"', "", "title", "missing"),
    ("version = 1", "version = 0", "version", "greater than or equal to 1"),
    ('"residential"', '"houses"', "enter.class.0", "'residential' or 'commercial'"),
    ('class = "residential"', "class = []", "enter", "class is empty"),
    ("= 25.00", "= -1", "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", "= 25.001", "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", '= "a lot"', "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", "= nan", "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", "= inf", "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", "= true", "enter.past_due_at_least", "such as 25.00"),
    ("= 25.00", "= 25.00\npast_due_at_most = 20.00", "enter", "past_due_at_least is more than past_due_at_most"),
    ("= 25.00", "= 5.00", "policy", "exit.past_due_at_most must be less"),
    ('["sms", "letter"]', '["fax"]', "step.0.send.first_of.0", "'sms', 'email' or 'letter'"),
    ('first_of = ["sms", "letter"], ', "", "step.0.send", "either first_of"),
    ('["sms", "letter"]', '["sms", "sms"]', "step.0.send", "each channel once"),
    ('["sms", "letter"]', '["sms"]', "step.0.send", "two channels or more"),
    ('"24h"', '"a day"', "step.0.send.fallback_after", 'such as "24h" or "3d"'),
    ("{ due_days = 5 }", "{ due_days = 5, days = 2 }", "step.0.after", "either { due_days = N } or"),
    ("{ due_days = 5 }", "{ }", "step.0.after", "either { due_days = N } or"),
    ("{ due_days = 5 }", '{ due_days = 5, count = "business" }', "step.0.after", "calendar days"),
    ('step = "reminder", days = 7', 'step = "invoice", days = 7', "policy", "'invoice', which is not an earlier step"),
    ('id = "order"', 'id = "notice"', "policy", "stands twice"),
    ('count = "business"', 'count = "working"', "step.2.after.count", "'calendar' or 'business'"),
    ('"7d" = 3', '"week" = 3', "caps.per_household", '"7d", "30d"'),
    ('"7d" = 3', '"0d" = 3', "caps.per_household", '"7d", "30d"'),
    ('"7d" = 3', '"7d" = -1', "caps.per_household.7", "greater than or equal to 0"),
    ('"7d" = 3', '"7d" = 0', "policy", "sends more messages at once"),
    ("from = 2026-10-01", 'from = "soon"', "effective.from", "date"),
    ("from = 2026-10-01", "from = 2026-10-01\nto = 2026-09-01", "effective", "to lies before from"),
    ('notice = "disconnect-notice"', "", "step.2", "names its notice"),
    ('counts_when = "mailed"', 'counts_when = "delivered"', "step.2", "not delivered but mailed"),
    ("skip_if_late = true", 'counts_when = "mailed"', "step.1", "needs a letter"),
    ("required = true", "required = true\nskip_if_late = true", "step.2", "never passed over"),
    ("required = true", "", "policy", "give that step required = true"),
    ('steps = ["notice"]', 'steps = ["bill"]', "policy", "requires 'bill', which is not an earlier step"),
    ('require = { steps = ["notice"], days = 20 }', "", "step.3", "names what must be proven"),
    ('action = "field_order"', 'action = "field_order"\nnotice = "final-notice"', "step.3", "writes nothing"),
    ('action = "field_order"', 'action = "shout"', "step.3.action", "'notice', 'field_order' or 'referral'"),
    ('approve = "supervisor"', 'approve = "viewer"', "step.2.approve", "'supervisor' or 'administrator'"),
    ('copies = ["third_party"]', 'copies = ["mother"]', "step.2.copies.0", "'third_party' or 'landlord'"),
    ('approved_by = ["supervisor"]', "approved_by = []", "approved_by", "at least 1"),
    ('"jump_to:notice"', '"next"', "on_promise", '"jump_to:<step id>"'),
    ('"jump_to:notice"', '"jump_to:end"', "policy", "jumps to 'end', which is no step"),
    ('restart_at = "second"', 'restart_at = "third"', "policy", "'third', which is no step"),
    ('restart_at = "second"', 'restart_at = "order"', "policy", "pass over 'notice', which is required"),
    ('"second", drop = true', '"notice", drop = true', "policy", "drops step 'notice', which is required"),
    ('"second", drop = true', '"third", drop = true', "policy", "'third', which is no step"),
    ('"second", drop = true', '"order", notice = "x"', "policy", "'order', which writes nothing"),
    ('"second", drop = true', '"second"', "challenger.step.1", "drop = true alone"),
    ('"reminder", send', '"reminder", drop = true, send', "challenger.step.0", "drop = true alone"),
    ('restart_at = "second"', 'restart_at = "second"  # as it is', "policy", "to which on_promise or reentry goes"),
    ("share = 0.1", "share = 1", "challenger.share", "less than 1"),
    ("{ due_days = 5 }", "{ due_days = 99999999999 }", "step.0.after.due_days", "less than or equal to 3650"),
    ("days = 7 }", "days = 99999999999 }", "step.1.after.days", "less than or equal to 3650"),
    ("days = 20 }", "days = 99999999999 }", "step.3.require.days", "less than or equal to 3650"),
    ("oldest_due_days = 5", "oldest_due_days = 999999999", "enter.oldest_due_days", "less than or equal to 3650"),
    ("cool_down_days = 14", "cool_down_days = 999999999", "reentry.cool_down_days", "less than or equal to 3650"),
]


@pytest.mark.parametrize(("old", "new", "key", "says"), WRONG)
def test_what_is_wrong_is_told_with_file_key_and_what_is_allowed(old, new, key, says):
    assert old in GOOD
    text = GOOD if 'restart_at = "second"' in old else GOOD.replace('restart_at = "second"\n', "")
    with pytest.raises(PolicyError) as refused:
        read(text.replace(old, new, 1))
    told = str(refused.value)
    assert told.startswith("late-bills.toml: ")
    assert f" {key}:" in told and says in told


def test_a_file_that_is_no_toml_is_refused():
    with pytest.raises(PolicyError, match=r"late-bills\.toml: not TOML: Invalid value"):
        read("policy = ")


def test_a_policy_that_is_not_there_names_those_that_are():
    with pytest.raises(PolicyError, match=r"No policy 'garbage' for .*Duluth.*residential-past-due"):
        load_policy(load_city("duluth-mn"), "garbage")


def test_a_policy_bears_the_name_of_its_file(tmp_path):
    duluth = load_city("duluth-mn")
    text = GOOD.replace('restart_at = "second"\n', "")
    for name in ("late-bills.toml", "late-bills.v2.toml", "early-bills.toml"):
        (tmp_path / name).write_text(text, "utf-8")
    assert load_policy(duluth, str(tmp_path / "late-bills.v2.toml")).policy == "late-bills"
    for read_file in (load_policy, versions.draft):
        with pytest.raises(PolicyError, match=r"policy: 'late-bills' is not the name .* allowed: 'early-bills'"):
            read_file(duluth, str(tmp_path / "early-bills.toml"))


@pytest.fixture
def office(tmp_path: Path) -> City:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "late-bills.toml").write_text(GOOD, "utf-8")
    (tmp_path / "policies" / "late-bills.v2.toml").write_text(GOOD, "utf-8")
    (tmp_path / "policies" / "late-bills.cases.toml").write_text("", "utf-8")
    return load_city("duluth-mn").model_copy(update={"folder": tmp_path})


def test_versions_are_files_beside_each_other_and_cases_are_none(office):
    assert [path.name for path in policy_files(office)] == ["late-bills.toml", "late-bills.v2.toml"]


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (None, "write: order ="),
        ("order = ", "not TOML"),
        ('order = "late-bills"', "must be a list"),
        ("order = []", "must be a list"),
        ('order = ["late-bills", "late-bills"]', "twice"),
        ('order = ["late-bills", "early-bills"]', "'early-bills' has no file early-bills.toml"),
        ('order = ["late-bills"]\nfirst = 1', "allowed: order"),
    ],
)
def test_an_order_that_does_not_fit_the_files_is_refused(office, order, says):
    if order is not None:
        (office.folder / "policies" / "order.toml").write_text(order, "utf-8")
    with pytest.raises(PolicyError) as refused:
        declared_order(office)
    assert "order.toml: " in str(refused.value) and says in str(refused.value)


def test_a_folder_where_the_order_should_be_is_told_of(office):
    (office.folder / "policies" / "order.toml").mkdir()
    with pytest.raises(PolicyError, match=r"order\.toml: not readable"):
        declared_order(office)


def test_a_policy_without_a_place_in_the_order_is_told_of(office):
    (office.folder / "policies" / "other.toml").write_text(GOOD, "utf-8")
    (office.folder / "policies" / "order.toml").write_text('order = ["late-bills"]', "utf-8")
    with pytest.raises(PolicyError, match="'other' is missing"):
        declared_order(office)


@pytest.mark.parametrize("city", ["duluth-mn", "kent-oh"])
def test_every_city_ships_policies_that_can_be_used_each_named_as_its_file(city):
    where = load_city(city)
    order = declared_order(where)
    assert order[0] == "small-balances" and "residential-past-due" in order
    assert [load_policy(where, name).policy for name in order] == list(order)


@pytest.mark.parametrize("city", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize("name", ["residential-past-due", "commercial-past-due"])
def test_no_house_is_disconnected_before_the_day_that_its_notices_named(city, name):
    """Each day of two years, however the weekends and holidays fall."""
    where = load_city(city)
    policy = load_policy(where, name)
    first, last, order = (policy.named(step) for step in ("disconnect-notice", "final-notice", "shut-off"))
    least = 20 if city == "duluth-mn" else 10
    for number in range(730):
        sent = date(2026, 10, 1) + timedelta(number)
        named_first = where.business_day_from(sent + timedelta(first.disconnect_after_days))
        final_sent = sent + timedelta(last.after.days)
        named_last = where.business_day_from(final_sent + timedelta(last.disconnect_after_days))
        earliest = final_sent + timedelta(order.after.days)
        assert sent + timedelta(least) <= named_first <= named_last <= earliest
    assert set(order.require.steps) == {first.id, last.id} and order.require.days >= least
    assert all(step.counts_when == "mailed" and step.send.all_of == ("letter",) for step in (first, last))

"""Golden cases: what staff write beside a policy, judged by the real engine and the city's real rules."""

from datetime import date

import pytest

from comms.campaigns.policies import PolicyError, declared_order, golden, load_policy, parse_policy, versions
from comms.campaigns.policies.cases import parse_cases
from comms.city import load_city
from comms.notices import Catalogue
from comms.settings import ROOT

CITIES = ("duluth-mn", "kent-oh")
NAME = "residential-past-due"
MONDAY = """
[[case]]
name = "the one case"
on = 2026-11-23
"""


@pytest.fixture
def policy(city):
    return load_policy(city, NAME)


def judge(city, renderer, words: str, head: str = MONDAY) -> golden.Result:
    """Run one case of these words; the account comes first."""
    found = load_policy(city, NAME)
    (result,) = golden.run(found, parse_cases(head + words, "cases.toml", found), city, renderer.catalogue)
    return result


@pytest.mark.parametrize("slug", CITIES)
def test_every_shipped_policy_has_golden_cases_and_they_all_pass(slug):
    city = load_city(slug)
    catalogue = Catalogue.load(ROOT, city)
    for name in declared_order(city):
        draft = versions.draft(city, name)
        results = golden.run(
            draft.policy, parse_cases(draft.cases, draft.cases_path.name, draft.policy), city, catalogue
        )
        assert len(results) >= 4, name
        assert [(one.case.name, one.differences) for one in results if not one.passed] == []


@pytest.mark.parametrize("slug", CITIES)
def test_the_cases_of_the_disconnecting_policies_reach_every_step(slug):
    city = load_city(slug)
    for name in ("residential-past-due", "commercial-past-due"):
        draft = versions.draft(city, name)
        cases = parse_cases(draft.cases, "cases.toml", draft.policy)
        reached = {word for case in cases for word in (case.expect.outcome, case.expect.step)}
        steps = {step.id for step in draft.policy.step} - {"final-notice"}
        assert steps <= reached, name


@pytest.mark.parametrize(
    ("account", "expect", "said"),
    [
        (
            "past_due = 120.00, oldest_due_days = 12", 'outcome = "nothing"',
            "expected nothing, but the step reminder goes out by text message",
        ),
        (
            'past_due = 120.00, oldest_due_days = 12, holds = ["medical"]', 'outcome = "reminder"',
            "expected the step reminder, but reminder is held back by hold-medical",
        ),
        (
            'past_due = 120.00, oldest_due_days = 12, holds = ["medical"]',
            'outcome = "nothing", because = "hold-dispute"',
            "expected it because of hold-dispute, but the reasons are hold-medical",
        ),
        (
            "past_due = 120.00, oldest_due_days = 12", 'outcome = "reminder", channel = "letter"',
            "expected by letter, but it is by text message",
        ),
        (
            "past_due = 120.00, oldest_due_days = 12, contacts_days_ago = [1, 3, 5]",
            'outcome = "nothing", on = 2026-11-30',
            "expected the next date 2026-11-30, but it is 2026-11-25",
        ),
        (
            "past_due = 120.00, oldest_due_days = 2", 'outcome = "waiting"',
            "expected waiting, but the policy leaves the account alone (no-policy)",
        ),
    ],
)  # fmt: skip
def test_a_case_that_fails_says_what_differs(city, renderer, account, expect, said):
    result = judge(city, renderer, f"account = {{ {account} }}\nexpect = {{ {expect} }}\n")
    assert not result.passed
    assert said in "; ".join(result.differences)


def test_only_what_is_written_is_compared(city, renderer):
    result = judge(
        city, renderer, 'account = { past_due = 120.00, oldest_due_days = 12 }\nexpect = { outcome = "reminder" }\n'
    )
    assert result.passed
    assert result.outcome.sends[0].channel == "sms"


def test_at_night_a_text_waits_for_the_morning_and_is_the_step_all_the_same(city, renderer):
    words = 'at = 23:30:00\naccount = { past_due = 120.00, oldest_due_days = 12 }\nexpect = { outcome = "reminder" }\n'
    result = judge(city, renderer, words)
    assert result.passed
    assert city.local_date(result.outcome.until) == date(2026, 11, 24)


def test_a_phone_from_another_time_zone_waits_for_its_own_morning(city, renderer):
    words = """at = 09:30:00
    account = { past_due = 120.00, oldest_due_days = 12, phone = "+12135550142" }
    expect = { outcome = "reminder" }
    """
    result = judge(city, renderer, words)
    assert result.outcome.until.astimezone(city.zone).hour == 10, "8:00 in Los Angeles is 10:00 in Duluth"


def test_the_steps_that_were_taken_count_as_contacts_and_what_failed_does_not(city, renderer):
    words = """account = { past_due = 120.00, oldest_due_days = 20, contacts_days_ago = [1, 3] }
    taken = [{ step = "reminder", days_ago = 9 }, { step = "second-reminder", days_ago = 2, standing = "undone" }]
    expect = { outcome = "nothing" }
    """
    failed = judge(city, renderer, words)
    assert (failed.outcome.kind, failed.outcome.occurrence) == ("contact", 2)
    third = judge(city, renderer, words.replace("[1, 3]", "[1, 3, 5]"))
    assert (third.outcome.kind, third.outcome.rule) == ("protected", "cap-7d")


EXPERIMENT = """
[challenger]
share = 0.9
seed = "any"
from = 2026-10-01
to = 2027-03-31
step = [{ id = "reminder", send = { first_of = ["email", "letter"] } }]
"""


@pytest.mark.parametrize(("arm", "channel"), [("", "sms"), ("champion", "sms"), ("challenger", "email")])
def test_a_case_is_the_champions_unless_it_names_the_challenger(city, renderer, arm, channel):
    policy = parse_policy(versions.draft(city, NAME).content + EXPERIMENT, "with an experiment")
    words = f'arm = "{arm}"\n' * bool(arm) + "account = { past_due = 120.00, oldest_due_days = 12 }\n"
    words += f'expect = {{ outcome = "reminder", channel = "{channel}" }}\n'
    (result,) = golden.run(policy, parse_cases(MONDAY + words, "cases.toml", policy), city, renderer.catalogue)
    assert result.differences == ()


def test_a_promise_that_ended_before_any_step_is_looked_at_too(city, renderer):
    words = """account = { past_due = 120.00, oldest_due_days = 12 }
    promise = { ended = "broken", days_ago = 0 }
    expect = { outcome = "waiting", on = 2026-11-24 }
    """
    assert judge(city, renderer, words).differences == (), "one day of rest after a promise"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("account = { past_due = 1.00 }", "case 'the one case': account.oldest_due_days: is missing; add it"),
        (
            'account = { past_due = 1.00, oldest_due_days = 3, hold = "medical" }\nexpect = { outcome = "nothing" }',
            "account.hold: is not a key of a case; allowed: past_due, oldest_due_days, class, status",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 3 }\nexpect = { outcome = "remind" }',
            "expect.outcome: 'remind' is none of nothing, protected, waiting, outside, reminder",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 3 }\ntaken = [{ step = "first", days_ago = 2 }]\n'
            'expect = { outcome = "nothing" }',
            "taken.step: 'first' is none of reminder, second-reminder",
        ),
        (
            'account = { past_due = "a lot", oldest_due_days = 3 }\nexpect = { outcome = "nothing" }',
            "account.past_due: 'a lot' is not an amount; allowed: dollars and cents",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 3 }\ntaken = [{ step = "reminder", days_ago = 2 }]\n'
            'ended_days_ago = 3\nexpect = { outcome = "nothing" }',
            "ended_days_ago is for an account without an open episode",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 3, holds = ["medicl"] }\nexpect = { outcome = "nothing" }',
            "account.holds: 'medicl' is none of medical, military, bankruptcy",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 3, holds = [{ kind = "medicl" }] }\n'
            'expect = { outcome = "nothing", because = "hold-medical" }',
            "account.holds: 'medicl' is none of medical, military, bankruptcy",
        ),
        (
            'account = { past_due = 1.00, oldest_due_days = 999999999 }\nexpect = { outcome = "nothing" }',
            "account.oldest_due_days: Input should be less than or equal to 3650",
        ),
        ("account = {", "cases.toml: not TOML"),
    ],
)
def test_a_case_that_cannot_be_read_is_refused_with_its_name_the_key_and_what_is_allowed(policy, words, said):
    with pytest.raises(PolicyError) as refused:
        parse_cases(MONDAY + words, "cases.toml", policy)
    assert "cases.toml: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
def test_a_case_has_its_day_between_2000_and_2100(policy, day):
    words = 'account = { past_due = 1.00, oldest_due_days = 3 }\nexpect = { outcome = "nothing" }\n'
    with pytest.raises(PolicyError, match=r"cases\.toml: case 'the one case': on: .* equal to (2000-01-01|2100-12-31)"):
        parse_cases(MONDAY.replace("2026-11-23", day) + words, "cases.toml", policy)


def test_two_cases_of_one_name_are_refused(policy):
    words = 'account = { past_due = 1.00, oldest_due_days = 3 }\nexpect = { outcome = "nothing" }\n'
    with pytest.raises(PolicyError, match="two cases are named 'the one case'"):
        parse_cases((MONDAY + words) * 2, "cases.toml", policy)


def test_a_hold_of_a_kind_that_no_rule_knows_may_stand_where_the_case_expects_that_it_protects(city, renderer):
    words = """account = { past_due = 120.00, oldest_due_days = 12, holds = ["medcial"] }
    expect = { outcome = "nothing", because = "hold-unknown" }
    """
    assert judge(city, renderer, words).passed

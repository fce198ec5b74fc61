"""One account on one night: who comes in, and when a step is due."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from comms.campaigns.engine import admitting, due_step, judge, refusals
from comms.campaigns.night import Contacts, Position
from comms.campaigns.policies import load_policy
from comms.city import load_city
from comms.rules import ActiveHold
from tests.support.nights import STEPS, at, days, night, policy, running, subject, taken

DULUTH = load_city("duluth-mn")
RESIDENTIAL = load_policy(DULUTH, "residential-past-due")
TUESDAY = date(2026, 10, 6)
NOBODY = Contacts()

BILLS = policy(STEPS)


def channels(outcome):
    return [(send.channel, send.required) for send in outcome.sends]


def hold(kind="medical", until=date(2026, 11, 2)):
    return ActiveHold(kind, until, None, "")


# Who comes in


def test_an_account_that_is_admitted_gets_an_episode_and_its_first_step():
    outcome = judge(night(TUESDAY), subject(), Position(), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step, outcome.occurrence) == ("contact", "may-contact", "reminder", 1)
    assert (outcome.policy, outcome.version, outcome.opens) == ("residential-past-due", 1, True)
    assert channels(outcome) == [("sms", True)] and outcome.sends[0].rest == ("email", "letter")
    assert outcome.next_on == date(2026, 10, 13), "the second reminder, a week after the first"


def test_the_first_policy_in_declared_order_has_the_account():
    tonight = night(TUESDAY)
    asked = {
        "small-balances": subject(past_due_cents=1200),
        "residential-past-due": subject(),
        "commercial-past-due": subject(service_class="commercial"),
        "final-bill": subject(status="final", oldest_due_on=date(2026, 9, 1)),
    }
    assert {name: admitting(tonight, one).policy for name, one in asked.items()} == {name: name for name in asked}


def test_a_policy_without_steps_leaves_its_accounts_alone_and_opens_nothing():
    outcome = judge(night(TUESDAY), subject(past_due_cents=1200), Position(), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.policy, outcome.opens) == (
        "waiting", "left-alone", "small-balances", False,
    )  # fmt: skip


def test_who_no_policy_takes_is_told_why_by_each_of_them():
    outcome = judge(night(date(2026, 10, 4)), subject(), Position(), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.opens) == ("outside", "no-policy", False)
    assert [(reason.rule, reason.fact, reason.value) for reason in outcome.reasons] == [
        ("not-admitted", "past_due_at_most", "$100.00"),
        ("not-admitted", "oldest_due_days", "3 days"),
        ("not-admitted", "class", "residential"),
        ("not-admitted", "statuses", "active"),
    ]


def test_a_fact_that_is_not_known_admits_nobody():
    reasons = refusals(night(TUESDAY, BILLS), subject(service_class=None))
    assert [(reason.fact, reason.value) for reason in reasons] == [("class", "not known")]


@pytest.mark.parametrize(
    ("condition", "account", "admitted"),
    [
        ('services = ["gas"]', {}, False),
        ('services = ["gas", "water"]', {}, True),
        ("past_due_at_most = 99.99", {}, False),
        ("past_due_at_most = 99.99", {"paid_since_cents": 100}, True),
        ("broken_promises_at_least = 2", {"broken_promises": 1}, False),
        ("broken_promises_at_least = 2", {"broken_promises": 2}, True),
        ("broken_promises_at_most = 0", {"broken_promises": 1}, False),
        ("returned_mail = false", {"returned_mail": True}, False),
        ("returned_mail = true", {"returned_mail": True}, True),
        ('occupancy = "tenant"', {}, False),
        ('languages = ["es"]', {"language": "es"}, True),
        ('languages = ["es"]', {}, False),
        ('statuses = ["final"]', {}, False),
    ],
)
def test_conditions_on_amount_service_history_occupancy_and_language(condition, account, admitted):
    tonight = night(TUESDAY, policy(STEPS, enter=condition))
    assert (admitting(tonight, subject(**account)) is not None) is admitted


def test_a_version_takes_nobody_in_outside_its_dates():
    early = night(date(2026, 9, 30), BILLS)
    assert judge(early, subject(oldest_due_on=date(2026, 9, 1)), Position(), NOBODY).rule == "no-policy"
    assert refusals(early, subject())[0].rule == "not-in-effect"


# When a step is due


def test_a_step_is_due_since_a_day_and_not_on_it():
    open_one = running(BILLS, taken("reminder", date(2026, 10, 6)))
    rules = [judge(night(day, BILLS), subject(), open_one, NOBODY) for day in days(date(2026, 10, 7), 30)]
    assert [one.kind for one in rules[:9]] == ["waiting"] * 9 and rules[0].rule == "not-due-yet"
    assert {one.next_on for one in rules[:9]} == {date(2026, 10, 16)}
    assert {(one.kind, one.step) for one in rules[9:]} == {("contact", "notice")}


def test_business_days_go_around_weekends_and_thanksgiving():
    reminded = running(RESIDENTIAL, taken("reminder", date(2026, 11, 23)), taken("second-reminder", date(2026, 11, 30)))
    due = [
        day for day in days(date(2026, 12, 1), 20) if judge(night(day), subject(), reminded, NOBODY).kind == "contact"
    ]
    assert due[0] == date(2026, 12, 9), "Thanksgiving and the Friday after do not count"


def test_what_was_missed_is_caught_up_one_step_a_night_with_the_spacing_kept():
    """Two months without a night: the reminder comes first, and the notice ten days after it."""
    late = date(2026, 12, 8)
    first = judge(night(late, BILLS), subject(), Position(), NOBODY)
    assert first.step == "reminder"
    open_one = running(BILLS, taken("reminder", late))
    again = judge(night(late, BILLS), subject(), open_one, NOBODY)
    assert (again.kind, again.rule, again.next_on) == ("waiting", "one-step-a-night", date(2026, 12, 9))
    next_day = judge(night(late + timedelta(1), BILLS), subject(), open_one, NOBODY)
    assert (next_day.rule, next_day.next_on) == ("not-due-yet", date(2026, 12, 18))


def test_steps_by_age_keep_their_distance_when_they_are_late():
    by_age = policy("""
[[step]]
id = "first"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["letter"] }
[[step]]
id = "second"
notice = "past-due-reminder"
after = { due_days = 20 }
send = { first_of = ["letter"] }
""")
    late = running(by_age, taken("first", date(2026, 12, 1)))
    assert judge(night(date(2026, 12, 2), by_age), subject(), late, NOBODY).next_on == date(2026, 12, 16)


def test_a_step_waits_while_the_one_before_is_under_way():
    waits = running(BILLS, taken("reminder", date(2026, 10, 6), standing="pending"))
    outcome = judge(night(date(2026, 12, 1), BILLS), subject(), waits, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step) == ("waiting", "under-way", "reminder")


def test_the_days_run_from_when_a_letter_was_mailed_and_not_from_when_it_was_decided():
    mailed = running(
        BILLS, taken("reminder", date(2026, 10, 6)), taken("notice", date(2026, 10, 16), counts=date(2026, 10, 20))
    )
    assert judge(night(date(2026, 10, 30), BILLS), subject(), mailed, NOBODY).next_on == date(2026, 11, 3)


def test_what_failed_is_taken_again_as_the_next_occurrence_of_the_same_step():
    failed = running(BILLS, taken("reminder", date(2026, 10, 6), standing="undone"))
    outcome = judge(night(date(2026, 10, 7), BILLS), subject(), failed, NOBODY)
    assert (outcome.kind, outcome.step, outcome.occurrence) == ("contact", "reminder", 2)


def test_a_returned_notice_is_sent_again_and_what_came_after_it_as_well():
    steps = [
        taken("reminder", date(2026, 10, 6)),
        taken("notice", date(2026, 10, 16), standing="undone"),
        taken("final", date(2026, 10, 30)),
    ]
    again = judge(night(date(2026, 11, 4), BILLS), subject(), running(BILLS, *steps), NOBODY)
    assert (again.step, again.occurrence) == ("notice", 2)
    steps[1:2] = [steps[1], taken("notice", date(2026, 11, 4), occurrence=2)]
    later = running(BILLS, *steps)
    assert judge(night(date(2026, 11, 17), BILLS), subject(), later, NOBODY).next_on == date(2026, 11, 18)
    outcome = judge(night(date(2026, 11, 18), BILLS), subject(), later, NOBODY)
    assert (outcome.step, outcome.occurrence) == ("final", 2), "the first final notice named a day that is void"


def test_a_step_that_is_not_required_is_not_gone_back_for():
    steps = [taken("reminder", date(2026, 10, 6), standing="undone"), taken("notice", date(2026, 10, 20))]
    assert due_step(BILLS, night(date(2026, 10, 25), BILLS), subject(), running(BILLS, *steps)).step.id == "final"


def test_a_house_is_not_disconnected_unless_each_notice_counts_and_its_days_have_passed():
    summer = date(2027, 5, 20)
    steps = [taken("reminder", date(2027, 5, 1)), taken("notice", date(2027, 5, 3)), taken("final", date(2027, 5, 17))]
    open_one = running(BILLS, *steps)
    outcome = judge(night(date(2027, 5, 24), BILLS), subject(), open_one, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.next_on) == ("waiting", "not-due-yet", date(2027, 6, 6))
    fresh = subject(weather=replace(subject().facts.weather, issued_at=at(date(2027, 6, 8))))
    outcome = judge(night(date(2027, 6, 8), BILLS), fresh, open_one, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step, outcome.occurrence) == ("action", "field-order", "order", 1)
    voided = running(BILLS, steps[0], taken("notice", date(2027, 5, 3), standing="undone"), steps[2])
    assert judge(night(summer + timedelta(30), BILLS), fresh, voided, NOBODY).step == "notice"


def test_a_step_that_was_never_for_the_account_proves_nothing():
    text = STEPS.replace('id = "final"', 'id = "final"\nwhen = { occupancy = "owner" }', 1)
    others = policy(text)
    sent = running(others, taken("reminder", date(2027, 5, 1)), taken("notice", date(2027, 5, 11)))
    outcome = judge(night(date(2027, 7, 6), others), subject(occupancy="tenant"), sent, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step) == ("protected", "not-proven", "order")


def test_what_is_taken_again_waits_for_the_day_after_another_step_counted():
    steps = [
        taken("reminder", date(2026, 10, 6)),
        taken("notice", date(2026, 10, 16), standing="undone"),
        taken("final", date(2026, 10, 30), counts=date(2026, 11, 4)),
    ]
    outcome = judge(night(date(2026, 11, 4), BILLS), subject(), running(BILLS, *steps), NOBODY)
    assert (outcome.rule, outcome.step, outcome.next_on) == ("not-due-yet", "notice", date(2026, 11, 5))


def test_a_step_for_others_is_passed_over_and_its_days_are_waited_all_the_same():
    text = STEPS.replace('id = "reminder"', 'id = "reminder"\nunless = { languages = ["es"] }', 1)
    other = policy(text)
    early = judge(night(date(2026, 10, 7), other), subject(language="es"), Position(), NOBODY)
    assert (early.step, early.next_on) == ("notice", date(2026, 10, 16)), "October 6, and ten days"
    assert judge(night(date(2026, 10, 16), other), subject(language="es"), Position(), NOBODY).step == "notice"


def test_a_step_whose_condition_is_not_known_protects():
    text = STEPS.replace('id = "notice"', 'id = "notice"\nwhen = { occupancy = "owner" }', 1)
    other = policy(text)
    reminded = running(other, taken("reminder", date(2026, 10, 6)))
    outcome = judge(night(date(2026, 11, 3), other), subject(occupancy=None), reminded, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step) == ("protected", "fact-not-known", "notice")


def test_a_late_step_that_may_be_skipped_gives_way_to_the_one_that_is_due():
    reminded = running(RESIDENTIAL, taken("reminder", date(2026, 10, 6)))
    assert judge(night(date(2026, 10, 14)), subject(), reminded, NOBODY).step == "second-reminder"
    assert judge(night(date(2026, 10, 27)), subject(), reminded, NOBODY).step == "disconnect-notice"


def test_after_the_last_step_nothing_more_happens():
    steps = [taken(step.id, date(2026, 10, 6) + timedelta(30 * place)) for place, step in enumerate(BILLS.step)]
    outcome = judge(night(date(2027, 3, 2), BILLS), subject(), running(BILLS, *steps), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.next_on) == ("waiting", "all-steps-taken", None)

"""Who is protected on a night and until when, what ends an episode, and how one begins again."""

from dataclasses import replace
from datetime import date

import pytest

from comms.campaigns.engine import arm_of, judge, main_reason
from comms.campaigns.night import Contacts, Position
from comms.campaigns.policies import load_policy
from comms.city import load_city
from comms.rules import ActiveHold, Reason, Verdict
from tests.support.nights import STEPS, at, contacts, days, night, policy, running, subject, taken

DULUTH = load_city("duluth-mn")
RESIDENTIAL = load_policy(DULUTH, "residential-past-due")
TUESDAY = date(2026, 10, 6)
NOBODY = Contacts()

BILLS = policy(STEPS)


def channels(outcome):
    return [(send.channel, send.required) for send in outcome.sends]


def hold(kind="medical", until=date(2026, 11, 2)):
    return ActiveHold(kind, until, None, "")


# Who is protected, and until when


def test_a_hold_protects_and_tells_when_to_look_again():
    outcome = judge(night(TUESDAY, BILLS), subject(holds=[hold()]), Position(), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.step) == ("protected", "hold-medical", "reminder")
    assert (outcome.occurrence, outcome.sends, outcome.next_on) == (None, (), date(2026, 11, 3))
    assert outcome.opens, "the episode begins; its days run while the hold stands"


def test_the_caps_of_a_household_protect_until_a_contact_falls_out_of_the_window():
    seen = contacts(*[at(day) for day in days(date(2026, 10, 2), 3)])
    outcome = judge(night(TUESDAY, BILLS), subject(), Position(), seen)
    assert (outcome.kind, outcome.rule, outcome.next_on) == ("protected", "cap-7d", date(2026, 10, 9))


def test_a_policys_own_cap_is_stricter_than_the_offices():
    strict = policy('caps = { per_household = { "7d" = 1 } }\n' + STEPS)
    seen = contacts(at(date(2026, 10, 2)))
    assert judge(night(TUESDAY, strict), subject(), Position(), seen).rule == "cap-7d"
    assert judge(night(TUESDAY, BILLS), subject(), Position(), seen).kind == "contact"


def test_two_messages_of_one_step_are_two_contacts():
    both = STEPS.replace('{ first_of = ["sms", "email", "letter"] }', '{ all_of = ["sms"], also = ["email"] }', 1)
    seen = contacts(at(date(2026, 10, 3)), at(date(2026, 10, 4)))
    outcome = judge(night(TUESDAY, policy(both)), subject(), Position(), seen)
    assert channels(outcome) == [("sms", True)], "the email would be the fourth in a week"
    assert "cap-7d" in [reason.rule for reason in outcome.reasons]
    needed = policy(both.replace('all_of = ["sms"], also = ["email"]', 'all_of = ["sms", "email"]'))
    assert judge(night(TUESDAY, needed), subject(), Position(), seen).rule == "cap-7d"


def test_a_contact_that_leaves_in_the_morning_counts_for_the_household_tonight():
    evening, morning = night(TUESDAY, BILLS, hour=3), at(TUESDAY, 13)
    seen = contacts(at(date(2026, 10, 3)), at(date(2026, 10, 4)), morning)
    assert judge(evening, subject(oldest_due_on=date(2026, 9, 1)), Position(), seen).rule == "cap-7d"


def test_at_night_a_text_is_decided_on_and_waits_for_the_morning():
    outcome = judge(night(date(2026, 10, 7), BILLS, hour=7), subject(), Position(), NOBODY)
    assert outcome.kind == "contact" and outcome.until == at(date(2026, 10, 7), 13), "8:00 in Duluth"


def test_on_a_saturday_nothing_is_decided_for_monday():
    outcome = judge(night(date(2026, 10, 10), BILLS), subject(), Position(), NOBODY)
    assert (outcome.kind, outcome.next_on) == ("protected", date(2026, 10, 12 + 1)), "Monday is a holiday"


def test_the_next_channel_is_taken_when_the_first_may_not_be_used():
    out = subject(blocked_channels={"sms": "STOP on October 2"})
    outcome = judge(night(TUESDAY, BILLS), out, Position(), NOBODY)
    assert channels(outcome) == [("email", True)] and outcome.sends[0].rest == ("letter",)


def test_a_text_goes_along_with_the_letter_where_it_may():
    reminded = running(BILLS, taken("reminder", date(2026, 10, 6)))
    both = judge(night(date(2026, 10, 20), BILLS), subject(), reminded, NOBODY)
    assert channels(both) == [("letter", True), ("sms", False)]
    alone = judge(night(date(2026, 10, 20), BILLS), subject(blocked_channels={"sms": "STOP"}), reminded, NOBODY)
    assert channels(alone) == [("letter", True)] and alone.rule == "may-contact"
    assert "consent" in [reason.rule for reason in alone.reasons], "why no text went along can be read"


def test_a_notice_that_must_go_by_letter_does_not_go_without_one():
    nowhere = subject(addresses={"sms": "+12185550123"}, unreachable={"letter": "came back: no such number"})
    reminded = running(BILLS, taken("reminder", date(2026, 10, 6)))
    outcome = judge(night(date(2026, 10, 20), BILLS), nowhere, reminded, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.sends) == ("protected", "reachable", ())


def test_a_notice_that_names_too_early_a_day_in_winter_is_not_sent():
    hasty = policy(STEPS.replace("disconnect_after_days = 30", "disconnect_after_days = 12", 1))
    reminded = running(hasty, taken("reminder", date(2026, 11, 3)))
    outcome = judge(night(date(2026, 11, 17), hasty), subject(), reminded, NOBODY)
    assert (outcome.kind, outcome.rule) == ("protected", "cwr-notice-clock")


def test_no_house_is_disconnected_in_winter_while_its_heat_depends_on_it():
    steps = [
        taken("reminder", date(2026, 10, 6)),
        taken("notice", date(2026, 10, 16)),
        taken("final", date(2026, 11, 2)),
    ]
    heated = subject(affects_heat=True)
    outcome = judge(night(date(2026, 12, 8), BILLS), heated, running(BILLS, *steps), NOBODY)
    assert (outcome.kind, outcome.rule, outcome.next_on) == ("protected", "cwr-heat", date(2027, 5, 1))


def test_a_notice_nobody_knows_is_not_sent():
    outcome = judge(night(TUESDAY, BILLS, purposes={}), subject(), Position(), NOBODY)
    assert (outcome.kind, outcome.rule) == ("protected", "notice-not-known")


def test_an_episode_whose_version_is_lost_is_protected():
    outcome = judge(night(TUESDAY, BILLS, frozen={}), subject(), running(BILLS), NOBODY)
    assert (outcome.kind, outcome.rule) == ("protected", "policy-not-found")


# What ends an episode


def test_an_episode_ends_when_the_debt_has_fallen_to_the_exit_and_not_by_a_part_payment():
    reminded = running(BILLS, taken("reminder", date(2026, 10, 6)))
    part = judge(night(date(2026, 10, 20), BILLS), subject(paid_since_cents=9000), reminded, NOBODY)
    assert (part.kind, part.step) == ("contact", "notice")
    paid = judge(night(date(2026, 10, 20), BILLS), subject(paid_since_cents=9500), reminded, NOBODY)
    assert (paid.kind, paid.closes, paid.rule, paid.sends) == ("outside", "paid", "paid", ())


@pytest.mark.parametrize(
    ("changed", "closes"),
    [
        ({"status": "final"}, "moved_out"),
        ({"status": "inactive"}, "moved_out"),
        ({"service_class": "commercial"}, "left"),
        ({"service_class": None}, None),
        ({"past_due_cents": 1000}, None),
        ({"oldest_due_on": date(2026, 10, 20)}, None),
    ],
)
def test_an_account_that_is_not_the_policys_any_more_leaves_it(changed, closes):
    reminded = running(BILLS, taken("reminder", date(2026, 10, 6)))
    assert judge(night(date(2026, 10, 20), BILLS), subject(**changed), reminded, NOBODY).closes == closes


def test_a_house_that_is_off_gets_no_more_notices_and_its_episode_stays():
    reminded = running(BILLS, taken("reminder", date(2026, 10, 6)))
    outcome = judge(night(date(2026, 10, 20), BILLS), subject(status="shut_off"), reminded, NOBODY)
    assert (outcome.kind, outcome.rule, outcome.closes) == ("waiting", "shut-off", None)


def test_a_running_episode_keeps_its_version():
    newer = policy(STEPS[: STEPS.index("[[step]]", 20)], version=2)
    both = night(date(2026, 10, 20), newer, frozen={("late-bills", 1): BILLS, ("late-bills", 2): newer})
    reminded = taken("reminder", date(2026, 10, 6))
    assert judge(both, subject(), running(BILLS, reminded), NOBODY).step == "notice"
    assert judge(both, subject(), running(newer, reminded), NOBODY).rule == "all-steps-taken"
    assert judge(both, subject(), Position(), NOBODY).version == 2


# Coming in again


def test_who_paid_and_owes_again_is_left_alone_while_the_cool_down_runs():
    closed = Position(policy="residential-past-due", closed_at=at(date(2026, 10, 2)))
    cooled = judge(night(TUESDAY), subject(), closed, NOBODY)
    assert (cooled.kind, cooled.rule, cooled.next_on, cooled.opens) == (
        "waiting",
        "cool-down",
        date(2026, 10, 9),
        False,
    )
    assert judge(night(date(2026, 10, 9)), subject(), closed, NOBODY).opens
    moved = replace(closed, policy="commercial-past-due")
    assert judge(night(TUESDAY), subject(), moved, NOBODY).opens, "the cool-down is the policy's own"


def test_who_comes_back_soon_may_start_at_a_later_step():
    again = policy(
        'reentry = { restart_at = "second", restart_within_days = 60 }\n'
        + """
[[step]]
id = "first"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms"] }
[[step]]
id = "second"
notice = "past-due-reminder"
after = { step = "first", days = 7 }
send = { first_of = ["letter"] }
"""
    )
    back = Position(policy="late-bills", closed_at=at(date(2026, 9, 20)))
    tonight = night(date(2026, 10, 20), again)
    assert judge(tonight, subject(), back, NOBODY).step == "second"
    assert judge(tonight, subject(), replace(back, closed_at=at(date(2026, 6, 1))), NOBODY).step == "first"
    assert judge(tonight, subject(), Position(), NOBODY).step == "first"
    still = running(again, opened_at=at(date(2026, 10, 14)), closed_at=at(date(2026, 9, 20)))
    assert judge(tonight, subject(), still, NOBODY).step == "second", "also on the nights after the first"


# Champion and challenger


CHALLENGED = policy(STEPS.replace("[[step]]", """
[challenger]
share = 0.2
seed = "autumn"
from = 2026-10-01
to = 2026-10-31
step = [{ id = "reminder", send = { first_of = ["letter"] } }]

[[step]]""", 1))  # fmt: skip


def test_the_share_is_drawn_by_account_and_is_the_same_whenever_asked():
    arms = [arm_of(CHALLENGED, account) for account in range(4000)]
    assert arms == [arm_of(CHALLENGED, account) for account in range(4000)]
    assert 0.17 < arms.count("challenger") / 4000 < 0.23
    assert arm_of(BILLS, 1) == "champion"


def test_the_arm_is_drawn_when_the_episode_opens_and_kept():
    challenger = next(number for number in range(100) if arm_of(CHALLENGED, number) == "challenger")
    champion = next(number for number in range(100) if arm_of(CHALLENGED, number) == "champion")
    drawn = judge(night(TUESDAY, CHALLENGED), subject(account_id=challenger), Position(), NOBODY)
    assert (drawn.arm, channels(drawn)) == ("challenger", [("letter", True)])
    assert judge(night(TUESDAY, CHALLENGED), subject(account_id=champion), Position(), NOBODY).arm == "champion"
    after = judge(night(date(2026, 11, 3), CHALLENGED), subject(account_id=challenger), Position(), NOBODY)
    assert (after.arm, channels(after)) == (None, [("sms", True)]), "the comparison is over"
    kept = running(CHALLENGED, arm="challenger")
    assert channels(judge(night(date(2026, 11, 3), CHALLENGED), subject(), kept, NOBODY)) == [("letter", True)]


# What a report counts


def test_the_main_reason_is_a_hold_before_a_statute_before_consent_before_caps():
    def reason(rule, verdict=Verdict.SUPPRESS):
        return Reason(rule, verdict, "", "", "")

    order = ["hold-medical", "owes", "cwr-heat", "consent", "cap-7d", "reachable"]
    for place, rule in enumerate(order):
        assert main_reason([reason(one) for one in reversed(order[place:])]).rule == rule
    assert (
        main_reason([reason("may-contact", Verdict.ALLOW), reason("quiet-hours", Verdict.DEFER)]).rule == "quiet-hours"
    )
    assert main_reason([reason("may-contact", Verdict.ALLOW)]).rule == "may-contact"

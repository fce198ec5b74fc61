"""Why an account is written to or left alone: an answer that a clerk can read out, for any day."""

import json
from datetime import date, timedelta

import pytest

from comms.accounts import consent
from comms.accounts.schema import AccountBalance
from comms.campaigns.explaining import explain
from comms.campaigns.policies import parse_policy
from comms.campaigns.telling import protects_by_rule, protects_stored
from comms.city import load_city
from comms.history import NewEvent, record
from comms.rules import rulebook_of
from tests.campaigns.conftest import RESIDENTIAL
from tests.support import build


def why(evenings, account, on=None):
    with evenings.database.read() as session:
        return explain(session, evenings.city, evenings.renderer.catalogue, account, evenings.clock.now(), on)


def opt_out(evenings, channel, address):
    with evenings.database.begin() as session:
        consent.record(
            session, channel=channel, address=address, action="revoked", source="reply", evidence="STOP",
            at=evenings.clock.now(),
        )  # fmt: skip


def hold(evenings, account, kind, **given):
    with evenings.database.begin() as session:
        build.hold(session, account, kind, **given)


# --- one of each kind ---


def test_of_rules_with_one_name_each_says_its_own_sentence(evenings):
    account = evenings.account(email="maria@example.com")
    opt_out(evenings, "sms", "+12185550101")
    opt_out(evenings, "email", "maria@example.com")
    told = {one.fact: one.protects for one in why(evenings, account).rules if one.rule == "consent"}
    assert len(told) == 2, told
    texts, emails = (next(words for fact, words in told.items() if channel in fact) for channel in ("sms", "email"))
    assert "a text" in texts and "an email" in emails


@pytest.mark.parametrize(
    ("step", "says"),
    [("reminder", "is not dunned"), ("shut-off", "Water stays on")],
)
def test_a_promise_says_what_it_protects_from_also_where_one_office_made_both_rules(step, says):
    rules = [one.as_json() for one in rulebook_of(load_city("kent-oh")).find("hold-promise")]
    policy = parse_policy(RESIDENTIAL, "residential.toml")
    (words,) = protects_stored(rules, policy.named(step)).values()
    assert says in words


@pytest.mark.parametrize("slug", ["duluth-mn", "kent-oh"])
def test_a_whole_run_says_of_a_rule_what_is_so_of_writing_and_of_every_channel(slug):
    told = protects_by_rule(rulebook_of(load_city(slug)), date(2026, 11, 23))
    assert "is not dunned" in told["hold-promise"]
    assert "stays on" not in told["hold-promise"], "that is another rule of the same name, about disconnecting"
    assert "a text" in told["consent"] and "an email" in told["consent"]
    assert "from this day" not in told["consent"], "that one is not in effect yet"
    assert told["hold-medical"]


def test_an_account_that_would_be_written_to_says_what_goes_out_and_what_was_asked(evenings):
    account = evenings.account(email="maria@example.com")
    told = why(evenings, account)
    assert (told.kind, told.basis, told.rule) == ("contacted", "judged", "may-contact")
    assert told.headline == '"Reminder" goes out by text message.'
    assert told.next_on == date(2026, 12, 9)
    assert [(one.channel, one.verdict) for one in told.channels] == [
        ("Text message", "allow"), ("Email", "allow"), ("Letter", "allow"),
    ]  # fmt: skip
    assert [(step.step, step.standing) for step in told.steps] == [
        ("reminder", "next"), ("disconnect-notice", "later"), ("shut-off", "later"),
    ]  # fmt: skip
    assert told.policies[0].takes


def test_a_hold_says_which_until_when_whom_it_protects_and_by_what_law(evenings):
    account = evenings.account()
    hold(evenings, account, "medical", ends_on=date(2026, 12, 20), note="Letter of Dr. Lund")
    told = why(evenings, account)
    assert told.kind == "hold" and told.next_on == date(2026, 12, 21)
    assert "is due and is held back: a hold stands against it (hold: medical, until 2026-12-20)" in told.headline
    (rule,) = [one for one in told.rules if one.rule == "hold-medical"]
    assert rule.verdict == "suppress" and "216B.098" in rule.citation and "medical emergency" in rule.protects
    assert any("Letter of Dr. Lund" in line for line in told.facts)
    assert {one.verdict for one in told.channels} == {"suppress"}


def test_an_open_promise_is_told_as_one(small):
    account = small.account()
    hold(small, account, "promise", ends_on=date(2026, 12, 4))
    told = why(small, account)
    assert told.kind == "promise" and "a promise to pay stands against it" in told.headline


def test_who_opted_out_and_has_no_other_way_is_told_as_that(small):
    account = small.account(mailing_address={"problem": "The street is missing."})
    opt_out(small, "sms", "+12185550101")
    told = why(small, account)
    assert told.kind == "consent" and "the customer opted out" in told.headline
    assert "Opted out of text messages." in told.facts


def test_a_channel_that_is_passed_over_says_why_although_another_is_used(small):
    account = small.account(email="maria@example.com")
    opt_out(small, "sms", "+12185550101")
    told = why(small, account)
    assert told.headline == '"Reminder" goes out by email.'
    text = told.channels[0]
    assert (text.channel, text.verdict) == ("Text message", "suppress") and "consent" in text.words
    assert {"may-contact", "consent"} <= {rule.rule for rule in told.rules}


def test_a_household_that_heard_enough_says_how_often(small):
    accounts = [small.account(phone="+12185550111") for _ in range(4)]
    small.night(2026, 11, 23)
    told = why(small, accounts[3])
    assert told.kind == "cap" and "3 contacts with the household in 7 days" in told.headline
    assert told.next_on is not None


def test_at_the_weekend_it_says_that_it_waits_for_monday(small):
    account = small.account()
    small.use(RESIDENTIAL.replace('first_of = ["sms", "email", "letter"], fallback_after = "24h"', 'first_of = ["sms"]')
              .replace("version = 1", "version = 2"))  # fmt: skip
    small.go_to(2026, 11, 28)
    told = why(small, account)
    assert told.kind == "hours" and "Saturday" in told.headline and told.next_on == date(2026, 11, 30)


def test_at_night_it_says_when_the_text_leaves(small):
    account = small.account()
    small.go_to(2026, 11, 23, 22, 30)
    told = why(small, account)
    assert told.kind == "contacted"
    assert "It leaves at 8:00 AM CST on November 24, 2026" in told.headline


def test_who_paid_is_told_as_paid_and_the_policy_ends(small):
    account = small.account(past_due_cents=9000)
    small.night(2026, 11, 23)
    with small.database.begin() as session:
        build.payment(session, account, 9000, date(2026, 11, 24))
    small.go_to(2026, 11, 25)
    told = why(small, account)
    assert told.kind == "paid" and "the debt is settled ($0.00 left" in told.headline
    assert "$90.00 came in since" in " ".join(told.facts)


def test_who_is_in_no_policy_hears_what_each_would_have_asked(small):
    account = small.account(past_due_cents=1000)
    told = why(small, account)
    assert (told.kind, told.steps, told.channels) == ("outside", (), ())
    assert told.headline == "Nothing is sent: $10.00 is past due, and it does not fit any policy."
    (policy,) = told.policies
    assert not policy.takes
    assert policy.words.startswith("past due, less what was paid, is $10.00; it takes an account that is residential")


def test_between_two_steps_it_says_what_comes_when(small):
    account = small.account()
    small.night(2026, 11, 23)
    small.go_to(2026, 11, 26)
    told = why(small, account)
    assert (told.kind, told.next_on) == ("waiting", date(2026, 12, 9))
    assert "Disconnect notice is due on 2026-12-09" in told.headline
    done, following, _ = told.steps
    assert done.standing == "done" and "counts since November 23, 2026" in done.words
    assert following.standing == "next"


def test_after_an_episode_it_says_until_when_it_rests(small):
    small.use(RESIDENTIAL.replace("[[step]]", "[reentry]\ncool_down_days = 30\n\n[[step]]", 1)
              .replace("version = 1", "version = 2"))  # fmt: skip
    account = small.account()
    small.night(2026, 11, 23)
    small.change(account, past_due_cents=0)
    small.night(2026, 11, 24)
    small.change(account, past_due_cents=8000)
    small.go_to(2026, 11, 25)
    told = why(small, account)
    assert (told.kind, told.next_on) == ("cool-down", date(2026, 12, 24))


def test_an_act_outside_says_that_a_list_decides(small):
    words = RESIDENTIAL.replace("version = 1", "version = 2")
    small.use(
        words[: words.index('[[step]]\nid = "shut-off"')]
        + """
[[step]]
id = "hand-over"
title = "Referral"
action = "referral"
after = { step = "disconnect-notice", days = 28 }
require = { steps = ["disconnect-notice"], days = 20 }
required = true
"""
    )
    account = small.account(service_past_due={"water": 12000}, affects_heat=False)
    small.night(2026, 11, 23)
    small.night(2026, 12, 9)
    small.go_to(2027, 1, 12)
    told = why(small, account)
    assert (told.kind, told.rule) == ("field action", "referral")
    assert told.headline.startswith('"Referral" becomes possible')
    assert [one.channel for one in told.channels] == ["Visit"]


# --- a day gone by ---


def test_a_day_gone_by_is_told_as_it_was_kept_whatever_came_after(evenings):
    account = evenings.account()
    run_id = evenings.night(2026, 11, 23)
    with evenings.database.begin() as session:
        event = NewEvent(account, evenings.clock.now(), "note.added", "Called about the bill", actor="ann")
        record(session, [event], evenings.clock.now())
        session.add(AccountBalance(
            account_id=account, as_of=date(2026, 11, 20), past_due_cents=12000, oldest_due_on=date(2026, 10, 20),
            status="active",
        ))  # fmt: skip
    evenings.change(account, past_due_cents=0)
    evenings.use(RESIDENTIAL.replace("version = 1", "version = 2").replace('"Residential past due"', '"Another"'))
    evenings.go_to(2026, 12, 24)
    told = why(evenings, account, date(2026, 11, 23))
    assert (told.basis, told.kind) == ("decided", "contacted")
    assert told.headline == '"Reminder" goes out by text message. It was let go.'
    assert told.facts[0] == "$120.00 was owed, after what had been paid."
    assert any("$120.00 past due, of a bill due October 20, 2026" in line for line in told.facts)
    assert (told.policies[0].title, told.policies[0].version) == ("Residential past due", 1)
    assert told.runs[0].startswith(f"Run {run_id}, planned 10:00 AM CST on November 23, 2026 by system, done")
    assert any("Called about the bill" in line for line in told.events)
    assert any("The rules with the digest" in line and "in use since" in line for line in told.rests_on)


def test_a_hold_of_a_day_gone_by_still_says_whom_it_protected(small):
    account = small.account()
    hold(small, account, "medical", ends_on=date(2026, 11, 25))
    small.night(2026, 11, 23)
    small.go_to(2026, 12, 24)
    told = why(small, account, date(2026, 11, 23))
    assert told.kind == "hold" and told.next_on == date(2026, 11, 26)
    assert any("medical emergency" in rule.protects for rule in told.rules)
    assert any(line.startswith("Hold in force: medical, to November 25, 2026") for line in told.facts)


def test_a_day_without_a_run_and_a_night_that_passed_the_account_by_say_so(small):
    account = small.account(past_due_cents=100)
    small.night(2026, 11, 23)
    small.go_to(2026, 12, 1)
    assert why(small, account, date(2026, 11, 22)).headline.startswith("No run was planned on that day")
    passed = why(small, account, date(2026, 11, 23))
    assert (passed.kind, passed.rule, passed.basis) == ("outside", "no-decision", "reconstructed")
    assert len(passed.runs) == 1
    assert "past due, less what was paid, was $1.00; it takes an account that" in passed.policies[0].words


def test_today_tells_what_tonights_run_did_and_how_it_stands_now(small):
    account = small.account()
    small.night(2026, 11, 23)
    told = why(small, account)
    assert (told.basis, told.kind) == ("decided", "contacted")
    assert "Reminder was taken today" in told.notes[0]
    assert len(told.runs) == 1


# --- a day to come ---


def test_a_day_to_come_tells_what_becomes_due_until_then_and_that_it_may_change(evenings):
    account = evenings.account()
    evenings.go_to(2026, 11, 23)
    told = why(evenings, account, date(2026, 12, 31))
    assert told.basis == "foreseen" and "It will change." in told.notes[0]
    ahead = [step for step in told.steps if step.standing == "ahead"]
    assert [(step.step, step.name) for step in ahead] == [
        ("reminder", "November 23, 2026"), ("disconnect-notice", "December 9, 2026"),
    ]  # fmt: skip
    assert told.kind == "waiting" and told.next_on == date(2027, 1, 8), "28 days after the letter was mailed"
    assert evenings.decisions() == [], "nothing is decided by asking"


def test_a_hold_that_ends_before_the_day_does_not_stand_on_it(small):
    account = small.account()
    hold(small, account, "medical", ends_on=date(2026, 12, 1))
    assert why(small, account, date(2026, 12, 1)).kind == "hold"
    told = why(small, account, date(2026, 12, 2))
    assert told.kind == "contacted"


def test_more_than_a_year_ahead_is_refused(small):
    account = small.account()
    with pytest.raises(ValueError, match="more than a year ahead"):
        why(small, account, date(2026, 11, 23) + timedelta(days=400))


def test_an_account_that_there_is_not_is_refused(small):
    with pytest.raises(LookupError):
        why(small, 77)


# --- how it reads ---


def test_it_reads_as_plain_lines_with_the_answer_first_and_as_json(small):
    account = small.account(number="0000123-47")
    hold(small, account, "medical", ends_on=date(2026, 12, 20))
    told = why(small, account)
    lines = told.lines()
    assert lines[0] == "0000123-47  Maria Jensen: why, on Monday, November 23, 2026"
    assert lines[2] == told.headline
    assert "The next day on which something can happen is Monday, December 21, 2026." in lines
    assert "Rules that had a say" in lines
    assert all("None" not in line for line in lines)
    found = json.loads(json.dumps(told.as_json()))
    assert (found["kind"], found["next_on"]) == ("hold", "2026-12-21")
    assert [rule["rule"] for rule in found["rules"]] == ["hold-medical", "reachable"], "there is no email either"

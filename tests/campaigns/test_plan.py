"""The night's plan: who hears what, who is left alone, and why; decided once however often it is planned."""

from collections import Counter
from datetime import date, timedelta

import pytest

from comms.accounts import consent, holds
from comms.accounts.facts import touch
from comms.campaigns import CampaignRun, Decision, Episode, RunError, load_policy
from tests.support import build


def test_a_plan_stores_who_is_contacted_and_why_the_others_are_not(evenings, clock):
    reached = evenings.account()
    by_letter = evenings.account(phone=None)
    nobody = evenings.account(phone=None, mailing_address={"problem": "The street is missing."})
    ill, paid, out = evenings.account(), evenings.account(), evenings.account(phone="+12185550177")
    evenings.account(past_due_cents=2499)
    evenings.account(service_class="commercial")
    evenings.account(status="final")
    evenings.account(in_latest_file=False)
    evenings.account(oldest_due_on=date(2026, 11, 19))
    with evenings.database.begin() as session:
        build.hold(session, ill, "medical")
        build.payment(session, paid, 12000, date(2026, 11, 21))
        consent.record(
            session, channel="sms", address="+12185550177", action="revoked", source="reply", evidence="STOP",
            at=clock.now(),
        )  # fmt: skip
    run_id = evenings.plan()
    assert evenings.messages() == [], "nothing is sent by planning"
    assert {d.account_id for d in evenings.decisions()} == {reached, by_letter, nobody, ill, paid, out}
    assert evenings.outcome(reached) == ("planned", None)
    assert evenings.outcome(nobody) == ("dropped", "reachable")
    assert evenings.outcome(ill) == ("dropped", "hold-medical")
    assert evenings.outcome(paid) == ("dropped", "owes")
    assert evenings.decisions(Decision.account_id == out)[0].channels == ["letter"]
    assert evenings.run(run_id).counts == {
        "cents addressed": 36000, "contact by letter": 2, "contact by sms": 1, "suppressed: hold-medical": 1,
        "suppressed: owes": 1, "suppressed: reachable": 1,
    }  # fmt: skip


def test_at_night_a_text_is_planned_for_the_morning(evenings):
    evenings.go_to(2026, 11, 23, 22, 30)
    evenings.account()
    evenings.tonight()
    (decision,), (message,) = evenings.decisions(), evenings.messages()
    assert decision.verdict == "defer"
    assert decision.until == message.next_attempt_at == evenings.clock.now().replace(hour=14, minute=0)


def test_planning_twice_doubles_nothing(evenings):
    for _ in range(3):
        evenings.account()
    first = evenings.plan()
    assert evenings.plan() == first
    evenings.account()
    assert evenings.plan() == first, "a run that was not released is gone on with"
    assert [evenings.count(table) for table in (CampaignRun, Episode, Decision)] == [1, 4, 4]


def test_two_planners_at_once_double_nothing(evenings, two_at_once):
    accounts = [evenings.account(phone=f"+121855502{n:02}") for n in range(30)]
    one, other = two_at_once(evenings.plan)
    assert one == other
    decided = evenings.decisions()
    assert sorted(d.account_id for d in decided) == accounts
    assert evenings.count(Episode) == 30
    assert evenings.run(one).counts["contact by sms"] == 30
    assert sum(evenings.release(one).queued.values()) == 30


def test_an_account_that_changed_since_is_decided_anew_in_the_same_run(evenings, clock):
    account = evenings.account()
    with evenings.database.begin() as session:
        hold = build.hold(session, account, "dispute")
        hold_id = hold.id
        touch(session, [account], clock.now())
    run_id = evenings.plan()
    assert evenings.outcome(account) == ("dropped", "hold-dispute")
    with evenings.database.begin() as session:
        holds.release(session, hold_id, "user:park", clock.now())
    assert evenings.plan() == run_id
    assert evenings.outcome(account) == ("planned", None)


def test_a_plan_that_was_never_released_does_not_count_as_a_reminder(evenings):
    account = evenings.account()
    forgotten = evenings.plan()
    evenings.go_to(2026, 11, 24, 10)
    run_id = evenings.plan()
    assert evenings.run(forgotten).state == "stopped"
    assert evenings.release(run_id).queued == Counter(sms=1)
    assert evenings.steps(account) == ["reminder"]
    with pytest.raises(RunError, match="stopped and cannot be released"):
        evenings.release(forgotten)


def test_no_disconnect_notice_follows_a_reminder_that_was_never_released(evenings):
    account = evenings.account()
    evenings.plan()
    evenings.go_to(2027, 1, 20, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"]


def test_a_new_version_of_the_policy_is_planned_in_a_run_of_its_own(evenings):
    account = evenings.account()
    first = evenings.plan()
    newer = evenings.policy.model_copy(update={"version": 2})
    second = evenings.plan(newer)
    assert second != first
    assert evenings.run(first).state == "stopped"
    assert evenings.release(second, newer).queued == Counter(sms=1)
    assert evenings.steps(account) == ["reminder"]


def test_a_policy_is_only_used_while_it_is_in_effect(evenings):
    evenings.account()
    evenings.go_to(2026, 9, 30, 10)
    with pytest.raises(RunError, match="in effect from 2026-10-01, not on 2026-09-30"):
        evenings.plan()
    assert evenings.count(CampaignRun) == 0


def test_a_household_is_capped_over_all_its_accounts(evenings):
    together = [evenings.account(phone=f"+1218555030{n}", household="1 main st") for n in range(5)]
    apart = evenings.account(phone="+12185550399")
    evenings.tonight()
    assert [evenings.outcome(account)[0] for account in together] == ["released"] * 3 + ["dropped"] * 2
    assert evenings.outcome(together[4]) == ("dropped", "cap-7d")
    assert evenings.outcome(apart) == ("released", None)


def test_a_phone_that_stands_on_many_accounts_is_capped_too(evenings):
    """A landlord's number: three texts in a week, however many flats there are."""
    landlord = [evenings.account(phone="+12185550111") for _ in range(10)]
    released = evenings.tonight()
    assert released.queued == Counter(sms=3)
    assert evenings.outcome(landlord[3]) == ("dropped", "cap-7d")
    evenings.go_to(2026, 11, 25, 10)
    assert evenings.tonight().queued == Counter()
    evenings.go_to(2026, 12, 1, 10)
    assert evenings.tonight().queued == Counter(sms=3)
    evenings.go_to(2026, 12, 8, 10)
    assert evenings.tonight().queued["sms"] == 0, "six in thirty days"


def test_steps_come_one_at_a_time_and_ten_business_days_apart(evenings):
    account = evenings.account()
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"]
    day = date(2026, 11, 24)
    while evenings.steps(account) == ["reminder"]:
        evenings.go_to(day.year, day.month, day.day, 10)
        evenings.tonight()
        day += timedelta(1)
    assert day - timedelta(1) == date(2026, 12, 9), "not counting weekends, Thanksgiving and the day after"
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]
    (letter,) = evenings.messages()[1:]
    assert (letter.channel, letter.purpose) == ("letter", "legal")
    for ahead in range(1, 40):
        evenings.go_to(2027, 1, 1 + ahead % 28, 10)
        evenings.tonight()
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]


def test_the_ten_days_count_from_the_morning_a_deferred_reminder_leaves(evenings):
    account = evenings.account()
    evenings.go_to(2026, 11, 23, 23)
    evenings.tonight()
    evenings.go_to(2026, 12, 9, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"]
    evenings.go_to(2026, 12, 10, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]


def test_missed_nights_are_caught_up_one_step_at_a_time(evenings):
    account = evenings.account()
    evenings.go_to(2027, 2, 1, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"], "months late, and still not two at once"
    evenings.go_to(2027, 2, 2, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder"], "the spacing is kept"
    evenings.go_to(2027, 3, 1, 10)
    evenings.tonight()
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]


def test_a_debt_that_is_paid_ends_the_episode_and_a_new_one_begins_at_the_first_step(evenings):
    account = evenings.account()
    evenings.tonight()
    evenings.go_to(2026, 12, 9, 10)
    evenings.tonight()
    evenings.go_to(2026, 12, 20, 10)
    evenings.change(account, past_due_cents=500)
    evenings.tonight()
    evenings.go_to(2027, 2, 20, 10)
    evenings.change(account, past_due_cents=9000, oldest_due_on=date(2027, 2, 1))
    evenings.tonight()
    assert evenings.steps(account) == ["reminder", "disconnect-notice", "reminder"]
    with evenings.database.read() as session:
        assert [bool(e.closed_at) for e in session.query(Episode).order_by(Episode.id)] == [True, False]


def test_kent_plans_with_a_policy_of_its_own(database, clock):
    from comms.campaigns import plan
    from comms.city import load_city
    from comms.notices import Catalogue
    from comms.settings import ROOT

    kent = load_city("kent-oh")
    with database.begin() as session:
        build.account(session, phone="+13305550101")
    run_id = plan(database, kent, clock, Catalogue.load(ROOT, kent), load_policy(kent, "residential-past-due"))
    with database.read() as session:
        assert session.get_one(CampaignRun, run_id).counts["contact by sms"] == 1

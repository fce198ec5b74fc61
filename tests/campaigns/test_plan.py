"""The night's plan: who hears what, who is left alone, and why; decided once however often it is planned."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select, update

from comms.accounts import consent, holds
from comms.accounts.facts import touch
from comms.campaigns import CampaignRun, Decision, Episode, RunError, planner
from comms.campaigns.policies import versions
from comms.campaigns.schema import RulebookVersion
from tests.campaigns.conftest import RESIDENTIAL
from tests.support import build, policies


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
        build.payment(session, paid, 9000, date(2026, 11, 21))
        consent.record(
            session, channel="sms", address="+12185550177", action="revoked", source="reply", evidence="STOP",
            at=clock.now(),
        )  # fmt: skip
    run_id = evenings.plan()
    assert evenings.messages() == [], "nothing is sent by planning"
    assert {d.account_id for d in evenings.decisions()} == {reached, by_letter, nobody, ill, paid, out}
    assert evenings.outcome(reached) == ("contact", "may-contact")
    assert evenings.outcome(nobody) == ("protected", "reachable")
    assert evenings.outcome(ill) == ("protected", "hold-medical")
    assert [send["channel"] for send in evenings.last(out).sends] == ["letter"]
    assert evenings.last(paid).amount_cents == 3000, "what is owed tonight, without what was paid since"
    counts = evenings.run(run_id).counts
    assert (counts["contacts"], counts["cents_addressed"]) == (4, 39000)
    assert counts["protected"] == {"hold-medical": 1, "reachable": 1}


def test_a_decision_says_all_that_it_rests_on(small):
    account = small.account(past_due_cents=12345, email="maria@example.com", language="es")
    run_id = small.plan()
    decision = small.last(account)
    (episode,) = small.episodes(account)
    assert (decision.policy, decision.step, decision.occurrence, decision.state) == (
        "residential-past-due", "reminder", 1, "planned",
    )  # fmt: skip
    assert decision.episode_id == episode.id and episode.debt_cents == 12345
    assert decision.sends == [{"channel": "sms", "rest": ["email", "letter"], "required": True, "until": None}]
    assert decision.next_on == date(2026, 12, 9), "ten business days on"
    assert decision.cost_micros > 0 and decision.facts_version == 1
    assert [reason["rule"] for reason in decision.reasons] == ["may-contact"]
    run = small.run(run_id)
    assert run.versions == {"residential-past-due": 1} and run.state == "planned" and run.planned_by == "system"
    with small.database.read() as session:
        assert session.get_one(RulebookVersion, run.rulebook).content, "the rules it was decided by are kept"


def test_who_is_not_in_any_policy_has_no_decision_and_no_episode(small):
    small.account(past_due_cents=100)
    small.plan()
    assert (small.count(Decision), small.count(Episode)) == (0, 0)


def test_at_night_a_text_is_planned_for_the_morning(small):
    small.go_to(2026, 11, 23, 22, 30)
    account = small.account()
    small.tonight()
    (message,) = small.messages()
    morning = small.clock.now().replace(hour=14, minute=0)
    assert small.last(account).until == message.next_attempt_at == morning


# --- once, however often and by how many ---


def test_planning_twice_doubles_nothing(evenings):
    accounts = [evenings.account(phone=f"+121855502{n:02}") for n in range(3)]
    first = evenings.plan()
    assert evenings.plan() == first
    assert evenings.run(first).state == "planned"
    assert [d.account_id for d in evenings.decisions()] == accounts
    assert [evenings.count(table) for table in (CampaignRun, Episode, Decision)] == [1, 3, 3]


def test_two_planners_at_once_double_nothing(evenings, two_at_once, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 4)
    accounts = [evenings.account(phone=f"+121855502{n:02}") for n in range(30)]
    one, other = two_at_once(evenings.plan)
    assert one == other
    assert sorted(d.account_id for d in evenings.decisions()) == accounts
    assert evenings.count(Episode) == 30
    assert evenings.run(one).counts["contacts"] == 30


def test_two_planners_that_share_a_night_keep_one_cap(evenings, two_at_once, monkeypatch):
    """Each knows only what it planned itself; the rest it reads from the decisions before every chunk."""
    monkeypatch.setattr(planner, "CHUNK", 1)
    for _ in range(12):
        evenings.account(phone="+12185550111")
    run_id, _ = two_at_once(evenings.plan)
    assert evenings.run(run_id).counts["outcomes"] == {"contact": 3, "protected": 9}


class DiesError(Exception):
    pass


def test_a_plan_that_died_half_way_is_gone_on_with(evenings, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 2)
    accounts = [evenings.account(phone="+12185550111") for _ in range(7)]

    def die(done, of):
        if done >= 4:
            raise DiesError

    with pytest.raises(DiesError):
        planner.plan(evenings.database, evenings.city, evenings.clock, evenings.renderer.catalogue, progress=die)
    assert [run.state for run in _runs(evenings)] == ["planning"]
    before = [d.id for d in evenings.decisions()]
    run_id = evenings.plan()
    assert [d.id for d in evenings.decisions()][: len(before)] == before, "what was decided stands"
    assert [d.account_id for d in evenings.decisions(Decision.run_id == run_id)] == accounts
    assert evenings.run(run_id).counts["contacts"] == 3, "what the first life planned counts to the cap"


def test_a_night_that_died_yesterday_is_not_gone_on_with_today(small, monkeypatch):
    account = small.account()
    with small.database.begin() as session:
        session.add(
            CampaignRun(
                policy="all", versions={"residential-past-due": 1}, rulebook="", planned_for=date(2026, 11, 22),
                state="planning", counts={}, brakes=[], approvals=[], planned_at=small.clock.now(), planned_by="x",
            )
        )  # fmt: skip
    small.plan()
    assert [run.state for run in _runs(small)] == ["stopped", "planned"]
    assert small.outcome(account) == ("contact", "may-contact")


def test_progress_is_told(small, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 2)
    for n in range(5):
        small.account(phone=f"+1218555030{n}")
    told = []
    planner.plan(
        small.database,
        small.city,
        small.clock,
        small.renderer.catalogue,
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


# --- runs that were never let go ---


def test_what_changed_since_is_planned_in_a_run_of_its_own(evenings, clock):
    account = evenings.account()
    with evenings.database.begin() as session:
        hold_id = build.hold(session, account, "dispute").id
        touch(session, [account], clock.now())
    first = evenings.plan()
    assert evenings.outcome(account) == ("protected", "hold-dispute")
    with evenings.database.begin() as session:
        holds.release(session, hold_id, "user:park", clock.now())
    second = evenings.plan()
    assert (evenings.run(first).state, evenings.run(second).attempt) == ("stopped", 2)
    assert evenings.outcome(account) == ("contact", "may-contact")


def test_a_plan_that_was_never_released_does_not_count_as_a_reminder(evenings):
    account = evenings.account()
    forgotten = evenings.plan()
    evenings.go_to(2026, 11, 24)
    run_id = evenings.tonight()
    assert evenings.run(forgotten).state == "stopped"
    (old,) = evenings.decisions(Decision.run_id == forgotten)
    assert (old.state, old.rule, old.occurrence) == ("dropped", "run-stopped", None)
    assert evenings.run(run_id).previous_run_id == forgotten, "it is still what tonight differs from"
    assert evenings.steps(account) == ["reminder"]


def test_no_disconnect_notice_follows_a_reminder_that_was_never_released(small):
    account = small.account()
    small.plan()
    small.night(2027, 1, 20)
    assert small.steps(account) == ["reminder"]


def test_what_waits_to_be_released_is_not_planned_again(small):
    """A run that was paused half-way still holds its decisions."""
    account = small.account()
    run_id = small.plan()
    with small.database.begin() as session:
        session.get_one(CampaignRun, run_id).state = "paused"
    small.go_to(2026, 11, 24)
    small.plan()
    assert small.outcome(account) == ("waiting", "under-way")


def test_a_run_that_was_stopped_while_it_was_planned_says_so(small, monkeypatch):
    monkeypatch.setattr(planner, "CHUNK", 1)
    small.account(), small.account()

    def stop(done, of):
        with small.database.begin() as session:
            session.execute(update(CampaignRun).values(state="stopped"))

    with pytest.raises(RunError, match="was stopped while it was being planned; plan again with: comms plan"):
        planner.plan(small.database, small.city, small.clock, small.renderer.catalogue, progress=stop)


# --- policies ---


def test_nothing_is_planned_without_a_policy_in_effect(small):
    small.account()
    small.go_to(2026, 9, 30)
    with pytest.raises(RunError, match="No policy is in use and in effect on 2026-09-30"):
        small.plan()
    small.go_to(2026, 11, 23)
    with pytest.raises(RunError, match=r"gone is not in use and in effect .* that are: residential-past-due"):
        small.plan("gone")
    assert small.count(CampaignRun) == 0


COMMERCIAL = RESIDENTIAL.replace("residential", "commercial").replace("Residential", "Commercial")


def test_one_run_is_over_all_policies_or_over_one(small):
    home, shop = small.account(phone="+12185550701"), small.account(phone="+12185550702", service_class="commercial")
    small.use(COMMERCIAL)
    only = small.plan("commercial-past-due")
    assert [d.account_id for d in small.decisions()] == [shop]
    assert [e.account_id for e in small.episodes(shop)] == [shop] and small.episodes(home) == []
    both = small.plan()
    assert small.run(only).state == "stopped", "its policy is planned anew"
    assert [d.account_id for d in small.decisions(Decision.run_id == both)] == [home, shop]
    assert small.run(both).versions == {"residential-past-due": 1, "commercial-past-due": 1}


def test_a_run_over_one_policy_leaves_the_others_runs_alone(small):
    small.account(phone="+12185550701")
    small.account(phone="+12185550702", service_class="commercial")
    small.use(COMMERCIAL)
    homes = small.plan("residential-past-due")
    small.plan("commercial-past-due")
    assert [run.state for run in _runs(small)] == ["planned", "planned"]
    assert small.run(homes).counts["contacts"] == 1


def test_a_running_episode_keeps_its_policy_version(small):
    old = small.account(phone="+12185550701")
    small.night(2026, 11, 23)
    small.use(RESIDENTIAL.replace("version = 1", "version = 2").replace("days = 10", "days = 3"))
    new = small.account(phone="+12185550702")
    small.night(2026, 11, 24)
    assert [(e.policy_version) for account in (old, new) for e in small.episodes(account)] == [1, 2]
    small.night(2026, 12, 2)
    assert small.steps(old) == ["reminder"], "ten business days by the version it began with"
    assert small.steps(new) == ["reminder", "disconnect-notice"]


def test_the_shipped_policies_of_both_cities_plan(database, clock):
    from comms.city import load_city
    from comms.notices import Catalogue
    from comms.settings import ROOT

    for slug in ("duluth-mn", "kent-oh"):
        city = load_city(slug)
        with database.begin() as session:
            policies.activate(session, city)
            build.account(session, phone="+13305550101")
        run_id = planner.plan(database, city, clock, Catalogue.load(ROOT, city))
        with database.read() as session:
            run = session.get_one(CampaignRun, run_id)
            assert run.counts["contacts"] >= 1
            assert set(run.versions) == {policy.policy for policy in versions.active(session, city, date(2026, 11, 23))}


# --- caps ---


def test_steps_come_one_at_a_time_and_ten_business_days_apart(evenings):
    account = evenings.account()
    evenings.night(2026, 11, 23)
    day = date(2026, 11, 24)
    while evenings.steps(account) == ["reminder"]:
        evenings.night(day.year, day.month, day.day)
        day += timedelta(1)
    assert day - timedelta(1) == date(2026, 12, 9), "not counting weekends, Thanksgiving and the day after"
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]
    letter, text = evenings.messages()[1:]
    assert (letter.channel, letter.purpose, text.channel) == ("letter", "legal", "sms")
    for ahead in range(1, 20):
        evenings.night(2026, 12, 9 + ahead)
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]


def test_missed_nights_are_caught_up_one_step_at_a_time(small):
    account = small.account()
    small.night(2027, 2, 1)
    assert small.steps(account) == ["reminder"], "months late, and still not two at once"
    small.night(2027, 2, 2)
    assert small.steps(account) == ["reminder"], "the spacing is kept"
    small.night(2027, 3, 1)
    assert small.steps(account) == ["reminder", "disconnect-notice"]


def test_a_debt_that_is_paid_ends_the_episode_and_a_new_one_begins_at_the_first_step(evenings):
    account = evenings.account()
    evenings.night(2026, 11, 23)
    evenings.night(2026, 12, 9)
    evenings.go_to(2026, 12, 21)
    evenings.change(account, past_due_cents=500)
    evenings.tonight()
    assert evenings.outcome(account) == ("outside", "paid")
    assert [e.close_reason for e in evenings.episodes(account)] == ["paid"]
    evenings.night(2026, 12, 22)
    assert evenings.outcome(account) == ("outside", "paid"), "said once; then it is nobody's any more"
    assert len(evenings.decisions(Decision.account_id == account)) == 3
    evenings.go_to(2027, 2, 22)
    evenings.change(account, past_due_cents=9000, oldest_due_on=date(2027, 2, 1))
    evenings.tonight()
    assert evenings.steps(account) == ["reminder", "disconnect-notice", "reminder"]
    assert [bool(e.closed_at) for e in evenings.episodes(account)] == [True, False]


def test_an_account_that_left_the_file_leaves_its_episode(small):
    account = small.account()
    small.night(2026, 11, 23)
    small.change(account, in_latest_file=False)
    small.night(2026, 11, 24)
    assert [e.close_reason for e in small.episodes(account)] == ["left"]


def test_each_run_is_held_against_the_one_of_the_night_before(small):
    small.account()
    first = small.night(2026, 11, 23)
    second = small.night(2026, 11, 24)
    third = small.night(2026, 11, 27)
    assert [small.run(run).previous_run_id for run in (first, second, third)] == [None, first, second]


def test_ten_times_the_accounts_are_asked_of_with_as_many_statements(small):
    asked = []
    event.listen(small.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    needed = []
    for many, day in ((4, 24), (40, 25)):
        for n in range(many):
            small.account(phone=f"+1218555{many:02}{n:02}")
        small.night(2026, 11, 23)
        small.go_to(2026, 11, day)
        asked.clear()
        small.plan()
        needed.append(len(asked))
    assert needed[0] == needed[1]


def _runs(evenings):
    with evenings.database.read() as session:
        return list(session.scalars(select(CampaignRun).order_by(CampaignRun.id)))

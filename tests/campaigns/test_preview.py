"""Before a run is let go: what it comes to, what differs from the run before, and why."""

import pytest

from comms.accounts import consent
from comms.campaigns.differing import diff
from comms.campaigns.preview import Preview, StepLine, count, preview
from tests.support import build, runs


@pytest.fixture
def office(database):
    with database.begin() as session:
        yield session


def people(session, count, **given):
    return [build.account(session, phone=f"+1218555{n:04}", **given).id for n in range(count)]


def test_a_run_is_counted_by_step_channel_and_rule(office):
    a, b, c, d, e, f = people(office, 6)
    run = runs.run(office)
    runs.decision(office, run, a)
    runs.decision(office, run, b, "disconnect-notice", "letter", "sms", cost_micros=933600, amount_cents=30000)
    runs.decision(office, run, c, "disconnect-notice", "letter", cost_micros=910000, amount_cents=20000)
    runs.decision(office, run, d, "shutoff", outcome="action", sends=[], cost_micros=0, amount_cents=50000)
    runs.left_alone(office, run, e, "hold-medical")
    runs.left_alone(office, run, f, "not-due-yet", "waiting")
    count(office, run.id)
    found = preview(office, run.id)
    assert (found.contacts, found.actions, found.messages, found.households) == (3, 1, 4, 3)
    assert (found.cents_addressed, found.cost_micros) == (112000, 1867200)
    assert found.channels == {"letter": 2, "sms": 2}
    assert found.protected == {"hold-medical": 1} and found.waiting == {"not-due-yet": 1}
    assert found.steps == (
        StepLine(runs.POLICY, "disconnect-notice", "contact", 2, 50000, 1843600, {"letter": 2, "sms": 1}),
        StepLine(runs.POLICY, "reminder", "contact", 1, 12000, 23600, {"sms": 1}),
        StepLine(runs.POLICY, "shutoff", "action", 1, 50000, 0, {}),
    )
    assert found.contacts_of(runs.POLICY) == 3


def test_neighbours_in_one_mailbox_are_one_household(office):
    run = runs.run(office)
    for account in people(office, 2, household="same"):
        runs.decision(office, run, account)
    assert count(office, run.id)["households"] == 1


def test_an_empty_run_comes_to_nothing(office):
    run = runs.run(office)
    assert preview(office, run.id) == Preview()
    count(office, run.id)
    assert preview(office, run.id).contacts == 0


def compared(session, run, **given):
    """(change, reason) of each difference and how many accounts it happened to."""
    return {(one.change, one.reason): one.accounts for one in diff(session, run.id, **given).differences}


def test_the_first_run_differs_from_nothing(office):
    run = runs.run(office)
    runs.decision(office, run, *people(office, 1))
    assert diff(office, run.id).differences == ()


def test_who_comes_in_and_why(office):
    fresh, due, held, moved = people(office, 4)
    before = runs.run(office)
    runs.left_alone(office, before, due, "not-due-yet", "waiting")
    runs.left_alone(office, before, held, "hold-medical")
    run = runs.next_run(office, before, versions={runs.POLICY: 1, "commercial-past-due": 1})
    for account in (fresh, due, held):
        runs.decision(office, run, account)
    runs.decision(office, run, moved, policy="commercial-past-due")
    assert compared(office, run) == {
        ("new", "it came past due"): 1,
        ("new", "the step became due"): 1,
        ("new", "nothing stands against it any more (hold-medical)"): 1,
        ("new", "the policy is new or has a new version"): 1,
    }


def test_who_goes_and_why(office):
    taken, paid, cleared, ill, gone, waiting = people(office, 6)
    before = runs.run(office)
    for account in (taken, paid, cleared, ill, gone, waiting):
        runs.decision(office, before, account, state="released" if account == taken else "dropped")
    run = runs.next_run(office, before)
    runs.left_alone(office, run, taken, "not-due-yet", "waiting")
    runs.left_alone(office, run, paid, "owes")
    runs.left_alone(office, run, ill, "hold-medical")
    runs.left_alone(office, run, waiting, "cool-down", "waiting")
    office.get(build.Account, cleared).past_due_cents = 0
    office.get(build.Account, gone).in_latest_file = False
    office.flush()
    assert compared(office, run) == {
        ("gone", "the step reminder was taken"): 1,
        ("gone", "paid"): 2,
        ("gone", "a rule stands against it now (hold-medical)"): 1,
        ("gone", "it is no longer in the billing system's file"): 1,
        ("gone", "no step is due (cool-down)"): 1,
    }


def test_what_is_done_otherwise_and_why(office):
    next_step, again, less, more, same, other = people(office, 6)
    before = runs.run(office)
    for account in (next_step, again):
        runs.decision(office, before, account, state="released")
    for account in (less, more, same, other):
        runs.decision(office, before, account, state="dropped")
    run = runs.next_run(office, before)
    runs.decision(office, run, next_step, "disconnect-notice", "letter")
    runs.decision(office, run, again, occurrence=2)
    runs.decision(office, run, less, amount_cents=7000)
    runs.decision(office, run, more, amount_cents=15000)
    runs.decision(office, run, same)
    runs.decision(office, run, other, policy="commercial-past-due")
    found = diff(office, run.id)
    assert found.same == 1
    assert compared(office, run) == {
        ("policy", "another policy takes it now"): 1,
        ("step", "the step before, reminder, was taken and the next one is due"): 1,
        ("again", "the step did not count (not delivered, recalled or returned) and is done again"): 1,
        ("amount", "a part was paid"): 1,
        ("amount", "more is past due"): 1,
    }
    assert [one.change for one in found.differences] == ["policy", "step", "again", "amount", "amount"]


def test_another_channel_and_why(office, clock):
    out, moved, plain = people(office, 3)
    before = runs.run(office, planned_at=clock.now())
    run = runs.next_run(office, before)
    for account in (out, moved, plain):
        runs.decision(office, before, account, state="dropped")
        runs.decision(office, run, account, "reminder", "email")
    after = run.planned_at
    consent.record(
        office, channel="sms", address="+12185550000", action="revoked", source="reply", evidence="STOP", at=after,
        account_id=out,
    )  # fmt: skip
    build.contact_point(office, moved, "email", "new@example.com", rank=2, updated_at=after)
    assert compared(office, run) == {
        ("channel", "the customer opted out of a channel, or in again"): 1,
        ("channel", "a phone number or email address changed, or does not work any more"): 1,
        ("channel", "the channels before it may not be used now, or may again"): 1,
    }


def test_the_accounts_behind_a_difference_can_be_read(office):
    first, second = people(office, 2)
    before = runs.run(office)
    runs.decision(office, before, first, state="dropped")
    run = runs.next_run(office, before)
    why = {"rule": "hold-medical", "verdict": "suppress", "fact": "hold", "value": "medical", "citation": "x"}
    runs.left_alone(office, run, first, "hold-medical").reasons = [why]
    runs.decision(office, run, second, "disconnect-notice", "letter", amount_cents=31050)
    office.flush()
    new, gone = diff(office, run.id, limit=10).rows
    assert (new.change, new.before, new.now) == ("new", "nothing", "disconnect-notice by letter, $310.50")
    assert (gone.before, gone.now) == ("reminder by sms, $120.00", "protected (hold-medical)")
    assert gone.details == "hold: medical"
    assert [row.number for row in diff(office, run.id, limit=10, change="gone").rows] == [gone.number]
    assert len(diff(office, run.id, limit=1).rows) == 1

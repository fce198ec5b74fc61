"""A draft policy over the days gone by: the real engine and rules over what was kept, beside what was really sent."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from comms.accounts import consent
from comms.accounts.schema import AccountBalance
from comms.campaigns import Decision, Episode
from comms.campaigns.policies import parse_policy
from comms.campaigns.replaying import ReplayError, replay
from comms.outbox import Message, enqueue
from tests.campaigns.conftest import RESIDENTIAL
from tests.support import build

FIRST, LAST = date(2026, 11, 2), date(2027, 1, 29)
DUE = date(2026, 10, 20)
DRAFT = parse_policy(RESIDENTIAL.replace("version = 1", "version = 2"), "draft.toml")


@pytest.fixture
def years(evenings):
    """The office at the end of January."""
    evenings.go_to(2027, 1, 30)
    return evenings


@pytest.fixture
def past(small):
    """The same on SQLite only."""
    small.go_to(2027, 1, 30)
    return small


def owed(office, *told, **given) -> int:
    """An account whose debt changed: day, cents, and perhaps the status."""
    cents = told[-1][1]
    account = office.account(past_due_cents=cents, oldest_due_on=DUE if cents else None, **given)
    with office.database.begin() as session:
        for day, past_due, *status in told:
            session.add(AccountBalance(
                account_id=account, as_of=day, past_due_cents=past_due, oldest_due_on=DUE if past_due else None,
                status=status[0] if status else "active",
            ))  # fmt: skip
    return account


def run(office, draft=DRAFT, first=FIRST, last=LAST, **given):
    return replay(
        office.database, office.city, office.renderer.catalogue, draft, first, last, office.clock.now(), **given
    )  # fmt: skip


def contacts(side):
    return dict(side.contacts)


def test_a_debt_of_days_gone_by_goes_through_the_steps_at_their_time(years):
    owed(years, (date(2026, 11, 2), 12000))
    found = run(years)
    assert (found.looked_at, found.taken_in) == (1, 1)
    assert contacts(found.draft) == {
        ("reminder", "sms"): 1, ("disconnect-notice", "letter"): 1, ("disconnect-notice", "sms"): 1,
    }  # fmt: skip
    assert found.draft.cost_micros > 0 and found.draft.accounts == 1
    assert dict(found.protected) == {"cwr-heat": 1}, "the winter stands against the order"
    assert years.count(Decision) == years.count(Episode) == years.count(Message) == 0, "nothing is written or sent"


def test_the_rules_of_each_day_hold(past):
    """In summer the same account would have been put on the list."""
    owed(past, (date(2026, 5, 4), 12000), service_past_due={"water": 12000}, affects_heat=False)
    summer = parse_policy(RESIDENTIAL.replace("from = 2026-10-01", "from = 2026-04-01"), "draft.toml")
    with past.database.begin() as session:
        for row in session.query(AccountBalance):
            row.oldest_due_on = date(2026, 4, 20)
    found = run(past, summer, date(2026, 5, 4), date(2026, 7, 31))
    assert dict(found.actions) == {"shut-off": 1} and not found.protected


def test_a_draft_that_is_not_yet_in_effect_is_replayed_all_the_same(past):
    owed(past, (date(2026, 11, 2), 12000))
    later = parse_policy(RESIDENTIAL.replace("from = 2026-10-01", "from = 2027-06-01"), "draft.toml")
    assert run(past, later).taken_in == 1


def test_who_paid_ends_on_that_day_and_hears_no_more(past):
    owed(past, (date(2026, 11, 2), 12000), (date(2026, 11, 12), 0))
    found = run(past)
    assert dict(found.ended) == {"paid": 1}
    assert contacts(found.draft) == {("reminder", "sms"): 1}


def test_a_payment_beside_the_balance_counts_until_a_file_knows_of_it(past):
    account = owed(past, (date(2026, 11, 2), 12000))
    with past.database.begin() as session:
        build.payment(session, account, 12000, date(2026, 11, 10))
    found = run(past)
    assert dict(found.ended) == {"paid": 1} and found.draft.contacts.total() == 1
    assert found.draft.paid["reminder"].median == 8


def test_a_hold_protects_on_its_days_only(past):
    account = owed(past, (date(2026, 11, 2), 12000))
    with past.database.begin() as session:
        build.hold(session, account, "medical", starts_on=date(2026, 11, 1), ends_on=date(2027, 3, 1),
                   released_at=datetime(2026, 11, 20, 16, tzinfo=UTC), released_by="ann")  # fmt: skip
    found = run(past)
    assert found.protected["hold-medical"] == 1
    assert contacts(found.draft)["reminder", "sms"] == 1, "after it was released"
    assert found.shielded == 0
    assert run(past, last=date(2026, 11, 19)).shielded == 1


def test_who_had_opted_out_by_then_hears_on_another_channel(past):
    one = owed(past, (date(2026, 11, 2), 12000), phone="+12185550171")
    owed(past, (date(2026, 11, 2), 12000), phone="+12185550172")
    with past.database.begin() as session:
        for number, day in (("+12185550171", date(2026, 11, 1)), ("+12185550172", date(2027, 1, 20))):
            at = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
            consent.record(session, channel="sms", address=number, action="revoked", source="reply", evidence="STOP",
                           at=at)  # fmt: skip
    found = run(past, last=date(2026, 11, 9))
    assert one and contacts(found.draft) == {("reminder", "letter"): 1, ("reminder", "sms"): 1}


def test_households_hear_no_more_than_the_caps_allow_whatever_accounts_they_have(past):
    for _ in range(5):
        owed(past, (date(2026, 11, 2), 12000), household="one mailbox")
    found = run(past, last=date(2026, 11, 8))
    assert found.draft.contacts.total() == 3 == found.draft.busiest_week
    assert dict(found.draft.households) == {3: 1} and found.protected["cap-7d"] == 2


def test_what_staff_really_sent_counts_against_the_caps_and_is_told_beside(past):
    account = owed(past, (date(2026, 11, 2), 12000), phone="+12185550181")
    past.go_to(2026, 11, 1)
    with past.database.begin() as session:
        by_hand = [build.draft(account, recipient="+12185550181", dedupe_key=f"by hand {n}") for n in range(3)]
        enqueue(session, by_hand, past.clock)
    past.go_to(2027, 1, 30)
    found = run(past, last=date(2026, 11, 6))
    assert found.draft.contacts.total() == 0 and found.protected["cap-7d"] == 1
    before = run(past, first=date(2026, 11, 1), last=date(2026, 11, 6))
    assert dict(before.really.households) == {3: 1} and before.written == {"really": 1}
    assert (before.shielded, before.shielded_but_written) == (1, 1)


def test_a_run_of_the_policy_in_use_is_compared_with_what_the_draft_would_have_done(years):
    account = owed(years, (date(2026, 11, 2), 12000))
    years.night(2026, 11, 3)
    with years.database.begin() as session:
        build.payment(session, account, 3000, date(2026, 11, 9))
    years.go_to(2027, 1, 30)
    only_mail = RESIDENTIAL.replace("version = 1", "version = 2").replace('["sms", "email", "letter"]', '["letter"]')
    found = run(years, parse_policy(only_mail.replace(', fallback_after = "24h"', ""), "draft.toml"), last=LAST)
    assert contacts(found.really) == {("reminder", "sms"): 1}
    assert contacts(found.draft)["reminder", "letter"] == 1
    assert found.written == {"both": 1}
    assert found.really.paid["reminder"].median == 6
    lines = "\n".join(found.lines())
    assert "Payments are those that really came" in lines and "Nothing was sent." in lines
    told = json.loads(json.dumps(found.as_json()))
    assert told["written_to"] == {"both": 1} and told["really"]["accounts"] == 1


def test_another_policy_that_comes_before_keeps_its_accounts(past):
    past.use(RESIDENTIAL.replace("residential-past-due", "small-balances").replace("25.00", "10.00"))
    owed(past, (date(2026, 11, 2), 12000))
    assert run(past).taken_in == 0, "small-balances stands before it in the city's order"


def test_without_kept_debts_it_says_that_todays_balances_are_taken(past):
    past.account(balance_as_of=date(2026, 11, 20))
    found = run(past)
    assert found.taken_in == 1 and any("No debts are kept yet" in note for note in found.notes())


def test_a_sample_is_the_same_whenever_asked_and_chunks_change_nothing(past, monkeypatch):
    for number in range(12):
        owed(past, (date(2026, 11, 2), 12000), phone=f"+121855502{number:02}")
    whole = run(past)
    monkeypatch.setattr("comms.campaigns.replaying.CHUNK", 2)
    seen = []
    assert run(past, progress=lambda done, total: seen.append((done, total))).as_json() == whole.as_json()
    assert seen[-1] == (12, 12) and len(seen) == 6
    one, other = run(past, sample=5), run(past, sample=5)
    assert one.looked_at == 5 and one.owing == 12 and one.as_json() == other.as_json()
    assert any("A sample: 41.7%" in note for note in one.notes())


@pytest.mark.parametrize("first,last", [
    (date(2026, 12, 1), date(2026, 11, 1)), (date(2026, 12, 1), date(2027, 3, 1)), (date(2023, 1, 1), LAST),
])  # fmt: skip
def test_days_that_cannot_be_replayed_are_refused(past, first, last):
    with pytest.raises(ReplayError):
        run(past, first=first, last=last)


def test_the_draft_does_what_the_nights_themselves_would_have_done(past):
    """The same policy, night after night for real: the same steps on the same days."""
    owed(past, (date(2026, 11, 2), 12000), phone="+12185550191")
    past.go_to(2026, 11, 2)
    for number in range(45):
        day = FIRST + timedelta(days=number)
        past.night(day.year, day.month, day.day)
    past.go_to(2027, 1, 30)
    found = run(past, last=FIRST + timedelta(days=44))
    assert contacts(found.draft) == contacts(found.really)

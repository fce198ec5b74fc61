"""Whether we may: facts in, a decision out, and every reason that had a say."""

from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest

from comms.accounts.holds import KINDS
from comms.city import load_city
from comms.rules import (
    Action,
    ActiveHold,
    Facts,
    Occasion,
    Purpose,
    Verdict,
    decide,
    reasons_from_json,
    rulebook_of,
)

NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
"""23:00 in Duluth."""
PHONE = "+12185550101"
ALL = ("sms", "email", "letter")
HOUSEHOLD_CAPS = ((timedelta(days=7), 3), (timedelta(days=30), 6))
"""What both offices set: contacts with one household, over all campaigns and manual messages."""


def facts(**given) -> Facts:
    """A customer who owes $120.00 and can be reached on every channel."""
    values = {
        "status": "active", "past_due_cents": 12000, "paid_since_cents": 0,
        "addresses": {"sms": PHONE, "email": "maria@example.com", "letter": "1 Main St\nDuluth MN 55802"},
    }  # fmt: skip
    return Facts(**values | given)


@pytest.fixture
def ask(city):
    def asked(known: Facts | None = None, *, purpose=Purpose.DUNNING, channel="sms", at=NOON, **more):
        return decide(rulebook_of(city), known or facts(), Occasion(purpose, channel, at), **more)

    return asked


def rules_of(decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


@pytest.mark.parametrize("channel", ALL)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_customer_who_owes_and_can_be_reached_may_be_contacted(ask, purpose, channel):
    decision = ask(purpose=purpose, channel=channel)
    assert (decision.verdict, decision.until) == (Verdict.ALLOW, None)
    assert rules_of(decision) == ["may-contact"]


@pytest.mark.parametrize("channel", ALL)
@pytest.mark.parametrize("kind", KINDS)
def test_every_hold_stops_dunning_on_every_channel_and_says_why(ask, kind, channel):
    decision = ask(facts(holds=[ActiveHold(kind, date(2026, 12, 31), None, "")]), channel=channel)
    assert decision.verdict is Verdict.SUPPRESS
    (reason,) = [reason for reason in decision.reasons if reason.verdict is Verdict.SUPPRESS]
    assert reason.rule == f"hold-{kind}"
    assert reason.value == f"{kind}, until 2026-12-31"
    assert reason.citation, "a rule without a source"


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
def test_every_hold_the_office_can_place_has_a_rule_in_both_cities(name):
    assert rulebook_of(load_city(name)).hold_kinds == set(KINDS)


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize("action", [Action.DISCONNECT, Action.REFER])
@pytest.mark.parametrize("kind", KINDS)
def test_every_hold_stops_disconnection_and_referral(name, action, kind):
    known = facts(holds=[ActiveHold(kind, None, None, "")], service_past_due={"water": 12000}, occupancy="owner")
    decision = decide(rulebook_of(load_city(name)), known, Occasion(Purpose.LEGAL, "field", NOON, action))
    assert decision.verdict is Verdict.SUPPRESS
    assert f"hold-{kind}" in rules_of(decision)


@pytest.mark.parametrize("kind", KINDS)
def test_no_hold_stops_an_answer_to_the_customer(ask, kind):
    assert ask(facts(holds=[ActiveHold(kind, None, None, "")]), purpose=Purpose.CONVERSATIONAL).verdict is Verdict.ALLOW


def test_a_promise_does_not_stop_a_notice_the_law_wants(ask):
    promised = facts(holds=[ActiveHold("promise", None, None, "")])
    assert ask(promised, purpose=Purpose.LEGAL, channel="letter").verdict is Verdict.ALLOW
    assert ask(promised, purpose=Purpose.DUNNING, channel="letter").verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("purpose", [Purpose.DUNNING, Purpose.LEGAL, Purpose.INFORMATIONAL])
def test_a_hold_that_nobody_knows_protects(ask, purpose):
    decision = ask(facts(holds=[ActiveHold("lightning", None, None, "")]), purpose=purpose)
    assert decision.verdict is Verdict.SUPPRESS
    assert [(reason.rule, reason.value) for reason in decision.reasons] == [("hold-unknown", "lightning, open-ended")]


@pytest.mark.parametrize(
    ("covered", "paid", "left_alone", "verdict"),
    [
        (12000, 0, 0, Verdict.SUPPRESS),
        (11999, 0, 0, Verdict.ALLOW),
        (5000, 7000, 0, Verdict.SUPPRESS),
        (5000, 6999, 0, Verdict.ALLOW),
        (None, 0, 0, Verdict.SUPPRESS),
        (11500, 0, 500, Verdict.SUPPRESS),
        (11499, 0, 500, Verdict.ALLOW),
        (11500, 0, None, Verdict.SUPPRESS),
        (11499, 0, None, Verdict.ALLOW),
    ],
)
def test_a_promise_holds_dunning_until_more_than_the_policy_leaves_alone_is_owed_beside_it(
    ask, covered, paid, left_alone, verdict
):
    known = facts(holds=[ActiveHold("promise", None, covered, "")], paid_since_cents=paid)
    assert ask(known, settled_at=left_alone).verdict is verdict


def test_amounts_that_are_held_add_up(ask):
    """An agency pledges $80 of $120, the customer promises the rest: nothing is left to ask for. It is so until the
    first of the two is over, and not with a pledge of $70."""
    promised = ActiveHold("promise", None, 4000, "")
    pledged = ActiveHold("energy_assistance", date(2026, 12, 10), 8000, "")
    decision = ask(facts(holds=[pledged, promised]), settled_at=0)
    assert (decision.verdict, rules_of(decision)) == (Verdict.SUPPRESS, ["hold-energy_assistance", "hold-promise"])
    assert decision.next_on == date(2026, 12, 11)
    too_little = ActiveHold("energy_assistance", date(2026, 12, 10), 7000, "")
    assert ask(facts(holds=[too_little, promised]), settled_at=0).verdict is Verdict.ALLOW
    spare = ActiveHold("energy_assistance", date(2026, 12, 1), 2000, "")
    assert ask(facts(holds=[spare, pledged, promised]), settled_at=0).next_on == date(2026, 12, 11)


def test_a_promise_does_not_add_to_a_pledge_where_the_law_wants_a_notice(ask):
    """Legal notices go on under a promise; so does the debt that only the promise covers."""
    holds = [ActiveHold("energy_assistance", None, 8000, ""), ActiveHold("promise", None, 4000, "")]
    decision = ask(facts(holds=holds), purpose=Purpose.LEGAL, channel="letter", settled_at=0)
    assert decision.verdict is Verdict.ALLOW


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize("purpose", [Purpose.DUNNING, Purpose.LEGAL, Purpose.INFORMATIONAL])
def test_nobody_is_written_to_where_they_opted_out(ask, channel, purpose):
    known = facts(addresses={}, blocked_channels={channel: "opted out"})
    decision = ask(known, channel=channel, purpose=purpose)
    assert decision.verdict is Verdict.SUPPRESS
    assert ("consent", "opted out") in [(reason.rule, reason.value) for reason in decision.reasons]


def test_opting_out_of_texts_is_no_opting_out_of_letters(ask):
    known = facts(blocked_channels={"sms": "opted out"}, addresses={"letter": "1 Main St\nDuluth MN"})
    assert ask(known, channel="letter").verdict is Verdict.ALLOW


@pytest.mark.parametrize("channel", ALL)
def test_without_an_address_there_is_nothing_to_write_to(ask, channel):
    decision = ask(facts(addresses={}, unreachable={"letter": "No street."}), channel=channel)
    assert (decision.verdict, rules_of(decision)) == (Verdict.SUPPRESS, ["reachable"])
    assert decision.reasons[0].value == ("No street." if channel == "letter" else "none on file")


@pytest.mark.parametrize("purpose", [Purpose.DUNNING, Purpose.LEGAL])
@pytest.mark.parametrize(("owed", "paid"), [(0, 0), (-500, 0), (12000, 12000), (12000, 15000)])
def test_nobody_who_owes_nothing_is_dunned(ask, owed, paid, purpose):
    decision = ask(facts(past_due_cents=owed, paid_since_cents=paid), purpose=purpose)
    assert (decision.verdict, rules_of(decision)) == (Verdict.SUPPRESS, ["owes"])


def test_a_payment_that_came_back_counts_as_owed_again(ask):
    assert ask(facts(past_due_cents=100, paid_since_cents=-9000)).verdict is Verdict.ALLOW


def test_information_goes_to_customers_who_owe_nothing(ask):
    assert ask(facts(past_due_cents=0), purpose=Purpose.INFORMATIONAL).verdict is Verdict.ALLOW


@pytest.mark.parametrize(("window", "most"), HOUSEHOLD_CAPS)
@pytest.mark.parametrize("purpose", [Purpose.DUNNING, Purpose.INFORMATIONAL])
def test_a_household_is_contacted_so_often_and_no_more(ask, window, most, purpose):
    within = [NOON - window + timedelta(seconds=1 + n) for n in range(most)]
    decision = ask(facts(recent_contacts=within), purpose=purpose)
    assert decision.verdict is Verdict.SUPPRESS
    assert f"cap-{window.days}d" in rules_of(decision)
    assert ask(facts(recent_contacts=within[1:]), purpose=purpose, caps=[(window, most)]).verdict is Verdict.ALLOW


@pytest.mark.parametrize(("window", "most"), HOUSEHOLD_CAPS)
def test_what_is_older_than_the_window_does_not_count(ask, window, most):
    before = [NOON - window] * most
    assert ask(facts(recent_contacts=before), caps=[(window, most)]).verdict is Verdict.ALLOW


@pytest.mark.parametrize("purpose", [Purpose.LEGAL, Purpose.CONVERSATIONAL])
def test_caps_stop_neither_the_law_nor_an_answer(ask, purpose):
    assert ask(facts(recent_contacts=[NOON] * 50), purpose=purpose).verdict is Verdict.ALLOW


def test_a_policy_may_set_stricter_caps(ask):
    one = facts(recent_contacts=[NOON - timedelta(days=1)])
    assert ask(one).verdict is Verdict.ALLOW
    assert ask(one, caps=[(timedelta(days=7), 1)]).verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize("purpose", [Purpose.DUNNING, Purpose.LEGAL, Purpose.INFORMATIONAL])
def test_a_text_or_an_email_waits_for_the_morning(ask, purpose, channel):
    decision = ask(at=NIGHT, purpose=purpose, channel=channel)
    assert decision.verdict is Verdict.DEFER
    assert decision.until == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert [(r.rule, r.value) for r in decision.reasons] == [("quiet-hours", "2026-11-23 23:00 CST")]


def test_an_answer_does_not_wait_and_neither_do_letters(ask):
    assert ask(at=NIGHT, purpose=Purpose.CONVERSATIONAL).verdict is Verdict.ALLOW
    assert ask(at=NIGHT, channel="letter").verdict is Verdict.ALLOW


def test_the_most_protective_wins_and_every_reason_is_listed(ask):
    known = facts(
        holds=[ActiveHold("medical", date(2026, 12, 1), None, ""), ActiveHold("dispute", None, None, "")],
        paid_since_cents=12000,
        recent_contacts=[NIGHT - timedelta(hours=n) for n in range(6)],
    )
    decision = ask(known, at=NIGHT)
    assert (decision.verdict, decision.until) == (Verdict.SUPPRESS, None)
    assert rules_of(decision) == ["hold-medical", "hold-dispute", "owes", "cap-7d", "cap-30d", "quiet-hours"]


def test_reasons_survive_being_stored(ask):
    decision = ask(facts(holds=[ActiveHold("military", None, None, "")]), at=NIGHT)
    assert reasons_from_json(decision.as_json()) == decision.reasons


def test_deciding_changes_nothing_and_says_the_same_again(ask):
    addresses = MappingProxyType({"sms": PHONE})
    known = facts(addresses=addresses, holds=(), recent_contacts=(NOON,), blocked_channels=MappingProxyType({}))
    assert ask(known) == ask(known)

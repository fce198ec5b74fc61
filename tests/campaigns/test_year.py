"""A year of a town, and its ledger: nobody is written to twice, too soon, too often, at night, or under a hold.

Run with ``-s`` to read the ledger.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from comms.accounts.schema import Account, Payment
from comms.campaigns import Decision
from comms.outbox import Message
from tests.campaigns.conftest import Evenings
from tests.campaigns.rooms import Rooms, refuses
from tests.campaigns.season import Season
from tests.support import policies
from tests.support.town import Town

DUNNING = ("dunning", "legal")
RECALLED = ("cancelled", "suppressed", "superseded")
NEVER_LEFT = ("failed", *RECALLED)
"""What the carrier refused reached nobody, and is no contact to the rules (``campaigns.facts.NO_CONTACT``)."""
UNDONE = ("failed", "undelivered", "bounced", "returned", *RECALLED)
GAPS = {
    "second-reminder": ("reminder", 7),
    "disconnect-notice": ("reminder", 10),
    "final-notice": ("disconnect-notice", 14),
}
"""Days at least from one step to another, in Duluth's policies; to the disconnect notice they are business days."""


@pytest.mark.parametrize(
    ("city", "accounts", "seed"),
    [("duluth-mn", 5000, 20261001), ("kent-oh", 1000, 44240), ("duluth-mn", 400, 1), ("kent-oh", 400, 2)],
)
def test_a_year_of_a_town_keeps_every_rule(city, accounts, seed):
    """Bills, payments, promises, holds, opt-outs, returned mail, failed texts, missed files and nights, a week without
    a server, nights planned twice, and an hour of the day drawn for each night."""
    town = Town(city, accounts, seed)
    ledger = town.live(365)
    for line in (f"\n{city}, {accounts:,} accounts, a year from {town.first}", *ledger.lines()):
        print(line)
    assert not ledger.faults, "\n".join(ledger.faults[:20])
    assert ledger.nights > 300 and ledger.asleep > 20
    if accounts >= 1000:
        _something_of_everything_happened(ledger)


def _something_of_everything_happened(ledger) -> None:
    """Else the year would prove nothing."""
    counts, protected = ledger.counts, {rule for (kind, rule), times in ledger.outcomes.items() if kind == "protected"}
    for what in ("disconnected", "opt-outs", "promises kept", "promises partial", "promises broken"):
        assert counts[what] > 3, what
    for what in ("recalled", "returned mail", "failed on every channel", "field order recalled or not done"):
        assert counts[f"steps undone: {what}"], what
    assert {"quiet-hours", "dunning-days", "disconnect-days", "hold-promise", "hold-medical", "reachable"} <= protected
    assert any(one.occurrence > 1 for one, _, _ in ledger.decided), "something was taken again"
    assert {step for _, step, _ in ledger.steps} >= {"reminder", "disconnect-notice", "final-notice", "shut-off"}
    assert ledger.closed["paid"] > 100
    assert len({sent.zones for sent in ledger.sent}) > 5, "phones ring in many zones"


@pytest.fixture
def rooms(database, clock, city, renderer, tmp_path):
    """An office with the city's own policies in use."""
    with database.begin() as session:
        policies.activate(session, city)
    opened = Rooms(Evenings(database, clock, city, renderer), tmp_path)
    yield opened
    opened.dispatcher.close()


def test_sixty_nights_of_an_office_keep_every_rule(rooms, two_at_once):
    """150 late payers over the end of summer time and three holidays, with every room as it is; texts and letters are
    held against a record of their own when they are taken."""
    season = Season(rooms, two_at_once, accounts=150, seed=7, first=date(2026, 10, 20))
    season.live(60)
    print(f"\n{season.rooms.database.engine.dialect.name}")
    for name, times in sorted(season.ledger.items()):
        print(f"  {name:<48}{times:>8,}")
    assert not season.faults, "\n".join(season.faults[:20])
    messages = [one for one in rooms.messages(Message.purpose.in_(DUNNING)) if one.decision_id is not None]
    decisions = {one.id: one for one in rooms.decisions(Decision.outcome.in_(("contact", "action")))}
    with rooms.database.read() as session:
        assert (session.scalar(select(func.sum(Payment.amount_cents))) or 0) == season.paid
        steps = _taken(session.execute(select(Decision).where(Decision.occurrence.is_not(None))).scalars())
    _each_left_once(rooms, season)
    _traced(messages, decisions)
    _in_order(rooms.city, steps, _by_decision(messages))
    _capped(rooms, messages)
    for account in season.owed:
        rooms.told(account)
    assert season.ledger["left: past-due-reminder by sms"] > 30 and season.ledger["letters mailed"] > 20
    assert season.ledger["nights planned by two at once"] and season.ledger["runs never released"]


def test_the_next_channel_is_not_tried_once_the_step_is_taken_anew(rooms):
    """Found by the sixty nights: workers were away for a day, the planner was not. The step was decided anew, and then
    the email of the first time followed as well."""
    rooms.go_to(2026, 11, 23, 18)
    account = rooms.account(email="maria@example.com")
    rooms.sms.answer = lambda outgoing: refuses("30003", "unreachable handset")
    rooms.evening(2026, 11, 23, 18)
    rooms.sms.answer = rooms.sms.accept
    rooms.go_to(2026, 11, 24, 19)
    rooms.tonight()
    assert rooms.steps(account) == ["reminder", "reminder 2"]
    rooms.keep_house()
    assert [(one.channel, one.state) for one in rooms.of(account)] == [("sms", "failed"), ("sms", "submitted")]


def _each_left_once(rooms, season) -> None:
    taken = Counter(outgoing.message_id for _, outgoing in (*rooms.sms.ledger, *rooms.email.ledger))
    assert max(taken.values()) == 1, "no carrier got a message twice"
    season.rooms.clock.advance(timedelta(days=5))
    stuck = rooms.messages(Message.state.in_(("queued", "claimed", "unknown", "held")), Message.channel != "letter")
    assert not [one.id for one in stuck if one.created_at < rooms.clock.now() - timedelta(days=8)], "none is stuck"


def _traced(messages, decisions) -> None:
    """Every contact leads to a decision with its reasons; every decision that was released, to its messages."""
    for message in messages:
        decision = decisions[message.decision_id]
        assert decision.state == "released" and decision.reasons and decision.account_id == message.account_id
        assert all(reason["rule"] and reason["citation"] for reason in decision.reasons)
    released = {id_ for id_, one in decisions.items() if one.state == "released"}
    assert released == {one.decision_id for one in messages}


def _taken(decisions) -> dict[int, list[Decision]]:
    found = defaultdict(list)
    for one in sorted(decisions, key=lambda one: (one.decided_at, one.id)):
        found[one.episode_id].append(one)
    return found


def _by_decision(messages) -> dict[int, list[Message]]:
    found = defaultdict(list)
    for message in messages:
        found[message.decision_id].append(message)
    return found


def _in_order(city, steps, messages) -> None:
    """No step before its time, none skipped, none again unless the one before came to nothing."""
    for taken in steps.values():
        days = Counter(city.local_date(one.decided_at) for one in taken)
        assert max(days.values()) == 1, "one step a night"
        last = {}
        for one in taken:
            before = last.get(one.step)
            assert one.occurrence == (before.occurrence + 1 if before else 1)
            assert before is None or _undone(before, messages) or _undone_above(one, taken, messages), "again"
            after, least = GAPS.get(one.step, ("", 0))
            if after in last and not _undone(last[after], messages):
                since, on = (city.local_date(which.decided_at) for which in (last[after], one))
                business = one.step == "disconnect-notice"
                due = city.add_business_days(since, least) if business else since + timedelta(least)
                assert due <= on, f"{one.step} on {on}, {after} on {since}"
            if one.step in ("final-notice", "shut-off"):
                assert "disconnect-notice" in last, "the required notice was skipped"
            last[one.step] = one


def _undone_above(one, taken, messages) -> bool:
    """A notice that comes again after the one before it had to be sent again."""
    return any(_undone(earlier, messages) for earlier in taken if earlier.step == GAPS.get(one.step, ("",))[0])


def _undone(decision, messages) -> bool:
    """Whether the step came to nothing: no message of it stands, or its letter does not."""
    written = messages[decision.id]
    letters = [one for one in written if one.channel == "letter" and one.copy_of_id is None]
    required = {send["channel"] for send in decision.sends if send["required"]}
    if letters and required == {"letter"}:
        return all(one.state in UNDONE for one in letters)
    return all(one.state in UNDONE for one in written)


def _capped(rooms, messages) -> None:
    """Three contacts in a week with one household, six in thirty days; the law's own notices are not dunning."""
    with rooms.database.read() as session:
        households = dict(session.execute(select(Account.id, Account.household)).all())
    lately = defaultdict(list)
    never_left = {message.id for message in messages if message.state in NEVER_LEFT}
    for message in messages:
        first = message.fallback_of_id is None or message.fallback_of_id in never_left
        if first and message.copy_of_id is None and message.id not in never_left:
            lately[households[message.account_id]].append(message)
    for sent in lately.values():
        for message in [one for one in sent if one.purpose == "dunning"]:
            for days, most in ((7, 3), (30, 6)):
                since = message.created_at - timedelta(days)
                seen = [one for one in sent if since < one.created_at <= message.created_at]
                told = [(one.notice, one.channel, one.state, one.created_at.isoformat()) for one in seen]
                assert len(seen) <= most, f"{len(seen)} contacts in {days} days: {told}"

"""Holds as an office places them: with who and why, for an amount or for all, and none that nobody ever looks at."""

from datetime import date, timedelta

import pytest

from comms.accounts import Account, Hold, holds
from comms.history.timeline import timeline
from comms.outbox import Message, enqueue, holding
from comms.worklist import Task, open_tasks
from tests.support import build

MONDAY = date(2026, 11, 23)


class Holding:
    def __init__(self, database, city, clock):
        self.database, self.city, self.clock = database, city, clock
        with database.begin() as session:
            self.account_id = build.account(session, number="0000123-47").id

    def place(self, kind="medical", **more):
        more = {"note": "Letter of Dr. Lee seen", "by": "user:park"} | more
        with self.database.begin() as session:
            return holding.place(session, self.city, self.clock, self.account_id, kind, **more)

    def look_after(self):
        with self.database.begin() as session:
            return holding.look_after(session, self.city, self.clock)

    def days_pass(self, days):
        self.clock.advance(timedelta(days=days))

    def hold(self, hold_id):
        with self.database.read() as session:
            return session.get(Hold, hold_id)

    def active(self):
        today = self.city.local_date(self.clock.now())
        with self.database.read() as session:
            return [hold.id for hold in holds.active(session, [self.account_id], today).get(self.account_id, [])]

    def tasks(self, kind):
        with self.database.read() as session:
            return [task.reason for task in open_tasks(session, [kind])]

    def said(self):
        with self.database.read() as session:
            return [(event.kind, event.summary) for event in timeline(session, self.account_id)]


@pytest.fixture
def office(database, city, clock):
    return Holding(database, city, clock)


def test_a_hold_says_who_why_how_long_and_how_much(office):
    hold_id = office.place("dispute", ends_on=date(2026, 12, 31), amount_cents=4_550)
    assert office.active() == [hold_id]
    kind, said = office.said()[-1]
    assert kind == "hold.placed"
    assert said == ("Hold for a dispute placed from 2026-11-23 until 2026-12-31, for $45.50: Letter of Dr. Lee seen")
    assert office.hold(hold_id).source == "user:park"


def test_what_has_not_left_is_put_aside_when_a_hold_comes_and_when_it_goes(office):
    def queue():
        with office.database.begin() as session:
            version = session.get(Account, office.account_id).facts_version
            return enqueue(session, [build.draft(office.account_id, facts_version=version)], office.clock)[0]

    def state(message_id):
        with office.database.read() as session:
            return session.get(Message, message_id).state

    first = queue()
    hold_id = office.place()
    assert state(first) == "held"
    second = queue()
    with office.database.begin() as session:
        assert holding.release(session, office.clock, hold_id, by="user:lee", because="moved away").released_by
        assert holding.release(session, office.clock, hold_id, by="user:lee", because="moved away") is None
    assert state(second) == "held" and office.active() == []
    assert office.said()[-1] == ("hold.released", "Medical hold released: moved away")


def test_a_hold_without_an_end_is_looked_at_after_a_month(office):
    hold_id = office.place()
    assert office.hold(hold_id).review_on == MONDAY + timedelta(days=30)
    assert office.look_after().reviews == 0
    office.days_pass(30)
    assert (office.look_after().reviews, office.look_after().reviews) == (1, 0)
    (task,) = office.tasks("hold_review")
    assert f"comms hold review {hold_id} --again DATE" in task and office.active() == [hold_id], "it goes on holding"


def test_a_reviewed_hold_stands_and_is_looked_at_again(office):
    hold_id = office.place(review_on=MONDAY)
    assert office.look_after().reviews == 1
    with office.database.begin() as session:
        holding.review(
            session, office.city, office.clock, hold_id, by="user:lee", note="still ill",
            again_on=date(2027, 1, 4), ends_on=date(2027, 2, 1),
        )  # fmt: skip
    assert office.tasks("hold_review") == [] and office.look_after().reviews == 0
    assert (office.hold(hold_id).review_on, office.hold(hold_id).ends_on) == (date(2027, 1, 4), date(2027, 2, 1))
    assert office.said()[-1][0] == "hold.reviewed"
    office.days_pass(50)
    assert office.look_after().reviews == 1
    with office.database.begin() as session, pytest.raises(ValueError, match="a day after today"):
        holding.review(session, office.city, office.clock, hold_id, by="user:lee", note="still ill", again_on=MONDAY)


def test_a_hold_ends_after_its_last_day_once_and_its_review_with_it(office):
    hold_id = office.place(ends_on=date(2026, 11, 25), review_on=date(2026, 11, 24))
    with office.database.read() as session:
        before = session.get(Account, office.account_id).facts_version
    office.days_pass(2)
    assert (office.look_after().expired, office.active()) == (0, [hold_id]), "its last day is held"
    office.days_pass(1)
    kept = office.look_after()
    assert (kept.expired, kept.closed, kept.account_ids) == (1, 1, (office.account_id,))
    assert office.look_after().expired == 0 and office.active() == []
    assert office.said()[-1] == ("hold.released", "Medical hold ended: its last day was 2026-11-25")
    with office.database.read() as session:
        assert session.get(Account, office.account_id).facts_version == before + 1


def test_two_processes_end_a_hold_once(office, two_at_once):
    office.place(ends_on=MONDAY)
    office.days_pass(1)
    two_at_once(office.look_after)
    assert [kind for kind, _ in office.said()] == ["hold.placed", "hold.released"]


def test_a_review_is_settled_when_the_billing_system_ends_the_hold(office):
    hold_id = office.place(review_on=MONDAY)
    office.look_after()
    with office.database.begin() as session:
        holds.release(session, hold_id, "cis", office.clock.now())
    assert office.look_after().closed == 1 and office.tasks("hold_review") == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "promise"}, "not a kind of hold"),
        ({"note": "x"}, "must say why"),
        ({"ends_on": date(2026, 11, 20), "starts_on": date(2026, 11, 1)}, "would have ended"),
        ({"ends_on": date(2026, 11, 24), "starts_on": date(2026, 11, 25)}, "before it starts"),
        ({"review_on": date(2026, 11, 1)}, "reviewed on 2026-11-01 before it starts"),
        ({"amount_cents": 0}, "more than nothing"),
    ],
)
def test_a_hold_that_cannot_be_is_refused(office, given, says):
    with pytest.raises(ValueError, match=says):
        office.place(**given)
    assert office.active() == []


@pytest.fixture
def pledge(office):
    with office.database.begin() as session:
        return build.hold(
            session, office.account_id, "energy_assistance", source="pledge:abc:1", amount_cents=20_000,
            starts_on=MONDAY, ends_on=date(2026, 12, 23), note="AEOA pledged $200.00 on 2026-11-23",
        ).id  # fmt: skip


def test_a_pledge_that_was_paid_holds_no_more(office, pledge):
    with office.database.begin() as session:
        build.payment(session, office.account_id, 15_000, MONDAY, kind="assistance")
        build.payment(session, office.account_id, 9_000, MONDAY)
    assert office.look_after().paid == 0, "what the customer paid is not the agency's"
    with office.database.begin() as session:
        build.payment(session, office.account_id, 5_000, date(2026, 11, 24), kind="assistance")
    assert (office.look_after().paid, office.active()) == (1, [])
    assert office.said()[-1][1] == "Energy assistance hold ended: the pledge was paid"


def test_a_pledge_that_was_not_paid_is_put_before_staff(office, pledge):
    office.days_pass(31)
    assert office.look_after().expired == 1
    assert office.tasks("pledge_lapsed") == [
        "AEOA pledged $200.00 on 2026-11-23: it was not paid by 2026-12-23. Ask the agency before collection goes on."
    ]


def test_a_list_shows_what_is_asked_for(office, city, clock):
    medical, dispute = office.place(review_on=MONDAY), office.place("dispute", ends_on=date(2026, 12, 1))
    with office.database.read() as session:

        def listed(**which):
            return [hold.id for hold, _ in holding.listing(session, MONDAY, **which)]

        assert listed() == [medical, dispute]
        assert (listed(kind="dispute"), listed(due=True), listed(account_id=999)) == ([dispute], [medical], [])
        assert [hold.id for hold, _ in holding.listing(session, date(2026, 12, 2))] == [medical]
        assert len(holding.listing(session, date(2026, 12, 2), ended=True)) == 2


def test_nobody_on_file_for_copies_is_asked_for_once(database, city, clock):
    from comms.accounts import copy_recipients
    from comms.outbox.third_parties import ask_for_addresses

    with database.begin() as session:
        marked = build.account(session, flags=["third_party_notice"])
        build.account(session, flags=["third_party_notice"], past_due_cents=0)
        other = build.account(session, flags=["third_party_notice", "no_text"])
        build.account(session)
        assert ask_for_addresses(session, city, clock) == (2, 0)
        assert ask_for_addresses(session, city, clock) == (0, 0)
        copy_recipients.add(
            session, marked.id, kind="third_party", name="Ann Jensen", authority="Signed request of Nov 2",
            starts_on=MONDAY, by="user:park", at=clock.now(), email="ann@example.com",
        )  # fmt: skip
        other.flags = []
        session.flush()
        assert ask_for_addresses(session, city, clock) == (0, 2)
        assert {task.state for task in session.query(Task).all()} == {"resolved"}

"""Arrangements held to the money: paid down, missed, ended; and what the debt they hold means for the dunning."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from comms import history, promises, worklist
from comms.accounts import Account, holds
from comms.accounts.balances import paid_since
from comms.promises import Part
from comms.promises.schema import Promise, PromisePart
from comms.promises.wording import in_words
from comms.rules import ActiveHold, Facts, Occasion, Purpose, decide, rulebook_of
from tests.support import build

FIRST, SECOND, THIRD = date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 1)
FOURTH = date(2027, 3, 1)


@pytest.fixture
def book(sqlite_database, city, clock):
    class Book:
        """One account that owes $120.00, and its promises."""

        def __init__(self, session):
            self.session = session
            self.account_id = build.account(session).id

        def agree(self, *, missed=1):
            """The standard arrangement: $30.00 down and three months of $30.00."""
            found = promises.arrangement_for(session, city, clock, self.account_id)
            made = promises.propose(
                session, city, clock, account_id=self.account_id, parts=found.parts, source="counter",
                kind="arrangement", category="arrangement", terms=found.terms | {"broken_after_missed": missed},
            )  # fmt: skip
            promises.open_(session, city, clock, made.promise_id, actor="user:dana")
            return made.promise_id

        def promise(self, due_on, cents):
            made = promises.propose(
                session, city, clock, account_id=self.account_id, parts=[Part(due_on, cents)], source="sms"
            )
            promises.open_(session, city, clock, made.promise_id, actor="customer")
            return made.promise_id

        def pay(self, cents, day, **more):
            return build.payment(session, self.account_id, cents, day, **more).transaction_id

        def night(self, day, *, covered=True):
            clock.set(datetime.combine(day, datetime.min.time(), city.zone) + timedelta(hours=23))
            if covered:
                build.import_file(session, kind="payments", covers_until=day)
            return promises.evaluate(session, city, clock)

        def status(self, promise_id):
            return session.get(Promise, promise_id, populate_existing=True).status

        def parts(self, promise_id):
            rows = session.query(PromisePart).filter_by(promise_id=promise_id).order_by(PromisePart.seq)
            return [(part.state, part.allocated_cents) for part in rows.populate_existing()]

        def held(self):
            return [
                (hold.source, hold.amount_cents)
                for hold in holds.active(session, [self.account_id], city.local_date(clock.now())).get(
                    self.account_id, []
                )
            ]

        def tasks(self, kind):
            return [task.reason for task in worklist.open_tasks(session, [kind])]

        def dunned(self, past_due_cents, *, settled_at=None):
            """Whether a reminder may go out, with this balance of the billing system."""
            session.query(Account).filter_by(id=self.account_id).update({"past_due_cents": past_due_cents})
            found = holds.active(session, [self.account_id], city.local_date(clock.now())).get(self.account_id, [])
            facts = Facts(
                status="active", past_due_cents=past_due_cents,
                paid_since_cents=paid_since(session, [self.account_id]).get(self.account_id, 0),
                holds=[ActiveHold(one.kind, one.ends_on, one.amount_cents, one.note) for one in found],
                addresses={"sms": "+12185550101"},
            )  # fmt: skip
            noon = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
            asked = Occasion(Purpose.DUNNING, "sms", noon)
            ruling = decide(rulebook_of(city), facts, asked, settled_at=settled_at)
            return ruling.verdict == "allow"

    with sqlite_database.begin() as session:
        yield Book(session)


def test_an_arrangement_is_kept_payment_by_payment(book):
    promise_id = book.agree()
    for day in (FIRST, SECOND, THIRD):
        book.pay(3000, day)
        book.night(day + timedelta(2))
        assert book.status(promise_id) == "open"
    book.pay(3000, FOURTH)
    assert book.night(FOURTH).kept == 1
    assert book.held() == []


def test_one_large_payment_fills_the_oldest_payments_first(book):
    promise_id = book.agree()
    book.pay(7000, FIRST)
    book.night(FIRST)
    assert book.parts(promise_id) == [("kept", 3000), ("kept", 3000), ("waiting", 1000), ("waiting", 0)]


def test_a_missed_payment_breaks_it_though_others_were_made(book):
    promise_id = book.agree()
    book.pay(3000, FIRST)
    book.pay(1000, SECOND)
    found = book.night(SECOND + timedelta(5))
    assert (found.broken, book.status(promise_id)) == (1, "broken")
    assert [state for state, _ in book.parts(promise_id)] == ["kept", "partial", "closed", "closed"]
    assert book.held() == []
    (reason,) = book.tasks("promise")
    assert reason.startswith("Payment arrangement broken, $40.00 came in")


def test_where_the_terms_allow_one_miss_it_goes_on_and_staff_hear_of_it(book):
    promise_id = book.agree(missed=2)
    book.pay(3000, FIRST)
    book.night(SECOND + timedelta(5))
    assert (book.status(promise_id), len(book.held())) == ("open", 1)
    assert "Payment arrangement goes on with 1 missed" in book.tasks("promise")[0]
    book.night(SECOND + timedelta(6))
    kinds = [entry.kind for entry in history.timeline(book.session, book.account_id)]
    assert kinds.count("promise.part_missed") == 1
    for day in (THIRD, FOURTH):
        book.pay(3000, day)
    book.night(FOURTH + timedelta(5))
    assert book.status(promise_id) == "partial"


def test_the_second_miss_breaks_it_then(book):
    promise_id = book.agree(missed=2)
    book.night(THIRD + timedelta(5))
    assert book.status(promise_id) == "broken"


def test_a_bounced_payment_breaks_a_kept_arrangement(book):
    promise_id = book.agree()
    paid = book.pay(12000, FIRST)
    assert book.night(FIRST).kept == 1
    book.pay(-12000, FOURTH, kind="reversal", reverses=paid)
    found = book.night(FOURTH + timedelta(30))
    assert (found.reopened, book.status(promise_id)) == (1, "broken")
    (reason,) = book.tasks("decision_reopened")
    assert "Payment arrangement that was kept is now broken, because payments changed" in reason


def test_staff_hear_of_a_bounced_payment_in_the_middle_of_an_arrangement(book):
    promise_id = book.agree()
    paid = book.pay(3000, FIRST)
    book.night(FIRST)
    book.pay(-3000, FIRST, kind="reversal", reverses=paid)
    assert book.night(FIRST).reopened == 1
    assert book.status(promise_id) == "open", "there is a day left to pay again"
    (reason,) = book.tasks("decision_reopened")
    assert "that was open with a part of it decided is now open, because payments changed" in reason
    assert book.night(FIRST).reopened == 0


def test_a_payment_taken_back_in_part_leaves_the_rest(book):
    promise_id = book.promise(FIRST, 6000)
    paid = book.pay(6000, FIRST)
    book.night(FIRST)
    book.pay(-2000, FIRST, kind="reversal", reverses=paid)
    book.night(FIRST + timedelta(5))
    assert (book.status(promise_id), book.parts(promise_id)) == ("partial", [("partial", 4000)])


def test_a_bounced_payment_opens_no_old_promise_beside_the_new_one(book):
    first = book.promise(FIRST, 6000)
    paid = book.pay(6000, date(2026, 11, 24))
    book.night(date(2026, 11, 24))
    second = book.promise(SECOND, 6000)
    book.pay(-6000, date(2026, 11, 25), kind="reversal", reverses=paid)
    book.night(date(2026, 11, 26))
    assert [book.status(one) for one in (first, second)] == ["superseded", "open"]
    assert [source for source, _ in book.held()] == [f"promise:{second}"]


def test_the_database_itself_lets_no_account_have_two_open_promises(book):
    first = book.promise(FIRST, 6000)
    second = book.promise(FIRST, 6000)
    assert [book.status(one) for one in (first, second)] == ["superseded", "open"]
    with pytest.raises(IntegrityError), book.session.begin_nested():
        book.session.query(Promise).filter_by(id=first).update({"status": "open"})


def test_a_promise_missed_before_it_was_taken_back_is_still_missed(book, city, clock):
    promise_id = book.promise(FIRST, 6000)
    book.night(FIRST + timedelta(3), covered=False)
    promises.withdraw(book.session, city, clock, promise_id, by="customer", actor="customer", reason="Cannot.")
    assert book.night(FIRST + timedelta(4)).broken == 1
    assert promises.broken_before(book.session, book.account_id, city, clock) == 1


def test_credit_alone_settles_and_assistance_beside_money_too(book):
    promise_id = book.promise(FIRST, 6000)
    book.pay(6000, FIRST, kind="adjustment")
    assert book.night(FIRST + timedelta(3)).settled_other == 1
    assert book.parts(promise_id) == [("closed", 0)], "no money of the customer's own"


def test_an_arrangement_of_many_months_is_watched_as_long_as_it_is_open(book):
    promise_id = book.agree()
    far = book.session.query(PromisePart).filter_by(promise_id=promise_id, seq=4).one()
    far.due_on = far.on_time_until = far.deadline_on = date(2028, 3, 1)
    far.deadline_at = datetime(2028, 3, 2, 6, tzinfo=UTC)
    book.session.flush()
    book.pay(9000, FIRST)
    book.night(date(2028, 2, 1))
    book.pay(3000, date(2028, 2, 2))
    assert book.night(date(2028, 2, 2)).kept == 1


def test_what_is_held_goes_down_with_the_debt_and_up_again_when_a_payment_bounces(book):
    promise_id = book.agree()
    paid = book.pay(3000, FIRST)
    book.night(FIRST)
    assert book.held() == [(f"promise:{promise_id}", 9000)]
    book.pay(-3000, FIRST, kind="reversal", reverses=paid)
    book.night(FIRST)
    assert book.held() == [(f"promise:{promise_id}", 12000)]


def test_a_reopened_promise_holds_what_is_left(book):
    promise_id = book.promise(FIRST, 6000)
    book.pay(4000, date(2026, 11, 24))
    paid = book.pay(2000, date(2026, 11, 24))
    book.night(date(2026, 11, 24))
    assert book.held() == []
    book.pay(-2000, date(2026, 11, 24), kind="reversal", reverses=paid)
    book.night(date(2026, 11, 25))
    assert book.held() == [(f"promise:{promise_id}", 8000)]


@pytest.mark.parametrize(
    ("balance", "settled_at", "dunned"),
    [(12000, 500, False), (12001, 500, False), (12500, 500, False), (12501, 500, True), (12001, 0, True)],
)
def test_a_late_fee_does_not_end_the_hold_and_a_new_bill_does(book, balance, settled_at, dunned):
    book.agree()
    assert book.dunned(balance, settled_at=settled_at) is dunned


def test_after_half_was_paid_a_new_bill_is_not_taken_for_the_old_debt(book):
    book.agree()
    book.pay(6000, FIRST)
    book.night(FIRST)
    book.session.query(Account).filter_by(id=book.account_id).update({"balance_as_of": FIRST})
    assert book.dunned(6000) is False
    assert book.dunned(12000) is True, "$60.00 of it are new"


def test_a_long_schedule_is_told_by_its_ends():
    parts = [Part(FIRST + timedelta(7 * n), 1000) for n in range(8)]
    assert in_words(parts) == "$10.00 by Mon Nov 30, 2026, 6 more, and $10.00 by Mon Jan 18, 2027"

"""What follows when the billing system says something new: what has not left is decided again before it does."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from comms.accounts import consent, contacts
from comms.accounts.facts import touch
from comms.accounts.importing import import_accounts, import_payments
from comms.accounts.schema import Account
from comms.campaigns import redecide
from comms.field import FieldList, FieldOrder
from comms.outbox import Message, enqueue, fall_back
from comms.outbox.claims import claim
from comms.worklist import open_tasks, resolve
from tests.campaigns.conftest import RESIDENTIAL
from tests.support import build, exports


@pytest.fixture
def imported(evenings, tmp_path):
    """Three customers of an export who owe $50.00 each, with tonight's texts queued."""
    path = exports.accounts_file(tmp_path, [exports.duluth_row(n) for n in (1, 2, 3)])
    assert import_accounts(evenings.database, evenings.city, evenings.clock, path).taken == 3
    evenings.tonight()
    assert [m.channel for m in evenings.messages()] == ["sms"] * 3
    return evenings


def take_in_payments(evenings, folder, *rows):
    path = exports.payments_file(folder, rows)
    summary = import_payments(evenings.database, evenings.city, evenings.clock, path)
    assert summary.taken == len(rows)
    return evenings.follow(*summary.touched)


def by_state(evenings):
    return [(m.account_id, m.state) for m in evenings.messages()]


def sent_on(evenings, lane="sms"):
    with evenings.database.begin() as session:
        taken = claim(session, evenings.city, lane=lane, owner="w", now=evenings.clock.now(), limit=100)
    return [message.id for message in taken.sendable], taken.aside


def test_a_whole_payment_calls_the_text_back_and_the_history_says_why(imported, tmp_path):
    followed = take_in_payments(imported, tmp_path, exports.payment_row(1, "T1"))
    assert (followed.set_aside, followed.called_back, followed.written_anew) == (1, 1, 0)
    assert by_state(imported) == [(1, "suppressed"), (2, "queued"), (3, "queued")]
    assert imported.messages()[0].state_reason.startswith("owes: balance past due $50.00, paid since $50.00")
    assert imported.told(1) == ["notice.queued", "payment.posted", "notice.suppressed"]


def test_a_part_payment_has_the_text_written_anew_from_todays_facts(imported, tmp_path):
    followed = take_in_payments(imported, tmp_path, exports.payment_row(2, "T1", AMOUNT="20.00"))
    assert (followed.called_back, followed.written_anew) == (0, 1)
    old, new = imported.messages(Message.account_id == 2)
    assert (old.state, new.state) == ("superseded", "queued")
    assert new.facts_version == old.facts_version + 1
    assert (new.decision_id, new.run_id, new.fallback) == (old.decision_id, old.run_id, old.fallback)
    assert imported.told(2) == ["notice.queued", "payment.posted", "notice.queued"]
    sendable, aside = sent_on(imported)
    assert new.id in sendable and old.id not in sendable and aside == {}


def test_a_new_balance_changes_what_the_text_says_and_not_when_to_pay(imported, tmp_path):
    imported.go_to(2026, 11, 24, 10)
    rows = [exports.duluth_row(n) for n in (1, 3)]
    rows.insert(1, exports.duluth_row(2, BAL_30="10.00", BAL_60="21.50", PD_GAS="31.50", PD_WATER="0.00",
                                      PD_SEWER="0.00", PD_STORM="0.00"))  # fmt: skip
    summary = import_accounts(
        imported.database, imported.city, imported.clock, exports.accounts_file(tmp_path, rows, "2026-11-23")
    )
    imported.follow(*summary.touched)
    old, new = imported.messages(Message.account_id == 2)
    assert "$50.00" in old.body_text and "as of Fri Nov 20" in old.body_text
    assert "$31.50" in new.body_text and "as of Mon Nov 23" in new.body_text
    assert new.amount_cents == 3150
    assert old.body_text.partition("Pay by ")[2][:6] == new.body_text.partition("Pay by ")[2][:6]


def test_following_twice_changes_nothing_more(imported, tmp_path):
    take_in_payments(imported, tmp_path, exports.payment_row(1, "T1"), exports.payment_row(2, "T2", AMOUNT="20.00"))
    before = by_state(imported)
    again = imported.follow()
    assert (again.set_aside, again.called_back, again.written_anew) == (0, 0, 0)
    assert by_state(imported) == before


def test_two_that_decide_again_at_once_write_each_once(imported, two_at_once):
    with imported.database.begin() as session:
        touch(session, [1, 2, 3], imported.clock.now())
    assert sent_on(imported) == ([], {"held": 3})
    written = two_at_once(
        lambda: imported.database.run(
            lambda session: redecide(session, imported.city, imported.renderer, imported.clock)
        )
    )
    assert sum(len(ids) for ids in written) == 3
    assert [m.state for m in imported.messages()] == ["superseded"] * 3 + ["queued"] * 3


def test_who_opts_out_meanwhile_hears_by_the_next_channel(imported):
    with imported.database.begin() as session:
        consent.record(
            session, channel="sms", address="+12185550002", action="revoked", source="reply", evidence="STOP",
            at=imported.clock.now(),
        )  # fmt: skip
    assert sent_on(imported)[1] == {"held": 1}
    imported.follow()
    text, mail = imported.messages(Message.account_id == 2)
    assert (text.state, mail.channel, mail.recipient) == ("superseded", "email", "someone2@example.com")
    assert mail.fallback["channels"] == ["letter"]


def test_nobody_who_paid_hears_by_the_next_channel_when_the_text_fails(imported, tmp_path):
    """The text was not delivered; by then the customer has paid. The fallback is decided again like any other."""
    sent_on(imported)
    with imported.database.begin() as session:
        session.execute(update(Message).where(Message.account_id == 1).values(state="undelivered"))
    take_in_payments(imported, tmp_path, exports.payment_row(1, "T1"))
    with imported.database.begin() as session:
        fall_back(session, imported.city, imported.renderer, imported.clock)
    assert sent_on(imported, "email") == ([], {"held": 1})
    imported.follow()
    assert [m.state for m in imported.messages(Message.account_id == 1)] == ["undelivered", "suppressed"]


def test_a_text_that_fails_goes_on_by_email_when_nothing_changed(imported):
    with imported.database.begin() as session:
        session.execute(update(Message).where(Message.account_id == 1).values(state="undelivered"))
        fall_back(session, imported.city, imported.renderer, imported.clock)
    (mail,) = imported.messages(Message.account_id == 1, Message.channel == "email")
    assert sent_on(imported, "email") == ([mail.id], {})


def test_a_number_found_dead_meanwhile_is_not_used_again(imported):
    with imported.database.begin() as session:
        contacts.mark(session, "phone", "+12185550003", "unreachable", "Twilio 30005", imported.clock.now())
        session.execute(update(Message).where(Message.account_id == 3).values(state="failed"))
        fall_back(session, imported.city, imported.renderer, imported.clock)
    sent_on(imported, "email")
    imported.follow()
    waiting = imported.messages(Message.account_id == 3, Message.state.in_(("queued", "claimed")))
    assert [(m.channel, m.recipient) for m in waiting] == [("email", "someone3@example.com")]


def test_a_letter_not_yet_handed_over_is_called_back_by_a_payment(evenings, tmp_path):
    account = evenings.account(phone=None)
    evenings.tonight()
    with evenings.database.begin() as session:
        build.payment(session, account, 12000, date(2026, 11, 23))
        touch(session, [account], evenings.clock.now())
    assert evenings.follow(account).called_back == 1
    assert evenings.messages()[0].state == "suppressed"


def test_an_answer_to_the_customer_is_never_called_back(evenings):
    account = evenings.account()
    with evenings.database.begin() as session:
        enqueue(session, [build.draft(account, purpose="conversational")], evenings.clock)
        session.execute(update(Account).values(facts_version=Account.facts_version + 1))
    assert evenings.follow(account).set_aside == 0
    assert evenings.messages()[0].state == "queued"


def test_staff_are_told_once_of_a_customer_nobody_can_reach(evenings):
    account = evenings.account(mailing_address={"problem": "No street."})
    evenings.tonight()

    def falls_back():
        with evenings.database.begin() as session:
            fall_back(session, evenings.city, evenings.renderer, evenings.clock)
            return open_tasks(session)

    with evenings.database.begin() as session:
        session.execute(update(Message).values(state="failed"))
    (task,) = falls_back()
    assert (task.kind, task.account_id) == ("failed_notice", account)
    with evenings.database.begin() as session:
        resolve(session, task.id, "user:park", "Called the owner.", evenings.clock.now())
    assert falls_back() == [], "what a clerk has dealt with does not come back"


def test_many_that_wait_for_a_receipt_do_not_keep_a_failed_one_waiting(evenings):
    for n in range(5):
        evenings.account(phone=f"+1218555100{n}", email=f"n{n}@example.com")
    evenings.tonight()
    with evenings.database.begin() as session:
        session.execute(update(Message).values(state="sent", submitted_at=evenings.clock.now()))
        session.execute(update(Message).where(Message.account_id == 5).values(state="undelivered"))
        written = fall_back(session, evenings.city, evenings.renderer, evenings.clock, limit=2)
    assert len(written) == 1


def test_what_cannot_be_written_anew_stops_nothing_else_and_is_put_before_staff(imported, tmp_path):
    with imported.database.begin() as session:
        session.execute(update(Message).where(Message.account_id == 2).values(notice="withdrawn-notice"))
    followed = take_in_payments(
        imported, tmp_path, exports.payment_row(2, "T1", AMOUNT="20.00"), exports.payment_row(3, "T2", AMOUNT="20.00")
    )
    assert (followed.set_aside, followed.written_anew) == (2, 1)
    assert by_state(imported) == [(1, "queued"), (2, "suppressed"), (3, "superseded"), (3, "queued")]
    with imported.database.read() as session:
        assert [task.account_id for task in open_tasks(session, ["failed_notice"])] == [2]


def test_a_next_channel_that_cannot_be_written_is_put_before_staff_and_stops_nothing_else(imported):
    with imported.database.begin() as session:
        session.execute(update(Message).values(state="failed"))
        session.execute(update(Message).where(Message.account_id == 1).values(notice="withdrawn-notice"))
    with imported.database.begin() as session:
        assert len(fall_back(session, imported.city, imported.renderer, imported.clock)) == 2
    with imported.database.begin() as session:
        assert fall_back(session, imported.city, imported.renderer, imported.clock) == []
        assert [task.account_id for task in open_tasks(session, ["failed_notice"])] == [1]


# --- by the policy it was decided with ---


def test_a_legal_notice_that_lay_for_days_gives_the_customer_its_time_back(evenings, tmp_path):
    """Its clock cannot have run while it lay with us: the disconnection date and the day to pay by move with it."""
    account = evenings.account()
    evenings.night(2026, 11, 23)
    evenings.go_to(2026, 12, 9)
    evenings.tonight()
    evenings.go_to(2026, 12, 14)
    evenings.change(account, past_due_cents=11000)
    evenings.follow(account)
    old, new = evenings.messages(Message.channel == "letter")
    assert (old.state, new.state) == ("superseded", "queued")
    was, is_ = (
        {name: date.fromisoformat(day) for name, day in message.fallback["fields"].items()} for message in (old, new)
    )
    assert was == {"due_date": date(2026, 12, 23), "disconnect_date": date(2027, 1, 19)}
    assert is_ == {"due_date": date(2026, 12, 28), "disconnect_date": date(2027, 1, 25)}
    assert "January 25, 2027" in new.body_text and "$110.00" in new.body_text


def test_a_text_keeps_its_day_to_pay_unless_that_has_come(small):
    account = small.account()
    small.tonight()
    days = []
    for on in ((2026, 11, 24), (2026, 12, 4)):
        small.go_to(*on)
        small.change(account, past_due_cents=11000 - on[2])
        small.follow(account)
        days.append(small.messages()[-1].fallback["fields"]["due_date"])
    assert days == ["2026-12-03", "2026-12-14"]


def test_what_the_policy_leaves_alone_is_not_asked_for(small):
    """$8.00 are left: too little for the policy that decided, more than the office's own limit."""
    small.use(RESIDENTIAL.replace("version = 1", "version = 2").replace("at_most = 5.00", "at_most = 10.00"))
    account = small.account()
    small.tonight()
    small.change(account, past_due_cents=800)
    assert small.follow(account).called_back == 1
    assert small.messages()[0].state_reason.startswith("owes:")


def test_a_landlords_texts_are_capped_when_they_are_decided_again(small):
    accounts = [small.account(phone="+12185550111") for _ in range(3)]
    small.tonight()
    with small.database.begin() as session:
        enqueue(session, [build.draft(accounts[0], recipient="+12185550111", facts_version=None)], small.clock)
    small.clock.advance(timedelta(hours=1))
    for account in accounts:
        small.change(account, past_due_cents=11000)
    followed = small.follow(*accounts)
    assert (followed.set_aside, followed.written_anew) == (3, 2), "with the one by hand they are three"


def test_an_order_of_the_field_is_called_back_by_a_payment(small):
    account = small.account()
    now = small.clock.now()
    with small.database.begin() as session:
        listed = FieldList(
            name="L1", kind="shutoff", for_day=date(2026, 11, 24), state="approved", left_out=[], manifest={},
            made_by="x", made_at=now,
        )  # fmt: skip
        session.add(listed)
        session.flush()
        session.add(
            FieldOrder(
                number="O1", list_id=listed.id, account_id=account, kind="disconnect",
                services=[{"service": "water", "cents": 12000}],
                state="proposed", amount_cents=12000, evidence=[], facts_version=1, created_at=now,
            )
        )  # fmt: skip
    small.change(account, past_due_cents=0)
    assert small.follow(account).orders_recalled == 1

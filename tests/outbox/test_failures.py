"""What failed for good, and has no other channel to go by, is put before staff: once, and until it is settled."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from comms.channels import Outcome, Result
from comms.outbox import Message, Receipt, enqueue, fold, show_failures
from comms.worklist import Task, open_tasks, resolve
from tests.support import build


@pytest.fixture
def account_id(database):
    with database.begin() as session:
        return build.account(session).id


@pytest.fixture
def queue(database, clock, account_id):
    def queueing(**given):
        with database.begin() as session:
            return enqueue(session, [build.draft(account_id, **given)], clock)[0]

    return queueing


@pytest.fixture
def fail(database, clock):
    def failing(message_id, state="undelivered", **given):
        given = {"error_code": "30003", "final_at": clock.now()} | given
        with database.begin() as session:
            moved = update(Message).where(Message.id == message_id)
            session.execute(moved.values(state=state, state_at=clock.now(), **given))

    return failing


@pytest.fixture
def house(database, clock):
    """A round of housekeeping: what was opened and closed."""

    def keeping():
        with database.begin() as session:
            return show_failures(session, clock)

    return keeping


def tasks(database) -> list[Task]:
    with database.read() as session:
        return open_tasks(session)


def test_staff_are_told_once_what_failed_and_why(database, queue, fail, house, account_id):
    message_id = queue(recipient="+12185550101", notice="promise-confirmation", purpose="conversational")
    assert house() == (0, 0)
    fail(message_id)
    assert house() == (1, 0)
    assert house() == (0, 0)
    (task,) = tasks(database)
    assert (task.kind, task.account_id, task.subject_id) == ("failed_notice", account_id, message_id)
    assert task.reason.startswith("Promise confirmation, text to +12185550101, was not delivered. The handset could")


def test_the_same_notice_failing_again_is_the_same_task(database, queue, fail, house):
    for notice in ("past-due-reminder", "past-due-reminder", "payment-received"):
        fail(queue(notice=notice))
    house()
    assert len(tasks(database)) == 2
    assert house() == (0, 0)


def test_what_a_clerk_has_dealt_with_comes_back_only_when_it_fails_again(database, clock, queue, fail, house):
    fail(queue())
    house()
    with database.begin() as session:
        resolve(session, tasks(database)[0].id, "user:park", "Called her.", clock.now())
    assert house() == (0, 0)
    clock.advance(timedelta(days=1))
    fail(queue())
    assert house() == (1, 0)


def test_the_task_closes_by_itself_when_a_later_one_arrives(database, queue, fail, house):
    failed = queue()
    fail(failed)
    house()
    other = queue(notice="payment-received")
    fail(other, "delivered", error_code=None)
    assert house() == (0, 0), "another notice settles nothing"
    fail(queue(channel="letter"), "handed_over", error_code=None)
    assert house() == (0, 1)
    assert tasks(database) == []
    assert house() == (0, 0)
    with database.read() as session:
        (task,) = session.query(Task)
        assert (task.resolved_by, task.resolution) == ("system", "The notice has reached the customer.")


def test_a_failure_that_turns_into_success_closes_its_task(database, clock, queue, fail, house):
    message_id = queue()
    fail(message_id)
    house()
    with database.begin() as session:
        fold(session, [Receipt(message_id, None, "twilio", "delivered", clock.now())], clock)
    assert house() == (0, 1)


@pytest.mark.parametrize(
    "given",
    [
        {"code": "21610"},
        {"channel": "email", "code": "dropped:Unsubscribed Address"},
        {"notice": "opt-out-confirmation"},
        {"state": "suppressed"},
        {"state": "cancelled"},
        {"fallback": {"channels": ["email"], "after_s": 86400}},
    ],
    ids=["opted out of texts", "of emails", "an opt-out's confirmation", "suppressed", "called back", "falls back"],
)  # fmt: skip
def test_not_every_end_is_a_failure_for_staff(database, queue, fail, house, given):
    drafted = {name: value for name, value in given.items() if name not in ("state", "code")}
    fail(queue(**drafted), given.get("state", "failed"), error_code=given.get("code"))
    assert house() == (0, 0)


def test_what_the_carrier_refuses_for_good_is_told_with_its_words(outbox, queue, house):
    outbox.sms.answer = lambda _: Result(Outcome.REFUSED_FOR_GOOD, error_code="99999", detail="Not on a Monday")
    queue()
    outbox.dispatcher().deliver("sms")
    assert house() == (1, 0)
    assert "Not on a Monday." in tasks(outbox.database)[0].reason


def test_what_could_not_be_sent_in_time_is_told(outbox, queue, house):
    queue(give_up_after=timedelta(hours=1))
    outbox.clock.advance(timedelta(hours=2))
    outbox.dispatcher().deliver("sms")
    assert house() == (1, 0)
    assert "It could not be sent in the time allowed for it." in tasks(outbox.database)[0].reason

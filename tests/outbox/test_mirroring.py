"""Twilio's list of opt-outs says what our ledger says: ours is told, theirs is heard, and neither answers the other in
a circle."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms import worklist
from comms.accounts import ConsentEvent, consent
from comms.accounts.schema import ConsentMirror
from comms.channels import Outcome, Result
from comms.channels.consent_twilio import Answered, Heard
from comms.outbox import enqueue, tell_carrier
from comms.outbox.mirroring import try_again
from comms.outbox.schema import Message
from tests.support import build
from tests.support.build import NOW

PHONE = "+12185550148"
MINUTE = timedelta(minutes=1)


class Twilio:
    """Its list; says to the next wishes what it is told to, and takes them otherwise."""

    def __init__(self):
        self.out = set()
        self.requests = []
        self.next = []
        self.meanwhile = None

    def tell(self, wishes):
        self.requests.append([(wish.phone, wish.wanted) for wish in wishes])
        if self.meanwhile:
            self.meanwhile()
        found = []
        for wish in wishes:
            heard, why, wait = self.next.pop(0) if self.next else (Heard.TOLD, "", None)
            if heard is Heard.TOLD:
                (self.out.discard if wish.wanted else self.out.add)(wish.phone)
            found.append(Answered(wish.event_id, heard, why, wait))
        return found


@pytest.fixture
def twilio():
    return Twilio()


@pytest.fixture
def say(database, clock):
    """Write a line into the ledger, at the clock's time."""

    def act(action, *, source="user:park", phone=PHONE, channel="sms", at=None, **more):
        with database.begin() as session:
            consent.record(
                session, channel=channel, address=phone, action=action, source=source, evidence="said so",
                at=at or clock.now(), **more,
            )  # fmt: skip

    return act


@pytest.fixture
def told(database, clock, twilio):
    def act(**more):
        return tell_carrier(database, clock, twilio, **more)

    return act


def states(database):
    with database.read() as session:
        return list(session.scalars(select(ConsentMirror.state).order_by(ConsentMirror.event_id)))


def tasks(database):
    with database.read() as session:
        return [(task.dedupe_key, task.reason) for task in worklist.open_tasks(session, ["consent_mirror"])]


@pytest.mark.parametrize("source", ["reply:sms", "user:park", "cis"])
def test_what_twilio_has_not_seen_is_told_once(database, clock, twilio, say, told, source):
    say("revoked", source=source)
    assert states(database) == ["waiting"]
    if source == "reply:sms":
        clock.advance(4 * MINUTE)
        assert told().told == 0, "the confirmation of an opt-out must still come through"
        clock.advance(MINUTE)
    assert told().told == 1
    assert (states(database), twilio.out) == (["told"], {PHONE})
    clock.advance(MINUTE)
    assert told().told == 0
    assert twilio.requests == [[(PHONE, False)]]


def test_twilio_is_not_told_what_it_said_itself_nor_what_it_has_no_word_for(database, twilio, say, told):
    say("revoked", source="carrier")
    say("revoked", phone="maria@example.com", channel="email")
    say("revoked", category="reminders", phone="+12185550149")
    say("revoked", phone="77300")
    assert states(database) == []
    assert (told().told, twilio.requests) == (0, [])


def test_an_opt_in_takes_the_number_off_its_list(twilio, say, told):
    say("revoked")
    told()
    say("granted", source="reply:sms")
    told()
    assert twilio.out == set()


def test_only_the_newest_word_is_told(database, clock, twilio, say, told):
    say("revoked")
    clock.advance(MINUTE)
    say("granted")
    assert told().not_needed == 1
    assert (states(database), twilio.requests) == (["not_needed", "told"], [[(PHONE, True)]])


def test_a_start_that_twilio_names_makes_an_opt_out_needless(database, clock, twilio, say, told):
    say("revoked")
    clock.advance(MINUTE)
    say("granted", source="carrier")
    assert told().told == 0
    assert (states(database), twilio.out) == (["not_needed"], set())


def test_what_twilio_does_not_take_now_is_told_later_and_staff_hear_of_it_in_time(database, clock, twilio, say, told):
    say("revoked")
    waits = []
    for _ in range(8):
        twilio.next = [(Heard.AGAIN, "Twilio did not answer.", None)]
        assert told().waiting == 1
        with database.read() as session:
            due = session.scalars(select(ConsentMirror.next_at)).one()
        waits.append(due - clock.now())
        clock.set(due - timedelta(seconds=1))
        assert told().waiting == 0, "not before its time"
        clock.set(due)
    assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert max(waits) == timedelta(hours=1)
    assert [key for key, _ in tasks(database)] == ["consent_mirror:twilio"]
    assert told().told == 1
    assert (states(database), tasks(database)) == (["told"], [])


def test_it_waits_as_long_as_twilio_asks(database, clock, twilio, say, told):
    say("revoked")
    twilio.next = [(Heard.AGAIN, "HTTP 429", 5 * MINUTE)]
    told()
    clock.advance(4 * MINUTE)
    assert told().told == 0
    clock.advance(MINUTE)
    assert told().told == 1


def test_an_account_that_may_not_keep_consents_is_one_task_and_one_request_a_round(database, clock, twilio, say, told):
    for number in range(60):
        say("revoked", phone=f"+1218555{number:04d}")
    twilio.next = [(Heard.CLOSED, "no (HTTP 403).", None)] * 25
    assert told().waiting == 60
    assert len(twilio.requests) == 1
    ((key, reason),) = tasks(database)
    assert key == "consent_mirror:twilio" and "must be enabled for the Twilio account" in reason
    clock.advance(timedelta(hours=6))
    assert told().told == 60
    assert [len(request) for request in twilio.requests[1:]] == [25, 25, 10]
    assert tasks(database) == []


@pytest.mark.parametrize(
    ("action", "says"), [("revoked", "Nothing is sent to it all the same"), ("granted", "to text START")]
)
def test_a_refusal_is_a_task_and_is_told_again_when_somebody_asks(database, clock, twilio, say, told, action, says):
    with database.begin() as session:
        account = build.account(session, phone=PHONE).id
    say(action, account_id=account)
    twilio.next = [(Heard.REFUSED, "Twilio error 30646: INVALID_CONTACT_ID", None)]
    assert told().refused == 1
    assert states(database) == ["refused"]
    ((_, reason),) = tasks(database)
    assert says in reason and "INVALID_CONTACT_ID" in reason
    assert told().told == 0
    with database.begin() as session:
        assert try_again(session, clock.now()) == 1
    assert told().told == 1


def test_the_customer_who_speaks_while_twilio_is_told_has_the_last_word(database, clock, twilio, say, told):
    say("revoked")

    def start():
        twilio.meanwhile = None
        say("granted", source="carrier", at=clock.now() + timedelta(seconds=1))

    twilio.meanwhile = start
    told()
    assert twilio.out == {PHONE}, "the older word came last"
    clock.advance(MINUTE)
    told()
    assert (twilio.out, states(database)) == (set(), ["told", "told"])


def test_a_stop_whose_post_comes_after_we_told_twilio_otherwise_is_told_again(clock, twilio, say, told):
    said_at = clock.now() + timedelta(seconds=10)
    say("granted")
    clock.advance(MINUTE)
    told()
    say("revoked", source="carrier", at=said_at)
    told()
    assert twilio.out == {PHONE}
    clock.advance(MINUTE)
    told()
    assert len(twilio.requests) == 2, "and that is the end of it"


def test_in_a_rehearsal_only_the_allow_list_is_told(database, twilio, say, told):
    say("revoked")
    say("revoked", phone="+12185550149")
    assert told(only={PHONE}).told == 1
    assert (twilio.out, states(database)) == ({PHONE}, ["told", "waiting"])


def test_two_workers_at_once_do_the_work_of_one_and_agree(database, clock, twilio, say, two_at_once):
    say("revoked")
    two_at_once(lambda: tell_carrier(database, clock, twilio))
    assert (states(database), twilio.out) == (["told"], {PHONE})


# --- theirs to ours ---


@pytest.fixture
def refusing(outbox):
    """A text to the number; Twilio refuses it with 21610."""
    outbox.sms.answer = lambda outgoing: Result(
        Outcome.REFUSED_FOR_GOOD, http_status=400, error_code="21610", detail="opted out", address_status="opted_out"
    )

    def send(key="one"):
        with outbox.database.begin() as session:
            account = build.account(session, phone=PHONE, number=f"{key}-00")
            draft = build.draft(account.id, recipient=PHONE)
            (message_id,) = enqueue(session, [draft], outbox.clock)
        outbox.dispatcher().deliver("sms", [message_id])
        with outbox.database.read() as session:
            return session.get(Message, message_id).state

    return send


def ledger(database):
    with database.read() as session:
        return list(session.execute(select(ConsentEvent.action, ConsentEvent.source).order_by(ConsentEvent.id)))


def test_a_refusal_with_21610_is_an_opt_out_and_is_not_told_back(outbox, refusing, twilio):
    assert refusing() == "failed"
    assert ledger(outbox.database) == [("revoked", "carrier")]
    assert tell_carrier(outbox.database, outbox.clock, twilio).told == 0
    with outbox.database.read() as session:
        assert consent.blocked(session, "sms", [PHONE]) == {PHONE}


def test_a_refusal_before_twilio_knows_of_the_opt_in_is_old_news(outbox, refusing, say, twilio):
    say("revoked", source="carrier")
    outbox.clock.advance(MINUTE)
    say("granted", source="reply:sms")
    assert refusing() == "queued", "it is tried again"
    assert [action for action, _ in ledger(outbox.database)] == ["revoked", "granted"]
    tell_carrier(outbox.database, outbox.clock, twilio)
    outbox.sms.answer = outbox.sms.accept
    outbox.clock.advance(MINUTE)
    outbox.dispatcher().deliver("sms", [])
    assert [sent.recipient for _, sent in outbox.sms.ledger] == [PHONE]


def test_a_refusal_that_lasts_counts(outbox, refusing, say, twilio):
    say("granted", source="reply:sms")
    tell_carrier(outbox.database, outbox.clock, twilio)
    outbox.clock.advance(3 * MINUTE)
    assert refusing() == "failed"
    assert ledger(outbox.database) == [("granted", "reply:sms"), ("revoked", "carrier")]
    assert tell_carrier(outbox.database, outbox.clock, twilio).told == 0


def test_twilio_is_not_waited_for_without_end(outbox, refusing, say):
    say("granted", source="reply:sms", at=NOW - timedelta(hours=2))
    assert refusing() == "failed"

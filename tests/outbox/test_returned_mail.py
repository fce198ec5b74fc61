"""Letters that come back: the step counts no more, the address gets no letter, staff ask for another."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from comms.accounts import Account, Hold, holds
from comms.channels.mail_house import MailHouseError
from comms.channels.mail_house.nixies import nixie, nixies
from comms.history.timeline import timeline
from comms.outbox import enqueue, letter_address, returned_addresses
from comms.outbox.drafting import UnaddressableError
from comms.outbox.mail_acks import MailAckError, acknowledge
from comms.outbox.returned_mail import CameBack, close_settled, confirm_address, take_back, take_in
from comms.worklist import open_tasks
from tests.support import build, post

FRIDAY = date(2026, 11, 27)


class Post:
    """One account with two letters mailed on Monday; it is Friday."""

    def __init__(self, database, city, clock):
        self.database, self.city, self.clock = database, city, clock
        with database.begin() as session:
            account = build.account(session)
            self.account_id = account.id
            self.numbers = post.hand_over(session, clock, account, account, mailed_at=clock.now())
            self.first, self.second = self.numbers
        clock.advance(timedelta(days=4))

    def back(self, *rows, by="user:park"):
        with self.database.begin() as session:
            return take_in(session, self.city, self.clock, [CameBack(*row) for row in rows], by=by)

    def undo(self, number, because="the wrong tray"):
        with self.database.begin() as session:
            return take_back(session, self.city, self.clock, number, by="user:park", because=because)

    def read(self, ask):
        with self.database.read() as session:
            return ask(session)

    def state(self, number):
        return self.read(lambda session: post.letter(session, number).state)

    @property
    def is_bad(self):
        return self.read(lambda session: returned_addresses(session, [self.account_id]) == {self.account_id})

    @property
    def account(self):
        return self.read(lambda session: session.get(Account, self.account_id))

    @property
    def tasks(self):
        return self.read(lambda session: [task.reason for task in open_tasks(session, ["returned_mail"])])


@pytest.fixture
def mail(database, city, clock):
    return Post(database, city, clock)


def test_a_letter_that_came_back_counts_no_more(mail):
    with mail.database.begin() as session:
        (waiting,) = enqueue(session, [build.draft(mail.account_id, facts_version=1)], mail.clock)
    before = mail.account.facts_version
    done = mail.back((mail.first, "NSN", FRIDAY, "try 12 Elm St"))
    assert (done.taken, done.unchanged, done.refused, done.account_ids) == (1, 0, [], {mail.account_id})
    assert (mail.state(mail.first), mail.state(mail.second)) == ("returned", "mailed")
    assert mail.account.facts_version == before + 1
    with mail.database.read() as session:
        found = post.letter(session, mail.first)
        assert (found.error_code, mail.city.local_date(found.state_at)) == ("NSN", FRIDAY)
        last = timeline(session, mail.account_id)[-1]
        assert session.get(type(found), waiting).state == "held", "decided again before it leaves"
    assert last.kind == "delivery.returned" and last.summary.endswith("came back: no such number (try 12 Elm St)")


def test_no_letter_goes_to_that_address_until_it_changes(mail):
    mail.back((mail.first, "ANK"))
    assert mail.is_bad
    with pytest.raises(UnaddressableError, match="came back"):
        letter_address(mail.account, returned=True)
    (task,) = mail.tasks
    assert "attempted, not known" in task and "comms send" in task and "returned-mail-address-request" in task
    with mail.database.begin() as session:
        assert close_settled(session, mail.clock) == 0
        session.get(Account, mail.account_id).mailing_address = {
            "line1": "12 Elm St", "line2": "", "city": "Duluth", "state": "MN", "zip": "55802",
        }  # fmt: skip
        session.flush()
        assert close_settled(session, mail.clock) == 1
    assert not mail.is_bad and mail.tasks == []


def test_an_address_that_was_confirmed_gets_letters_until_one_comes_back_again(mail):
    mail.back((mail.first, "NSN"))
    with mail.database.begin() as session:
        account = session.get(Account, mail.account_id)
        confirm_address(session, mail.clock, account, by="user:park", because="by phone, the mailbox was put up")
    assert not mail.is_bad and mail.tasks == []
    mail.back((mail.second, "NSN"))
    assert not mail.is_bad, "it was written before the address was confirmed"
    mail.clock.advance(timedelta(days=1))
    with mail.database.begin() as session:
        (third,) = post.hand_over(session, mail.clock, session.get(Account, mail.account_id), name="b2")
    mail.back((third, "NSN"))
    assert mail.is_bad


def test_there_is_nothing_to_confirm_where_nothing_came_back(mail):
    with mail.database.begin() as session, pytest.raises(MailAckError, match="letters go there"):
        confirm_address(session, mail.clock, session.get(Account, mail.account_id), by="user:park", because="why not")


def test_a_passing_reason_makes_an_address_bad_the_second_time(mail):
    mail.back((mail.first, "TA"))
    assert mail.state(mail.first) == "returned" and not mail.is_bad
    mail.back((mail.second, "No Mail Receptacle"))
    assert mail.is_bad


def test_a_refused_letter_was_delivered_and_staff_are_told(mail):
    mail.back((mail.first, "REF"))
    assert mail.state(mail.first) == "mailed" and not mail.is_bad
    assert "counts as delivered" in mail.tasks[0]
    assert mail.back((mail.first, "refused")).unchanged == 1
    with mail.database.begin() as session:
        assert close_settled(session, mail.clock) == 0
    mail.undo(mail.first)
    assert mail.state(mail.first) == "mailed" and mail.tasks == []


def test_an_unverified_letter_code_never_makes_a_delivery(mail):
    mail.back((mail.first, "R"))
    assert mail.state(mail.first) == "returned" and mail.is_bad


def test_the_dead_are_left_alone_until_somebody_has_looked(mail):
    mail.back((mail.first, "Deceased"))
    today = mail.city.local_date(mail.clock.now())
    (hold,) = mail.read(lambda session: holds.active(session, [mail.account_id], today))[mail.account_id]
    assert (hold.kind, hold.review_on, hold.source) == ("deceased", date(2026, 12, 11), f"mail:{mail.first}")
    assert "acts for the estate" in mail.tasks[0]
    mail.undo(mail.first)
    assert mail.read(lambda session: holds.active(session, [mail.account_id], today)) == {}
    assert mail.state(mail.first) == "mailed" and not mail.is_bad and mail.tasks == []


def test_a_copy_that_came_back_says_nothing_of_the_customer(mail):
    with mail.database.begin() as session:
        found = post.letter(session, mail.first)
        found.copy_of_id, found.recipient = post.letter(session, mail.second).id, "9 Oak St\nDuluth MN 55804"
    mail.back((mail.first, "DEC"))
    assert not mail.is_bad and mail.read(lambda session: session.scalars(select(Hold)).all()) == []
    assert "comms copies list" in mail.tasks[0]


def test_the_same_list_twice_changes_nothing(mail):
    rows = [(mail.first, "NSN"), (mail.second, "UTF"), (mail.first, "nsn")]
    assert (mail.back(*rows).taken, mail.back(*rows).taken) == (2, 0)
    with mail.database.read() as session:
        assert sum(e.kind == "delivery.returned" for e in timeline(session, mail.account_id)) == 2


def test_rows_that_cannot_be_are_refused_one_by_one(mail, clock):
    with mail.database.begin() as session:
        (held,) = post.hand_over(session, clock, build.account(session), name="b2")
        post.letter(session, held).state = "cancelled"
    mail.back((mail.second, "VAC"))
    done = mail.back(
        ("duluth-99", "NSN"), (mail.first, "eaten"), (mail.first, "NSN", date(2026, 11, 30)),
        (mail.first, "NSN", date(2026, 11, 20)), (held, "NSN"), (mail.second, "NSN"), (mail.first, "UTF"),
    )  # fmt: skip
    assert done.taken == 1
    says = ("No piece duluth-99", "eaten is no reason", "still to come", "left on 2026-11-23", "never left", "--undo")
    assert [place for place, _ in done.refused] == [0, 1, 2, 3, 4, 5]
    for (_, why), expected in zip(done.refused, says, strict=True):
        assert expected in why


def test_a_piece_that_came_back_before_the_acknowledgement_stays_so(database, city, clock):
    with database.begin() as session:
        account = build.account(session)
        first, second = post.hand_over(session, clock, account, account)
        take_in(session, city, clock, [CameBack(first, "IA")], by="user:park")
    with database.begin() as session:
        done = acknowledge(session, city, clock, "duluth-mn-20261123-01", date(2026, 11, 23), by="user:park", pieces=2)
        assert done.mailed == 1
    with database.begin() as session:
        assert (post.letter(session, first).state, post.letter(session, second).state) == ("returned", "mailed")
        take_back(session, city, clock, first, by="user:park", because="misread")
        assert post.letter(session, first).state == "mailed"


def test_there_is_nothing_to_take_back_of_a_letter_that_did_not_come_back(mail):
    with pytest.raises(MailAckError, match="nothing to take back"):
        mail.undo(mail.first)


@pytest.mark.parametrize("one", nixies().values(), ids=lambda one: one.code)
def test_each_reason_is_known_by_its_code_its_words_and_its_letter(one):
    assert nixie(f" {one.code.lower()} ").code == nixie(one.words.title()).code == nixie(one.letter).code == one.code
    assert one.confidence in ("V1", "V2", "M")


def test_an_unknown_reason_names_those_that_are_known():
    with pytest.raises(MailHouseError, match="Known: ANK"):
        nixie("torn")

"""The figures follow what happens, without counting everything again."""

from datetime import date, timedelta

from sqlalchemy import select

from comms import reports
from comms.campaigns.schema import Episode
from comms.history import NewEvent, record
from comms.outbox import Message
from comms.reports.schema import ReportFigure
from tests.support import month


def figures(database):
    with database.read() as session:
        rows = session.scalars(select(ReportFigure))
        return {(f.figure, f.on, f.policy, f.channel, f.key): (f.count, f.total) for f in rows}


def test_counting_again_changes_nothing(november, city, clock):
    before = figures(november)
    assert reports.count(november, city, clock).days == 0
    assert figures(november) == before
    reports.count(november, city, clock, anew=True)
    assert figures(november) == before


def test_a_late_receipt_counts_its_message_s_day_anew(november, city, clock):
    with november.begin() as session:
        row = session.scalars(select(Message).where(Message.state == "undelivered")).one()
        row.state = "delivered"
        event = NewEvent(
            row.account_id, clock.now(), "delivery.delivered", "x", "out", "sms", "carrier", "message", row.id
        )
        record(session, [event], clock.now())
    reports.count(november, city, clock)
    found = figures(november)
    assert ("lost", date(2026, 11, 12), "", "sms", "undelivered 30003") not in found
    assert found["notice", date(2026, 11, 12), "", "sms", "delivered"][0] == 1


def test_a_new_message_is_counted_with_the_next_round(november, city, clock):
    with november.begin() as session:
        account = session.scalar(select(Message.account_id).limit(1))
        month.notice(session, account, clock.now(), "delivered", to="+12185550999")
    reports.count(november, city, clock)
    assert figures(november)["notice", date(2026, 11, 23), "", "sms", "delivered"] == (1, 1)


def test_a_payment_after_a_step_is_found_the_next_morning(november, city, clock):
    with november.begin() as session:
        owing = session.scalars(select(Episode).where(Episode.closed_at.is_(None))).one()
        owing.closed_at, owing.close_reason = clock.now(), "paid"
    clock.advance(timedelta(days=1))
    assert reports.count(november, city, clock).days > 0
    assert figures(november)["cured", date(2026, 11, 12), month.POLICY, "", "past-due-notice"] == (2, 24000)


def test_an_evening_belongs_to_the_city_s_day(database, city, clock):
    with database.begin() as session:
        people = month.whole(session)
        month.notice(session, people["Anna"], month.day(21, 3), "delivered", to="+12185550998")
    reports.count(database, city, clock)
    assert figures(database)["notice", date(2026, 11, 20), "", "sms", "delivered"] == (1, 1), "9 PM in Duluth"


def test_an_office_without_messages_is_counted_too(database, city, clock):
    assert reports.count(database, city, clock).days == 0
    with database.read() as session:
        assert reports.counted_at(session) == clock.now()


def test_a_count_that_is_cut_short_goes_on_with_the_days_before(database, city, clock):
    with database.begin() as session:
        month.whole(session)
    assert reports.count(database, city, clock, enough=lambda: True).days == 0
    cut = iter([False, False, True])
    first = reports.count(database, city, clock, enough=lambda: next(cut))
    assert (first.days, first.left) == (2, 2)
    assert {key[1] for key in figures(database) if key[0] == "notice"} == {date(2026, 11, 12)}
    assert reports.count(database, city, clock).left == 0
    found = figures(database)
    reports.count(database, city, clock, anew=True)
    assert figures(database) == found


def test_two_who_count_at_once_come_to_the_same(november, city, clock, two_at_once):
    before = figures(november)
    two_at_once(lambda: reports.count(november, city, clock, anew=True))
    assert figures(november) == before

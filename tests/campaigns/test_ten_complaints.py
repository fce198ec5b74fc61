"""Ten things that users of other systems complained about, and that cannot happen here. Each test would fail there."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from comms.accounts.importing import import_accounts
from comms.campaigns import RunError
from comms.outbox import Message
from tests.campaigns.rooms import Rooms, refuses
from tests.support import build
from tests.support.exports import accounts_file, duluth_row

PHONE = "+12185550101"
MONDAY = (2026, 11, 23)


@pytest.fixture
def rooms(evenings, tmp_path) -> Rooms:
    opened = Rooms(evenings, tmp_path)
    yield opened
    opened.dispatcher.close()


@pytest.fixture
def room(small, tmp_path) -> Rooms:
    """On SQLite only, for what does not depend on the database."""
    opened = Rooms(small, tmp_path)
    yield opened
    opened.dispatcher.close()


def test_1_a_missed_night_is_caught_up_in_order_and_with_the_spacing(rooms):
    """Invoice Ninja #2183, #637, #2311: a reminder went out only when the job ran on the very day; after a missed day
    customers got the second one without the first."""
    account = rooms.account()
    rooms.go_to(2026, 11, 2)
    rooms.age(account, 0)
    rooms.evening(2026, 12, 14)  # five weeks without a server: every step's day has passed
    rooms.arrived()
    assert rooms.steps(account) == ["reminder"], "one step, and the first"
    for day in (15, 21, 28):
        rooms.evening(2026, 12, day)
    assert rooms.steps(account) == ["reminder"], "the days to the next one are counted from when this one went"
    rooms.evening(2026, 12, 29)  # ten business days, Christmas not among them
    assert rooms.steps(account) == ["reminder", "disconnect-notice"]


def test_2_however_often_it_runs_each_reminder_goes_once(rooms):
    """Invoice Ninja #1693, #1447: with the job run more often, the same reminder went up to 22 times a day; #9312: the
    past-due text right after the first."""
    account = rooms.account()
    rooms.go_to(*MONDAY)
    for hour in range(22):
        rooms.go_to(*MONDAY, hour + 1)
        try:
            rooms.tonight()
        except RunError:
            continue
        rooms.deliver()
        rooms.arrived()
    assert len([sent for _, sent in rooms.sms.ledger]) == len(rooms.of(account)) == 1
    assert rooms.steps(account) == ["reminder"]


def test_3_a_debt_that_is_paid_in_part_stays_open_to_the_last_dollar(rooms):
    """ERPNext #41752: a dunning was closed as resolved while another of its invoices was open; #58220: paying the
    principal made it forget the fee."""
    account = rooms.account(past_due_cents=12000)
    rooms.evening(*MONDAY)
    rooms.arrived()
    rooms.go_to(2026, 11, 25)
    rooms.pays((account, "100.00"))
    rooms.evening(2026, 11, 30)
    (episode,) = rooms.episodes(account)
    assert episode.closed_at is None, "$20.00 is left, a fee or another bill"
    rooms.change(account, past_due_cents=2000, balance_as_of=date(2026, 12, 7), service_past_due={"sewer": 2000})
    rooms.evening(2026, 12, 9)
    letter = rooms.of(account, Message.channel == "letter")[0]
    assert "$20.00" in str(letter.letter) and "$120.00" not in str(letter.letter)
    rooms.go_to(2026, 12, 10)
    rooms.pays((account, "16.00"))
    rooms.evening(2026, 12, 10)
    (episode,) = rooms.episodes(account)
    assert episode.close_reason == "paid", "below what the policy leaves alone it is over, and not before"
    assert rooms.message(letter.id).state == "suppressed", "the letter had not left"


def test_4_a_part_payment_neither_skips_a_step_nor_makes_the_next_one_harsher(rooms):
    """Kill Bill #2297: after a part payment the account went past WARNING to BLOCKED; #695: a credit did not clear it;
    #472: a payment that came while it was evaluated lost the race."""
    account, credited = rooms.account(), rooms.account(phone="+12185550155")
    rooms.go_to(2026, 11, 2)
    rooms.age(account, 90)
    rooms.pays((account, "40.00"))
    rooms.evening(*MONDAY)
    rooms.arrived()
    assert rooms.steps(account) == ["reminder"], "the oldest bill is 110 days old, and still the first step is first"
    rooms.change(account, oldest_due_on=date(2026, 11, 20))  # the part payment took the old bills off
    rooms.evening(2026, 12, 9)
    assert rooms.steps(account) == ["reminder", "disconnect-notice"]
    with rooms.database.begin() as session:
        build.payment(session, credited, 12000, date(2026, 12, 9), kind="adjustment")
    rooms.evening(2026, 12, 10)
    assert rooms.episodes(credited)[0].close_reason == "paid"


def test_4_a_payment_that_comes_between_plan_and_sending_wins(rooms):
    """Kill Bill #472, as above."""
    planned, released = rooms.account(phone="+12185550111"), rooms.account(phone="+12185550112")
    rooms.go_to(*MONDAY)
    run = rooms.planned()
    rooms.pays((planned, "120.00"))
    rooms.release(run)
    rooms.pays((released, "120.00"))
    rooms.deliver()
    assert rooms.sms.offered == []
    assert rooms.last(planned).state == "dropped" and rooms.last(planned).rule == "paid"
    assert rooms.of(released)[0].state == "suppressed"


def test_5_nothing_stays_queued_and_a_dead_mailbox_does_not_end_the_story(rooms):
    """OCA credit-control #447: a line to a blacklisted mailbox stayed queued for ever; #468, #11: sent shown as failed;
    #343: a letter, though another mailbox was on file."""
    account = rooms.account(phone=None, email="gone@example.com")
    with rooms.database.begin() as session:
        build.contact_point(session, account, "email", "second@example.com", rank=2)
    rooms.email.answer = lambda outgoing: (
        refuses("550", "no such mailbox", address_status="unreachable")
        if outgoing.recipient.startswith("gone")
        else rooms.email.accept(outgoing)
    )
    rooms.evening(*MONDAY)
    assert [(one.state, one.error_code) for one in rooms.of(account)] == [("failed", "550")]
    rooms.keep_house()
    rooms.evening(2026, 11, 25)
    rooms.keep_house()
    rooms.arrived()
    tried = [(one.channel, one.recipient.split("@")[0], one.state) for one in rooms.of(account)]
    assert ("email", "second", "delivered") in tried, tried
    assert not [one for one in rooms.of(account) if one.state == "queued" and one.channel != "letter"]
    assert any("could not be sent (550: no such mailbox)" in line for line in rooms.lines(account))


def test_6_an_opt_out_that_only_the_carrier_heard_of_is_ours_at_once(rooms):
    """Connect #1104, #913: the app went on writing to numbers that had opted out at Twilio and counted failures;
    VA notification-api #2092: an opt-out shown as a failure like any other."""
    account, other = rooms.account(), rooms.account(household="elsewhere")
    rooms.sms.answer = lambda outgoing: refuses("21610", "opted out", address_status="opted_out")
    rooms.evening(*MONDAY)
    offered = len(rooms.sms.offered)
    assert offered <= 2
    rooms.sms.answer = rooms.sms.accept
    for day in range(24, 31):
        rooms.evening(2026, 11, day)
        rooms.keep_house()
    assert len(rooms.sms.offered) == offered, "no text is even tried, for no account with this number"
    for each in (account, other):
        assert [one.channel for one in rooms.of(each)][-1] == "letter", "the policy's next channel that may be used"
    assert "consent.revoked" in rooms.told(account) + rooms.told(other)
    assert not [task for task in rooms.tasks() if "21610" in task], "no failure that staff are to look at"


def test_6_stop_is_answered_kept_and_heeded(rooms):
    """Rock RMS #7049: the answer to STOP was lost, and nobody knew whether it had been heard."""
    account = rooms.account()
    rooms.evening(*MONDAY)
    answer = rooms.says(PHONE, "Stop")
    assert answer and "START" in answer
    rooms.go_to(2026, 11, 25)
    rooms.tonight()
    rooms.deliver()
    assert [one.channel for one in rooms.of(account) if one.created_at == rooms.clock.now()] in ([], ["letter"])
    assert "consent.revoked" in rooms.told(account)


def test_7_one_bad_number_stops_nobody_else(rooms):
    """Chatwoot #9000: one number that Twilio refused aborted the campaign for everybody behind it; Spoke #451: codes
    said nothing about the quality of contacts."""
    accounts = [rooms.account(phone=f"+121855501{n:02}") for n in range(20, 29)]
    bad = accounts[3]
    rooms.sms.answer = lambda outgoing: (
        refuses("21211", "not a phone number", address_status="wrong_number")
        if outgoing.recipient == "+12185550123"
        else rooms.sms.accept(outgoing)
    )
    rooms.evening(*MONDAY)
    rooms.arrived()
    states = {one.account_id: one.state for one in rooms.messages()}
    assert states.pop(bad) == "failed" and set(states.values()) == {"delivered"} and len(states) == 8
    rooms.keep_house()
    assert [one.channel for one in rooms.of(bad)] == ["sms", "letter"], "it goes on by the next channel"
    assert "sms" not in rooms.reached(bad), "and the number is no address any more"


def test_8_a_night_run_rings_no_phone_before_eight_wherever_it_is(rooms):
    """Novu #2858 (open since 2023), #8308: no quiet hours, least of all in the recipient's zone; Chatwoot #12823."""
    here, there = rooms.account(phone="+12185550131"), rooms.account(phone="+18085550132")
    rooms.go_to(2026, 11, 23, 22)
    rooms.tonight()
    rang: dict[str, datetime] = {}
    for _ in range(60):
        rooms.deliver()
        for _, outgoing in rooms.sms.ledger:
            rang.setdefault(outgoing.recipient, rooms.clock.now())
        rooms.clock.advance(timedelta(minutes=30))
    assert rang["+12185550131"].astimezone(ZoneInfo("America/Chicago")).hour == 8
    honolulu = rang["+18085550132"].astimezone(ZoneInfo("Pacific/Honolulu"))
    assert (honolulu.hour, honolulu.date()) == (8, date(2026, 11, 24))
    assert {rooms.last(here).rule, rooms.last(there).rule} <= {"quiet-hours", "may-contact"}


def test_8_the_night_on_which_the_clock_goes_back_is_quiet_too(room):
    """The same on the first Sunday of November, whose night has 25 hours, and in March, whose night has 23."""
    for given in ((2026, 10, 31, 23), (2027, 3, 13, 23)):
        room.account(phone=f"+1218555{given[1]:04}")
        room.go_to(*given)
        room.tonight()
        for _ in range(34):
            room.deliver()
            local = room.clock.now().astimezone(room.city.zone)
            assert 8 <= local.hour < 21 or not room.sms.ledger, local
            room.clock.advance(timedelta(hours=1))
        room.sms.ledger.clear()


def test_9_what_became_of_each_message_is_told_for_each_customer(rooms):
    """GSA notifications-admin #1099, Chatwoot PR 15276: totals for a campaign, but not who got it; #13546, #15243: no
    transcript to print or export."""
    arrived, failed, out = (rooms.account(phone=f"+1218555014{n}") for n in range(3))
    rooms.says("+12185550142", "STOP")
    rooms.evening(*MONDAY)
    rooms.reports(rooms.of(arrived)[0], "delivered")
    rooms.reports(rooms.of(failed)[0], "undelivered", ErrorCode="30003")
    told = {each: rooms.told(each) for each in (arrived, failed, out)}
    assert told[arrived][-2:] == ["delivery.submitted", "delivery.delivered"]
    assert "delivery.undelivered" in told[failed] and "delivery.delivered" not in told[failed]
    assert "consent.revoked" in told[out] and told[out].count("delivery.submitted") == 1, "the answer to STOP alone"
    assert any("handset" in line for line in rooms.lines(failed)), "and why, in words"
    words = rooms.of(arrived)[0].body_text
    assert "$120.00" in words and any(kind == "notice.queued" for kind in told[arrived]), "with the very words"


def test_10_a_promise_pauses_the_dunning_and_its_end_resumes_it(rooms, tmp_path):
    """Invoiced, suggestions 362217 and 181881: users pause by hand when somebody promises, and forget to resume."""
    import_accounts(rooms.database, rooms.city, rooms.clock, accounts_file(tmp_path, [duluth_row(1)]))
    account = 1
    rooms.evening(*MONDAY)
    rooms.arrived()
    assert rooms.steps(account) == ["reminder"]
    phone = rooms.of(account)[0].recipient
    asked = rooms.says(phone, "I will pay 50 on Friday Dec 11")
    assert "YES" in asked
    rooms.says(phone, "YES")
    assert rooms.promise(account).status == "open"
    for day in (7, 8, 9, 10, 11):
        rooms.evening(2026, 12, day)
    dunning = [one for one in rooms.of(account) if one.purpose == "dunning"]
    assert len(dunning) == 1, "nothing but the first reminder"
    rooms.go_to(2026, 12, 16)
    rooms.pays()
    rooms.keep_house()
    assert rooms.promise(account).status == "broken"
    rooms.evening(2026, 12, 17)
    assert "disconnect-notice" in rooms.steps(account), "nobody had to think of it"


def test_10_reports_that_come_twice_or_late_are_taken_once_and_in_the_right_order(rooms):
    """elizaOS #22382, #31768: retries that sent twice, and reports marked after they were checked; Sim Studio PR 5230:
    reports told apart by the message alone, so that ``delivered`` was dropped as a repetition of ``sent``."""
    account = rooms.account()
    rooms.evening(*MONDAY)
    (message,) = rooms.of(account)
    for word in ("sent", "delivered", "sent", "delivered", "queued"):
        assert rooms.reports(message, word) in (200, 204)
    assert rooms.message(message.id).state == "delivered"
    assert rooms.told(account).count("delivery.delivered") == 1
    rooms.deliver()
    rooms.keep_house()
    assert len(rooms.sms.ledger) == 1

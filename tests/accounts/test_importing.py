"""An accounts file is taken in: every row taken or refused with its reason, the totals balanced, nothing twice."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from comms.accounts import Account, ContactPoint, Hold, ImportFile, ImportRefusal, consent, contacts, holds
from comms.accounts.importing import import_accounts
from comms.city import load_city
from comms.history import timeline, verify
from tests.support.exports import accounts_file, duluth_row

TABLES = ("account", "contact_point", "hold", "consent", "consent_event", "contact_event", "import_file",
          "import_refusal", "payment", "account_balance")  # fmt: skip


def contents(database) -> dict[str, list]:
    """Every row of every table that an import may write."""
    with database.read() as session:
        return {name: sorted(map(str, session.execute(text(f"SELECT * FROM {name}")))) for name in TABLES}


def account(session, number=1) -> Account:
    return session.scalar(select(Account).where(Account.number == f"{number:07}-10"))


@pytest.fixture
def take(database, city, clock, tmp_path):
    """Take in rows as the export of a day; the clock goes on a day each time."""

    def taking(rows, day="2026-11-20", **given):
        clock.advance(timedelta(days=1))
        return import_accounts(database, city, clock, accounts_file(tmp_path, rows, day), **given)

    return taking


def test_duluths_export_is_taken_in_whole(database, city, clock):
    sample = city.folder / "sample" / "accounts-2026-11-20.csv"
    summary = import_accounts(database, city, clock, sample)
    assert (summary.state, summary.rows, summary.taken, summary.new, summary.refused) == ("done", 5012, 5004, 5004, 8)
    assert (summary.cents_in, summary.cents_taken, summary.cents_refused) == (22_369_795, 22_362_195, 7_600)
    assert (summary.encoding, summary.as_of, summary.unreadable, summary.warnings) == (
        "cp1252",
        date(2026, 11, 20),
        1,
        0,
    )
    assert summary.balances
    assert [(remark.line, remark.text) for remark in summary.refusals] == [
        (5002, "ACCT_NO is empty"),
        (5003, "CUR_BAL: '12,3x' is not an amount of money; write it like 1234.50 or (12.50)"),
        (5004, "OLDEST_DUE_DT: '13/45/2026' is not a date; write it like 11/30/2026"),
        (5005, "20 cells where 34 are expected; the row is cut short"),
        (5006, "36 cells where 34 are expected; a separator without quotes may have moved them"),
        (5007, "Account 0000004-50 is already on line 5; one of the two rows is wrong"),
        (5008, "CUST_NAME is empty"),
        (5009, "STATUS: 'Z' is not a known code; allowed: A, I, F, S"),
    ]
    with database.read() as session:
        total = session.execute(select(func.count(), func.sum(Account.past_due_cents)).select_from(Account)).one()
        assert tuple(map(int, total)) == (5004, 22_362_195)
        flagged = dict(map(tuple, session.execute(select(Hold.kind, func.count()).group_by(Hold.kind))))
        assert flagged == {
            "bankruptcy": 32, "deceased": 25, "dispute": 79, "energy_assistance": 265, "medical": 64, "military": 50,
        }  # fmt: skip
        assert session.scalar(select(func.count()).select_from(ImportRefusal)) == 8
        susan = session.scalar(select(Account).where(Account.number == "0000004-50"))
        assert (susan.name, susan.current_cents) == ("Susan Anderson", 11_900)
        hostile = session.scalar(select(Account).where(Account.number == "7700000-00"))
        assert hostile.name == '=HYPERLINK("http://evil.example","x")'
        accented = session.scalar(select(Account).where(Account.number == "0000012-66"))
        assert accented.name == "María Elena P. Villalpando"
        phones = select(func.count()).where(ContactPoint.kind == "phone", ContactPoint.status == "usable")
        assert session.scalar(phones) == 5_889
    before = contents(database)
    again = import_accounts(database, city, clock, sample)
    assert (again.state, again.repeat, again.unchanged, again.new + again.changed) == ("done", True, 5004, 0)
    assert contents(database) == before


def test_kents_export_is_taken_in_whole(database, clock):
    kent = load_city("kent-oh")
    summary = import_accounts(database, kent, clock, kent.folder / "sample" / "accounts-20261120.txt")
    assert (summary.state, summary.rows, summary.taken, summary.refused) == ("done", 1500, 1500, 0)
    assert (summary.cents_in, summary.cents_taken, summary.encoding) == (6_166_112, 6_166_112, "utf-8-sig")
    with database.read() as session:
        found = session.scalar(select(Account).where(Account.number == "000000264"))
        assert (found.name, found.service_city, found.past_due_cents) == ("Alex Bennett", "Kent", 11_196)
        assert found.oldest_due_on == date(2026, 11, 15)
        assert found.service_past_due == {"water": 7023, "sewer": 561, "storm": 3612}
        off = session.scalar(select(Account.status).where(Account.number == "000000701"))
        assert off == "shut_off"
        laundry = session.scalar(select(func.count()).where(Account.name == 'Twin Ports Laundry "Express"'))
        assert laundry == 10
        held = session.scalar(select(func.count()).select_from(Hold).where(Hold.released_at.is_(None)))
        assert held == 138


def test_the_columns_come_to_the_right_facts(database, take):
    row = duluth_row(
        1, CUST_NAME="O'BRIEN, MARÍA", MAIL_ADDR1="PO BOX 12", MAIL_ADDR2="C/O KIM", CUR_BAL="($12.50)", BAL_60="0",
        BAL_30="$1,034.00", PD_GAS="$1,009.00", CELL_PHONE="555-0148", HOME_PHONE="see notes", LANG="es", STATUS="s",
        FLAGS="3PN",
    )  # fmt: skip
    summary = take([row])
    assert (summary.taken, summary.warnings) == (1, 0)
    with database.read() as session:
        found = account(session)
        assert (found.name, found.name_as_given, found.language) == ("María O'Brien", "O'BRIEN, MARÍA", "es")
        assert found.mailing_address == {
            "line1": "PO BOX 12", "line2": "C/O KIM", "city": "Duluth", "state": "MN", "zip": "55804",
        }  # fmt: skip
        assert (found.current_cents, found.past_due_cents, found.deposit_cents) == (-1250, 103_400, 0)
        assert found.aging == {"30": 103_400, "60": 0, "90": 0, "over_90": 0}
        assert found.service_past_due == {"gas": 100_900, "water": 1000, "sewer": 1000, "storm": 500}
        assert (found.status, found.service_class, found.occupancy) == ("shut_off", "residential", "owner")
        assert (found.affects_heat, found.oldest_due_on) == (True, date(2026, 10, 20))
        assert (found.last_payment_on, found.last_payment_cents) == (date(2026, 9, 15), 6120)
        assert (found.flags, found.route, found.balance_as_of) == (["third_party_notice"], "7", date(2026, 11, 20))
        points = session.scalars(select(ContactPoint).order_by(ContactPoint.kind, ContactPoint.rank)).all()
        assert [(p.label, p.raw, p.value, p.status, p.reason) for p in points] == [
            ("email", "someone1@example.com", "someone1@example.com", "usable", None),
            ("cell", "555-0148", "+12185550148", "usable", "Area code 218 was added"),
            ("home", "see notes", None, "unusable", "No digits in it"),
        ]


def test_a_mailbox_is_one_household_however_it_is_written(database, take):
    take([
        duluth_row(1, MAIL_ADDR1="12 West Main Street", MAIL_ADDR2="#3", MAIL_ZIP="55804-1234"),
        duluth_row(2, MAIL_ADDR1="12 W MAIN ST APT 3", MAIL_ADDR2="C/O KIM"),
        duluth_row(3, MAIL_ADDR1="12 W Main St", MAIL_ADDR2=""),
        duluth_row(4, MAIL_ADDR1="", MAIL_CITY="", MAIL_ST="", MAIL_ZIP=""),
    ])  # fmt: skip
    with database.read() as session:
        first, second, third, fourth = (account(session, number) for number in (1, 2, 3, 4))
        assert first.household == second.household != third.household
        assert fourth.mailing_address["problem"] == "The CIS has no mailing address"


def test_rows_are_refused_one_by_one_and_the_totals_balance(database, take):
    summary = take([
        duluth_row(1), duluth_row(2, CUR_BAL="abc", CLASS="X"), duluth_row(3, BAL_30="abc"), duluth_row(4),
        duluth_row(4, CUST_NAME="SOMEONE ELSE"), duluth_row(5, ACCT_NO="123"),
    ])  # fmt: skip
    assert (summary.rows, summary.taken, summary.refused, summary.unreadable) == (6, 2, 4, 1)
    assert (summary.cents_in, summary.cents_taken, summary.cents_refused) == (25_000, 10_000, 15_000)
    assert summary.balances
    said = [remark.text for remark in summary.refusals]
    assert said[0].startswith("CLASS: 'X' is not a known code") and "; CUR_BAL: 'abc'" in said[0]
    assert "were leading zeros lost?" in said[3]
    with database.read() as session:
        stored = session.execute(select(ImportRefusal.line, ImportRefusal.reason).order_by(ImportRefusal.line)).all()
        assert [(line, reason) for line, reason in stored] == [(r.line, r.text) for r in summary.refusals]
        totals = session.scalar(select(ImportFile.totals))
        assert (totals["rows"], totals["refused"], totals["cents_taken"]) == (6, 4, 10_000)


def test_odd_rows_are_taken_with_a_warning(database, take):
    summary = take([
        duluth_row(1, PD_GAS="0.00"), duluth_row(2, OLDEST_DUE_DT=""), duluth_row(3, LANG="FR"),
        duluth_row(4, LAST_PAY_DT="99/99/2026"), duluth_row(5, FLAGS="ZZZ"), duluth_row(6, OLDEST_DUE_DT="12/25/2026"),
    ])  # fmt: skip
    assert (summary.taken, summary.warnings) == (6, 6)
    assert [(remark.line, remark.text[:24]) for remark in summary.warned] == [
        (2, "The services add up to 2"), (3, "Something is past due, b"), (4, "LANG: 'FR' is not a know"),
        (5, "LAST_PAY_DT: '99/99/2026"), (6, "The flag ZZZ is not in t"), (7, "The oldest due date, 202"),
    ]  # fmt: skip
    with database.read() as session:
        held = holds.active(session, [account(session, 5).id], date(2026, 11, 20))
        assert [hold.kind for points in held.values() for hold in points] == ["office"]


def test_the_same_facts_written_otherwise_are_no_change(database, take):
    take([duluth_row(1)])
    summary = take([duluth_row(1, CUR_BAL="$80.00", LANG="en")], "2026-11-21")
    assert (summary.unchanged, summary.changed) == (1, 0)
    with database.read() as session:
        found = account(session)
        assert (found.facts_version, found.balance_as_of) == (1, date(2026, 11, 21))


def test_facts_that_change_raise_the_version_of_that_account_only(database, take):
    take([duluth_row(1), duluth_row(2)])
    summary = take([duluth_row(1, CUR_BAL="99.00"), duluth_row(2)], "2026-11-21")
    assert (summary.changed, summary.unchanged, len(summary.touched)) == (1, 1, 1)
    with database.read() as session:
        assert [account(session, n).facts_version for n in (1, 2)] == [2, 1]
        assert account(session).current_cents == 9900
        assert account(session).created_at < account(session).updated_at
        assert timeline(session, account(session).id) == []


def test_holds_follow_the_flags(database, take):
    take([duluth_row(1, FLAGS="DISP|MED")])
    with database.read() as session:
        key = account(session).id
        assert {h.kind for h in holds.active(session, [key], date(2026, 11, 20))[key]} == {"dispute", "medical"}
    take([duluth_row(1, FLAGS="MED")], "2026-11-21")
    with database.read() as session:
        assert [h.source for h in holds.active(session, [key], date(2026, 11, 21))[key]] == ["cis:MED"]
        told = [(e.kind, e.summary) for e in timeline(session, key)]
        assert told == [
            ("hold.placed", "Hold placed: Bill under dispute in the CIS"),
            ("hold.placed", "Hold placed: Medical need on file in the CIS"),
            ("hold.released", "Hold released: the CIS no longer has the flag DISP"),
        ]
        assert verify(session, key) == (3, [])


def test_a_hold_that_a_person_released_stays_released_while_the_flag_stays(database, take, clock):
    take([duluth_row(1, FLAGS="MED")])
    with database.begin() as session:
        hold = holds.active(session, [account(session).id], date(2026, 11, 20))[account(session).id][0]
        holds.release(session, hold.id, "user:kim", clock.now())
    take([duluth_row(1, FLAGS="MED", CUR_BAL="1.00")], "2026-11-21")
    with database.read() as session:
        assert holds.active(session, [account(session).id], date(2026, 11, 21)) == {}


def test_notext_stops_texts_to_the_phones_and_its_end_resumes_them(database, take):
    phone = "+12185550001"
    take([duluth_row(1, FLAGS="NOTEXT"), duluth_row(2, CELL_PHONE="2185550001")])
    with database.read() as session:
        assert consent.blocked(session, "sms", [phone]) == {phone}
        for number in (1, 2):
            assert [e.kind for e in timeline(session, account(session, number).id)] == ["consent.revoked"]
    take([duluth_row(1), duluth_row(2, CELL_PHONE="2185550001")], "2026-11-21")
    with database.read() as session:
        assert consent.blocked(session, "sms", [phone]) == set()


def test_a_customers_own_stop_outlives_the_flag(database, take, clock):
    phone = "+12185550001"
    take([duluth_row(1, FLAGS="NOTEXT")])
    with database.begin() as session:
        consent.record(session, channel="sms", address=phone, action="revoked", source="reply", evidence="STOP",
                       at=clock.now())  # fmt: skip
    take([duluth_row(1)], "2026-11-21")
    with database.read() as session:
        assert consent.blocked(session, "sms", [phone]) == {phone}


def test_texts_do_not_resume_while_another_account_with_the_phone_has_the_flag(database, take):
    shared = [duluth_row(n, FLAGS="NOTEXT", CELL_PHONE="2185550001") for n in (1, 2)]
    take(shared)
    take([duluth_row(1, CELL_PHONE="2185550001"), shared[1]], "2026-11-21")
    with database.read() as session:
        assert consent.blocked(session, "sms", ["+12185550001"]) == {"+12185550001"}


def test_contact_points_come_and_go_and_what_was_learned_stays(database, take, clock):
    take([duluth_row(1, CELL_PHONE="2185550001", HOME_PHONE="2185550002")])
    with database.begin() as session:
        contacts.mark(session, "phone", "+12185550001", "wrong_number", "Said so", clock.now())
    take([duluth_row(1, CELL_PHONE="2185550003", HOME_PHONE="2185550001")], "2026-11-21")
    with database.read() as session:
        key = account(session).id
        statement = select(ContactPoint).where(ContactPoint.kind == "phone").order_by(ContactPoint.raw)
        points = [(p.raw[-1], p.label, p.status) for p in session.scalars(statement)]
        assert points == [("1", "home", "wrong_number"), ("2", "home", "gone"), ("3", "cell", "usable")]
        assert [p.value for p in contacts.preferred(session, [key], "sms")[key]] == ["+12185550003"]
        assert [e.summary for e in timeline(session, key)] == [
            "Contact points in the CIS: cell 2185550003 added; home 2185550002 removed"
        ]
    take([duluth_row(1, CELL_PHONE="2185550003", HOME_PHONE="2185550002")], "2026-11-22")
    with database.read() as session:
        assert {p.value for p in contacts.preferred(session, [key], "sms")[key]} == {"+12185550003", "+12185550002"}


def test_a_phone_known_to_be_dead_is_dead_on_the_next_account_too(database, take, clock):
    take([duluth_row(1, CELL_PHONE="2185550001")])
    with database.begin() as session:
        contacts.mark(session, "phone", "+12185550001", "unreachable", "30005", clock.now())
    take([duluth_row(1, CELL_PHONE="2185550001"), duluth_row(2, CELL_PHONE="218 555 0001")], "2026-11-21")
    with database.read() as session:
        assert contacts.preferred(session, [account(session, 2).id], "sms") == {}


def test_a_moved_customer_and_a_new_name_are_told_in_the_history(database, take):
    take([duluth_row(1)])
    take([duluth_row(1, CUST_NAME="STONE, SCOTT & KIM", MAIL_ADDR1="9 New St")], "2026-11-21")
    with database.read() as session:
        said = [e.summary for e in timeline(session, account(session).id)]
        assert said == [
            "Changed in the CIS: name from Scott Stone to Scott & Kim Stone; mailing address from 101 Superior St, "
            "Duluth MN 55804 to 9 New St, Duluth MN 55804"
        ]


def test_accounts_that_left_the_file_keep_their_contact_points(database, take):
    rows = [duluth_row(n) for n in range(1, 41)]
    take(rows)
    summary = take(rows[1:], "2026-11-21")
    assert (summary.state, summary.left, summary.unchanged) == ("done", 1, 39)
    with database.read() as session:
        gone = account(session, 1)
        assert (gone.in_latest_file, gone.facts_version, gone.balance_as_of) == (False, 2, date(2026, 11, 20))
        assert [p.value for p in contacts.preferred(session, [gone.id], "sms")[gone.id]] == ["+12185550001"]
        assert [e.kind for e in timeline(session, gone.id)] == ["account.left"]
    back = take(rows, "2026-11-22")
    assert (back.changed, back.unchanged, back.left) == (1, 39, 0)
    with database.read() as session:
        assert account(session, 1).in_latest_file
        assert [e.kind for e in timeline(session, account(session, 1).id)] == ["account.left", "account.returned"]


def test_an_account_whose_row_is_refused_has_not_left(database, take):
    take([duluth_row(n) for n in range(1, 4)])
    summary = take([duluth_row(1, CUR_BAL="x"), duluth_row(2), duluth_row(3)], "2026-11-21")
    assert (summary.refused, summary.left) == (1, 0)
    with database.read() as session:
        assert (account(session).in_latest_file, account(session).balance_as_of) == (True, date(2026, 11, 20))


def test_days_are_the_citys(database, clock, tmp_path, city):
    file = accounts_file(tmp_path, [duluth_row(1)]).rename(tmp_path / "export.csv")
    summary = import_accounts(database, city, clock, file)
    assert summary.as_of == clock.now().astimezone(ZoneInfo("America/Chicago")).date()
    assert "No date in the name" in summary.warned[0].text

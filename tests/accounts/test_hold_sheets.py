"""Lists of holds and of pledges: a row is taken or refused by itself, and the same list places nothing twice."""

from datetime import date

import pytest

from comms.accounts import sheets
from comms.accounts.hold_sheets import read_holds, read_pledges
from comms.accounts.sheets import SheetError
from comms.outbox import holding
from tests.support import build

TODAY = date(2026, 11, 23)


@pytest.fixture
def lists(database, tmp_path, clock):
    """Two accounts, and lists about them."""
    with database.begin() as session:
        for number in ("0000123-47", "0000124-00"):
            build.account(session, number=number)

    class Lists:
        path = tmp_path / "list.csv"

        def read(self, text, reader=read_holds, encoding="utf-8"):
            self.path.write_bytes(text.encode(encoding))
            with database.read() as session:
                return reader(session, self.path, TODAY)

        def place(self, text, reader=read_holds):
            _, wanted, refused = self.read(text, reader)
            assert refused == []
            with database.begin() as session:
                return holding.place_all(session, clock, wanted, by="user:park")

        def active(self):
            with database.read() as session:
                return [(hold.amount_cents, hold.ends_on) for hold, _ in holding.listing(session, TODAY)]

    return Lists()


def test_a_list_of_holds(lists):
    _, (first, second), refused = lists.read(
        "Account;Kind;Note;Ends_on;Amount\n"
        "123-47;Medical;Letter of Dr. Peña seen;;\n"
        "0000124-00;dispute;Disputes the meter;12/31/2026;$1,045.50\n",
        encoding="cp1252",
    )
    assert refused == []
    assert (first.account.number, first.kind, first.starts_on, first.ends_on) == ("0000123-47", "medical", TODAY, None)
    assert (first.review_on, first.note) == (date(2026, 12, 23), "Letter of Dr. Peña seen")
    assert (second.ends_on, second.amount_cents, second.review_on) == (date(2026, 12, 31), 104_550, None)


WRONG = """account,kind,note,starts_on,ends_on,amount
9999999-99,medical,Letter of Dr. Lee seen,,,
,medical,Letter of Dr. Lee seen,,,
0000123-47,flu,Letter of Dr. Lee seen,,,
0000123-47,medical,,,,
0000123-47,medical,Letter of Dr. Lee seen,tomorrow,,
0000123-47,medical,Letter of Dr. Lee seen,,2026-11-01,
0000123-47,medical,Letter of Dr. Lee seen,,,12.345
0000123-47,medical,Letter of Dr. Lee seen,,,-5
0000123-47,medical,Letter,of,Dr.,Lee,seen
0000124-00,medical,Letter of Dr. Lee seen,,,
0000124-00,medical,Letter of Dr. Lee seen,,,
0000123-47,promise,Will pay on Friday,,,
"""


def test_rows_that_cannot_be_are_refused_and_can_be_mended(lists, tmp_path):
    sheet, wanted, refused = lists.read(WRONG)
    assert [one.row.line for one in wanted] == [11]
    says = {
        2: "No account 9999999-99", 3: "No account number", 4: "allowed: medical", 5: "The note must say why",
        6: "'tomorrow' is no date", 7: "before it starts", 8: "'12.345' is not an amount", 9: "above nothing",
        10: "7 cells where 6 are expected", 12: "The same as line 11", 13: "not a kind of hold",
    }  # fmt: skip
    assert {one.row.line for one in refused} == set(says)
    assert all(says[one.row.line] in one.reason for one in refused)
    to_mend = tmp_path / "list.refused.csv"
    sheets.write_refused(to_mend, sheet, refused)
    mended = to_mend.read_text("utf-8-sig").replace("tomorrow", "2026-11-24")
    assert mended.startswith("line,reason,account,kind,note")
    _, again, still = lists.read(mended)
    assert [one.starts_on for one in again] == [date(2026, 11, 24), TODAY], "the twin's first is not in this file"
    assert len(still) == len(refused) - 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column account, kind, note"),
        ("account,kind\n", "no column note"),
        ("account,kind,note,colour\n", "a column 'colour' that is not known"),
        ("account,kind,note,note\n", "two columns called note"),
        ("PK\x03\x04\0", "no CSV file"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_whole(lists, text, says):
    with pytest.raises(SheetError, match=says):
        lists.read(text)
    with pytest.raises(SheetError, match="cannot be read"):
        sheets.read(lists.path.with_name("nowhere.csv"), ("account",))


HOLDS = """account,kind,note
0000123-47,medical,Letter of Dr. Lee seen
0000124-00,office,Meter is being changed
"""


def test_the_same_list_twice_places_nothing_twice(lists, database, clock):
    assert lists.place(HOLDS).placed == 2
    assert (lists.place(HOLDS).placed, len(lists.active())) == (0, 2)
    with database.begin() as session:
        first = holding.listing(session, TODAY)[0][0]
        holding.release(session, clock, first.id, by="user:lee", because="she is well")
    again = lists.place(HOLDS + "0000124-00,medical,Letter of Dr. Lee seen\n")
    assert (again.placed, again.unchanged) == (1, 2), "what was released stays released"


def test_two_people_with_the_same_list(lists, database, clock, two_at_once):
    _, wanted, _ = lists.read(HOLDS)
    done = two_at_once(lambda: database.run(lambda session: holding.place_all(session, clock, wanted, by="user:park")))
    assert sorted(one.placed for one in done) == [0, 2] and len(lists.active()) == 2


PLEDGES = """Agency,Account,Amount,Pledged_on,Expires_on,Reference,Note
AEOA,0000123-47,200.00,2026-11-20,2027-01-15,A-77,gas first
Salvation Army,0000124-00,75,11/22/2026,,,
"""


def test_a_pledge_holds_its_amount_until_it_expires(lists):
    done = lists.place(PLEDGES, read_pledges)
    assert (done.placed, done.amount_cents) == (2, 27_500)
    assert lists.active() == [(20_000, date(2027, 1, 15)), (7_500, date(2027, 1, 21))]
    assert lists.place(PLEDGES, read_pledges).unchanged == 2
    _, (first, _), _ = lists.read(PLEDGES, read_pledges)
    assert first.note == "AEOA pledged $200.00 on 2026-11-20 (A-77): gas first"


def test_a_pledge_under_the_same_reference_takes_the_place_of_the_one_before(lists):
    lists.place(PLEDGES, read_pledges)
    done = lists.place(PLEDGES.replace("200.00", "150.00"), read_pledges)
    assert (done.placed, done.replaced, done.unchanged) == (1, 1, 1)
    assert lists.active() == [(7_500, date(2027, 1, 21)), (15_000, date(2027, 1, 15))]
    assert lists.place(PLEDGES, read_pledges).unchanged == 2, "the old list brings nothing back"


def test_a_pledge_needs_who_how_much_and_when(lists):
    _, wanted, refused = lists.read(
        "agency,account,amount,pledged_on\n,0000123-47,5,2026-11-20\nAEOA,0000123-47,,2026-11-20\n"
        "AEOA,0000123-47,5,2026-12-20\nAEOA,0000123-47,5,2026-01-02\n",
        read_pledges,
    )
    assert wanted == []
    says = ("agency is missing", "needs its amount", "still to come", "would have ended on 2026-03-03")
    assert all(expected in one.reason for one, expected in zip(refused, says, strict=True))

"""``comms hold`` and ``comms copies``: what staff place, list, review, release and take in."""

import pytest

from tests.support import build


@pytest.fixture
def maria(database):
    with database.begin() as session:
        return build.account(session, number="0000123-47").number


def test_a_hold_from_its_placing_to_its_release(comms, maria):
    said = comms("hold", "place", "123-47", "medical", "--note", "Letter of Dr. Lee seen", "--by", "park")
    assert (said.code, said.out) == (
        0,
        "Placed. Hold 1  0000123-47 Maria Jensen  medical from 2026-11-23 without an end, review 2026-12-23: "
        "Letter of Dr. Lee seen (user:park)\n",
    )
    assert comms("hold", "list", "--due").out == "No hold is due for review.\n"
    again = comms("hold", "review", "1", "--again", "2027-01-04", "--note", "still ill")
    assert again.out == "Hold 1 stands; it is looked at again on 2027-01-04.\n"
    assert comms("hold", "release", "1", "--because", "she is well").out == "Hold 1 is released.\n"
    assert comms("hold", "list").out == "No hold.\n"
    (old,) = comms("hold", "list", "123-47", "--all", "--json").json
    assert (old["released_on"], old["review_on"]) == ("2026-11-23", "2027-01-04")
    assert "Medical hold released: she is well" in comms("history", maria).out


def test_a_hold_for_an_amount_until_a_day(comms, maria):
    given = ("--amount", "45.50", "--to", "12/31/2026", "--json")
    said = comms("hold", "place", maria, "dispute", "--note", "Disputes the meter", *given).json
    assert (said["amount_cents"], said["to"], said["review_on"]) == (4550, "2026-12-31", None)


LIST = "account,kind,note\n0000123-47,medical,Letter of Dr. Lee seen\n9999999-99,medical,Letter of Dr. Lee seen\n"


def test_a_list_is_taken_in_mended_and_taken_in_again(comms, maria, tmp_path):
    path = tmp_path / "holds.csv"
    path.write_text(LIST)
    assert comms("hold", "import", str(path), "--dry-run").out.startswith(
        "holds.csv: 1 rows can be placed, 1 cannot. Nothing was placed.\n"
    )
    said = comms("hold", "import", str(path))
    assert said.code == 1
    assert said.out.startswith("holds.csv: 1 holds placed, 0 were placed before")
    assert "Refused, line 3: No account 9999999-99" in said.out
    mend = tmp_path / "var" / "refusals" / "holds.refused.csv"
    assert f"comms hold import {mend}" in said.out
    again = comms("hold", "import", str(path), "--json")
    assert (again.json["placed"], again.json["unchanged"]) == (0, 1)
    mend.write_text(mend.read_text("utf-8-sig").replace("9999999-99", maria).replace("Dr. Lee", "Dr. Roe"))
    assert comms("hold", "import", str(mend)).code == 0


def test_pledges(comms, maria, tmp_path):
    path = tmp_path / "pledges.csv"
    path.write_text("agency,account,amount,pledged_on,expires_on\nAEOA,0000123-47,200,2026-11-20,2027-01-15\n")
    assert "1 holds placed, for $200.00" in comms("hold", "import", "--pledges", str(path)).out
    assert "energy_assistance from 2026-11-20 to 2027-01-15, $200.00" in comms("hold", "list").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("place", "99-99", "medical", "--note", "Letter seen"), "No account 99-99"),
        (("place", "123-47", "medical", "--note", "x"), "must say why"),
        (("place", "123-47", "medical", "--note", "Letter seen", "--amount", "lots"), "'lots' is no amount"),
        (("place", "123-47", "medical", "--note", "Letter seen", "--to", "2026-11-01"), "before it starts"),
        (("release", "9", "--because", "she is well"), "No hold 9 stands"),
        (("review", "9"), "Say when to look again"),
        (("review", "9", "--again", "2027-01-04", "--note", "still ill"), "No hold 9 stands"),
        (("review", "9", "--again", "2026-01-04", "--note", "still ill"), "Give a day after today"),
        (("import", "nowhere.csv"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(comms, maria, arguments, says):
    said = comms("hold", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_copies_from_the_first_to_the_last(comms, maria):
    assert comms("copies", "list", maria).out == "Nobody else gets copies.\n"
    given = ("--name", "Ann Jensen", "--authority", "Signed request of Nov 2", "--email", "ann@example.com")
    said = comms("copies", "add", maria, *given, "--address", "9 Oak St|Duluth|MN|55804", "--by", "park")
    assert said.out == "Recipient 1: copies for account 0000123-47 go to Ann Jensen (third party).\n"
    (one,) = comms("copies", "list", maria, "--json").json
    assert (one["email"], one["address"], one["from"]) == (
        "ann@example.com",
        "9 Oak St, Duluth, MN, 55804",
        "2026-11-23",
    )
    assert comms("copies", "end", "1").out == "Recipient 1 gets no more copies.\n"
    assert comms("copies", "end", "1").code == 2
    assert "to 2026-11-22: Signed request of Nov 2" in comms("copies", "list", maria).out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("99-99", "--email", "a@example.com"), "No account 99-99"),
        (("123-47",), "needs somewhere to go"),
        (("123-47", "--address", "9 Oak St"), "Give the address in parts"),
    ],
)
def test_a_recipient_that_cannot_be_is_refused(comms, maria, arguments, says):
    said = comms("copies", "add", *arguments, "--name", "Ann", "--authority", "Signed request of Nov 2")
    assert (said.code, said.out) == (2, "")
    assert says in said.err

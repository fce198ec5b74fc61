"""``comms mail``: the day a batch was mailed, and the letters that come back."""

from datetime import timedelta

import pytest

from comms.clock import FileClock
from tests.support import build, post

BATCH = "duluth-mn-20261123-01"


@pytest.fixture
def pieces(database, clock, tmp_path):
    """Two letters to one account, handed over on Monday; it is Wednesday now."""
    with database.begin() as session:
        account = build.account(session, number="0000123-47")
        numbers = post.hand_over(session, clock, account, account)
    FileClock.put(tmp_path / "clock.json", clock.now() + timedelta(days=2))
    return numbers


def state(database, number):
    with database.read() as session:
        return post.letter(session, number).state


def test_a_batch_is_mailed(comms, database, pieces):
    assert comms("mail", "list", "--waiting").out.startswith(f"{BATCH}  2 letters, handed over 2026-11-23, mailing day")
    said = comms("mail", "ack", BATCH, "--mailed-on", "2026-11-24", "--pieces", "2", "--by", "park")
    assert (said.code, said.out) == (0, f"Batch {BATCH}: 2 letters count as mailed on 2026-11-24.\n")
    assert "nothing changed" in comms("mail", "ack", BATCH, "--mailed-on", "2026-11-24").out
    assert comms("mail", "list", "--json").json[0]["mailed_on"] == "2026-11-24"
    assert comms("mail", "list", "--waiting").out == "No batch waits for its mailing day.\n"


def test_what_was_not_mailed_comes_in_a_list(comms, database, pieces, tmp_path):
    rejected = tmp_path / "rejected.csv"
    rejected.write_text(f"piece,reason\n{pieces[0]},Window blocked\n")
    said = comms("mail", "ack", BATCH, "--mailed-on", "11/24/2026", "--file", str(rejected))
    assert said.code == 1 and "1 letters count as mailed" in said.out and "1 were not mailed" in said.out
    assert state(database, pieces[0]) == "failed"


def test_an_acknowledgement_is_taken_back(comms, database, pieces):
    comms("mail", "ack", BATCH, "--mailed-on", "2026-11-24")
    assert comms("mail", "ack", BATCH, "--undo").code == 2
    said = comms("mail", "ack", BATCH, "--undo", "--because", "it was the other batch")
    assert (said.code, said.out) == (0, f"2 letters of {BATCH} wait for their mailing day again.\n")
    assert state(database, pieces[0]) == "handed_over"


def test_a_letter_comes_back_and_had_not(comms, database, pieces):
    said = comms("mail", "returned", pieces[0], "--reason", "NSN", "--note", "try 12 Elm St")
    assert (said.code, said.out) == (0, f"{pieces[0]} is written down.\n")
    assert "nothing changed" in comms("mail", "returned", pieces[0], "--reason", "nsn").out
    assert "came back: no such number (try 12 Elm St)" in comms("history", "0000123-47").out
    assert state(database, pieces[0]) == "returned"
    assert comms("mail", "returned", pieces[0], "--undo", "--because", "the wrong tray").code == 0
    assert state(database, pieces[0]) == "handed_over"


def test_an_address_is_confirmed(comms, database, pieces):
    comms("mail", "returned", pieces[0], "--reason", "NSN")
    said = comms("mail", "confirm", "123-47", "--because", "by phone, Nov 25, the mailbox was put up")
    assert said.code == 0 and "go to" in said.out and "again" in said.out
    assert comms("mail", "confirm", "123-47", "--because", "once more for luck").code == 2


def test_a_list_of_letters_that_came_back(comms, database, pieces, tmp_path):
    came_back = tmp_path / "back.csv"
    came_back.write_text(
        f"piece,reason,returned_on,note\n{pieces[0]},UTF,2026-11-25,\nduluth-9,NSN,,\n{pieces[1]},torn,,\n"
        f"{pieces[1]},NSN,someday,\n"
    )
    said = comms("mail", "returned", "--file", str(came_back))
    assert said.code == 1
    assert said.out.startswith("1 letters came back, 0 were known, 3 rows were refused.\n")
    assert "Refused, line 3: No piece duluth-9" in said.out
    mend = tmp_path / "var" / "refusals" / "back.refused.csv"
    assert str(mend) in said.out
    mend.write_text(mend.read_text("utf-8-sig").replace("torn", "ANK").replace("someday", "2026-11-25"))
    again = comms("mail", "returned", "--file", str(mend), "--json").json
    assert (again["taken"], [one["line"] for one in again["refused"]]) == (1, [2, 4])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ack", BATCH), "--mailed-on"),
        (("ack", "b9", "--mailed-on", "2026-11-24"), f"Batches that wait for their mailing day: {BATCH}"),
        (("ack", BATCH, "--mailed-on", "2026-11-24", "--file", "nowhere.csv"), "cannot be read"),
        (("returned",), "Give the number of one piece, or --file"),
        (("returned", "b9-1"), "Say what is printed on it"),
        (("returned", "b9-1", "--reason", "NSN"), "No piece b9-1"),
        (("returned", "b9-1", "--undo"), "Say why"),
        (("returned", "--file", "nowhere.csv"), "cannot be read"),
        (("confirm", "99-99", "--because", "by phone, Nov 25"), "No account 99-99"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(comms, pieces, arguments, says):
    said = comms("mail", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err

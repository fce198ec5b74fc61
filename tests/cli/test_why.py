"""``comms why``: a clerk asks why an account hears from us, or does not."""

import pytest

from comms.city import load_city
from tests.support import build, policies


@pytest.fixture
def office(database):
    with database.begin() as session:
        policies.activate(session, load_city("duluth-mn"))
        account = build.account(session, number="0000123-47")
        build.hold(session, account.id, "medical")


def test_a_clerk_reads_the_answer_first_then_what_it_rests_on(comms, office):
    said = comms("why", "123-47")
    assert said.code == 0
    assert said.out.startswith("0000123-47  Maria Jensen: why, on Monday, November 23, 2026")
    for part in ("a hold stands against it", "Rules that had a say", "216B.098", "comms policy show"):
        assert part in said.out
    assert max(map(len, said.out.splitlines())) <= 110


def test_a_program_reads_json_of_any_day(comms, office):
    told = comms("why", "0000123-47", "--on", "2026-12-15", "--json").json
    assert (told["on"], told["basis"], told["kind"]) == ("2026-12-15", "foreseen", "hold")
    assert comms("why", "0000123-47", "--on", "2026-11-01", "--json").json["rule"] == "no-run"


@pytest.mark.parametrize("asked", [("999",), ("0000123-47", "--on", "2029-01-01"), ("0000123-47", "--on", "soon")])
def test_what_cannot_be_answered_is_refused_with_a_next_step(comms, office, asked):
    said = comms("why", *asked)
    assert said.code == 2 and said.err and not said.out

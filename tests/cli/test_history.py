"""``comms history``: the timeline, the search, and the proof."""

import pytest
from sqlalchemy import text


@pytest.fixture
def written(imported):
    assert imported("send", "0000001-10", "past-due-reminder").code == 0
    assert imported("send", "0000002-10", "past-due-reminder").code == 0
    return imported


def tampered(database, statement: str) -> None:
    """What somebody with the database file in hand could do: triggers off, one line changed."""
    with database.engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        assert connection.exec_driver_sql(statement).rowcount >= 1
        connection.commit()


@pytest.mark.parametrize("arguments", [("0000001-10",), ("show", "0000001-10"), ("110",)])
def test_the_timeline_shows_the_exact_words(written, arguments):
    said = written("history", *arguments)
    assert said.code == 0
    first, event, *words = said.out.splitlines()
    assert first == "0000001-10  Scott Stone, 101 Superior St"
    assert event == "2026-11-23 10:00 -> sms     Text: Past-due reminder"
    assert words[0].strip().startswith("| Duluth Utilities: account ending 0110 is $50.00 past due")


def test_the_timeline_as_json(written):
    (event,) = written("history", "0000001-10", "--json").json
    assert (event["kind"], event["direction"], event["position"]) == ("notice.queued", "out", 1)
    assert event["content"]["to"] == "+12185550001"
    assert event["at"].startswith("2026-11-23")


def test_an_account_nobody_wrote_to(written):
    assert "Nothing has been said or done yet." in written("history", "0000004-10").out


@pytest.mark.parametrize("query", ["peña", "PENA", "218-555-0002", "102 superior", "someone2@example.com", "2-10"])
def test_an_account_is_found_by_what_is_known(written, query):
    assert "0000002-10  María Peña  102 Superior St" in written("history", "--find", query).out


def test_a_search_for_a_program(written):
    assert written("history", "--find", "peña", "--json").json == [
        {"number": "0000002-10", "name": "María Peña", "service_address": "102 Superior St"}
    ]
    assert written("history", "--find", "nobody at all", "--json").json == []


def test_a_search_that_finds_nothing_says_so(written):
    said = written("history", "--find", "nobody at all")
    assert "No account matches" in said.out


@pytest.mark.parametrize("arguments", [("9999999-99",), ("show", "9999999-99"), ("verify", "9999999-99")])
def test_an_unknown_account_is_refused_with_a_next_step(written, arguments):
    said = written("history", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err == "No account 9999999-99. Search by name: comms history --find NAME\n"


def test_whose_history(written):
    said = written("history", "show")
    assert said.code == 2
    assert said.err.startswith("Which account?")


def test_a_whole_history_is_proved(written):
    said = written("history", "verify")
    assert (said.code, said.out) == (0, "3 events in 3 chains: whole.\n")
    assert written("history", "verify", "0000001-10", "--json").json == {"chains": 1, "events": 1, "wrong": []}


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE contact_event SET summary = 'Nothing happened.' WHERE chain = 1",
            "its content is not what was recorded",
        ),
        ("DELETE FROM contact_event WHERE chain = 1", "events are missing at the end"),
        ("UPDATE history_head SET position = 0 WHERE chain = 1", "its head says 0"),
        (
            "UPDATE contact_content SET content = json_set(content, '$.text', 'Dear customer') "
            "WHERE digest = (SELECT content_digest FROM contact_event WHERE chain = 1)",
            "the words are not those that were recorded",
        ),
    ],
)
def test_a_history_that_was_changed_is_found_out(written, database, statement, says):
    tampered(database, statement)
    said = written("history", "verify")
    assert said.code == 1
    assert says in said.out
    assert "wrong" in said.out.splitlines()[-1]
    assert written("history", "verify", "0000002-10").code == 0, "the others' chains are whole"
    assert written("history", "verify", "--json").json["wrong"]


def test_words_that_were_purged_do_not_break_the_proof(written, database):
    tampered(database, "DELETE FROM contact_content")
    assert written("history", "verify").code == 0
    assert written("history", "0000001-10").code == 0

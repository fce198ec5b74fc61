"""The language a customer asks for is the one he is written in, whatever later files say."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.accounts.importing import import_accounts
from comms.accounts.schema import Account
from comms.outbox import language_of
from comms.replies.language_wish import wished
from tests.support.exports import accounts_file, duluth_row

from .conftest import customer, lines, queue_a_reminder, state_of, taken_for


def test_the_language_asked_for_is_written_from_then_on(office):
    account_id = customer(office)
    waiting = queue_a_reminder(office, account_id, facts_version=1)
    office.text("en español por favor")
    assert "le escribiremos en español" in office.last_answer()[1]
    assert state_of(office, waiting) == "held", "it is written anew"
    office.text("HELP")
    assert "Responda ALTO" in office.last_answer()[1]
    assert "Wants messages in Spanish: en español por favor" in lines(office, account_id)
    office.text("English please")
    assert office.last_answer()[1].startswith("Duluth Utilities: from now on we will write to you in English")


def test_later_files_leave_the_language_that_was_asked_for(database, city, clock, tmp_path):
    def take(row, day):
        clock.advance(timedelta(days=1))
        return import_accounts(database, city, clock, accounts_file(tmp_path, [row], day))

    take(duluth_row(1), "2026-11-20")
    with database.begin() as session:
        session.scalars(select(Account)).one().language_asked = "es"
    assert take(duluth_row(1), "2026-11-21").changed == 0
    assert take(duluth_row(1, CUST_NAME="STONE, MARY", LANG="EN"), "2026-11-22").changed == 1
    with database.read() as session:
        account = session.scalars(select(Account)).one()
        assert (account.language, account.language_asked, language_of(account)) == ("en", "es", "es")


def test_a_language_we_do_not_write_needs_an_interpreter(office, monkeypatch):
    account_id = customer(office)
    taken_for(monkeypatch, "language_request")
    office.text("do you speak Somali?")
    notice, words = office.last_answer()
    assert notice == "language-not-available" and "an interpreter is free" in words
    assert [reason for _, _, reason in office.tasks()] == ["Asks for Somali: an interpreter is needed."]
    assert office.ask(lambda s: s.get(Account, account_id).language_asked) is None


@pytest.mark.parametrize(
    ("words", "written_in", "wish"),
    [
        ("ESPAÑOL", "es", "es"),
        ("Spanish", "en", "es"),
        ("I don't speak English, Spanish please", "en", "es"),
        ("english please, not spanish", "en", "en"),
        ("español no, inglés", "es", "en"),
        ("no hablo ingles", "es", "es"),
        ("i dont speak spanish", "en", "en"),
        ("english isnt my language", "en", "another"),
        ("cant read english", "en", "another"),
        ("I only speak Hmong", "en", "Hmong"),
        ("Spanish instead of English", "en", "es"),
        ("English, no Spanish", "en", "en"),
        ("ingles no español", "es", "en"),
        ("no entiendo nada", "es", "es"),
    ],
)
def test_which_language_is_wished_for(words, written_in, wish):
    assert wished(words, written_in) == wish

"""Finding what was said by the words in it: replies, notices and notes, whoever wrote them."""

import re

import pytest
from sqlalchemy import text

from comms.desk.accounts.passages import passage
from comms.history import remember, with_words
from comms.history.chain import NewEvent, record
from comms.history.words import STATEMENTS
from tests.desk import story
from tests.support import build

NOW = build.NOW


def said(session, account_id, words, *, kind="note.added", subject=None, direction="none"):
    (digest,) = remember(session, [{"channel": "note", "subject": subject, "text": words}], NOW)
    record(session, [NewEvent(account_id, NOW, kind, "Said", direction, "note", content_digest=digest)], NOW)


def found(database, *words):
    with database.read() as session:
        return [each.text for each in with_words(session, words, 10)]


@pytest.mark.parametrize(
    "words", [["meter"], ["leak"], ["leaking", "garage"], ["pena"], ["dont"], ["412", "86"], ["subjectline"]]
)
def test_words_are_found_however_they_are_written(database, words):
    text_said = "The METER is leaking; I don't know señor Peña’s garage. $412.86"
    with database.begin() as session:
        account = build.account(session)
        said(session, account.id, text_said, subject="Subjectline")
        said(session, account.id, "Something else altogether")
    assert found(database, *words) == [text_said]


def test_all_of_the_words_must_be_there_and_short_ones_stand_for_themselves(database):
    with database.begin() as session:
        said(session, None, "The meter runs", kind="reply.received", direction="in")
    assert found(database, "meter", "garage") == []
    assert found(database, "ru") == []
    assert found(database, "run") == ["The meter runs"]


def test_the_newest_come_first_and_a_report_of_delivery_does_not_repeat_them(database):
    with database.begin() as session:
        account = build.account(session)
        for words in ("water one", "water two", "water three"):
            said(session, account.id, words)
        said(session, account.id, "water two", kind="delivery.submitted")
    assert found(database, "water") == ["water three", "water two", "water one"]
    with database.read() as session:
        assert [each.text for each in with_words(session, ["water"], 2)] == ["water three", "water two"]


def test_an_old_message_is_found_behind_many_newer_ones(database, monkeypatch):
    monkeypatch.setattr("comms.history.words.NEWEST", 2)
    with database.begin() as session:
        for words in ("a burst pipe", "thanks", "thank you", "thanks a lot"):
            said(session, None, words)
    assert found(database, "pipe") == ["a burst pipe"]
    assert found(database, "thank") == ["thanks a lot", "thank you", "thanks"]


@pytest.mark.parametrize("words", ["x" * 5000, "💧" * 500, "'\"; DROP", "ß ﬁ Ⅷ", "", "word " * 9000])
def test_no_text_keeps_an_event_from_being_recorded(database, words):
    with database.begin() as session:
        said(session, None, words)
        assert session.scalar(text("SELECT count(*) FROM contact_event")) == 1


def test_a_word_is_asked_for_folded(database):
    with database.read() as session, pytest.raises(ValueError, match="fold"):
        with_words(session, ["a & b"], 1)


def test_the_passage_shows_the_words_that_were_looked_for():
    long = "word " * 60 + "my Señora leaks " + "word " * 60
    parts = passage(long, ["senora", "leak"])
    assert [part for part, wanted in parts if wanted] == ["Señora", "leaks"]
    assert "".join(part for part, _ in parts).startswith("… ") and len("".join(part for part, _ in parts)) < 200


def test_the_page_shows_messages_with_the_words_and_opens_the_record_there(clerk):
    page = clerk.get("/find?q=dividir").get_data(as_text=True)
    assert "<mark>dividir</mark>" in page
    (link,) = set(re.findall(rf'href="(/accounts/{story.MARIA}\?before=\d+)"', page))
    assert "dividir" in clerk.get(link).get_data(as_text=True)


def test_a_reply_of_an_unknown_sender_is_found_too(clerk, afternoon):
    with afternoon.database.begin() as session:
        said(session, None, "Zebra crossing", kind="reply.unmatched", direction="in")
    page = clerk.get("/find?q=zebra").get_data(as_text=True)
    assert "Not matched to an account" in page and "<mark>Zebra</mark>" in page


@pytest.mark.parametrize(
    "purge", ["DELETE FROM contact_content", 'UPDATE contact_content SET content = \'{"text": "[purged]"}\'']
)
def test_what_is_purged_is_found_no_more_and_its_words_are_gone(database, purge):
    with database.begin() as session:
        account = build.account(session)
        said(session, account.id, "Said twice: a secret")
        said(session, account.id, "Said twice: a secret")
        said(session, account.id, "Something that stays")
    assert len(found(database, "secret")) == 2
    with database.begin() as session:
        session.execute(text(f"{purge} WHERE CAST(content AS text) LIKE '%secret%'"))
    assert found(database, "secret") == []
    assert found(database, "stays") == ["Something that stays"]
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM searched_words")) == 1


def test_words_are_taken_away_without_reading_the_history(database):
    plan = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    (statement,) = re.findall(
        r"DELETE FROM searched_words.*?(?=;)",
        " ".join(one for one in STATEMENTS["sqlite" if database.is_sqlite else "postgresql"] if "forget" in one),
        re.DOTALL,
    )[:1]
    with database.read() as session:
        if not database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        told = str(session.execute(text(f"{plan} {statement.replace('OLD.digest', chr(39) * 2)}")).all())
    assert "ix_contact_event_searched" in told

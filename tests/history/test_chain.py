"""The contact history is append-only, and its chain shows what was changed behind its back."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from comms.history import NewEvent, record, remember, timeline, verify
from comms.history.chain import link_hash
from comms.history.content import canonical
from comms.history.schema import GUARD
from tests.support.build import account

AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


def note(number: int, digest: str | None = None) -> NewEvent:
    return NewEvent(None, AT + timedelta(minutes=number), "note.added", f"Note {number}", content_digest=digest)


def test_events_are_numbered_in_the_order_they_were_recorded(database):
    with database.begin() as session:
        record(session, [note(1), note(2)], AT)
    with database.begin() as session:
        record(session, [note(3)], AT)
    with database.read() as session:
        entries = timeline(session, None)
        assert [(e.position, e.summary) for e in entries] == [(1, "Note 1"), (2, "Note 2"), (3, "Note 3")]
        assert verify(session, None) == (3, [])


def test_the_exact_content_is_kept_once_and_shown(database):
    said = {"channel": "sms", "text": "Ave María: $12.50 — ¿sí?"}
    with database.begin() as session:
        digests = remember(session, [said, said], AT)
        record(session, [note(1, digests[0]), note(2, digests[1])], AT)
    with database.read() as session:
        assert [entry.content for entry in timeline(session, None)] == [said, said]
        assert session.scalar(text("SELECT count(*) FROM contact_content")) == 1


@pytest.mark.parametrize("statement", ["UPDATE contact_event SET summary = 'x'", "DELETE FROM contact_event"])
def test_the_database_refuses_to_change_history(database, statement):
    with database.begin() as session:
        record(session, [note(1)], AT)
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as session:
        session.execute(text(statement))
    with database.read() as session:
        assert verify(session, None) == (1, [])


def test_verify_tells_of_a_change_made_behind_the_guard(database):
    with database.begin() as session:
        record(session, [note(1), note(2), note(3)], AT)
    with database.begin() as session:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER contact_event_no_update"))
        else:
            session.execute(text("ALTER TABLE contact_event DISABLE TRIGGER ALL"))
        session.execute(text("UPDATE contact_event SET summary = 'Note two' WHERE position = 2"))
    with database.read() as session:
        count, wrong = verify(session, None)
    assert count == 3
    assert len(wrong) == 1 and "not what was recorded" in wrong[0]
    assert set(GUARD) == {"sqlite", "postgresql"}


@pytest.mark.parametrize("said", ["plain", 'a "quote" and a \\', "Peña \u2028 \x00\x1f\x7f 🙂", ""])
def test_an_event_is_hashed_over_its_canonical_form(said):
    row = {
        "chain": 7, "position": 3, "at": AT, "recorded_at": AT, "kind": "note.added", "direction": "in",
        "channel": said or None, "actor": f"user:{said}", "summary": said, "subject_type": said or None,
        "subject_id": 12 if said else None, "facts": {"b": said, "a": [1, None, {"z": said}]} if said else {},
        "content_digest": said or None, "previous_hash": "0" * 64,
    }  # fmt: skip
    spoken = row | {"at": AT.isoformat(), "recorded_at": AT.isoformat()}
    assert link_hash(row) == hashlib.sha256(canonical(spoken)).hexdigest()


def test_many_events_of_many_chains_are_recorded_at_once(database):
    """Many are written another way than a few; the chains come out alike."""
    with database.begin() as session:
        numbers = [account(session).id for _ in range(30)]
        record(session, [note(1), replace(note(2), account_id=numbers[0])], AT)
        record(session, [replace(note(3), account_id=number, facts={"said": 'a, "b"\t\\N'}) for number in numbers], AT)
        record(session, [replace(note(4), account_id=number, channel="sms") for number in numbers], AT)
    with database.read() as session:
        assert verify(session, None) == (1, [])
        assert [verify(session, number) for number in numbers] == [(3, []), *[(2, [])] * 29]
        last = timeline(session, numbers[29])
        assert [(e.position, e.facts, e.channel) for e in last] == [(1, {"said": 'a, "b"\t\\N'}, None), (2, {}, "sms")]
        assert last[0].at == AT + timedelta(minutes=3)

"""What every round of housekeeping reads must not grow with the years of messages behind it."""

from datetime import timedelta

import pytest
from sqlalchemy import event, update

from comms.campaigns.facts import picture
from comms.notices import Catalogue, Renderer
from comms.outbox import Message, enqueue, fall_back, show_failures
from comms.outbox.daily import used
from comms.settings import ROOT
from tests.support import build


@pytest.fixture
def plans(sqlite_database):
    """The plans of the statements that SQLite ran, by their text."""
    seen: dict[str, list[str]] = {}

    def explain(connection, cursor, statement, parameters, context, many):
        if statement.startswith(("SELECT", "UPDATE task")):
            asking = connection.connection.cursor()
            asking.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen[statement] = [row[3] for row in asking.fetchall()]

    event.listen(sqlite_database.engine, "before_cursor_execute", explain)
    return seen


def scans(plans):
    """Steps that read a table from end to end. A list of values that a statement brings along is none."""
    return [step for steps in plans for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]


def test_looking_for_what_falls_back_reads_no_table_from_end_to_end(sqlite_database, clock, city, plans):
    with sqlite_database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id, fallback={"channels": ["email"], "after_s": 86400})], clock)
        session.execute(update(Message).values(state="sent", submitted_at=clock.now(), state_at=clock.now()))
    clock.advance(timedelta(hours=25))
    plans.clear()
    with sqlite_database.begin() as session:
        fall_back(session, city, Renderer(Catalogue.load(ROOT, city), city), clock)
    looking = [steps for statement, steps in plans.items() if "fallback_of_id = message.id" in statement]
    assert looking
    assert scans(looking) == []


def test_looking_for_failures_reads_no_table_from_end_to_end(sqlite_database, clock, plans):
    with sqlite_database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id)], clock)
        session.execute(update(Message).values(state="undelivered", state_at=clock.now()))
        plans.clear()
        assert show_failures(session, clock) == (1, 0)
    assert [statement for statement in plans if statement.startswith("UPDATE task") and "EXISTS" in statement]
    assert [statement for statement in plans if "task.dedupe_key =" in statement and "FROM message" in statement]
    assert scans(plans.values()) == []


def test_counting_the_day_reads_no_table_from_end_to_end(sqlite_database, clock, plans):
    with sqlite_database.read() as session:
        assert used(session, "sms", clock.now()) == 0
    assert plans
    assert scans(plans.values()) == []


def test_asking_who_was_written_to_lately_reads_no_table_from_end_to_end(sqlite_database, clock, city, plans):
    with sqlite_database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id, recipient="+12185550101")], clock)
        plans.clear()
        seen = picture(session, city, [account.id], clock.now())
    assert len(seen.recent(account.id)) == 1
    assert scans(plans.values()) == []

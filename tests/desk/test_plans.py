"""No page of the desk reads a table that grows with the years from end to end: PostgreSQL is asked for its plans.

With few rows PostgreSQL reads a table whole because that is cheapest; told not to, it does so only where no index
helps.
"""

import re
from datetime import date

import pytest
from sqlalchemy import event

from comms import reports
from comms.campaigns import shutoff
from comms.db import Database
from comms.desk.worklists.lists import LISTS
from comms.notices import Catalogue, Renderer
from comms.office import Office
from comms.settings import ROOT
from tests.desk import story
from tests.desk.conftest import Browser, RememberingDoorbell, make_app
from tests.support.notified import Notified

GROWING = (
    "message", "contact_event", "contact_content", "inbound_message", "decision", "mail_piece", "attempt", "payment",
    "account", "contact_point", "consent_event", "audit_event", "promise_event", "searched_words", "account_balance",
)  # fmt: skip
RECORD = f"/accounts/{story.MARIA}"
PAGES = (
    "/", "/worklists", *(f"/worklists/{each.slug}" for each in LISTS), "/worklists/promises-due",
    "/worklists/holds-ending", RECORD, f"{RECORD}?about=failed", f"{RECORD}?words=water", f"{RECORD}?before=3",
    f"{RECORD}/print", f"{RECORD}/why", f"{RECORD}/stage", f"{RECORD}/newer?seen=0", f"{RECORD}/others",
    f"{RECORD}/audit",
    f"{RECORD}/promise", f"{RECORD}/hold", f"{RECORD}/notice", f"{RECORD}/consent", "/find?q=larson",
    "/find?q=218-555-0911", "/find?q=basement", "/find?q=0000911-01", "/mail", "/mail/returned", "/mail/returned/scan",
    "/mail/returned/find?q=larson", "/campaigns", "/campaigns/policies", "/campaigns/shutoff",
    "/campaigns/shutoff/propose", "/reports", "/reports/log",
)  # fmt: skip


@pytest.fixture
def desk_database(postgres_url):
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def plans(desk_database):
    """The plans of what is asked, by statement."""
    seen: dict[str, str] = {}

    def explain(connection, cursor, statement, parameters, context, many):
        if many or not statement.startswith(("SELECT", "WITH")) or statement in seen or "pg_" in statement:
            return
        seen[statement] = ""
        asking = connection.connection.cursor()
        asking.execute("SHOW enable_seqscan")
        (before,) = asking.fetchone()
        asking.execute("SET LOCAL enable_seqscan = off")
        asking.execute(f"EXPLAIN {statement}", parameters)
        seen[statement] = "\n".join(row[0] for row in asking.fetchall())
        asking.execute(f"SET LOCAL enable_seqscan = {before}")

    event.listen(desk_database.engine, "before_cursor_execute", explain)
    return seen


def read_whole(plans):
    """Tables that were read from end to end, with the statement."""
    return [
        (table, statement)
        for statement, plan in plans.items()
        for table in re.findall(r"Seq Scan on (\w+)", plan)
        if table in GROWING
    ]


def test_no_page_reads_a_growing_table_from_end_to_end(desk_database, settings, clock, city, plans):
    clock.set(story.NOW)
    with desk_database.begin() as session:
        story.whole(session, story.NOW)
    reports.count(desk_database, city, clock)  # the first count of all reads everything, once
    browser = Browser(make_app(Office(settings, desk_database, clock, city, RememberingDoorbell())))
    assert browser.sign_in("admin").status_code == 303
    plans.clear()
    for path in PAGES:
        assert browser.get(path).status_code in (200, 204, 303), path
    assert len(plans) > 50
    assert read_whole(plans) == []


def test_who_may_be_shut_off_is_found_without_reading_all_decisions_and_letters(
    desk_database, clock, city, tmp_path, plans
):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    office = Notified(desk_database, clock, city, renderer, tmp_path)
    account = office.account(copies=("third_party",))
    plans.clear()
    with desk_database.read() as session:
        found = shutoff.look(session, city, clock, renderer.catalogue, kind="shutoff", day=date(2026, 12, 22))
    assert [one.account_id for one in found] == [account]
    told = "\n".join(plans.values())
    assert "ix_message_copy_of_id" in told
    assert "ix_decision_acts" in told
    assert [each for each in read_whole(plans) if each[0] in ("message", "decision")] == []

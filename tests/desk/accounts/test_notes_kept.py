"""Notes that are written while the database drops every connection, as it does when it is restarted: one that the clerk
was told is saved is there, one that was refused can be sent again, and none is there twice."""

import threading
from collections import Counter

import psycopg
import pytest
from sqlalchemy import select

from comms.db import Database
from comms.history.schema import ContactContent, ContactEvent
from comms.office import Office
from tests.desk import story
from tests.desk.conftest import Browser, RememberingDoorbell, make_app

CLERKS, NOTES, DROPS = 4, 12, 12


@pytest.fixture
def office(settings, clock, city, postgres_url):
    database = Database(postgres_url, pool_size=8)
    with database.begin() as session:
        story.whole(session, story.NOW)
    yield Office(settings, database, clock, city, RememberingDoorbell())
    database.dispose()


def kept(database) -> Counter:
    with database.read() as session:
        found = session.scalars(
            select(ContactContent.content)
            .join(ContactEvent, ContactEvent.content_digest == ContactContent.digest)
            .where(ContactEvent.kind == "note.added")
        )
        return Counter(content["text"] for content in found if content["text"].startswith("Clerk "))


def test_no_note_is_lost_or_doubled_when_the_database_drops_its_connections(office, postgres_url):
    app = make_app(office)
    answers, wrong, over = Counter(), [], threading.Event()
    gate = threading.Barrier(CLERKS + 1)
    pages = []
    for _ in range(CLERKS):
        browser = Browser(app)
        assert browser.sign_in().status_code == 303
        pages.append(browser)

    def write(number, browser):
        gate.wait()
        for note in range(NOTES):
            words = f"Clerk {number} note {note}"
            for _ in range(200):
                answer = browser.post(f"/accounts/{story.MARIA}/note", {"text": words}, page=f"/accounts/{story.MARIA}")
                answers[answer.status_code] += 1
                if answer.status_code == 303:
                    break
            else:
                wrong.append(words)

    def drop():
        gate.wait()
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
            for _ in range(DROPS):
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                if over.wait(0.1):
                    return

    clerks = [threading.Thread(target=write, args=given) for given in enumerate(pages)]
    dropping = threading.Thread(target=drop)
    for thread in (*clerks, dropping):
        thread.start()
    for thread in clerks:
        thread.join()
    over.set()
    dropping.join()
    assert wrong == [] and set(answers) <= {303, 400, 401, 503}
    assert kept(office.database) == Counter(f"Clerk {n} note {m}" for n in range(CLERKS) for m in range(NOTES))

"""What machines ask the service: alive, ready, how much is waiting; and no page or number that says who."""

import logging
from datetime import timedelta

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from comms import outbox
from comms.app import create_app
from comms.desk.access.permissions import Permission
from comms.office import Office
from comms.outbox import Doorbell, Message
from comms.outbox.schema import Attempt
from comms.worklist import open_task
from tests.support import build


@pytest.fixture
def office(settings, database, clock, city):
    return Office(settings, database, clock, city, Doorbell(""))


@pytest.fixture
def browser(office):
    return create_app(office).test_client()


@pytest.fixture
def away(settings, clock, city):
    """The same service while its database is away."""
    from comms.db import Database

    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    yield create_app(Office(settings, database, clock, city, Doorbell(""))).test_client()
    database.dispose()


def measured(browser) -> dict[str, dict[tuple, float]]:
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return {
        family.name: {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
    }


def test_alive_and_ready(browser):
    assert browser.get("/healthz").json == {"status": "ok"}
    ready = browser.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"database": True, "redis": False})


def test_the_use_of_the_carriers_day_is_measured(settings, database, clock, city):
    limited = settings.model_copy(update={"twilio_segments_per_day": 2000})
    with database.begin() as session:
        (text,) = outbox.enqueue(session, [build.draft(build.account(session).id, segments=3)], clock)
        session.execute(update(Message).values(state="submitted", state_at=clock.now()))
        session.add(Attempt(message_id=text, number=1, carrier="twilio", started_at=clock.now(), worker="w",
                            outcome="accepted"))  # fmt: skip
    found = measured(create_app(Office(limited, database, clock, city, Doorbell(""))).test_client())
    sms = (("channel", "sms"),)
    assert (found["comms_day_used"], found["comms_day_limit"]) == ({sms: 3.0}, {sms: 2000.0})


def test_redis_is_told(settings, database, clock, city, redis_url):
    app = create_app(Office(settings, database, clock, city, Doorbell(redis_url)))
    assert app.test_client().get("/readyz").json == {"database": True, "redis": True}


def test_without_its_database_it_is_alive_and_not_ready(away):
    assert away.get("/healthz").status_code == 200
    ready = away.get("/readyz")
    assert (ready.status_code, ready.json["database"]) == (503, False)
    assert measured(away)["comms_database_up"] == {(): 0.0}
    assert away.get("/accounts/0000001-10").status_code in (302, 303, 503)


def test_every_answer_has_a_request_id_of_its_own(browser):
    ids = [browser.get(path).headers["X-Request-Id"] for path in ("/healthz", "/healthz", "/nowhere", "/sign-in")]
    assert len(set(ids)) == 4
    assert all(len(name) == 12 for name in ids)


def test_the_outbox_in_numbers(browser, database, clock):
    with database.begin() as session:
        account = build.account(session, name="Zebulon Quux")
        outbox.enqueue(session, [build.draft(account.id), build.draft(account.id, channel="email")], clock)
        session.execute(
            update(Message).where(Message.channel == "sms").values(next_attempt_at=clock.now() - timedelta(minutes=5))
        )
        open_task(session, kind="reply", dedupe_key="t", reason="Call Zebulon Quux.", at=clock.now())
    found = measured(browser)
    assert found["comms_messages"] == {
        (("channel", "email"), ("state", "queued")): 1.0, (("channel", "sms"), ("state", "queued")): 1.0,
    }  # fmt: skip
    assert found["comms_oldest_due_seconds"] == {(): 300.0}
    assert found["comms_tasks_open"] == {(("kind", "reply"),): 1.0}
    assert found["comms_database_up"] == {(): 1.0}
    said = browser.get("/metrics").get_data(as_text=True)
    for personal in ("Zebulon", "218555", "example.com", "Superior"):
        assert personal not in said


def test_what_is_logged_in_a_request_names_its_route_and_not_whose_page_it_is(office, capsys):
    app = create_app(office)

    def spoken(number):
        structlog.get_logger("spoken").warning("looked", at="+1 (218) 555-0148", who=["maria@example.com"])
        return ""

    spoken.permission = Permission.ANYONE
    app.add_url_rule("/spoken/<number>", "spoken", spoken)
    structlog.reset_defaults()
    from comms.logs import configure

    configure()
    answer = app.test_client().get("/spoken/0000001-10")
    logged = capsys.readouterr().err
    assert '"route": "/spoken/<number>"' in logged
    assert f'"request_id": "{answer.headers["X-Request-Id"]}"' in logged
    for personal in ("0000001", "555-0148", "maria"):
        assert personal not in logged
    assert logging.getLogger().handlers, "one handler, on standard error"

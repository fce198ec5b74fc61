"""The weather feed: what is in force in the county, and how old that knowledge is. In doubt, an alert stands."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from comms.city import load_city
from comms.weather import FeedError, WeatherNow, follow_file, take_in, weather_for

NOON = datetime(2026, 7, 14, 17, 0, tzinfo=UTC)
"""Noon in Duluth."""


@pytest.fixture
def summer(clock):
    clock.set(NOON)
    return clock


def alert(event="Extreme Heat Warning", area="St. Louis", same=("027137",), ugc=("MNC137",), id="urn:1", **more):
    told = {
        "id": id, "event": event, "areaDesc": area, "geocode": {"SAME": list(same), "UGC": list(ugc)},
        "effective": "2026-07-14T06:00:00-05:00", "onset": "2026-07-14T11:00:00-05:00",
        "ends": "2026-07-15T20:00:00-05:00", "expires": "2026-07-14T20:00:00-05:00", "status": "Actual",
        "messageType": "Alert", "references": [],
    }  # fmt: skip
    return {"type": "Feature", "properties": {key: value for key, value in (told | more).items() if value is not None}}


@pytest.fixture
def feed(database, city, summer, tmp_path):
    """Writes a feed file and takes it in."""

    def take(*alerts, updated=NOON, late=False):
        summer.set(summer.now() if late else max(updated, summer.now()))
        path = tmp_path / "alerts.json"
        path.write_text(json.dumps({"updated": updated.isoformat(), "features": list(alerts)}))
        return database.run(lambda session: take_in(session, city, summer, path))

    return take


@pytest.fixture
def now(database, city):
    def ask(at=NOON, of=city):
        with database.read() as session:
            return weather_for(session, of, at)

    return ask


def test_a_feed_never_read_is_told_as_such(now):
    assert now() == WeatherNow(None, ())


def test_an_alert_holds_in_its_county_from_its_issue_to_its_end(feed, now):
    assert feed(alert(), alert(event="Heat Advisory", area="Cook", same=["027031"], id="urn:2")).alerts == 4
    assert now() == WeatherNow(NOON, ("Extreme Heat Warning",))
    assert now(NOON - timedelta(hours=5)).alerts == ("Extreme Heat Warning",), "in effect before the heat itself"
    assert now(datetime(2026, 7, 16, 0, 59, tzinfo=UTC)).alerts == ("Extreme Heat Warning",)
    assert now(datetime(2026, 7, 16, 1, 0, tzinfo=UTC)).alerts == ()


def test_the_same_county_name_in_another_state_is_another_county(feed, now):
    feed(alert(area="St. Louis", same=["029189"], ugc=["MOC189"]))
    assert now().alerts == ()
    assert now(of=load_city("kent-oh")).alerts == ()


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("a forecast zone bears the county's name", {"area": "Lake; Northern St. Louis", "same": (), "ugc": ()}),
        ("no area is named", {"area": "", "same": (), "ugc": ()}),
        ("no end is named", {"ends": None, "expires": None}),
        ("the beginning cannot be read", {"effective": "soon", "onset": None}),
        ("only the code names the county", {"area": "Arrowhead"}),
        ("the word county is spelled out", {"area": "Saint Louis County", "same": ()}),
    ],
)
def test_in_doubt_an_alert_stands(feed, now, why, told):
    feed(alert(**told))
    assert now().alerts == ("Extreme Heat Warning",), why


def test_exercises_are_passed_over_and_a_nameless_alert_is_refused(feed, now):
    taken = feed(alert(status="Exercise"), alert(event=" ", id="urn:3"))
    assert (taken.alerts, taken.refused) == (0, ("Alert 2 names no event.",))
    assert now() == WeatherNow(NOON, ())


def test_a_cancellation_and_an_update_end_the_alert_they_name(feed, now):
    feed(alert())
    later = NOON + timedelta(hours=1)
    replaced = {"references": [{"identifier": "urn:1"}], "id": "urn:2"}
    assert feed(alert("Heat Advisory", messageType="Update", **replaced), updated=later).ended == 2
    assert now(later).alerts == ("Heat Advisory",)
    feed(
        alert(messageType="Cancel", id="urn:4", references=[{"@id": "https://x/alerts/urn:2"}]),
        updated=later + timedelta(minutes=1),
    )
    assert now(later).alerts == ("Heat Advisory",)
    assert now(later + timedelta(minutes=1)).alerts == ()


def test_an_alert_that_a_newer_feed_leaves_out_stands_until_its_end(feed, now):
    feed(alert())
    feed(updated=NOON + timedelta(hours=1))
    assert now(NOON + timedelta(hours=2)) == WeatherNow(NOON + timedelta(hours=1), ("Extreme Heat Warning",))


def test_the_same_feed_twice_and_an_older_one_change_nothing(feed, now, summer):
    summer.advance(timedelta(hours=2))
    assert feed(alert(), updated=NOON + timedelta(hours=1)).news
    assert not feed(alert(), updated=NOON + timedelta(hours=1)).news
    assert not feed(alert(id="urn:9", event="Flood Watch"), updated=NOON).news
    assert now(NOON + timedelta(hours=1)).alerts == ("Extreme Heat Warning",)


def test_what_was_known_on_a_day_past(feed, now, summer):
    feed(alert())
    summer.advance(timedelta(days=9))
    feed(updated=NOON + timedelta(days=9))
    assert now(NOON + timedelta(minutes=1)).issued_at == NOON


def test_a_feed_from_the_future_would_never_grow_old(feed):
    with pytest.raises(FeedError, match="still to come"):
        feed(updated=NOON + timedelta(hours=1), late=True)


CSV = """# issued: 2026-07-14T11:00:00-05:00
event,county,state,starts,ends
Heat Advisory,St. Louis,MN,2026-07-14T08:00,2026-07-14T20:00
Excessive Heat Watch,,,,
,Cook,MN,,
"""


def test_a_hand_written_list_is_read_in_the_citys_time(database, city, summer, tmp_path, now):
    path = tmp_path / "alerts.csv"
    path.write_text(CSV)
    taken = database.run(lambda session: take_in(session, city, summer, path))
    assert (taken.alerts, taken.refused) == (2, ("Line 5 names no event.",))
    assert now().alerts == ("Excessive Heat Watch", "Heat Advisory")
    assert now(datetime(2026, 7, 15, 1, 0, tzinfo=UTC)).alerts == ("Excessive Heat Watch",), "8 p.m. in Duluth"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no whole JSON"),
        ("{}", "no list of features"),
        ('{"features": []}', "does not say when it was issued"),
        ("event,county,state,starts,ends\n", "does not say when it was issued"),
        ("# issued: 2026-07-14T11:00:00Z\nevent,county\n", "no column state, starts, ends in line 2"),
        ("\0\1", "does not say when"),
    ],
)
def test_a_feed_that_cannot_be_read_changes_nothing(database, city, summer, tmp_path, content, says, now):
    path = tmp_path / "alerts"
    path.write_text(content)
    with pytest.raises(FeedError, match=says):
        database.run(lambda session: take_in(session, city, summer, path))
    assert now() == WeatherNow(None, ())


def test_a_file_is_followed_and_read_only_when_it_changes(database, city, summer, tmp_path, feed, now):
    feed(alert())
    path = tmp_path / "alerts.json"

    def follow():
        return database.run(lambda session: follow_file(session, city, summer, path))

    assert follow() is None
    summer.advance(timedelta(minutes=5))
    path.write_text(json.dumps({"updated": (NOON + timedelta(minutes=5)).isoformat(), "features": []}))
    assert follow().issued_at == NOON + timedelta(minutes=5)
    assert follow() is None
    path.unlink()
    with pytest.raises(FeedError, match="cannot be read"):
        follow()

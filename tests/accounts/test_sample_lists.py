"""The lists beside the sample exports can be taken in whole, and speak of accounts that the exports have."""

from datetime import UTC, datetime

import pytest

from comms.accounts import sheets
from comms.accounts.hold_sheets import read_holds, read_pledges
from comms.city import load_city
from comms.settings import ROOT
from comms.weather import take_in, weather_for
from tests.support import build

SAMPLES = sorted(path for path in (ROOT / "cities").glob("*/sample/*") if path.name.startswith(("holds", "pledges")))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.parent.name}-{path.name}")
def test_a_sample_list_is_taken_in_whole(sqlite_database, clock, path):
    city = load_city(path.parent.parent.name)
    export = next(path.parent.glob("accounts-*")).read_text("latin-1")
    columns = (("account",), ("kind", "note", "starts_on", "ends_on", "review_on", "amount"))
    if path.name.startswith("pledges"):
        columns = (("account",), ("agency", "amount", "pledged_on", "expires_on", "reference", "note"))
    numbers = [row.cells["account"] for row in sheets.read(path, *columns).rows]
    assert numbers and all(f"\n{number}" in export for number in numbers)
    with sqlite_database.begin() as session:
        for number in numbers:
            build.account(session, number=number)
        read = read_pledges if path.name.startswith("pledges") else read_holds
        _, wanted, refused = read(session, path, city.local_date(clock.now()))
    assert refused == [] and len(wanted) == len(numbers)


@pytest.mark.parametrize(
    ("city", "file", "at", "alerts"),
    [
        ("duluth-mn", "weather-2026-11-23.json", datetime(2026, 11, 23, 16, tzinfo=UTC), ("Winter Weather Advisory",)),
        ("duluth-mn", "weather-2026-07-14.json", datetime(2026, 7, 14, 16, tzinfo=UTC), ("Extreme Heat Warning",)),
        ("kent-oh", "weather-20261123.csv", datetime(2026, 11, 23, 19, tzinfo=UTC), ("Wind Advisory",)),
    ],
)
def test_a_sample_feed_is_read(sqlite_database, clock, city, file, at, alerts):
    profile = load_city(city)
    clock.set(at)
    with sqlite_database.begin() as session:
        take_in(session, profile, clock, ROOT / "cities" / city / "sample" / file)
        assert weather_for(session, profile, at).alerts == alerts

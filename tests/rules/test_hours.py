"""Quiet hours as the rules keep them: whatever the phone, the address and the night, it is day where it rings."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from phonenumbers.timezone import time_zones_for_number

from comms.city import load_city
from comms.rules import Facts, Occasion, Purpose, Verdict, decide, rulebook_of
from comms.rules.hours import next_opening, zones_of_phone, zones_of_zip

ZIPS = {
    "55802": "America/Chicago", "44240": "America/New_York", "98101": "America/Los_Angeles", "80202": "America/Denver",
    "85001": "America/Phoenix", "99501": "America/Anchorage", "96813": "Pacific/Honolulu",
}  # fmt: skip


def near(*days: datetime):
    """Instants within a day and a half of the nights on which the clocks change."""
    return some.builds(
        lambda day, minutes: day + timedelta(minutes=minutes), some.sampled_from(days), some.integers(-2160, 2160)
    )


INSTANTS = near(
    datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2027, 3, 14, 8, tzinfo=UTC), datetime(2027, 11, 7, 7, tzinfo=UTC),
    datetime(2026, 12, 26, 0, tzinfo=UTC), datetime(2026, 6, 19, 12, tzinfo=UTC),
)  # fmt: skip
DAYTIME = (Purpose.DUNNING, Purpose.LEGAL, Purpose.INFORMATIONAL)


@given(
    at=INSTANTS, area=some.integers(200, 999), code=some.sampled_from(sorted(ZIPS)),
    name=some.sampled_from(["duluth-mn", "kent-oh"]), channel=some.sampled_from(["sms", "email"]),
    purpose=some.sampled_from(DAYTIME),
)  # fmt: skip
@example(
    at=datetime(2026, 11, 1, 6, 0, tzinfo=UTC), area=907, code="96813", name="kent-oh", channel="sms",
    purpose=Purpose.DUNNING,
)  # fmt: skip
def test_nothing_leaves_at_night_in_any_of_the_zones(at, area, code, name, channel, purpose):
    city, phone = load_city(name), f"+1{area}5550123"
    zones = [city.zone, ZoneInfo(ZIPS[code])]
    if channel == "sms":
        known = time_zones_for_number(phonenumbers.parse(phone))
        zones += [ZoneInfo(zone) for zone in known if zone != "Etc/Unknown"]
    facts = Facts("active", 12000, 0, addresses={"sms": phone, "email": "a@example.com"}, service_zip=code)
    book = rulebook_of(city)
    decision = decide(book, facts, Occasion(purpose, channel, at))
    assert decision.verdict is not Verdict.SUPPRESS
    leaves = decision.until or at
    assert (decision.verdict is Verdict.DEFER) == (leaves > at)
    assert all(8 <= leaves.astimezone(zone).hour < 21 for zone in zones)
    if purpose is Purpose.DUNNING:
        assert city.is_business_day(city.local_date(leaves))
    assert leaves - at <= timedelta(days=5)
    again = decide(book, facts, Occasion(purpose, channel, leaves))
    assert again.verdict is Verdict.ALLOW, "what was waited for is open"
    if leaves > at:
        before = decide(book, facts, Occasion(purpose, channel, leaves - timedelta(seconds=1)))
        assert before.verdict is Verdict.DEFER, "and not a moment later than it must be"


@pytest.mark.parametrize(("code", "zone"), ZIPS.items())
def test_a_zip_code_tells_its_zone(code, zone):
    assert zones_of_zip(code) == (zone,)


@pytest.mark.parametrize("code", [None, "", "000", "abcde"])
def test_a_zip_code_that_tells_nothing_adds_no_zone(code):
    assert zones_of_zip(code) == ()


def test_an_area_of_two_zones_counts_in_both():
    assert set(zones_of_zip("83814")) == {"America/Los_Angeles", "America/Denver"}
    assert len(zones_of_phone("+12085550101")) == 2


@given(area=some.integers(200, 999), exchange=some.integers(200, 999), line=some.integers(0, 9999))
def test_the_last_four_digits_do_not_tell_where_a_phone_is(area, exchange, line):
    number = f"+1{area}{exchange}{line:04}"
    known = time_zones_for_number(phonenumbers.parse(number))
    assert zones_of_phone(number) == tuple(zone for zone in known if zone != "Etc/Unknown")


def test_zones_that_share_no_hour_keep_the_citys_hours():
    zones = (ZoneInfo("America/New_York"), ZoneInfo("Pacific/Guam"))
    night = datetime(2026, 11, 24, 4, tzinfo=UTC)
    opens = next_opening(zones, night, time(9), time(16))
    assert opens == datetime(2026, 11, 24, 9, tzinfo=zones[0])


def test_no_zip_code_is_in_two_lines_of_the_table():
    import tomllib

    from comms.rules.hours import ZIP_ZONES

    ranges = [
        (int(first), int(last))
        for area in tomllib.loads(ZIP_ZONES.read_text())["area"]
        for first, last in area["prefixes"]
    ]
    every = [prefix for first, last in ranges for prefix in range(first, last + 1)]
    assert len(every) == len(set(every))

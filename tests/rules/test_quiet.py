"""Quiet hours: a text goes out between 8:00 and 21:00, in the city's zone and in the phone's."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from phonenumbers.timezone import time_zones_for_number

from comms.city import load_city
from comms.rules.quiet import next_open

CHICAGO = ZoneInfo("America/Chicago")
DULUTH = "+12185550101"
SEATTLE = "+12065550101"
BOSTON = "+16175550101"
PHOENIX = "+16025550101"
HONOLULU = "+18085550101"
GUAM = "+16715550101"
IDAHO = "+12085550101"
"""208 is in two zones: Boise keeps Mountain time, Coeur d'Alene Pacific."""


def local(year, month, day, hour, minute=0, zone=CHICAGO) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (local(2026, 11, 23, 7, 59), local(2026, 11, 23, 8)),
        (local(2026, 11, 23, 8), None),
        (local(2026, 11, 23, 20, 59), None),
        (local(2026, 11, 23, 21), local(2026, 11, 24, 8)),
        (local(2026, 11, 23, 0, 30), local(2026, 11, 23, 8)),
    ],
)
def test_the_day_in_duluth(city, at, opens):
    assert next_open(city, "sms", DULUTH, at) == opens


@pytest.mark.parametrize(
    ("phone", "at", "opens"),
    [
        (SEATTLE, local(2026, 11, 23, 9, 59), local(2026, 11, 23, 10)),
        (SEATTLE, local(2026, 11, 23, 10), None),
        (SEATTLE, local(2026, 11, 23, 21), local(2026, 11, 24, 10)),
        (BOSTON, local(2026, 11, 23, 7, 30), local(2026, 11, 23, 8)),
        (BOSTON, local(2026, 11, 23, 19, 59), None),
        (BOSTON, local(2026, 11, 23, 20), local(2026, 11, 24, 8)),
        (HONOLULU, local(2026, 11, 23, 11, 59), local(2026, 11, 23, 12)),
        (GUAM, local(2026, 11, 23, 10), local(2026, 11, 23, 16)),
        (GUAM, local(2026, 11, 23, 16), None),
    ],
)
def test_it_must_be_day_in_both_zones(city, phone, at, opens):
    assert next_open(city, "sms", phone, at) == opens


def test_an_area_code_in_two_zones_is_asleep_in_the_later_one():
    kent = load_city("kent-oh")
    ten_thirty = local(2026, 11, 23, 10, 30, ZoneInfo("America/New_York"))
    assert next_open(kent, "sms", IDAHO, ten_thirty) == ten_thirty + timedelta(minutes=30), "7:30 in Coeur d'Alene"


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (local(2026, 10, 31, 21), datetime(2026, 11, 1, 14, tzinfo=UTC)),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC)),
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC)),
        (datetime(2026, 11, 1, 13, 59, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC)),
        (local(2027, 3, 13, 21), datetime(2027, 3, 14, 13, tzinfo=UTC)),
        (datetime(2027, 3, 14, 8, 30, tzinfo=UTC), datetime(2027, 3, 14, 13, tzinfo=UTC)),
        (datetime(2027, 3, 14, 12, 59, tzinfo=UTC), datetime(2027, 3, 14, 13, tzinfo=UTC)),
    ],
)
def test_the_nights_in_which_the_clocks_change(city, at, opens):
    assert next_open(city, "sms", DULUTH, at) == opens


def test_arizona_does_not_change_its_clocks(city):
    assert next_open(city, "sms", PHOENIX, local(2027, 3, 13, 8, 30)) == local(2027, 3, 13, 9)
    assert next_open(city, "sms", PHOENIX, local(2027, 3, 14, 9, 30)) == local(2027, 3, 14, 10)


@pytest.mark.parametrize("phone", ["+19995550101", "+1", "not a number", "+448081570192"])
def test_a_number_without_a_known_zone_keeps_the_citys_hours(city, phone):
    opens = next_open(city, "sms", phone, local(2026, 11, 23, 22))
    assert opens is not None
    assert opens >= local(2026, 11, 24, 8)


@pytest.mark.parametrize("channel", ["email", "letter"])
def test_email_and_letters_do_not_ring(city, channel):
    assert next_open(city, channel, "maria@example.com", local(2026, 11, 23, 3)) is None


def awake(zone: ZoneInfo, at: datetime) -> bool:
    return 8 <= at.astimezone(zone).hour < 21


def zones_of(city, phone) -> list[ZoneInfo]:
    """The zones of a phone, found without the code under test."""
    names = time_zones_for_number(phonenumbers.parse(phone))
    return [city.zone, *(ZoneInfo(name) for name in names if name != "Etc/Unknown")]


INSTANTS = some.datetimes(
    datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=some.just(UTC)  # noqa: DTZ001 - the strategy adds the zone
)  # fmt: skip


@given(at=INSTANTS, area=some.integers(200, 999), name=some.sampled_from(["duluth-mn", "kent-oh"]))
@example(at=datetime(2026, 11, 1, 6, 0, tzinfo=UTC), area=907, name="duluth-mn")
@example(at=datetime(2027, 3, 14, 8, 0, tzinfo=UTC), area=671, name="kent-oh")
@example(at=datetime(2027, 3, 14, 8, 0, tzinfo=UTC), area=500, name="duluth-mn")
def test_at_any_instant_any_phone_is_awake_now_or_within_a_day(at, area, name):
    city, phone = load_city(name), f"+1{area}5550123"
    zones = zones_of(city, phone)
    opens = next_open(city, "sms", phone, at)
    if opens is None:
        assert all(awake(zone, at) for zone in zones)
        return
    assert not all(awake(zone, at) for zone in zones), "it might have gone out at once"
    assert at < opens <= at + timedelta(hours=24)
    assert all(awake(zone, opens) for zone in zones)
    assert next_open(city, "sms", phone, opens) is None

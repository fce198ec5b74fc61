"""What a city's profile says, and how a wrong one is refused."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from comms.city import City, CityError, load_city
from comms.settings import ROOT


@pytest.fixture(params=["duluth-mn", "kent-oh"])
def city(request) -> City:
    return load_city(request.param)


def altered(tmp_path: Path, old: str, new: str) -> str:
    """A copy of Duluth's profile with one thing changed."""
    source = ROOT / "cities" / "duluth-mn"
    text = (source / "city.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "city.toml").write_text(text.replace(old, new, 1), "utf-8")
    (tmp_path / "logo.svg").write_text((source / "logo.svg").read_text("utf-8"), "utf-8")
    return str(tmp_path)


def test_both_cities_load_once(city):
    assert load_city(city.slug) is city
    assert city.may_link_to(city.pay_url)
    assert city.zone.key == city.time_zone
    assert city.service_labels["water"].of("es") == "Agua"


def test_prices_are_read_exactly(city):
    assert (city.prices.sms_segment, city.prices.letter_first_page) == (11_800, 850_000)


def test_duluth_has_gas_and_kent_has_none():
    assert "gas" in load_city("duluth-mn").service_labels
    assert "gas" not in load_city("kent-oh").service_labels


def test_a_city_that_is_not_there_names_those_that_are():
    with pytest.raises(CityError, match="duluth-mn, kent-oh"):
        load_city("atlantis")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('time_zone = "America/Chicago"', 'time_zone = "America/Duluth"', "time_zone: .*IANA name"),
        ('phone = "+12185550140"', 'phone = "218-555-0140"', "phone: .*ten digits"),
        ('area_code = "218"', 'area_kode = "218"', "area_kode: is not a key"),
        ('county = "St. Louis"', "", "county: is missing"),
        ("https://pay.duluth-mn.example.gov", "https://pay.elsewhere.example", "pay_url is off"),
        ("https://pay.duluth-mn.example.gov", "http://pay.duluth-mn.example.gov", "pay_url: .*https"),
        ('colour = "#1d4e6f"', 'colour = "blue"', "letterhead.colour: .*six"),
        ('logo = "logo.svg"', 'logo = "seal.svg"', "no seal.svg"),
        ('"phone", "pay_phone"', '"telephone", "pay_phone"', "telephone"),
        ('state = "MN"', 'state = "ZZ"', "state"),
        ("email = 0.0009", 'email = "free"', "prices.email: 'free' is not a price; allowed: dollars"),
        ("sms_segment = 0.0118", "sms_segment = -1", "prices.sms_segment: -1 is not a price"),
        ("[office]", "[office", "not readable as TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path, old, new, said):
    with pytest.raises(CityError, match=said):
        load_city(altered(tmp_path, old, new))


def test_links_must_be_https_on_the_citys_own_domains():
    city = load_city("duluth-mn")
    assert city.may_link_to("https://pay.duluth-mn.example.gov/a?b=c")
    for wrong in (
        "http://pay.duluth-mn.example.gov",
        "https://evil-duluth-mn.example.gov",
        "https://duluth-mn.example.gov.evil.example",
        "javascript:alert(1)",
        "https://duluth-mn.example.gov@evil.example/",
    ):
        assert not city.may_link_to(wrong), wrong


def test_the_local_date_is_the_citys():
    late = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
    assert load_city("duluth-mn").local_date(late) == date(2026, 11, 23)
    assert load_city("kent-oh").local_date(datetime(2026, 11, 24, 5, 0, tzinfo=UTC)) == date(2026, 11, 24)
    with pytest.raises(ValueError, match="time zone"):
        load_city("kent-oh").local_date(datetime(2026, 11, 24, 5, 0))  # noqa: DTZ001

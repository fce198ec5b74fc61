"""Door tags: two pages each whatever the data, in both languages, and nothing of money where passers-by can read it."""

from datetime import UTC, date, datetime

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comms.city import load_city
from comms.field.door_tags import DoorTag, set_tags

AT = datetime(2026, 12, 1, 15, tzinfo=UTC)


def tag(**more) -> DoorTag:
    usual = {
        "order": "D261222-001", "name": "Maria Jensen", "address": "1234 E Superior St", "account_number": "0000123-47",
        "language": "en", "services": ("gas", "water"), "amount_cents": 31240, "day": date(2026, 12, 22),
    }  # fmt: skip
    return DoorTag(**(usual | more))


def pages(pdf: bytes) -> list[str]:
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_tag_tells_how_to_keep_service_on_in_both_languages(name, language):
    city = load_city(name)
    (pdf,) = set_tags(city, [tag(language=language, services=("water",))], AT).pdfs
    outside, inside = pages(pdf)
    assert "Maria Jensen" in outside
    assert "1234 E Superior St" in outside
    assert "$" not in outside
    assert not any(word in outside.lower() for word in ("past due", "vencid", "turned off", "desconect"))
    for words in (
        "$312.40", "payment agreement", "acuerdo de pago", "on or after Tuesday, December 22, 2026", "2347",
        "a partir del martes 22 de diciembre de 2026", "medical equipment", "equipo médico",
    ):  # fmt: skip
        assert words in inside
    first = "Please call us" if language == "en" else "Llámenos"
    assert inside.startswith(first)


@pytest.mark.parametrize(
    ("name", "day", "said"),
    [
        ("duluth-mn", date(2026, 12, 22), True),
        ("duluth-mn", date(2027, 6, 1), False),
        ("kent-oh", date(2026, 12, 22), False),
    ],
)
def test_the_cold_weather_rule_is_told_where_and_when_it_holds(name, day, said):
    (pdf,) = set_tags(load_city(name), [tag(services=("water",), day=day)], AT).pdfs
    assert ("Cold Weather Rule" in pages(pdf)[1]) is said
    assert ("military orders" in pages(pdf)[1]) is (name == "duluth-mn")


HOSTILE = [
    "#panic(1) *bold* $x$ \\ <b>", "A" * 400, "-" * 90, "José Ñuñez ﷽ 王小明", "{amount} {phone}", "\x00\x1b[31m\n\n",
    "x\u202ey", "Ana & Luis' \"Bar\" @ref `code` ~",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_read_as_anything_but_a_name(city, name):
    done = set_tags(city, [tag(name=name), tag(order="D261222-002")], AT)
    assert done.refused == {}
    outside, inside, after, _ = pages(done.pdfs[0])
    assert "Maria Jensen" in after
    assert "Help with paying" in inside
    assert "Por favor" in outside


def test_a_name_that_no_font_has_becomes_a_resident(city):
    (pdf,) = set_tags(city, [tag(name="王小明", language="es")], AT).pdfs
    assert "Residente / Resident" in pages(pdf)[0]


def test_an_address_that_no_font_has_is_refused_by_its_order(city):
    done = set_tags(city, [tag(address="王小明 St"), tag(order="D261222-002")], AT)
    assert list(done.refused) == ["D261222-001"]
    assert len(pages(done.pdfs[0])) == 2


def test_the_same_tags_give_the_same_bytes(city):
    assert set_tags(city, [tag()], AT).pdfs == set_tags(city, [tag()], AT).pdfs


def test_no_tag_gives_no_file(city):
    assert set_tags(city, [], AT).pdfs == ()


LATIN = st.characters(min_codepoint=32, max_codepoint=255)


@settings(max_examples=15, deadline=None)
@given(
    name=st.text(max_size=200), address=st.text(alphabet=LATIN, max_size=200),
    cents=st.integers(1, 10**12), language=st.sampled_from(["en", "es"]),
)  # fmt: skip
def test_whatever_the_data_a_tag_has_two_pages(name, address, cents, language):
    given_tag = tag(name=name, address=address, amount_cents=cents, language=language)
    done = set_tags(load_city("duluth-mn"), [given_tag], AT)
    assert done.refused == {}
    assert len(pages(done.pdfs[0])) == 2

"""Where the rules come from: each names a source of the register, and what was not read in full is a draft."""

import pytest

from comms.city import load_city
from comms.rules import rulebook_of
from comms.rules.loading import LAW, SOURCES, read_sources

CITIES = ["duluth-mn", "kent-oh"]


def entries(name):
    book = rulebook_of(load_city(name))
    return [*book.rules, *book.requirements, *book.duties]


def test_the_register_knows_how_well_each_source_is_known_and_where_it_was_read():
    for source in read_sources(LAW / SOURCES).values():
        assert source.confidence in ("V1", "V2", "P", "M", "policy")
        assert source.citation
        assert source.says
        assert source.read_in


@pytest.mark.parametrize("name", CITIES)
def test_every_rule_cites_the_register(name):
    register = read_sources(LAW / SOURCES)
    for entry in entries(name):
        assert entry.sources, f"{entry.id} has no source"
        assert all(register[source.id] == source for source in entry.sources)
        assert entry.citation == "; ".join(source.citation for source in entry.sources)


@pytest.mark.parametrize("name", CITIES)
def test_what_rests_on_memory_or_on_a_part_is_a_draft(name):
    for entry in entries(name):
        if {source.confidence for source in entry.sources} & {"P", "M"}:
            assert entry.status == "draft", f"{entry.id} rests on an unverified source"


@pytest.mark.parametrize("name", CITIES)
def test_no_shipped_file_claims_more_than_its_sources_bear(name):
    assert [entry.id for entry in entries(name) if entry.text.status == "verified" and entry.status == "draft"] == []


def test_some_sources_are_unverified_so_that_the_tests_above_say_something():
    assert {"hold-bankruptcy", "cwr-packet", "cwr-blocked-day", "refer-gas"} <= {
        entry.id for entry in entries("duluth-mn") if entry.status == "draft"
    }


def test_every_source_of_the_register_serves_a_rule_or_explains_one():
    used = {source.id for name in CITIES for entry in entries(name) for source in entry.sources}
    assert read_sources(LAW / SOURCES).keys() - used == {"cfr-12-1006.6-comment"}, "the reason for asking both zones"


@pytest.mark.parametrize("name", CITIES)
def test_the_layers_come_in_their_order(name):
    layers = [rule.layer for rule in rulebook_of(load_city(name)).rules]
    assert layers == sorted(layers, key=["federal", "state", "city", "office"].index)


def test_the_digest_names_the_very_words(city):
    book = rulebook_of(city)
    assert book is rulebook_of(city), "read once"
    assert len(book.digest) == 64
    assert book.digest != rulebook_of(load_city("kent-oh")).digest
    assert {entry["id"] for entry in book.as_json()} == {entry.id for entry in entries("duluth-mn")}


@pytest.mark.parametrize(
    ("source", "confidence", "figures"),
    [
        ("mn-216B.097-1a", "V1", ["October 1", "April 30", "50 percent"]),
        ("mn-216B.097-before-2021", "V2", ["October 15", "April 15"]),
        ("mn-216B.097-3a-notice", "P", ["20 days", "15", "Calendar"]),
        ("mn-216B.0975", "V1", ["heat advisory", "excessive heat watch"]),
        ("nws-rename", "V2", ["Extreme Heat Watch"]),
        ("mn-216B.098-5", "V1", ["5 business days"]),
        ("mn-325E.028", "V1", ["10 percent"]),
        ("mn-444.075-1", "M", ["gas"]),
        ("oh-743.04", "V2", ["owner who occupies"]),
        ("oh-729.49", "V1", ["lien"]),
        ("cfr-47-64.1200-a10-all", "V2", ["2027-01-31"]),
        ("usc-11-362", "M", ["petition"]),
        ("usc-11-366", "V1", ["20 days"]),
    ],
)
def test_a_sample_of_the_register_says_what_was_read(source, confidence, figures):
    found = read_sources(LAW / SOURCES)[source]
    assert found.confidence == confidence
    assert [figure for figure in figures if figure not in found.says] == []

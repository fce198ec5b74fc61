"""Rule files that are wrong are refused with the file, the key and what is allowed; a fact not known protects."""

import json
import shutil
from datetime import UTC, date, datetime

import pytest

from comms.city import load_city
from comms.rules import (
    Facts,
    Occasion,
    Purpose,
    RuleError,
    Verdict,
    decide,
    requirements_for_disconnection,
    rulebook_of,
)
from comms.rules.loading import LAW, read_texts
from comms.rules.model import Season
from comms.rules.rulebook import build

GOOD = """
layer = "office"
jurisdiction = "Test"

[[rule]]
id = "tested"
protects = "Customers are protected in tests."
source = "office"
applies = { purpose = ["dunning"] }
when = { fact = { fact = "occupancy", is = "tenant" } }
effect = "suppress"
status = "verified"
"""
NOON = datetime(2026, 11, 24, 18, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    """A city of its own, whose one rule file is written by the test."""
    folder = tmp_path / "duluth-mn"
    shutil.copytree(load_city("duluth-mn").folder, folder, ignore=shutil.ignore_patterns("rules", "sample", "policies"))
    (folder / "rules").mkdir()
    city = load_city(str(folder))

    def read(text: str):
        (folder / "rules" / "office.toml").write_text(text, "utf-8")
        return build(city, read_texts(city))

    return read


def ask(book, **given):
    facts = Facts("active", 12000, 0, addresses={"sms": "+12185550101"}, **given)
    return decide(book, facts, Occasion(Purpose.DUNNING, "sms", NOON))


def test_a_good_file_is_taken(office):
    book = office(GOOD)
    assert ask(book, occupancy="owner").verdict is Verdict.ALLOW
    decision = ask(book, occupancy="tenant")
    assert [(r.rule, r.fact, r.value, r.citation) for r in decision.reasons] == [
        ("tested", "owner or tenant", "tenant", "office policy")
    ]


def test_a_fact_that_is_not_known_protects_and_says_so(office):
    decision = ask(office(GOOD), occupancy=None)
    assert (decision.verdict, decision.reasons[0].value) == (Verdict.SUPPRESS, "not known")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (('is = "tenant"', 'is = "tenant", at_least = 5'), "rule.tested.when.fact.1: give one operator; allowed: is,"),
        (
            ('fact = "occupancy"', 'fact = "shoe_size"'),
            "rule.tested.when.fact.1.fact: 'shoe_size' is not known; allowed:",
        ),
        (('"dunning"', '"nagging"'), "rule.tested.applies.1.purpose.1: 'nagging' is not known; allowed:"),
        (('"suppress"', '"forbid"'), "rule.tested.effect: 'forbid' is not known; allowed:"),
        (('"suppress"', '"defer"'), 'rule.tested: effect: "defer" goes with when.day or when.hours'),
        (('protects = "Customers are protected in tests."', ""), "rule.tested.protects: is missing"),
        (("applies =", "appplies ="), "rule.tested.appplies: is not a word of the rule vocabulary"),
        (('"office"\napplies', '"a-friend"\napplies'), "rule.tested.source: a-friend is not in the register"),
        (
            ('layer = "office"', 'layer = "federal"'),
            "layer: 'federal' does not belong in this folder; allowed: city, office",
        ),
        (('layer = "office"', 'layer = "heaven"'), "layer: 'heaven' is not known; allowed:"),
        (('id = "tested"', 'id = "Tested Rule"'), "does not fit; allowed: letters, digits, dots and hyphens"),
        (
            ('purpose = ["dunning"]', 'service = ["steam"]'),
            "applies.service: steam is not billed here; allowed: gas, sewer",
        ),
        (("when = { fact", "when = { } # { fact"), "has no condition; allowed: hold,"),
        (
            ('{ fact = { fact = "occupancy", is = "tenant" } }', '{ season = { from = "02-30", to = "03-01" } }'),
            "rule.tested.when.season.from: '02-30' is not a day of the year",
        ),
        (
            ('{ fact = { fact = "occupancy", is = "tenant" } }', "{ contacts = { within_days = 0, at_least = 1 } }"),
            "rule.tested.when.contacts.within_days",
        ),
        (('status = "verified"', "from = 2026-02-01\nto = 2026-01-01"), "to: 2026-01-01 lies before from"),
        (("[[rule]]", "[[rule]"), "not readable as TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused(office, wrong, says):
    text = GOOD.replace(*wrong)
    assert text != GOOD
    with pytest.raises(RuleError) as refused:
        office(text)
    assert says in str(refused.value)
    assert "office.toml: " in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ('from = "21:00", to = "08:00", zones = ["city"]', "to must be later than from"),
        ('from = "08:00", to = "10:00", zones = ["city"]', "at least six hours must be open"),
        ('from = "8 o\'clock", to = "21:00", zones = ["city"]', "is not a time of day; allowed"),
        ('from = "08:00", to = "21:00", zones = ["moon"]', "'moon' is not known; allowed"),
    ],
)
def test_hours_that_make_no_sense_are_refused(office, zone, says):
    text = GOOD.replace('fact = { fact = "occupancy", is = "tenant" }', f"hours = {{ {zone} }}").replace(
        "suppress", "defer"
    )
    with pytest.raises(RuleError, match=says):
        office(text)


def test_two_rules_of_one_id_for_one_act_and_time_are_refused(office):
    second = GOOD.split("[[rule]]")[1]
    with pytest.raises(RuleError, match=r"rule.tested: stands already in office.toml"):
        office(f"{GOOD}[[rule]]{second}")


def test_versions_of_a_rule_follow_each_other(office):
    old = GOOD.replace('status = "verified"', "to = 2026-11-23")
    new = GOOD.split("[[rule]]")[1].replace('"tenant"', '"owner"').replace('status = "verified"', "from = 2026-11-24")
    book = office(f"{old}[[rule]]{new}")
    assert ask(book, occupancy="owner").verdict is Verdict.SUPPRESS
    assert ask(book, occupancy="tenant").verdict is Verdict.ALLOW
    assert len(book.find("tested")) == 2
    assert len([rule for rule in book.in_effect(date(2026, 11, 24)) if rule.id == "tested"]) == 1


def test_a_city_without_rules_of_its_own_is_refused(office, tmp_path):
    office(GOOD)
    (tmp_path / "duluth-mn" / "rules" / "office.toml").unlink()
    with pytest.raises(RuleError, match=r"no rules of the city's own; add a file such as office.toml"):
        read_texts(load_city(str(tmp_path / "duluth-mn")))


@pytest.mark.parametrize("gone", ["federal.toml", "mn.toml", "everywhere.toml", "sources.toml"])
def test_the_law_cannot_be_left_out(city, tmp_path, gone):
    law = tmp_path / "law"
    shutil.copytree(LAW, law)
    (law / gone).unlink()
    with pytest.raises(RuleError, match=f"{gone}: is missing"):
        read_texts(city, law)


def test_a_source_that_stands_twice_or_lacks_its_confidence_is_refused(city, tmp_path):
    law = tmp_path / "law"
    shutil.copytree(LAW, law)
    register = law / "sources.toml"
    words = register.read_text("utf-8")
    register.write_text(words + words[words.index("[[source]]") :], "utf-8")
    with pytest.raises(RuleError, match=r"source.usc-11-362: stands twice"):
        read_texts(city, law)
    register.write_text(words.replace('confidence = "M"', 'confidence = "certain"', 1), "utf-8")
    with pytest.raises(RuleError, match=r"source.usc-11-362.confidence: 'certain' is not known; allowed"):
        read_texts(city, law)


def test_a_rule_that_says_verified_over_a_source_from_memory_is_a_draft_and_still_protects(office):
    book = office(GOOD.replace('source = "office"', 'source = "usc-11-362"'))
    (rule,) = book.find("tested")
    assert (rule.text.status, rule.status) == ("verified", "draft")
    assert ask(book, occupancy="tenant").verdict is Verdict.SUPPRESS


def test_a_book_can_be_stored_as_json(city):
    book = rulebook_of(city)
    assert json.loads(json.dumps(book.as_json())) == book.as_json()


def test_business_days_are_another_count(office):
    book = office(
        GOOD
        + """
[[requirement]]
id = "ten-business-days"
says = "Ten business days are waited."
source = "office"
days = 10
count = "business"
"""
    )
    clock = requirements_for_disconnection(book, date(2026, 7, 14), Facts("active", 1, 0, service_class="residential"))
    assert (clock.days, clock.count) == (10, "business")
    assert clock.earliest(book.city, date(2026, 6, 30)) == date(2026, 7, 15), "without the weekend and July 3"


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        ("10-01", "04-30", ["10-01", "12-31", "01-01", "02-29", "04-30"], ["05-01", "09-30"]),
        ("06-01", "06-30", ["06-01", "06-30"], ["05-31", "07-01", "12-31"]),
        ("02-29", "02-29", ["02-29"], ["02-28", "03-01"]),
    ],
)
def test_a_season_may_run_over_the_end_of_the_year(first, last, inside, outside):
    season = Season.model_validate({"from": first, "to": last})
    for day in inside:
        assert season.holds(date.fromisoformat(f"2028-{day}"))
    for day in outside:
        assert not season.holds(date.fromisoformat(f"2028-{day}"))


def test_a_folder_where_a_rule_file_should_be_is_told_of(tmp_path):
    shutil.copytree(LAW, tmp_path / "law")
    (tmp_path / "law" / "federal.toml").unlink()
    (tmp_path / "law" / "federal.toml").mkdir()
    with pytest.raises(RuleError, match=r"federal\.toml: is a folder; allowed: a TOML file"):
        read_texts(load_city("duluth-mn"), tmp_path / "law")

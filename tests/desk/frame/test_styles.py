"""The style sheet of the desk: parts of a readable length, no rule for what no page has, and nothing said twice."""

import re
from collections import Counter

import pytest

from comms.desk.frame.assets import FOLDER, PARTS, SHEET, our_assets
from comms.settings import ROOT

SHEETS = sorted((FOLDER / PARTS).glob("*.css"))
COUNTED = {"s0", "s1", "s2"}
"""Classes that are made of a number: the series of a chart."""


def bare(sheet) -> str:
    return re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.S)


def rules(css: str) -> list[tuple[str, str]]:
    """The selectors that stand outside of conditions, with what they say."""
    outside = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)
    found = re.findall(r"([^{}]+)\{([^{}]*)\}", outside)
    return [(one.strip(), said.strip()) for many, said in found for one in many.split(",")]


@pytest.fixture(scope="module")
def written() -> str:
    """All that may name a class: templates, scripts and the code of the pages."""
    folders = ((ROOT / "templates/desk", "*.html"), (FOLDER, "*.js"), (FOLDER.parent, "**/*.py"))
    return "\n".join(path.read_text("utf-8") for folder, kind in folders for path in folder.glob(kind))


def test_every_class_that_has_a_rule_stands_on_some_page(written):
    named = {name for sheet in SHEETS for name in re.findall(r"\.([a-zA-Z][\w-]*)", bare(sheet))}
    dead = {name for name in named - COUNTED if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written)}
    assert dead == set()


def test_no_selector_is_given_the_same_property_twice():
    """``.tick`` was a column in one place and a label in another, and each spoiled the other."""
    said = Counter(
        (selector, line.partition(":")[0].strip())
        for sheet in SHEETS
        for selector, body in rules(bare(sheet))
        for line in body.split(";")
        if line.strip()
    )
    assert [twice for twice, count in said.items() if count > 1] == []


def test_the_parts_are_short_and_go_out_as_one_file():
    assert all(len(sheet.read_text("utf-8").splitlines()) <= 120 for sheet in SHEETS)
    assert our_assets().url(SHEET).endswith("/app.css")
    with pytest.raises(KeyError):
        our_assets().url(f"{PARTS}/{SHEETS[0].name}")


def test_colours_are_named_where_a_city_may_change_them():
    """The first four names are a city's; they stand in the first part alone."""
    first, *rest = SHEETS
    assert re.search(r":root \{\s+--header: .*?--header-text: .*?--primary: .*?--primary-dark: ", bare(first), re.S)
    assert not any(":root" in bare(sheet) for sheet in rest)

"""docs/rules.md says all there is to say: its example loads, and no word of the vocabulary is missing."""

import tomllib
from typing import get_args

from comms.rules.model import FactName, RuleFile, When
from comms.settings import ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")


def test_the_example_is_a_rule():
    example = PAGE.split("```toml\n")[1].split("```")[0]
    file = RuleFile.model_validate({"layer": "state", "jurisdiction": "MN", **tomllib.loads(example)})
    assert file.rule[0].id == "extreme-heat"


def test_every_condition_and_every_fact_is_explained():
    assert [name for name in When.model_fields if f"`{name} = " not in PAGE] == []
    assert [fact for fact in get_args(FactName) if f"`{fact}`" not in PAGE and f'"{fact}"' not in PAGE] == []

"""What docs/policies.md shows can be copied: every example loads, its cases pass, and every command is one."""

import re
import tomllib

import click
import pytest

from comms.campaigns.policies import conditions, golden, parse_policy
from comms.campaigns.policies.cases import Case, CaseAccount, CaseTaken, Expect, parse_cases
from comms.campaigns.policies.steps import Step
from comms.cli.policy import policy as command
from comms.settings import ROOT

PAGE = (ROOT / "docs" / "policies.md").read_text("utf-8")
EXAMPLES = {
    block.split("\n", 1)[0].removeprefix("# "): block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
}
WHOLE = "tenant-reminders.toml"


def test_the_page_shows_a_policy_its_cases_its_order_and_what_can_be_added():
    assert list(EXAMPLES) == ["order.toml", WHOLE, "tenant-reminders.cases.toml", "more steps", "more sections"]
    assert WHOLE.removesuffix(".toml") in tomllib.loads(EXAMPLES["order.toml"])["order"]


def test_the_example_is_a_policy_and_its_cases_pass(city, renderer):
    policy = parse_policy(EXAMPLES[WHOLE], WHOLE)
    cases = parse_cases(EXAMPLES["tenant-reminders.cases.toml"], "tenant-reminders.cases.toml", policy)
    results = golden.run(policy, cases, city, renderer.catalogue)
    assert [(result.case.name, result.differences) for result in results if not result.passed] == []


@pytest.mark.parametrize("more", [("more steps",), ("more sections",), ("more steps", "more sections")])
def test_what_can_be_added_can_be_added(more):
    policy = parse_policy("\n".join(EXAMPLES[part] for part in (WHOLE, *more)), WHOLE)
    assert len(policy.step) == (5 if "more steps" in more else 2)
    assert (policy.challenger is not None) == ("more sections" in more)


@pytest.mark.parametrize(
    "model",
    [conditions.Enter, Step, CaseAccount, Case, CaseTaken, Expect],
)
def test_everything_that_may_stand_in_the_files_stands_on_the_page(model):
    names = {about.alias or name for name, about in model.model_fields.items()}
    assert {name for name in names if f"`{name}" not in PAGE and f"{name} =" not in PAGE} == set()


def test_the_commands_on_the_page_are_commands():
    for line in re.findall(r"^comms policy (.+)$", PAGE, re.MULTILINE):
        found: click.Command = command
        for word in line.split():
            if not isinstance(found, click.Group):
                break
            found = found.commands[word]
        assert not isinstance(found, click.Group), line

"""``comms policy``: from a file to a policy in use, as two people type it."""

import shutil
from xml.etree import ElementTree

import pytest

from comms.clock import SystemClock
from comms.desk.access import users
from comms.settings import ROOT

NAME = "residential-past-due"


def staff(database, **roles) -> None:
    with database.begin() as session:
        for name, role in roles.items():
            users.add_user(
                session, username=name, name="", role=role, password="a long enough pass phrase 7",
                at=SystemClock().now(),
            )  # fmt: skip


def test_a_policy_goes_from_its_file_into_use_by_two_people(comms, database):
    staff(database, ana="supervisor", ben="supervisor")
    first = comms("policy", "list", "--json").json
    assert [(line["policy"], line["state"]) for line in first][:2] == [
        ("small-balances", "a draft"), (NAME, "a draft"),
    ]  # fmt: skip
    said = comms("policy", "submit", NAME, "--by", "ana")
    assert said.code == 0 and "comms policy approve residential-past-due 1" in said.out
    assert comms("policy", "approve", NAME, "1", "--by", "ana", "--role", "supervisor").code == 2
    assert comms("policy", "approve", NAME, "1", "--by", "ben", "--role", "supervisor").code == 0
    said = comms("policy", "activate", NAME, "1", "--by", "ben")
    assert said.code == 2 and "--acknowledge" in said.err
    said = comms("policy", "activate", NAME, "1", "--by", "ben", "--acknowledge", "memo 12")
    assert said.code == 0 and "is in use" in said.out
    assert comms("policy", "list", "--json").json[1]["state"] == "active"
    assert comms("policy", "retire", NAME, "--by", "ben").code == 0


@pytest.mark.parametrize(
    ("by", "role", "said"),
    [
        ("cleo", "supervisor", "cleo is a collector, not a supervisor"),
        ("CLEO", "supervisor", "cleo is a collector, not a supervisor"),
        ("  ", "supervisor", "Nobody is named"),
        ("cleo", "collector", "A collector does not approve"),
    ],
)
def test_nobody_approves_in_a_role_that_is_not_theirs(comms, database, by, role, said):
    staff(database, cleo="collector")
    comms("policy", "submit", NAME, "--by", "ana")
    refused = comms("policy", "approve", NAME, "1", "--by", by, "--role", role)
    assert (refused.code, said in refused.err) == (2, True), refused


def test_the_golden_cases_of_the_city_are_run_and_a_failing_one_ends_with_one(comms, tmp_path):
    said = comms("policy", "test")
    assert said.code == 0
    assert "residential-past-due version 1: 26 golden cases, all as expected." in said.out
    words = comms("policy", "show", NAME, "--json").json
    assert words["days"][0] == {"step": "reminder", "day": 5, "such_as": "2026-10-10"}
    policy = tmp_path / "mild.toml"
    policy.write_text(MILD)
    (tmp_path / "mild.cases.toml").write_text(
        '[[case]]\nname = "nothing before Christmas"\non = 2026-12-03\n'
        'account = { past_due = 50.00, oldest_due_days = 9 }\nexpect = { outcome = "nothing" }\n'
    )
    said = comms("policy", "test", str(policy))
    assert said.code == 1
    assert "1 golden case, 1 not as expected" in said.out
    assert "expected nothing, but the step reminder goes out by letter" in said.out
    (failed,) = comms("policy", "test", str(policy), "--json").json
    assert (failed["case"], failed["passed"]) == ("nothing before Christmas", False)


MILD = """
policy = "mild"
version = 1
title = "Mild"
effective = { from = 2026-10-01 }
[enter]
past_due_at_least = 25.00
[exit]
past_due_at_most = 5.00
[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["letter"] }
"""


def test_a_policy_is_shown_in_sentences_and_as_a_picture(comms, tmp_path):
    picture = tmp_path / "residential.svg"
    said = comms("policy", "show", NAME, "--svg", str(picture))
    assert said.code == 0
    assert "5 days after the oldest unpaid bill was due" in said.out
    assert max(len(line) for line in said.out.splitlines() if str(picture) not in line) <= 100
    assert ElementTree.fromstring(picture.read_text()).get("role") == "img"


def test_a_file_that_cannot_be_used_is_listed_with_what_is_wrong(comms, database, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "cities" / "duluth-mn", tmp_path / "duluth-mn")
    (tmp_path / "duluth-mn" / "policies" / "half.toml").write_text(MILD.replace("version = 1", ""))
    monkeypatch.setenv("COMMS_CITY", str(tmp_path / "duluth-mn"))
    said = comms("policy", "list")
    assert said.code == 0, said
    assert "half.toml cannot be used" in said.out and "version: is missing; add it" in said.out
    assert "residential-past-due version 1: a draft" in said.out


def test_what_is_asked_wrongly_is_refused_with_a_sentence(comms, database, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(MILD.replace("past_due_at_least", "past_due_over"))
    assert "enter.past_due_over: is not a key of a policy; allowed:" in comms("policy", "show", str(bad)).err
    assert "No policy 'nope'" in comms("policy", "show", "nope").err
    assert "was not submitted" in comms("policy", "show", NAME, "--version", "4").err
    assert "There is no move 9" in comms("policy", "move", "show", "9").err
    assert comms("policy", "move", "list").out == "No moves yet.\n"

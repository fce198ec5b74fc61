"""``comms rules``: a clerk reads what protects a customer; a supervisor sees what is only a draft."""

import json
import shutil

import pytest

from comms.city import load_city


def test_the_list_names_what_stands_today_by_layer(comms):
    said = comms("rules", "list").out
    assert said.index("Federal") < said.index("State") < said.index("City") < said.index("Office")
    assert "cwr-heat" in said
    assert "(to 2021-06-30)" not in said, "that version stands no more"
    assert "[draft]" in said
    assert "(to 2021-06-30)" in comms("rules", "list", "--all").out


def test_the_list_of_another_day_and_layer_is_json_for_a_program(comms):
    told = json.loads(comms("rules", "list", "--on", "2020-12-01", "--layer", "state", "--json").out)
    assert told["city"] == "duluth-mn"
    (heat,) = [rule for rule in told["rules"] if rule["id"] == "cwr-heat"]
    assert heat["to"] == "2021-06-30"
    assert {rule["layer"] for rule in told["rules"]} == {"state"}


def test_a_rule_is_explained_with_its_condition_dates_source_and_confidence(comms):
    said = comms("rules", "explain", "extreme-heat").out
    for part in (
        "Nobody is disconnected in a county under a heat alert", "Heat Advisory is in force in the county",
        "or the feed is older than 12 hours or was never read", "it is not done", "at all times",
        "Minn. Stat. 216B.0975", "read in a primary text", "verified", "nobody of the city yet",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize("rule_id", ["quiet-hours", "cap-7d", "disconnect-days", "cwr-packet", "cwr-reconnect", "owes"])
def test_every_kind_of_rule_has_words(comms, rule_id):
    answer = comms("rules", "explain", rule_id)
    assert answer.code == 0
    assert json.loads(comms("rules", "explain", rule_id, "--json").out)[0]["sources"]


def test_every_reason_that_a_rule_gives_can_be_explained(comms):
    for entry in json.loads(comms("rules", "list", "--all", "--json").out)["rules"]:
        assert entry["citation"]
        assert entry["confidence"]


def test_a_rule_that_is_not_there_is_refused_with_the_nearest(comms):
    answer = comms("rules", "explain", "cwr-heet")
    assert answer.code == 2
    assert "No rule cwr-heet in City of Duluth. Did you mean cwr-heat" in answer.err


def test_the_check_names_each_draft_and_why(comms):
    answer = comms("rules", "check")
    assert answer.code == 0
    assert (
        "draft: cwr-packet in mn.toml: Minn. Stat. 216B.097 subd. 3(a), notice period is read only in part"
        in answer.out
    )


def test_the_check_finds_a_file_that_claims_too_much_and_one_that_is_wrong(comms, tmp_path, monkeypatch):
    folder = tmp_path / "duluth-mn"
    shutil.copytree(load_city("duluth-mn").folder, folder)
    office = folder / "rules" / "office.toml"
    words = office.read_text("utf-8")
    monkeypatch.setenv("COMMS_CITY", str(folder))
    office.write_text(words.replace('source = "office"', 'source = "usc-11-362"', 1), "utf-8")
    assert comms("rules", "check").code == 1
    office.write_text(words.replace('effect = "defer"', 'effect = "deter"', 1), "utf-8")
    answer = comms("rules", "check")
    assert answer.code == 2
    assert "office.toml: rule.dunning-days.effect: 'deter' is not known; allowed:" in answer.err

"""``comms reply classify`` and ``comms promise`` at the command line."""

import json

from click.testing import CliRunner

from comms.cli.reply import reply

LINE = {
    "id": "a", "text": "i can pay 50 friday", "received_at": "2026-11-23T10:00:00-06:00", "tz": "America/Chicago",
    "past_due_cents": 12000, "total_cents": 15000,
}  # fmt: skip


def test_classify_is_a_filter():
    given = "\n".join([json.dumps(LINE), "", json.dumps({**LINE, "id": "b", "text": "STOP"})])
    result = CliRunner().invoke(reply, ["classify"], input=given)
    first, second = (json.loads(line) for line in result.output.splitlines())
    assert result.exit_code == 0
    assert first == {
        "id": "a", "intent": "promise", "instalments": [{"amount_cents": 5000, "date": "2026-11-27"}],
        "confidence": 0.95, "lang": "en",
    }  # fmt: skip
    assert (second["id"], second["intent"], second["instalments"]) == ("b", "opt_out", [])


def test_a_line_that_cannot_be_read_is_named_and_the_rest_goes_on():
    given = "\n".join(["{", json.dumps({"id": "x"}), json.dumps(LINE)])
    result = CliRunner().invoke(reply, ["classify"], input=given)
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert [line.get("line") for line in lines] == [1, 2, None]
    assert lines[2]["intent"] == "promise"


def test_the_evidence_can_be_asked_for():
    result = CliRunner().invoke(reply, ["classify", "--evidence"], input=json.dumps(LINE))
    assert json.loads(result.output)["evidence"] == ["i can pay 50 friday"]

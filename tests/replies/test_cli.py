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


def test_garbage_is_told_line_by_line(tmp_path):
    beyond = [{"received_at": "9999-12-31T23:59:59+00:00"}, {"past_due_cents": float("inf")}]
    told = [json.dumps({**LINE, **one}).encode() for one in beyond]
    (tmp_path / "in").write_bytes(b"\xff\xfe\x00\n" + b"\n".join(told) + b'\n{"id": "\\ud800"}\n')
    result = CliRunner().invoke(reply, ["classify", str(tmp_path / "in")])
    assert result.exit_code == 1
    assert [json.loads(line)["line"] for line in result.output.splitlines()] == [1, 2, 3, 4]


def test_the_evidence_can_be_asked_for():
    result = CliRunner().invoke(reply, ["classify", "--evidence"], input=json.dumps(LINE))
    assert json.loads(result.output)["evidence"] == ["i can pay 50 friday"]

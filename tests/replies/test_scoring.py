"""The measurement: what counts as right, what the command prints, and when it says that something needs attention."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from comms.cli.reply import reply
from comms.replies.scoring import ScoreError, same, score
from comms.settings import ROOT

DEV = ROOT / "tests" / "replies" / "dev.jsonl"
NUMBERS = {"received_at": "2026-11-23T10:00:00-06:00", "tz": "America/Chicago", "past_due_cents": 12001,
           "total_cents": 15000, "note": ""}  # fmt: skip


def part(cents, day=None):
    return {"amount_cents": cents, "date": day}


def label(id_, intent, *instalments, lang="en", text="x"):
    return NUMBERS | {"id": id_, "text": text, "intent": intent, "instalments": list(instalments), "lang": lang}


def taken(id_, intent, *instalments):
    return {"id": id_, "intent": intent, "instalments": list(instalments)}


FRIDAY, SATURDAY = "2026-11-27", "2026-11-28"


@pytest.mark.parametrize(
    ("said", "understood", "right"),
    [
        ([part(5000, FRIDAY)], [part(5000, FRIDAY)], True),
        ([part(5000, FRIDAY)], [part(5000, SATURDAY)], False),
        ([part(5000, FRIDAY)], [part(5001, FRIDAY)], False),
        ([part(5000, FRIDAY)], [part(5000.0, FRIDAY)], True),
        ([part(5000, FRIDAY)], [], False),
        ([part("full", FRIDAY)], [part(12001, FRIDAY)], True),
        ([part("half", FRIDAY)], [part(6000, FRIDAY)], True),
        ([part("half", FRIDAY)], [part(6001, FRIDAY)], True),
        ([part("half", FRIDAY)], [part(6002, FRIDAY)], False),
        ([part("minimum", None)], [part("minimum", None)], True),
        ([part(None, FRIDAY)], [part(None, FRIDAY)], True),
        ([part(None, FRIDAY)], [part("full", FRIDAY)], False),
        ([part(5000, FRIDAY), part(7000, SATURDAY)], [part(7000, SATURDAY), part(5000, FRIDAY)], True),
        ([part(5000, FRIDAY)], [part(5000, FRIDAY), part(7000, SATURDAY)], False),
        ([part(5000, FRIDAY)] * 2, [part(5000, FRIDAY), part(7000, FRIDAY)], False),
        ([part("half", None), part(6000, None)], [part(6000, None), part(6001, None)], True),
        ([part(5000, FRIDAY)], [part([5000], FRIDAY)], False),
        ([part(5000, FRIDAY)], [{}], False),
    ],
)
def test_what_is_the_same(said, understood, right):
    assert same(said, understood, 12001) is right


amounts = st.one_of(st.none(), st.sampled_from(["full", "half", "minimum"]), st.integers(1, 20000))
parts = st.lists(st.builds(part, amounts, st.sampled_from([None, FRIDAY, SATURDAY])), max_size=4)


@given(parts, st.randoms())
def test_any_list_is_the_same_as_itself_in_any_order(said, draw):
    other = list(said)
    draw.shuffle(other)
    assert same(said, other, 12001)


def test_the_figures():
    labels = [
        label("1", "promise", part(5000, FRIDAY)), label("2", "promise", part(6000, FRIDAY)),
        label("3", "promise", part("full", FRIDAY), lang="es"), label("4", "paid", lang="es-en"),
        label("5", "opt_out"), label("6", "other"),
    ]  # fmt: skip
    found = score(
        labels,
        [
            taken("1", "promise", part(5000, FRIDAY)), taken("2", "promise", part(6000, SATURDAY)),
            taken("3", "paid"), taken("4", "promise", part(1, None)), taken("5", "opt_out"), {"line": 7, "error": "no"},
        ],
    )  # fmt: skip
    assert (found.examples, found.missing) == (6, 1)
    assert found.accuracy == 3 / 6
    promise = found.intents["promise"]
    assert (promise.labels, promise.missed, promise.false) == (3, 1, 1)
    assert (promise.precision, promise.recall) == (2 / 3, 2 / 3)
    assert (found.intents["paid"].precision, found.intents["paid"].f1) == (0.0, 0.0)
    assert found.intents["opt_out"].f1 == 1.0
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 1 + 0) / 4)
    assert (found.promises.whole, found.promises.amounts, found.promises.dates) == (1 / 3, 2 / 3, 1 / 3)
    assert found.promises.recorded_right == 1 / 3
    assert found.languages == {"en": (4, 3 / 4), "es": (2, 0.0)}
    assert [wrong.id for wrong in found.wrong] == ["2", "3", "4", "6"]


def test_without_promises_there_is_no_figure_for_them():
    assert score([label("1", "paid")], [taken("1", "paid")]).promises is None


def test_nothing_to_measure_and_a_doubled_id_are_refused():
    with pytest.raises(ScoreError, match="no labelled example"):
        score([], [])
    with pytest.raises(ScoreError, match="id 1 is there twice"):
        score([label("1", "paid"), label("1", "paid")], [])


# --- the command ---


@pytest.fixture
def run(tmp_path):
    def act(labels, *arguments, predictions=None):
        def file(name, lines):
            path = tmp_path / name
            path.write_text("".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in lines), "utf-8")
            return str(path)

        more = ["--predictions", file("predictions.jsonl", predictions)] if predictions is not None else []
        return CliRunner().invoke(reply, ["score", file("labels.jsonl", labels), *more, *arguments])

    return act


def test_the_built_in_understanding_on_the_development_sample():
    result = CliRunner().invoke(reply, ["score", str(DEV), "--json"])
    found = json.loads(result.output)
    assert result.exit_code == 0
    assert (found["examples"], found["missing"]) == (160, 0)
    assert found["accuracy"] >= 0.95
    assert found["intents"]["opt_out"]["recall"] == 1.0
    assert "wrong" not in found


def test_a_readable_table(run):
    result = run([label("1", "promise", part(5000, FRIDAY), text="i can pay 50 friday"), label("2", "paid", lang="es")],
                 predictions=[taken("1", "promise", part(5000, FRIDAY)), taken("2", "dispute")])  # fmt: skip
    assert result.exit_code == 0
    assert "2 replies, 0 without a prediction\nintent right 50.0%, macro-F1 50.0%\nen 100.0% of 1, es 0.0% of 1\n" in (
        result.output
    )
    assert "promises with every amount and date right 100.0%" in result.output
    assert "i can pay" not in result.output, "customers' words only where they are asked for"


def test_the_replies_that_were_not_understood(run):
    result = run([label("r7", "paid", text="ya\npagué")], "--errors",
                 predictions=[taken("r7", "promise", part(None, FRIDAY))])  # fmt: skip
    assert "r7  ya pagué\n    is        already paid\n" in result.output
    assert "    taken for a promise to pay (no amount) on 2026-11-27\n" in result.output


@pytest.mark.parametrize(
    ("predictions", "says"),
    [([taken("1", "other")], "every opt-out must be heard"), ([], "1 without a prediction")],
)
def test_a_missed_opt_out_and_a_missing_prediction_need_attention(run, predictions, says):
    result = run([label("1", "opt_out")], predictions=predictions)
    assert result.exit_code == 1
    assert says in result.output


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{\n"], "cannot be read as JSON lines"),
        (["7\n"], "Line 1 of"),
        ([], "There is no labelled example in it"),
        ([{"id": "1"}], "Line 1 is no labelled reply: it has no 'received_at'"),
        ([label("1", "mood")], "'mood' is no intent"),
        ([label("1", "paid") | {"tz": "Nowhere/Land"}], "Line 1 is no labelled reply"),
        ([label("1", "paid") | {"tz": "../../etc/passwd"}], "Line 1 is no labelled reply"),
        ([label("1", "paid") | {"instalments": [7]}], "Line 1 is no labelled reply"),
        ([label("1", "paid"), label("1", "paid")], "is there twice"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused(run, lines, says):
    result = run(lines)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "wrong",
    [
        {"received_at": "9999-12-31T23:59:59+00:00"},
        {"past_due_cents": float("inf")},
        {"instalments": [{"amount_cents": "lots", "date": None}]},
        {"instalments": [{"amount_cents": 5000, "date": "friday"}]},
    ],
)
def test_a_label_that_no_reply_can_have_is_refused_with_its_line(run, wrong):
    result = run([label("1", "paid") | wrong])
    assert result.exit_code == 2 and "Line 1 is no labelled reply" in result.output

"""Two versions of a text side by side, what is remembered for a while, and refusals without their commands."""

from datetime import UTC, datetime, timedelta

import pytest

from comms.desk.frame import comparing
from comms.desk.frame.refusals import in_words
from comms.desk.frame.remembering import Remembered

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def marked(pieces):
    return None if pieces is None else "".join(f"[{one.text}]" if one.only_here else one.text for one in pieces)


def rows(before, now):
    return [(marked(row.before), marked(row.now)) for row in comparing.rows(before, now) if not row.same]


def test_words_that_changed_are_marked_on_their_side():
    assert rows(["a", "it comes 5 days later"], ["a", "it comes 6 days later"]) == [
        ("it comes [5] days later", "it comes [6] days later")
    ]


def test_lines_that_have_little_in_common_went_and_came():
    assert rows(["one thing", "same"], ["something else entirely", "same"]) == [
        ("[one thing]", None), (None, "[something else entirely]")
    ]  # fmt: skip


def test_a_new_line_stands_where_it_came_in():
    assert rows(["a b c d", "x"], ["new here", "a b c e", "x"]) == [(None, "[new here]"), ("a b c [d]", "a b c [e]")]


def test_an_answer_is_kept_for_a_while_and_the_oldest_goes_first():
    kept, found = Remembered(2, timedelta(minutes=5)), []

    def ask(name, at=NOON):
        return kept.get(name, at, lambda: found.append(name) or name)

    for name in "aab":
        ask(name)
    assert found == ["a", "b"]
    for name in "ca":
        ask(name)
    assert found == ["a", "b", "c", "a"]
    ask("a", NOON + timedelta(minutes=6))
    assert found[-1] == "a" and len(found) == 5


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Run 5 is paused by dana. Next step: comms campaign resume 5", "Run 5 is paused by dana."),
        ("Run 5 is done; plan a new one with: comms plan", "Run 5 is done; plan a new one."),
        ("Say why, in a few words: --because WORDS", "Say why, in a few words."),
        ("The day is not known; next step: comms mail ack.", "The day is not known."),
        ("There is no list x. List them: comms shutoff list", "There is no list x."),
        ("Nothing stands against it.", "Nothing stands against it."),
    ],
)  # fmt: skip
def test_a_refusal_is_said_without_the_command(said, shown):
    assert in_words(said) == shown

"""What replies mean, in wordings that no list of phrases was made from: each intent, the precedence, the traps."""

from pathlib import Path

import pytest

from comms.replies.understanding.frames import frames
from comms.replies.understanding.model import INTENTS

from .conftest import meant

CASES = [
    tuple(line.split("|", 1))
    for line in (Path(__file__).parent / "intents.txt").read_text("utf-8").splitlines()
    if "|" in line and not line.startswith("#")
]


@pytest.mark.parametrize(("intent", "text"), CASES)
def test_what_people_write(intent, text):
    found = meant(text).intent
    assert found != intent[1:] if intent.startswith("!") else found == intent


def test_an_opt_out_beside_an_emergency_is_not_lost():
    found = meant("there's gas leaking, stop texting me and send someone")
    assert (found.intent, found.also) == ("emergency", ("opt_out",))


@pytest.mark.parametrize("text", ["the llama sat down", "ok so the thing is, well", "zzz qqq"])
def test_what_nothing_was_found_for_says_that_it_is_not_sure(text):
    found = meant(text)
    assert (found.intent, found.confidence) == ("other", 0.4)


def test_every_group_of_frames_belongs_to_an_intent_and_says_how_sure_it_is():
    for name, sure in frames().sure.items():
        assert name.lstrip("-").partition(".")[0] in INTENTS
        assert 0.5 < sure <= 1


def test_a_frame_that_names_no_word_is_refused():
    from comms.replies.understanding.frames import Frames

    kinds = {"polite": "please", "weighty": "stop", "known": "step"}
    with pytest.raises(ValueError, match="begins and ends with a word"):
        Frames(kinds, {"help": (0.9, ["help .."])})
    with pytest.raises(KeyError, match="nothing"):
        Frames(kinds, {"help": (0.9, ["@nothing"])})

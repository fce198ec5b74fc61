"""Text messages are counted as the carrier counts them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.notices.graphemes import graphemes
from comms.notices.segments import GSM, Segments, count, encoding_of, outside_gsm, plain, split

VECTORS = json.loads(Path(__file__).with_name("segment_vectors.json").read_text("utf-8"))["vectors"]


def test_every_vector_of_the_carriers_own_calculator_agrees():
    assert len(VECTORS) > 600
    for vector in VECTORS:
        expected = Segments(vector["encoding"], vector["segments"], vector["units"])
        assert count(vector["text"]) == expected, vector["text"]
        assert split(vector["text"]) == vector["parts"], vector["text"]


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units"),
    [
        ("", "GSM-7", 1, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("€" * 80, "GSM-7", 1, 160),
        ("x" * 152 + "€" + "y" * 152, "GSM-7", 3, 306),
        ("á" * 70, "UCS-2", 1, 70),
        ("á" * 71, "UCS-2", 2, 71),
        ("😀" * 35, "UCS-2", 1, 70),
        ("😀" * 36, "UCS-2", 2, 72),
    ],
)
def test_the_edges_of_one_message(text, encoding, segments, units):
    assert count(text) == Segments(encoding, segments, units)


@given(st.text(max_size=400))
def test_parts_are_the_text_and_none_is_too_long(text):
    parts = split(text)
    assert "".join(parts) == text
    assert len(parts) == count(text).segments
    if encoding_of(text) == "UCS-2" and len(parts) > 1:
        whole = list(graphemes(text))
        assert [cluster for part in parts for cluster in graphemes(part)] == whole or len(max(whole, key=len)) > 30
        assert all(len(part.encode("utf-16-le", "surrogatepass")) <= 134 for part in parts if part not in whole)


@given(st.text())
def test_clusters_joined_are_the_text(text):
    assert "".join(graphemes(text)) == text


@pytest.mark.parametrize("cluster", ["👍🏽", "👨‍👩‍👧‍👦", "🇺🇸", "e\u0301", "1️⃣", "🏳️‍🌈", "각", "नि", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_what_a_reader_sees_as_one_is_one(cluster):
    assert list(graphemes(f"a{cluster}b")) == ["a", cluster, "b"]


def test_two_flags_are_two():
    assert list(graphemes("🇲🇽🇺🇸")) == ["🇲🇽", "🇺🇸"]


def test_typeset_marks_become_plain_ones():
    assert plain("“Don’t wait”\u00a0– pay…\u200b") == '"Don\'t wait" - pay...'
    assert count(plain("It’s due")).encoding == "GSM-7"


def test_accents_are_folded_only_on_request_and_only_where_gsm_lacks_the_letter():
    assert plain("próximo año, ¿está?") == "próximo año, ¿está?"
    assert plain("próximo año, ¿José está?", fold_accents=True) == "proximo año, ¿José esta?"
    assert plain("漢字", fold_accents=True) == "漢字"


def test_what_forces_ucs2_can_be_named():
    assert outside_gsm("García López") == "íó"


@given(st.text(alphabet=st.sampled_from(sorted(GSM))))
def test_text_that_is_plain_already_is_left_alone(text):
    assert plain(text, fold_accents=True) == text


@given(st.text())
def test_folding_never_loses_a_letter_without_saying_so(text):
    folded = plain(text, fold_accents=True)
    assert plain(folded, fold_accents=True) == folded

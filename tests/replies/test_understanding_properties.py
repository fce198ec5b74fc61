"""What must not depend on how a thing is written."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comms.replies import understand
from comms.replies.mail_text import said

CHICAGO = "America/Chicago"
RECEIVED = datetime(2026, 11, 18, 10, 0, tzinfo=ZoneInfo(CHICAGO))

promises = st.builds(
    "{} {} {}".format,
    st.sampled_from(["i will pay", "ill pay", "i can do", "im paying", "you'll get"]),
    st.integers(10, 400).map("${}".format),
    st.sampled_from(["friday", "on monday", "tomorrow", "next tuesday", "in 5 days", "this weekend", "in two weeks"]),
)


def meant(text, at=RECEIVED):
    return understand(text, at, CHICAGO, 12000, 15000)


@settings(deadline=None, max_examples=100)
@given(
    promises,
    st.sampled_from([str.upper, str.title, str.lower]),
    st.sampled_from(["", "!", ".", " 🙏", " 👍🏽", "!!", " please", " thanks", "\n"]),
    st.sampled_from(["", "please ", "ok ", "hi ", "Hello, ", "  "]),
)
def test_case_emoji_and_politeness_change_nothing(text, case, after, before):
    plain = meant(text)
    assert plain.intent == "promise" and len(plain.instalments) == 1
    dressed = meant(case(before + text) + after)
    assert (dressed.intent, dressed.instalments) == (plain.intent, plain.instalments)


@settings(deadline=None, max_examples=60)
@given(promises, st.integers(1, 30))
def test_a_week_later_the_same_words_mean_a_week_later(text, weeks):
    (now,) = meant(text).instalments
    (later,) = meant(text, RECEIVED + timedelta(weeks=weeks)).instalments
    assert later.date - now.date == timedelta(weeks=weeks)
    assert later.amount_cents == now.amount_cents


@settings(deadline=None, max_examples=60)
@given(promises, st.sampled_from(["{}?", "if i get my check {}", "maybe {}", "hopefully {}", "can you wait, {}?"]))
def test_a_question_a_condition_or_a_hedge_is_no_promise(text, frame):
    assert meant(frame.format(text)).intent != "promise"


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_read(text):
    found = meant(text)
    assert 0 <= found.confidence <= 1
    assert (found.intent == "promise") == bool(found.instalments)


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(["stop", "Stop texting me", "UNSUBSCRIBE", "no more texts", "take me off this list", "alto"]),
    st.sampled_from(["", "!", ".", "!!!", " please", " 🛑", "\n"]),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_an_opt_out_is_heard_however_it_is_shouted(words, after, case):
    assert meant(case(words) + after).intent == "opt_out"


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("50 friday\n\nOn Mon, Nov 23, 2026 at 9:00 AM Office <a@b.example> wrote:\n> Reply STOP", "50 friday"),
        ("50 friday\n> STOP\nthanks", "50 friday\nthanks"),
        ("yes\n\nSent from my iPhone", "yes"),
        ("sí\n\nEl lun, 23 nov 2026 a las 9:00, Oficina <a@b.example> escribió:\n> ALTO", "sí"),
        ("ok\r\n\r\n-----Original Message-----\r\nFrom: x", "ok"),
        ("On Friday I will pay 50", "On Friday I will pay 50"),
        ("On Mon, Nov 23, 2026 at 9:00 AM Duluth Utilities <a@b.example>\nwrote:\n> STOP", ""),
    ],
)
def test_an_email_is_read_above_its_quotation(email, words):
    assert said(email) == words


def test_an_empty_email_leaves_its_subject():
    assert said("\n\n> quoted", "STOP") == "STOP"

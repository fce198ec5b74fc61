"""Promises in wordings that no rule was written for, near misses, and what must not depend on how a thing is spelt."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comms.replies.understanding.commitments import commitment, offered, read
from comms.replies.understanding.slips import meant as spelt
from comms.replies.understanding.tokens import tokenize

CHICAGO = ZoneInfo("America/Chicago")
WEDNESDAY = datetime(2026, 11, 18, 10, 0, tzinfo=CHICAGO)
PAST_DUE = 12000
HERE = Path(__file__).parent


def lines(name):
    read_lines = (line.strip() for line in (HERE / name).read_text("utf-8").splitlines())
    return [line for line in read_lines if line and not line.startswith("#")]


def promised(text, at=WEDNESDAY):
    found = commitment(read(tokenize(text), at), at.date(), PAST_DUE)
    return None if found is None else [(one.amount_cents, one.date) for one in found.instalments]


def instalment(words):
    amount, day = words.split()
    month, _, number = day.rpartition("/")
    cents = None if amount == "-" else amount if amount.isalpha() else round(float(amount) * 100)
    return cents, None if day == "-" else date(2026, int(month or 11), int(number))


@pytest.mark.parametrize("line", lines("promise_wordings.txt"))
def test_a_promise_in_other_words(line):
    text, _, instalments = line.rpartition(" | ")
    assert promised(text) == [instalment(one) for one in instalments.split(";")]


@pytest.mark.parametrize("text", lines("promise_near_misses.txt"))
def test_what_is_no_promise_although_it_speaks_of_paying(text):
    assert promised(text) is None


PAYERS = [
    "i will pay {} {}",
    "{} {}",
    "les pago {} {}",
    "you will get {} {}",
    "my mom is bringing {} {}",
    "im sending {} {}",
]
DAYS = ["friday", "on monday", "next tuesday", "el viernes", "el lunes", "in 5 days", "this weekend", "in two weeks"]
promises = st.builds(lambda frame, cents, day: frame.format(f"${cents}", day), st.sampled_from(PAYERS),
                     st.integers(10, 400), st.sampled_from(DAYS))  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(promises, st.integers(1, 40))
def test_the_same_words_a_week_later_mean_a_week_later(text, weeks):
    ((cents, day),) = promised(text)
    assert promised(text, WEDNESDAY + timedelta(weeks=weeks)) == [(cents, day + timedelta(weeks=weeks))]


@settings(deadline=None, max_examples=100)
@given(
    promises,
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(["", "please ", "ok ", "hola ", "Hi, ", "buenas tardes "]),
    st.sampled_from(["", "!", "!!", ".", " 🙏", " thanks", " gracias", "\n", " god bless", " dios mediante"]),
)
def test_case_politeness_and_emoji_change_nothing(text, case, before, after):
    assert promised(case(before + text) + after) == promised(text)


@settings(deadline=None, max_examples=60)
@given(promises)
def test_a_question_mark_turns_a_promise_into_an_offer(text):
    asked = read(tokenize(text + "?"), WEDNESDAY)
    assert commitment(asked, WEDNESDAY.date(), PAST_DUE) is None
    assert [(one.amount_cents, one.date) for one in offered(asked, WEDNESDAY.date(), PAST_DUE)] == promised(text)


# fmt: off
DOUBTS = ["if i get my check {}", "maybe {}", "hopefully {}", "a lo mejor {}", "tal vez {}", "{} unless they fire me",
          "i think {}", "would it be ok if {}", "chance y {}", "ojala {}", "que tal si {}", "{} si me pagan"]
# fmt: on


@settings(deadline=None, max_examples=150)
@given(promises, st.sampled_from(DOUBTS))
def test_a_condition_a_hedge_or_a_question_reaches_the_whole_sentence(text, frame):
    assert promised(frame.format(text)) is None


CHANGES = st.sampled_from(["drop", "double", "swap"])
LONG_DAYS = {"thursday": 19, "saturday": 21, "wednesday": 25, "miercoles": 25, "tomorrow": 19}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(LONG_DAYS)), CHANGES, st.data())
def test_one_slip_does_not_change_the_day(name, change, data):
    at = data.draw(st.integers(1, len(name) - 2))
    slipped = {
        "drop": name[:at] + name[at + 1 :],
        "double": name[:at] + name[at] + name[at:],
        "swap": name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    }[change]
    assert promised(f"50 {slipped}") == [(5000, date(2026, 11, LONG_DAYS[name]))]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("juebes", "jueves"), ("sinco", "cinco"), ("vielne", "viernes"), ("mielcole", "miercoles"),
        ("satruday", "saturday"), ("tommarow", "tomorrow"), ("cincunta", "cincuenta"), ("depocito", "deposito"),
        ("asta", "hasta"),
        ("monkey", "monkey"), ("manzana", "manzana"), ("parents", "parents"), ("circo", "circo"), ("there", "there"),
    ],
)  # fmt: skip
def test_a_misspelt_word_is_heard_and_a_word_of_its_own_stays(written, meant):
    assert spelt(written) == meant


OFFERS = [
    ("could you do 40 on thursday", [(4000, date(2026, 11, 19))]),
    ("would 50 friday and the rest on dec 1 work", [(5000, date(2026, 11, 20)), (7000, date(2026, 12, 1))]),
    ("maybe 60 on the 30th", [(6000, date(2026, 11, 30))]),
    ("si me pagan el viernes les doy 45", [(4500, date(2026, 11, 20))]),
    ("me aceptan la mitad el lunes", [("half", date(2026, 11, 23))]),
    ("i cant pay 120 friday", []),
    ("can i get an extension", []),
]


@pytest.mark.parametrize(("text", "instalments"), OFFERS)
def test_what_is_offered_in_a_question_or_a_hedge_is_kept_apart(text, instalments):
    found = offered(read(tokenize(text), WEDNESDAY), WEDNESDAY.date(), PAST_DUE)
    assert [(one.amount_cents, one.date) for one in found] == instalments
    assert promised(text) is None

"""Whatever happens in whatever order, the engine keeps its rules; ``pretend_office`` checks every outcome."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comms.campaigns.engine import judge
from comms.campaigns.night import Contacts
from comms.campaigns.policies import load_policy
from comms.city import load_city
from tests.support.nights import STEPS, days, night, policy, running, subject, taken
from tests.support.pretend_office import House, Office

SHIPPED = {city: load_policy(load_city(city), "residential-past-due") for city in ("duluth-mn", "kent-oh")}
JUMPING = policy(
    STEPS
    + """
[on_promise]
kept = "jump_to:reminder"
partial = "next_step"
broken = "jump_to:final"
cool_down_days = 2
[reentry]
cool_down_days = 3
[caps]
per_household = { "7d" = 2 }
"""
)
OFFICES = [("duluth-mn", SHIPPED["duluth-mn"]), ("kent-oh", SHIPPED["kent-oh"]), ("duluth-mn", JUMPING)]
NAMES = ("reminder", "second-reminder", "disconnect-notice", "final-notice", "notice", "final")

house = st.integers(0, 1)
happens = st.one_of(
    st.tuples(st.just("night"), st.integers(0, 12), st.integers(0, 23), st.integers(0, 4)),
    st.tuples(st.just("night"), st.integers(0, 2), st.integers(0, 23), st.integers(0, 4)),
    st.tuples(st.just("nights"), st.integers(5, 40), st.integers(0, 23)),
    st.tuples(st.just("pay"), house, st.sampled_from([500, 4000, 9800, 20000])),
    st.tuples(st.just("bill"), house, st.sampled_from([300, 8000])),
    st.tuples(st.just("hold"), house, st.booleans()),
    st.tuples(st.just("promises"), house),
    st.tuples(st.just("ends_promise"), house, st.sampled_from(["kept", "partial", "broken"])),
    st.tuples(st.just("fails"), house, st.sampled_from(NAMES)),
    st.tuples(st.just("moves"), house, st.booleans()),
)


def office(place: int, first: date) -> Office:
    city, used = OFFICES[place]
    houses = [House(subject(account_id=number, number=str(number))) for number in (1, 2)]
    return Office(used, city, houses, first)


def live(here: Office, events) -> None:
    for what, *about in events:
        if what == "nights":
            for _ in range(about[0]):
                here.night(1, about[1])
        elif what == "fails" and about[1] not in {step.id for step in here.policy.step}:
            continue
        else:
            getattr(here, what)(*about)


@settings(max_examples=120, deadline=None)
@given(place=st.integers(0, 2), start=st.integers(0, 330), events=st.lists(happens, max_size=40))
@example(place=0, start=5, events=[("nights", 40, 16), ("fails", 0, "disconnect-notice"), ("nights", 40, 16)])
@example(place=2, start=5, events=[("nights", 30, 16), ("promises", 0), ("ends_promise", 0, "kept"), ("nights", 40, 2)])
def test_whatever_happens_nothing_is_decided_twice_skipped_or_too_soon(place, start, events):
    here = office(place, date(2026, 10, 1) + timedelta(start))
    live(here, events)  # holds every night to what must hold
    assert len(set(here.written)) == len(here.written), "nothing was written twice"


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 1), gaps=st.lists(st.integers(0, 15), min_size=60, max_size=60))
def test_missed_and_repeated_nights_change_when_and_never_what(place, gaps):
    """However many nights are missed, each required step is taken once and in order, and none more than one night
    later than it could have been."""
    here = office(place, date(2026, 10, 5))
    del here.houses[1]
    for gap in gaps:
        here.night(gap)
    taken_steps = [step for _, _, step, _ in here.log if step != "second-reminder"]
    assert taken_steps == ["reminder", "disconnect-notice", "final-notice", "shut-off"][: len(taken_steps)]
    assert len(set(here.written)) == len(here.written)
    if (here.today - date(2026, 10, 5)).days > 150:
        assert taken_steps[:3] == ["reminder", "disconnect-notice", "final-notice"]


@pytest.mark.parametrize(
    ("place", "ledger"),
    [
        (0, {"reminder": (10, 6), "second-reminder": (10, 14), "disconnect-notice": (10, 22), "final-notice": (11, 6),
             "shut-off": (12, 7)}),
        (1, {"reminder": (10, 6), "second-reminder": (10, 14), "disconnect-notice": (10, 22), "final-notice": (11, 2),
             "shut-off": (11, 23)}),
    ],
)  # fmt: skip
def test_a_bill_that_nobody_pays_goes_the_whole_way(place, ledger):
    """Duluth (a house whose heat does not depend on the water) and Kent, with each message delivered a day later."""
    here = office(place, date(2026, 10, 5))
    del here.houses[1]
    for _ in range(100):
        here.night(1, lag=1)
    assert {step: (day.month, day.day) for day, _, step, _ in here.log} == ledger


@settings(max_examples=60, deadline=None)
@given(
    behind=st.integers(1, 3),
    late=st.integers(0, 30),
    start=st.integers(0, 360),
    kept=st.booleans(),
    hour=st.integers(0, 23),
)
def test_nothing_happens_before_the_day_that_was_told_and_something_does_on_it(behind, late, start, kept, hour):
    """``next_on`` of an account that waits is true: clerks read it to customers."""
    used = SHIPPED["kent-oh"]
    first = date(2026, 10, 1) + timedelta(start)
    steps = [taken(step.id, first + timedelta(20 * place)) for place, step in enumerate(used.step[:behind])]
    episode = running(used, *steps)
    account = subject(oldest_due_on=first - timedelta(5))
    today = first + timedelta(20 * (behind - 1) + 1 + (late if kept else 0))
    told = judge(night(today, used, city="kent-oh", hour=hour), account, episode, Contacts())
    if told.rule != "not-due-yet" or told.next_on is None:
        return
    for day in days(today, (told.next_on - today).days):
        outcome = judge(night(day, used, city="kent-oh"), account, episode, Contacts())
        assert outcome.kind == "waiting" and outcome.next_on == told.next_on
    then = judge(night(told.next_on, used, city="kent-oh"), account, episode, Contacts())
    assert then.kind in ("contact", "action", "protected")

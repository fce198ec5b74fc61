"""Champion and challenger: ranges with answers known from the literature, and what is counted for whom."""

from datetime import timedelta

import pytest

from comms.campaigns.experimenting import NothingComparedError, compare
from comms.campaigns.intervals import difference, median, share, wanted
from comms.campaigns.policies import versions
from comms.campaigns.schema import Episode
from tests.campaigns.conftest import RESIDENTIAL
from tests.support import build, policies, runs

NAME = "residential-past-due"
TRIED = (
    RESIDENTIAL
    + """
[challenger]
title = "Letter first"
share = 0.5
seed = "autumn"
from = 2026-10-01
to = 2026-12-31
step = [{ id = "reminder", send = { first_of = ["letter"] } }]
"""
)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_range(count, of, low, high):
    """Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3."""
    found = share(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.2775, 0.1611),
    ],
)
def test_a_difference_has_newcombes_range(first, second, low, high):
    """Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10."""
    found = difference(share(*first), share(*second))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0001)
    assert found.tells is (low > 0)


def test_a_median_of_times_that_have_not_all_ended():
    """Freireich's leukaemia patients (Blood 21, 1963), whom every textbook takes: 6-MP 23 weeks (13, open), placebo 8
    (4 to 11)."""
    treated = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0)]
    treated += [(19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    found = median((week, bool(over)) for week, over in treated)
    assert (found.value, found.low, found.high) == (23, 13, None)
    assert (found.ended, found.going_on) == (9, 12)
    found = median((week, True) for week in placebo)
    assert (found.value, found.low, found.high) == (8, 4, 11)
    assert median([]).value is median([(5, False), (9, False)]).value is None


def test_how_many_it_takes_is_what_the_tables_say():
    """From 40 to 50 percent in halves: 388 each (Fleiss, without correction). A tenth on one side takes many more."""
    assert wanted(0.4, 0.5, 0.5) == pytest.approx(776, abs=2)
    assert wanted(0.4, 0.5, 0.1) > 2 * wanted(0.4, 0.5, 0.5)


class Drawn:
    """Episodes of both arms, written as a year would leave them."""

    def __init__(self, session, now):
        self.session, self.now = session, now
        self.run = runs.run(session)
        self.one = build.account(session, phone=None)

    def episodes(self, count, arm, *, age=100, paid_after=None, version=1, how="paid", contacts=0, cost=23600):
        for _ in range(count):
            account = build.account(self.session, phone=None, import_id=self.one.import_id)
            opened = self.now - timedelta(age)
            closed = None if paid_after is None else opened + timedelta(paid_after)
            row = Episode(
                account_id=account.id, policy=NAME, policy_version=version, arm=arm, opened_at=opened,
                debt_cents=12000, closed_at=closed, close_reason=how if closed else None,
            )  # fmt: skip
            self.session.add(row)
            self.session.flush()
            for number in range(contacts):
                runs.decision(
                    self.session, runs.run(self.session, attempt=100 * row.id + number), account.id, f"step-{number}",
                    episode_id=row.id, policy=NAME, state="released", cost_micros=cost,
                )  # fmt: skip


@pytest.fixture
def session(database):
    with database.begin() as opened:
        yield opened


@pytest.fixture
def drawn(session, clock) -> Drawn:
    policies.put_in_use(session, TRIED)
    return Drawn(session, clock.now())


def test_both_ways_are_counted_from_the_episodes_that_had_the_time(drawn, session, city, clock):
    drawn.episodes(48, "champion", paid_after=20, contacts=1)
    drawn.episodes(32, "champion")
    drawn.episodes(50, "challenger", paid_after=20)
    drawn.episodes(6, "challenger", paid_after=75)
    drawn.episodes(14, "challenger", age=95)
    drawn.episodes(5, "challenger", age=10, paid_after=3)
    drawn.episodes(5, None, paid_after=1)
    found = compare(session, city, NAME, clock.now())
    champion, challenger = found.arms
    assert (champion.opened, champion.cured, challenger.opened, challenger.cured) == (80, 48, 75, 61)
    assert [(champion.within[n].count, champion.within[n].of) for n in (30, 60, 90)] == [(48, 80)] * 3
    assert [(challenger.within[n].count, challenger.within[n].of) for n in (30, 60, 90)] == [
        (50, 70), (50, 70), (56, 70),
    ]  # fmt: skip
    last = found.compared[-1]
    assert (round(last.difference.low, 4), round(last.difference.high, 4), last.tells) == (0.0524, 0.3339, True)
    assert last.words == "The challenger cures more: +20.0 points (+5.2 to +33.4); chance alone rarely does that."
    assert (champion.days_to_pay.value, champion.days_to_pay.going_on) == (20, 32)
    assert (champion.contacts, champion.contacts_per_cured, champion.cost_per_cured) == (48, 1.0, 23600)
    assert found.still_drawing and "drawn until December 31, 2026" in found.words


def test_who_left_in_another_way_was_not_cured(drawn, session, city, clock):
    drawn.episodes(40, "champion", paid_after=10, how="moved_out")
    drawn.episodes(40, "challenger", paid_after=10)
    champion, challenger = compare(session, city, NAME, clock.now()).arms
    assert (champion.cured, champion.within[30].count, champion.within[30].of) == (0, 0, 40)
    assert (champion.days_to_pay.value, champion.days_to_pay.going_on, champion.cost_per_cured) == (None, 40, None)
    assert challenger.within[30].rate == 1.0


def test_few_are_said_to_be_too_few_however_different(drawn, session, city, clock):
    drawn.episodes(12, "champion")
    drawn.episodes(12, "challenger", paid_after=5)
    found = compare(session, city, NAME, clock.now())
    judged = found.compared[1]
    assert (judged.days, judged.tells, judged.more_wanted) == (60, False, 36)
    assert judged.words == (
        "Too few to tell: 12 and 12 episodes are 60 days old, and each way needs 30 at least; that takes about 36 more."
    )
    assert found.words.startswith("Judged by the cures within 60 days: too few to tell")


def test_what_chance_explains_is_not_called_a_difference(drawn, session, city, clock):
    drawn.episodes(20, "champion", paid_after=20)
    drawn.episodes(30, "champion")
    drawn.episodes(25, "challenger", paid_after=20)
    drawn.episodes(25, "challenger")
    judged = compare(session, city, NAME, clock.now()).compared[1]
    assert (judged.tells, judged.more_wanted) == (False, wanted(0.4, 0.5, 0.5) - 100)
    assert judged.words.startswith("Not to be told from chance: +10.0 points (")
    assert "To see a difference of 10.0 points it would take about" in judged.words


def test_a_later_version_with_the_same_two_ways_counts_along_and_another_does_not(drawn, session, city, clock):
    policies.put_in_use(session, TRIED.replace("version = 1", "version = 2").replace("25.00", "30.00"))
    policies.put_in_use(session, TRIED.replace("version = 1", "version = 3").replace("autumn", "winter"))
    for version in (1, 2, 3):
        drawn.episodes(1, "champion", version=version)
    assert compare(session, city, NAME, clock.now()).versions == (3,)
    both = compare(session, city, NAME, clock.now(), version=1)
    assert (both.versions, both.arms[0].opened) == ((1, 2), 2)


def test_nothing_to_compare_is_told_with_what_to_do(session, city, clock):
    with pytest.raises(NothingComparedError, match="comms policy list"):
        compare(session, city, NAME, clock.now())
    policies.put_in_use(session, RESIDENTIAL)
    with pytest.raises(NothingComparedError, match=r"same way.*\[challenger\] table"):
        compare(session, city, NAME, clock.now())
    with pytest.raises(NothingComparedError, match="no version 7 of residential-past-due; there are: 1"):
        compare(session, city, NAME, clock.now(), version=7)


def test_it_changes_nothing_and_counts_no_other_policy(drawn, session, city, clock):
    drawn.episodes(3, "champion")
    session.query(Episode).filter(Episode.arm == "champion").first().policy = "another"
    session.flush()
    assert compare(session, city, NAME, clock.now()).arms[0].opened == 2
    assert len(list(versions.stored_versions(session))) == 1

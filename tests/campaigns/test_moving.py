"""Moving running episodes to another version: by a list with its diff that somebody else approves, and as listed."""

from datetime import date

import pytest

from comms.campaigns.policies import moving
from comms.campaigns.policies.versions import VersionError
from comms.campaigns.schema import Decision, Episode
from tests.support import build

from .conftest import RESIDENTIAL

NAME = "residential-past-due"
SOONER = RESIDENTIAL.replace("version = 1", "version = 2").replace("days = 10,", "days = 5,")


@pytest.fixture
def reminded(evenings) -> int:
    """An account that was reminded on Monday by version 1, before version 2 came with fewer days to the notice."""
    evenings.use(RESIDENTIAL)
    account = evenings.account()
    evenings.night(2026, 11, 23)
    evenings.use(SOONER)
    return account


def propose(evenings, by="ana", version=2):
    with evenings.database.begin() as session:
        catalogue = evenings.renderer.catalogue
        return moving.propose(session, evenings.city, catalogue, NAME, version, by=by, at=evenings.clock.now()).id


def approve(evenings, move_id, by="ben"):
    with evenings.database.begin() as session:
        catalogue = evenings.renderer.catalogue
        return moving.approve(session, evenings.city, catalogue, move_id, by=by, at=evenings.clock.now())


def lines(evenings, move_id):
    with evenings.database.read() as session:
        return [moving.line_of(stored) for stored in moving.get(session, move_id).episodes]


def test_a_running_episode_keeps_its_version_until_it_is_moved(evenings, reminded):
    evenings.night(2026, 12, 3)
    assert evenings.steps(reminded) == ["reminder"], "version 1 waits ten business days"
    move = propose(evenings)
    (line,) = lines(evenings, move)
    assert (line.from_version, line.stays) == (1, "")
    assert (line.now["step"], line.now["on"]) == ("disconnect-notice", "2026-12-09")
    with evenings.database.read() as session:
        assert moving.get(session, move).changing == 1
    assert (line.then["outcome"], line.then["step"], line.then["on"]) == ("contact", "disconnect-notice", "2026-12-03")
    assert approve(evenings, move).moved == 1
    evenings.night(2026, 12, 4)
    assert evenings.steps(reminded) == ["reminder", "disconnect-notice"]
    assert [(each.policy_version, each.closed_at) for each in evenings.episodes(reminded)] == [(2, None)]


def test_whoever_proposed_a_move_does_not_approve_it(evenings, reminded):
    move = propose(evenings, by="Ana")
    with pytest.raises(VersionError, match=r"ana proposed move .*; somebody else approves it"):
        approve(evenings, move, by="ana")
    assert evenings.episodes(reminded)[0].policy_version == 1


def test_an_episode_of_which_the_list_says_something_else_stays(evenings, reminded):
    move = propose(evenings)
    evenings.change(reminded, past_due_cents=0)
    done = approve(evenings, move)
    assert done.moved == 0
    assert "something else comes next than was listed" in done.left[0]
    assert evenings.episodes(reminded)[0].policy_version == 1


def test_an_episode_that_ended_meanwhile_stays_ended(evenings, reminded):
    move = propose(evenings)
    evenings.change(reminded, past_due_cents=0)
    evenings.night(2026, 11, 24)
    assert evenings.episodes(reminded)[0].closed_at is not None
    done = approve(evenings, move)
    assert (done.moved, "its episode has ended" in done.left[0]) == (0, True)


def test_a_step_that_the_other_version_does_not_have_keeps_an_episode_where_it_is(evenings, reminded):
    evenings.use(SOONER.replace("version = 2", "version = 3").replace("reminder", "first-word", 1)
                 .replace('step = "reminder"', 'step = "first-word"'))  # fmt: skip
    move = propose(evenings, version=3)
    assert "took reminder, which version 3 does not have" in lines(evenings, move)[0].stays
    assert approve(evenings, move).moved == 0


def test_a_step_under_way_keeps_an_episode_where_it_is(evenings, reminded):
    evenings.night(2026, 12, 9)
    evenings.use(SOONER.replace("version = 2", "version = 3"))
    evenings.go_to(2026, 12, 10)
    other = evenings.account(phone="+12185550190")
    evenings.tonight()
    evenings.use(SOONER.replace("version = 2", "version = 4"))
    move = propose(evenings, version=4)
    stays = {line.account: line.stays for line in lines(evenings, move)}
    numbers = {decision.account_id: decision for decision in evenings.decisions(Decision.account_id == other)}
    assert numbers, "the other account was decided on"
    assert sorted(stays.values())[-1] == "reminder is under way"


def test_a_list_waits_for_one_decision_and_gets_no_second(evenings, reminded):
    move = propose(evenings)
    with pytest.raises(VersionError, match=f"Move {move} of residential-past-due waits already"):
        propose(evenings)
    with evenings.database.begin() as session:
        moving.refuse(session, move, by="ben", at=evenings.clock.now())
    with pytest.raises(VersionError, match="is refused already, by ben"):
        approve(evenings, move)
    assert evenings.episodes(reminded)[0].policy_version == 1
    assert propose(evenings) != move, "after a refusal it may be proposed anew"


def test_only_the_active_version_is_moved_to_and_only_what_runs_by_another(evenings, reminded):
    with pytest.raises(VersionError, match="version 1 is retired; episodes move to the active version"):
        propose(evenings, version=1)
    approve(evenings, propose(evenings))
    with pytest.raises(VersionError, match="No episode of residential-past-due runs by another version than 2"):
        propose(evenings)


def test_protected_accounts_move_and_stay_protected(evenings, reminded):
    with evenings.database.begin() as session:
        build.hold(session, reminded, "medical", starts_on=date(2026, 11, 24))
    evenings.change(reminded, route="2")
    evenings.go_to(2026, 12, 3)
    move = propose(evenings)
    assert lines(evenings, move)[0].then["rule"] == "hold-medical"
    assert approve(evenings, move).moved == 1
    evenings.night(2026, 12, 4)
    assert evenings.outcome(reminded) == ("protected", "hold-medical")


def test_a_part_of_a_list_is_read_by_itself(evenings, reminded):
    others = [evenings.account() for _ in range(2)]
    with evenings.database.begin() as session:
        for row in others:
            session.add(build_episode(row, evenings.clock.now()))
    move = propose(evenings)
    whole = lines(evenings, move)
    with evenings.database.read() as session:
        stored = moving.get(session, move)
        assert (stored.listed, stored.staying) == (len(whole), sum(bool(line.stays) for line in whole))
        assert stored.changing == sum(line.now != line.then and not line.stays for line in whole)
        assert len(whole) == 3
        assert moving.part(session, move, 0, 2) == whole[:2]
        assert moving.part(session, move, 2, 2) == whole[2:]
        assert moving.part(session, move, 9, 2) == []


def build_episode(account_id, at) -> Episode:
    return Episode(
        account_id=account_id, policy=NAME, policy_version=1, arm=None, opened_at=at, debt_cents=9000, closed_at=None,
        close_reason=None,
    )  # fmt: skip

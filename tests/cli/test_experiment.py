"""``comms experiment``: the report as a supervisor reads it."""

from datetime import timedelta

from tests.campaigns.test_champion import NAME, TRIED, Drawn
from tests.support import policies


def test_the_report_names_both_ways_and_what_it_comes_to(comms, database, clock):
    with database.begin() as session:
        policies.put_in_use(session, TRIED)
        drawn = Drawn(session, clock.now() - timedelta(days=1))
        drawn.episodes(48, "champion", paid_after=20, contacts=1)
        drawn.episodes(32, "champion")
        drawn.episodes(56, "challenger", paid_after=75)
        drawn.episodes(14, "challenger")
    said = comms("experiment", NAME)
    assert said.code == 0
    assert "Letter first: residential-past-due, version 1, as of 2026-11-23." in said.out
    lines = {line[:28].strip(): line[28:].split("  ") for line in said.out.splitlines()}
    cured = [cell.strip() for cell in lines["cured within 90 days"] if cell]
    assert cured == ["60.0% of 80 (49.0% to 70.0%)", "80.0% of 70 (69.2% to 87.7%)"]
    assert next(cell.strip() for cell in lines["half had paid after"] if cell) == "20 days (20 to ?)"
    assert "$0.02" in said.out
    assert "Judged by the cures within 60 days: the challenger cures less: -60.0 points" in said.out


def test_the_same_for_a_program(comms, database, clock):
    with database.begin() as session:
        policies.put_in_use(session, TRIED)
        Drawn(session, clock.now()).episodes(2, "champion", paid_after=4)
    found = comms("experiment", NAME, "--json").json
    assert [arm["opened"] for arm in found["arms"]] == [2, 0]
    assert found["arms"][0]["within"]["30"] == {
        "cured": 2, "of": 2, "rate": 1.0, "low": found["arms"][0]["within"]["30"]["low"], "high": 1.0
    }  # fmt: skip
    assert found["compared"][0]["difference"] is None and found["compared"][0]["more_wanted"] > 0


def test_a_policy_that_compares_nothing_is_refused_with_what_to_do(comms, database):
    said = comms("experiment", NAME)
    assert said.code == 2 and "comms policy list" in said.err

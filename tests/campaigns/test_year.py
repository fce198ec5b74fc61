"""A year of a town, and its ledger: nobody is written to twice, too soon, too often, at night, or under a hold.

Run with ``-s`` to read the ledger.
"""

import pytest

from tests.support.town import Town


@pytest.mark.parametrize(
    ("city", "accounts", "seed"),
    [("duluth-mn", 5000, 20261001), ("kent-oh", 1000, 44240), ("duluth-mn", 400, 1), ("kent-oh", 400, 2)],
)
def test_a_year_of_a_town_keeps_every_rule(city, accounts, seed):
    """Bills, payments, promises, holds, opt-outs, returned mail, failed texts, missed files and nights, a week without
    a server, nights planned twice, and an hour of the day drawn for each night."""
    town = Town(city, accounts, seed)
    ledger = town.live(365)
    for line in (f"\n{city}, {accounts:,} accounts, a year from {town.first}", *ledger.lines()):
        print(line)
    assert not ledger.faults, "\n".join(ledger.faults[:20])
    assert ledger.nights > 300 and ledger.asleep > 20
    if accounts >= 1000:
        _something_of_everything_happened(ledger)


def _something_of_everything_happened(ledger) -> None:
    """Else the year would prove nothing."""
    counts, protected = ledger.counts, {rule for (kind, rule), times in ledger.outcomes.items() if kind == "protected"}
    for what in ("disconnected", "opt-outs", "promises kept", "promises partial", "promises broken"):
        assert counts[what] > 3, what
    for what in ("recalled", "returned mail", "failed on every channel", "field order recalled or not done"):
        assert counts[f"steps undone: {what}"], what
    assert {"quiet-hours", "dunning-days", "disconnect-days", "hold-promise", "hold-medical", "reachable"} <= protected
    assert any(one.occurrence > 1 for one, _, _ in ledger.decided), "something was taken again"
    assert {step for _, step, _ in ledger.steps} >= {"reminder", "disconnect-notice", "final-notice", "shut-off"}
    assert ledger.closed["paid"] > 100
    assert len({sent.zones for sent in ledger.sent}) > 5, "phones ring in many zones"

"""What rooms below say to programs too is read by clerks."""

from datetime import date

import pytest

from comms.desk.frame.words import readable


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("is due since 2026-09-20.", "is due since Sep 20."),
        ("it says that service stays on until 2027-01-02", "it says that service stays on until Jan 2, 2027"),
        ("(hold: medical, open-ended, for $150.00)", "(Medical hold, without a last day, for $150.00)"),
        ("Hold: dispute, until 2026-11-27", "Bill in dispute, until Nov 27"),
        ("no (hold-medical, hold: medical, open-ended)", "no (Medical hold, without a last day)"),
        ("hold: lightning, open-ended", "lightning, without a last day"),
        ("7:46 AM sms: Text from +12185554417", "7:46 AM text: Text from (218) 555-4417"),
        ("the list shutoff-2026-12-22", "the list shutoff-2026-12-22"),
    ],
)  # fmt: skip
def test_days_phones_holds_and_ways_are_said_in_words(said, read):
    assert readable(said, date(2026, 11, 23)) == read

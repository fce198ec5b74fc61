"""An office whose November has been counted."""

import pytest

from comms import reports
from tests.support import month


@pytest.fixture
def november(database, city, clock):
    with database.begin() as session:
        month.whole(session)
    reports.count(database, city, clock)
    return database

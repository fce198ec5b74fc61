"""The folder that a demonstration plays in is its own for as long as it lasts."""

from datetime import UTC, datetime

import pytest

from comms.clock import FileClock
from comms.demo.stage import DemoError, alone_in

BEGINS = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


def test_a_second_demonstration_leaves_the_first_ones_folder_alone(tmp_path):
    folder = tmp_path / "demo" / "duluth-mn"
    with alone_in(folder, BEGINS):
        (folder / "comms.db").write_text("what somebody looks at")
        with pytest.raises(DemoError, match=r"already.*end it with Ctrl-C"), alone_in(folder, BEGINS):
            raise AssertionError("two at once")
        assert (folder / "comms.db").exists()


def test_one_that_ended_leaves_nothing_in_the_way(tmp_path):
    folder = tmp_path / "demo" / "duluth-mn"
    with alone_in(folder, BEGINS):
        (folder / "comms.db").write_text("old")
    with alone_in(folder, BEGINS) as clock:
        assert [path.name for path in folder.iterdir()] == ["clock.json"]
        assert abs((FileClock(clock).now() - BEGINS).total_seconds()) < 3600

"""The ``comms`` command as a clerk types it: in a folder of its own, with settings of its own."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from comms.cli import main
from comms.clock import FileClock
from comms.db import Database
from comms.settings import Settings
from tests.support import exports

EVERY = [name.upper() for name in Settings.model_fields]


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def comms(tmp_path: Path, monkeypatch, capsys, clock):
    """Run a command; settings of this machine (the environment, a .env file) are kept out."""
    for name in EVERY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    FileClock.put(tmp_path / "clock.json", clock.now())
    monkeypatch.setenv("COMMS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COMMS_CLOCK", str(tmp_path / "clock.json"))

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0 if code is None else 1, said.out, said.err)

    return run


@pytest.fixture
def database(tmp_path: Path, sqlite_template: Path) -> Database:
    """The database that the command finds, with every table."""
    path = tmp_path / "var" / "comms.db"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(sqlite_template.read_bytes())
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.dispose()


@pytest.fixture
def imported(comms, database, tmp_path: Path):
    """Four customers of an export: two with phones, one in dispute, one who owes nothing."""
    rows = [
        exports.duluth_row(1),
        exports.duluth_row(2, CUST_NAME="PEÑA, MARÍA"),
        exports.duluth_row(3, FLAGS="DISP"),
        exports.duluth_row(4, **dict.fromkeys(("BAL_30", "BAL_60", "PD_GAS", "PD_WATER", "PD_SEWER", "PD_STORM"), "0"),
                           OLDEST_DUE_DT=""),
    ]  # fmt: skip
    said = comms("import", "accounts", str(exports.accounts_file(tmp_path, rows)))
    assert said.code == 0, said
    return comms

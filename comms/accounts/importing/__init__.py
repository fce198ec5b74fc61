"""Taking in what the CIS exports: accounts and payments, by a mapping a city (``cities/<city>/import/*.toml``).

``import_accounts`` and ``import_payments`` return an ``ImportSummary``; what is wrong with a file is said there, never
raised. ``run`` tells how a file is taken in and what a crash leaves.
"""

from pathlib import Path

from comms.city import City
from comms.clock import Clock
from comms.db import Database

from .accounts import AccountsIntake
from .mapping import MappingError, load_mapping
from .payments import PaymentsIntake
from .run import Run, unfinished
from .summary import ImportSummary, Progress, Remark, Tally

__all__ = [
    "ImportSummary", "MappingError", "Progress", "Remark", "import_accounts", "import_payments", "load_mapping",
    "unfinished",
]  # fmt: skip


def import_accounts(
    database: Database, city: City, clock: Clock, path: Path | str, *, accept: bool = False,
    progress: Progress | None = None, refusals: Path | None = None,
) -> ImportSummary:  # fmt: skip
    """Take in an accounts file. ``accept``: a person has seen why it stopped, and wants it all the same. ``refusals``:
    where to write the refused rows, to be mended and imported. Raises ``MappingError`` for a wrong mapping."""
    mapping, tally = load_mapping(city, "accounts"), Tally()
    intake = AccountsIntake(mapping, city, tally)
    run = Run(
        database, city, clock, Path(path), mapping, intake, tally,
        accept=accept, progress=progress, refusals_to=refusals,
    )  # fmt: skip
    return run.go()


def import_payments(
    database: Database, city: City, clock: Clock, path: Path | str, *, accept: bool = False,
    progress: Progress | None = None, refusals: Path | None = None,
) -> ImportSummary:  # fmt: skip
    """Take in a payments file; as ``import_accounts``."""
    mapping, tally = load_mapping(city, "payments"), Tally()
    intake = PaymentsIntake(mapping, city, tally)
    run = Run(
        database, city, clock, Path(path), mapping, intake, tally,
        accept=accept, progress=progress, refusals_to=refusals,
    )  # fmt: skip
    return run.go()

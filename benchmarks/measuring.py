"""What the measurements share: processor time of whole process trees, the machine, and tables."""

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor seconds that these processes and their finished children have used."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(map(int, fields[11:15])) / TICK
    return total


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except FileNotFoundError:
            continue
        found += [int(child) for child in children]
    return found


@dataclass(frozen=True)
class Row:
    """One line of a table of results."""

    name: str
    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.cpu * 1000 / self.count


def table(title: str, rows: Iterable[Row], limit: Row | None = None, naive: Row | None = None) -> None:
    """Print rates, processor time an item, and the ratios."""
    print(f"\n{title}")
    print(f"{'':<44}{'items':>8}{'seconds':>9}{'per s':>9}{'CPU ms':>8}{'x naive':>9}{'of limit':>9}")
    for row in rows:
        times = f"{row.rate / naive.rate:.0f}" if naive else ""
        share = f"{row.rate / limit.rate:.2f}" if limit else ""
        print(
            f"{row.name:<44}{row.count:>8,}{row.seconds:>9.2f}{row.rate:>9,.1f}{row.cpu_ms:>8.2f}{times:>9}{share:>9}"
        )


def machine() -> str:
    """The machine in a line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    load = os.getloadavg()[0]
    python = platform.python_version()
    day = time.strftime("%Y-%m-%d")
    return f"{day}, {os.cpu_count()} x {model}, {memory:.0f} GiB, Python {python}, load {load:.1f}"

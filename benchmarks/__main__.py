"""``make bench``: all measurements, one after another; ``make bench ARGS=sending`` runs one of them.

Each prints the machine and its figures; docs/performance.md says what they mean and keeps those of one quiet machine.
"""

import subprocess
import sys

ALL = {
    "sending": ["10000", "100000"],
    "render": [],
    "intake": [],
    "importing": [],
    "desk": ["--beside"],
    "searching": [],
    "planning": [],
    "runs": [],
    "understanding": [],
}
"""The modules, with the arguments of a full run; a first argument names one and further ones replace its own."""


def main(arguments: list[str]) -> int:
    """Run what was asked for; the exit code is that of the first that failed."""
    if arguments and arguments[0] not in ALL:
        print(f"There is no measurement {arguments[0]!r}. There are: {', '.join(ALL)}", file=sys.stderr)
        return 2
    chosen = {arguments[0]: arguments[1:] or ALL[arguments[0]]} if arguments else ALL
    for name, given in chosen.items():
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *given], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

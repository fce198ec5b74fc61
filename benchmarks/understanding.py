"""What it costs to understand one reply: CPU time on one core, by how long the message is.

    python -m benchmarks.understanding

The messages are the labelled ones of the tests: every intent, both languages. Ten times as many come from reading them
ten times with other days, so that nothing is served from what was read before.
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import measuring
from comms.replies.understanding import understand

CORPUS = Path(__file__).parents[1] / "tests" / "replies"
TARGET_MS = 1.0


def messages() -> list[dict[str, Any]]:
    """Every labelled message of the tests, the development sample among them."""
    files = [CORPUS / "dev.jsonl", *sorted((CORPUS / "corpus").glob("*.jsonl"))]
    return [json.loads(line) for path in files if path.is_file() for line in path.read_text("utf-8").splitlines()]


def cost(rows: Sequence[dict[str, Any]], times: int) -> float:
    """CPU milliseconds a message, of reading ``rows`` so many times, each time a day later."""
    began = time.process_time()
    for turn in range(times):
        for row in rows:
            at = datetime.fromisoformat(row["received_at"]) + timedelta(days=turn)
            understand(row["text"], at, row["tz"], row["past_due_cents"], row["total_cents"])
    return (time.process_time() - began) * 1000 / (times * len(rows))


def main() -> None:
    """Print the table."""
    rows = messages()
    cost(rows[:50], 1)  # the lexicon is read at the first message
    print(measuring.machine())
    print(f"\n{'CPU milliseconds a message':<30}{'messages':>10}{'once':>8}{'10 times':>10}{'target':>8}")
    lengths = (("up to 40 characters", 0, 40), ("41 to 160", 41, 160), ("over 160", 161, 10**6), ("all", 0, 10**6))
    for name, least, most in lengths:
        some = [row for row in rows if least <= len(row["text"]) <= most]
        if some:
            print(f"{name:<30}{len(some):>10,}{cost(some, 1):>8.2f}{cost(some, 10):>10.2f}{TARGET_MS:>8.2f}")


if __name__ == "__main__":
    main()

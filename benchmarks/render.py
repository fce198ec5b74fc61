"""How fast notices are rendered: text messages with their segments, emails, letters. CPU time of one core.

Each rate is measured at N and at 10 N, because the cost of one message must not grow with their number.

    .venv/bin/python benchmarks/render.py [--json] [--letters N]
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime

from comms.city import City, load_city
from comms.notices import Catalogue, NoticeFields, Renderer, letter_page, sample_fields
from comms.notices.letters import typeset
from comms.settings import ROOT

NOTICE = "disconnect-notice"
AT = datetime(2026, 11, 23, 16, tzinfo=UTC)


def accounts(city: City, number: int) -> list[NoticeFields]:
    """Facts of ``number`` accounts, each with its own name, amount and page to pay on."""
    sample = sample_fields(city)
    return [
        sample.with_(
            account_number=f"{i:07d}-{i % 97:02d}",
            name=f"José O'Brien {i}",
            amount_due_cents=5000 + i,
            pay_url=f"{city.pay_url}/a/{i:08d}",
        )
        for i in range(number)
    ]


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def messages(city: City, base: int) -> dict[str, dict[str, float]]:
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    found: dict[str, dict[str, float]] = {}
    for language in ("en", "es"):
        for channel, render in (("sms", renderer.sms), ("email", renderer.email)):
            render(NOTICE, language, sample_fields(city))
            for number in (base, 10 * base):
                people = accounts(city, number)
                used = cpu(
                    lambda render=render, people=people, language=language: [
                        None for fields in people if render(NOTICE, language, fields) is None
                    ]
                )
                found[f"{channel} {language} x {number}"] = {
                    "per_second": round(number / used),
                    "microseconds": round(used / number * 1e6, 1),
                }
    return found


def letters(city: City, base: int) -> dict[str, dict[str, float]]:
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    found: dict[str, dict[str, float]] = {}
    for name in ("promise-confirmation", NOTICE):
        for number in (base, 10 * base):
            people = accounts(city, number)
            pages = [
                letter_page(
                    renderer.letter(name, "en", fields),
                    [fields.name, "1417 E Superior St", "Duluth MN 55805"],
                    piece_id=f"{city.slug}-20261124-01-{i:05d}",
                )
                for i, fields in enumerate(people)
            ]
            start = time.perf_counter()
            used = cpu(lambda pages=pages: typeset(pages, AT))
            wall = time.perf_counter() - start
            found[f"letter {name} x {number}"] = {
                "per_second": round(number / used, 1),
                "milliseconds": round(used / number * 1e3, 2),
                "wall_per_second": round(number / wall, 1),
            }
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--messages", type=int, default=2000, help="N for text messages and emails")
    options.add_argument("--letters", type=int, default=100, help="N for letters; 0 leaves them out")
    options.add_argument("--city", default="duluth-mn")
    chosen = options.parse_args()
    city = load_city(chosen.city)
    found = messages(city, chosen.messages)
    if chosen.letters:
        found |= letters(city, chosen.letters)
    if chosen.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "rates": found}, indent=2))
        return
    for name, figures in found.items():
        print(f"{name:45} " + "  ".join(f"{key} {value:,}" for key, value in figures.items()))


if __name__ == "__main__":
    main()

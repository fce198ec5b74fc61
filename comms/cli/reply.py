"""``comms reply``: what customers write back, as a filter that needs no office."""

import json
from datetime import datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import click

from comms.replies.understanding import understand

BAD_LINES = 1


@click.group()
def reply() -> None:
    """What customers write back: classify."""


@reply.command()
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--evidence", is_flag=True, help="Also the words that decided it.")
def classify(source: TextIO, evidence: bool) -> None:
    """A filter. In: one JSON object a line, with "id", "text", "received_at", "tz", "past_due_cents", "total_cents".
    Out: "id", "intent", "instalments", "confidence", "lang" for each.

    Lines that cannot be read come out as {"line", "error"}, and the exit code is 1.
    """
    bad = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            answer = _classified(json.loads(line), evidence)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            bad += 1
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            answer = {"line": number, "error": reason}
        click.echo(json.dumps(answer, ensure_ascii=False))
    if bad:
        raise SystemExit(BAD_LINES)


def _classified(given: dict[str, Any], evidence: bool) -> dict[str, Any]:
    text, tz = given["text"], given["tz"]
    if not isinstance(text, str):
        raise TypeError("text is not a string")
    received_at = datetime.fromisoformat(given["received_at"])
    if received_at.tzinfo is None:
        received_at = received_at.replace(tzinfo=ZoneInfo(tz))
    found = understand(text, received_at, tz, int(given["past_due_cents"]), int(given["total_cents"])).as_json()
    if not evidence:
        found.pop("evidence")
    return {"id": given["id"], **found}

"""``comms sms``: what a text message costs."""

import json
from typing import TextIO

import click

from comms.notices.segments import count, plain

BAD_LINES = 1


@click.group()
def sms() -> None:
    """Text messages: count segments."""


@sms.command("segments")
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--plain", "make_plain", is_flag=True, help="First write quotes, dashes and spaces as GSM-7 has them.")
@click.option("--fold-accents", is_flag=True, help="With --plain: also drop accents that GSM-7 lacks.")
def segments(source: TextIO, make_plain: bool, fold_accents: bool) -> None:
    """A filter. In: one JSON object a line, with "text". Out: "encoding", "segments" and "units" for each.

    Other keys ("id") are handed on. A text is counted exactly as it stands unless --plain is given. Lines that cannot
    be read come out as {"line", "error"}, and the exit code is 1.
    """
    bad = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text = given.pop("text")
            if not isinstance(text, str):
                raise TypeError("text is not a string")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            bad += 1
            reason = 'no "text"' if isinstance(error, KeyError) else str(error)
            click.echo(json.dumps({"line": number, "error": reason}))
            continue
        counted = count(plain(text, fold_accents=fold_accents) if make_plain else text)
        answer = {"encoding": counted.encoding, "segments": counted.segments, "units": counted.units}
        click.echo(json.dumps({**given, **answer}, ensure_ascii=False))
    if bad:
        raise SystemExit(BAD_LINES)

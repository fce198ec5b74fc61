"""``comms reply``: what customers write back. ``classify`` and ``score`` are filters that need no office."""

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account, finding
from comms.cli.amounts import ROW
from comms.cli.opening import Refused, echo_json, office
from comms.replies import labels, scoring
from comms.replies.assigning import AssignError
from comms.replies.assigning import assign as give
from comms.replies.intake import storable
from comms.replies.schema import InboundMessage, ReplyLabel
from comms.replies.scoring import OfIntent, Score
from comms.replies.understanding import understand

BAD_LINES = 1
LAST_YEAR = 2200
ATTENTION = 1
"""An opt-out was missed, or something could not be scored."""


@click.group()
def reply() -> None:
    """What customers write back: look at it, give it to an account, and measure how well it is understood."""


@reply.command()
@click.argument("source", type=click.File("r", encoding="utf-8", errors="replace"), default="-")
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
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            bad += 1
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            answer = {"line": number, "error": reason}
        click.echo(storable(json.dumps(answer, ensure_ascii=False)))
    if bad:
        raise SystemExit(BAD_LINES)


def _classified(given: dict[str, Any], evidence: bool) -> dict[str, Any]:
    text, tz = given["text"], given["tz"]
    if not isinstance(text, str):
        raise TypeError("text is not a string")
    found = understand(text, _received(given), tz, int(given["past_due_cents"]), int(given["total_cents"])).as_json()
    if not evidence:
        found.pop("evidence")
    return {"id": given["id"], **found}


def _received(given: dict[str, Any]) -> datetime:
    """When a reply came; without an offset, in its time zone. Raises ``ValueError`` for a year that no reply is of."""
    at, zone = datetime.fromisoformat(given["received_at"]), ZoneInfo(given["tz"])
    if not 1970 <= at.year <= LAST_YEAR:
        raise ValueError(f"received_at is in the year {at.year}")
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


@reply.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only replies received on this day or later.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; by itself standard output.")
def export(since: datetime | None, out: Path | None) -> None:
    """The replies whose meaning staff have confirmed or corrected, one JSON object a line, for comms reply score.

    The lines hold customers' own words, and what they owe: personal data. Keep the file where the customer file is
    kept, give it to nobody, and delete it when it has been used. A file is made readable by its owner only.
    """
    with office() as at, at.database.read() as session, _opened(out) as file:
        begins = since.replace(tzinfo=at.city.zone) if since else None
        count = 0
        for label in labels.export(session, begins):
            file.write(json.dumps(label, ensure_ascii=False) + "\n")
            count += 1
    click.echo(f"{count} labelled replies{f' in {out}' if out else ''}. They are personal data.", err=True)


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        opened = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(opened, 0o600)  # a file that was there keeps its mode otherwise
        file = os.fdopen(opened, "w", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{out} cannot be written ({error.strerror}). Choose another --out.") from None
    with file:
        yield file


@reply.command()
@click.argument("labelled", metavar="FILE", type=click.File("r", encoding="utf-8"))
@click.option(
    "--predictions",
    type=click.File("r", encoding="utf-8"),
    help="What another program makes of them, as comms reply classify writes it.",
)
@click.option("--errors", is_flag=True, help="Also every reply that was not understood: personal data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def score(labelled: TextIO, predictions: TextIO | None, errors: bool, as_json: bool) -> None:
    """How well the replies of FILE (of comms reply export) are understood: by this service, or as --predictions say.

    The exit code is 1 when an opt-out was missed or a reply has no prediction.
    """
    examples = [_example(number, line) for number, line in _json_lines(labelled)]
    if predictions is None:
        answers = [_classified(example, evidence=False) for example in examples]
    else:
        answers = [line for _, line in _json_lines(predictions)]
    try:
        found = scoring.score(examples, answers)
    except scoring.ScoreError as error:
        raise Refused(str(error)) from None
    if as_json:
        echo_json({name: value for name, value in found.as_json().items() if errors or name != "wrong"})
    else:
        _print_score(found, errors)
    opt_out = found.intents.get("opt_out")
    if found.missing or (opt_out is not None and opt_out.missed):
        raise SystemExit(ATTENTION)


def _json_lines(file: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise Refused(f"Line {number} of {file.name} is no JSON object. Next step: correct it.")
                yield number, value
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file.name} cannot be read as JSON lines: {error}. Next step: correct that line.") from None


def _example(number: int, line: dict[str, Any]) -> dict[str, Any]:
    """A labelled line with everything that the scoring looks at; else it is refused with what is missing."""
    try:
        _received(line)
        instalments = [_instalment(one) for one in line["instalments"]]
        if line["intent"] not in labels.MEANINGS or not isinstance(line["text"], str):
            raise ValueError(f"{line['intent']!r} is no intent, or the text is none")
        numbers = {name: int(line[name]) for name in ("past_due_cents", "total_cents")}
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise Refused(
            f"Line {number} is no labelled reply: {reason}. See docs/replies.md, Measuring yourself."
        ) from None
    return line | numbers | {"id": str(line.get("id", number)), "instalments": instalments}


def _instalment(one: dict[str, Any]) -> dict[str, Any]:
    cents, day = one["amount_cents"], one["date"]
    if cents not in (None, *labels.WORDS) and type(cents) is not int:
        raise ValueError(f"{cents!r} is no amount in cents")
    if day is not None:
        date.fromisoformat(day)
    return {"amount_cents": cents, "date": day}


def _print_score(found: Score, errors: bool) -> None:
    click.echo(f"{found.examples} replies, {found.missing} without a prediction")
    click.echo(f"intent right {found.accuracy:.1%}, macro-F1 {found.macro_f1:.1%}")
    click.echo(", ".join(f"{name} {right:.1%} of {count}" for name, (count, right) in found.languages.items()))
    if found.promises is not None:
        of = found.promises
        click.echo(
            f"promises with every amount and date right {of.whole:.1%} (amounts {of.amounts:.1%}, "
            f"dates {of.dates:.1%}); of those recorded {of.recorded_right:.1%}"
        )
    click.echo(f"\n{'intent':<20} {'n':>5} {'precision':>10} {'recall':>8} {'F1':>8} {'missed':>7} {'false':>6}")
    for name, one in found.intents.items():
        click.echo(_of_intent(name, one))
    if errors:
        click.echo()
        for wrong in found.wrong:
            click.echo(f"{wrong.id}  {' '.join(wrong.text.split())}")
            click.echo(f"    is        {labels.in_words(wrong.intent, wrong.instalments)}")
            click.echo(f"    taken for {labels.in_words(wrong.taken_for or 'nothing', wrong.taken_instalments)}")


def _of_intent(name: str, one: OfIntent) -> str:
    warning = "   every opt-out must be heard" if name == "opt_out" and one.missed else ""
    return (
        f"{name:<20} {one.labels:>5} {one.precision:>10.1%} {one.recall:>8.1%} {one.f1:>8.1%} {one.missed:>7} "
        f"{one.false:>6}{warning}"
    )


@reply.command()
@click.argument("inbound_id", metavar="[REPLY]", type=ROW, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def show(inbound_id: int | None, as_json: bool) -> None:
    """A reply and what was understood of it, by its number; without one, the replies that wait for a person."""
    with office() as at, at.database.read() as session:
        if inbound_id is None:
            found: Any = _waiting(session)
        else:
            found = _shown(session, inbound_id)
        zone = at.city.zone
    if as_json:
        echo_json(found)
    elif isinstance(found, list):
        for one in found:
            where = one["account"] or "no account"
            click.echo(f"{one['reply']:>6}  {where:<14} {one['from']}: {' '.join(one['text'].split())[:100]}")
        if not found:
            click.echo("No reply waits for a person.")
    else:
        _print_reply(found, zone)


def _waiting(session: Session) -> list[dict[str, Any]]:
    tasks = worklist.open_tasks(session, ("reply", "unmatched_reply"), limit=500)
    known = {task.subject_id: task for task in tasks if task.subject_type == "inbound_message"}
    rows = session.execute(
        select(InboundMessage, Account.number)
        .outerjoin(Account, Account.id == InboundMessage.account_id)
        .where(InboundMessage.id.in_(known))
    ).all()
    by_id = {
        inbound.id: {
            "reply": inbound.id, "account": number, "from": inbound.sender, "text": inbound.text,
            "reason": known[inbound.id].reason, "priority": known[inbound.id].priority,
        }
        for inbound, number in rows
    }  # fmt: skip
    return [by_id[id_] for id_ in known if id_ in by_id]


def _shown(session: Session, inbound_id: int) -> dict[str, Any]:
    row = session.execute(
        select(InboundMessage, Account.number, ReplyLabel)
        .outerjoin(Account, Account.id == InboundMessage.account_id)
        .outerjoin(ReplyLabel, ReplyLabel.inbound_id == InboundMessage.id)
        .where(InboundMessage.id == inbound_id)
    ).one_or_none()
    if row is None:
        raise Refused(f"There is no reply {inbound_id}. List those that wait: comms reply show")
    inbound, number, label = row
    return {
        "reply": inbound.id, "channel": inbound.channel, "from": inbound.sender, "to": inbound.recipient,
        "subject": inbound.subject, "text": inbound.text, "received_at": inbound.received_at, "account": number,
        "matched_by": inbound.matched_by, "handling": inbound.handling, "understood": inbound.understanding,
        "label": label and {
            "intent": label.intent, "instalments": label.instalments, "by": label.labelled_by,
            "at": label.labelled_at, "note": label.note,
        },
    }  # fmt: skip


def _print_reply(one: dict[str, Any], zone: ZoneInfo) -> None:
    click.echo(f"Reply {one['reply']}, {one['channel']} from {one['from']}, {_when(one['received_at'], zone)}")
    click.echo(f"Account {one['account'] or 'not known'}, {one['handling'].replace('_', ' ')}")
    if one["subject"]:
        click.echo(f"Subject: {one['subject']}")
    click.echo(one["text"])
    if taken := one["understood"]:
        sure = f"{taken.get('confidence', 0):.0%} sure"
        words = ", ".join(taken.get("evidence", ()))
        click.echo(f"Understood as: {labels.in_words(taken['intent'], taken['instalments'])} ({sure}; {words})")
    if label := one["label"]:
        means = labels.in_words(label["intent"], label["instalments"])
        click.echo(f"Means: {means} (said by {label['by'].removeprefix('user:')}, {_when(label['at'], zone)})")
    if one["account"] is None:
        click.echo(f"Next step: comms reply assign {one['reply']} ACCOUNT")


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


@reply.command()
@click.argument("inbound_id", metavar="REPLY", type=ROW)
@click.argument("number", metavar="ACCOUNT")
@click.option("--by", default=getpass.getuser, show_default="your login", metavar="NAME", help="Who found it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def assign(inbound_id: int, number: str, by: str, as_json: bool) -> None:
    """Give a REPLY from an unknown sender to ACCOUNT; it is then understood, answered and kept as that customer's."""
    with office() as at:

        def work(session: Session) -> Any:
            account = finding.by_number(session, number)
            if account is None:
                raise Refused(f"No account {number}. Search by name: comms history --find NAME")
            return account.number, give(
                session, inbound_id, account, city=at.city, clock=at.clock, renderer=at.renderer,
                settings=at.settings, by=f"user:{by}",
            )  # fmt: skip

        try:
            found, handled = at.database.run(work)
        except AssignError as error:
            raise Refused(str(error)) from None
        for lane in handled.lanes:
            at.doorbell.ring(lane)
    if as_json:
        echo_json({"reply": inbound_id, "account": found, "intent": handled.intent, "handling": handled.handling})
    else:
        means = labels.MEANINGS.get(handled.intent or "", handled.intent)
        click.echo(f"Reply {inbound_id} is account {found}'s now: {means}, {str(handled.handling).replace('_', ' ')}.")

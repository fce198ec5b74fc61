"""What a reply means, as a clerk is asked and as the answer is read: the form beside a reply that needs a person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.desk.schema import User
from comms.money import figures
from comms.replies import Instalment
from comms.replies.labels import LabelError, in_words
from comms.replies.reading import words_of
from comms.replies.schema import InboundMessage, ReplyLabel
from comms.worklist import Task

LEAST_ROWS, MOST_ROWS = 2, 12
_DOLLARS = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d{2}))?", re.ASCII)
_WORDS = {
    "full": "full", "all": "full", "everything": "full", "half": "half", "minimum": "minimum", "least": "minimum",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An amount and a day as they stand in the form."""

    amount: str = ""
    day: str = ""


@dataclass(frozen=True)
class Question:
    """The form: which reply, what was understood, what somebody has said already, and what stands in the fields."""

    inbound_id: int
    text: str
    understood: str
    """Empty: it was never read."""
    sure: int
    """Per cent."""
    said: str
    """What a person has said it means, and who; empty: nobody has."""
    intent: str
    rows: Sequence[Row]
    problem: str = ""


def of_task(session: Session, task: Task | None) -> Question | None:
    """The question about the reply of a task; None when the task is about something else."""
    if task is None or task.subject_type != "inbound_message" or task.subject_id is None:
        return None
    inbound = session.get(InboundMessage, task.subject_id)
    if inbound is None:
        return None
    words = words_of(inbound)
    guess: dict[str, Any] = inbound.understanding or {"intent": "other", "instalments": []}
    label = session.scalar(select(ReplyLabel).where(ReplyLabel.inbound_id == inbound.id))
    stands: dict[str, Any] = guess
    said = ""
    if label is not None:
        stands = {"intent": label.intent, "instalments": label.instalments}
        username = label.labelled_by.removeprefix("user:")
        name = session.scalar(select(User.name).where(User.username == username)) or username
        said = f"{name} says: {in_words(label.intent, label.instalments)}."
    return Question(
        inbound_id=inbound.id,
        text=words,
        understood=in_words(guess["intent"], guess["instalments"]) if inbound.understanding else "",
        sure=round(100 * float(guess.get("confidence") or 0)),
        said=said,
        intent=stands["intent"],
        rows=_rows([Row(_shown(one.get("amount_cents")), one.get("date") or "") for one in stands["instalments"]]),
    )


def typed(form: Mapping[str, str]) -> tuple[str, list[Row]]:
    """What stands in a form that was sent: the intent, and the rows."""
    rows = [
        Row(form.get(f"amount-{number}", "").strip()[:40], form.get(f"day-{number}", "").strip()[:20])
        for number in range(1, MOST_ROWS + 1)
    ]
    while rows and rows[-1] == Row():
        rows.pop()
    return form.get("intent", ""), rows


def instalments(intent: str, rows: Sequence[Row]) -> list[Instalment]:
    """The parts of a promise, with what was left open as None; of anything else none. Raises ``LabelError``."""
    if intent != "promise":
        return []
    filled = [row for row in rows if row != Row()]
    return [Instalment(_amount(row.amount), _day(row.day)) for row in filled or [Row()]]


def with_problem(question: Question, intent: str, rows: Sequence[Row], problem: str) -> Question:
    """The same question with what was typed and what is wrong with it."""
    return Question(
        question.inbound_id,
        question.text,
        question.understood,
        question.sure,
        question.said,
        intent,
        _rows(rows),
        problem,
    )


def _rows(filled: Sequence[Row]) -> list[Row]:
    """The filled rows and an empty one."""
    count = min(MOST_ROWS, max(LEAST_ROWS, len(filled) + 1))
    return [*filled, *[Row()] * count][: max(count, len(filled))]


def _shown(amount: int | str | None) -> str:
    return figures(amount) if isinstance(amount, int) else amount or ""


def _amount(text: str) -> int | str | None:
    if not text:
        return None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    match = _DOLLARS.fullmatch(text)
    if match is None:
        raise LabelError(f"“{text}” is no amount. Write dollars, such as 50 or 50.25, or: full, half, minimum.")
    return int(match[1].replace(",", "")) * 100 + int(match[2] or 0)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise LabelError(f"“{text}” is no day. Write it as 2026-11-27, or leave it empty.") from None

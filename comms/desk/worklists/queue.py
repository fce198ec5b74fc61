"""Reading a worklist: its lines, where one task stands in it, and which comes before and after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.desk.worklists.lists import NAMED, Filter, List, list_of
from comms.replies.schema import InboundMessage
from comms.worklist import ASIDE, Task

PER_PAGE = 50
MOST_OF_ONE = 20
"""Matters of one account that its record names; somebody with more has all of them in the lists."""
OPEN = ("open",)


@dataclass(frozen=True)
class Line:
    """A task with what a clerk needs to see of it in a list."""

    task: Task
    account: Account | None
    inbound: InboundMessage | None

    @property
    def offers(self) -> list[tuple[int | None, date | None]]:
        """The amounts (cents) and dates that the service read in the message; either may be missing."""
        heard = self.task.facts.get("instalments") or []
        return [
            (one.get("amount_cents"), date.fromisoformat(one["date"]) if one.get("date") else None) for one in heard
        ]


@dataclass(frozen=True)
class Sheet:
    """One page of a list; ``after`` is the cursor of the next page, empty at the end."""

    lines: list[Line]
    after: str


@dataclass(frozen=True)
class Place:
    """Where a task stands in its list: ``number`` of ``total``."""

    number: int
    total: int


def sheet(session: Session, of: List, filtered: Filter, me: str, after: str) -> Sheet:
    """A page of a list, most urgent and then oldest first. A cursor that is not ours begins at the start."""
    kinds = _kinds(session, of, filtered)
    if not kinds:
        return Sheet([], "")
    tasks = worklist.open_tasks(
        session, kinds, limit=PER_PAGE + 1, after=_cursor(after), whose=filtered.whose(me), states=_states(filtered)
    )
    more = len(tasks) > PER_PAGE
    tasks = tasks[:PER_PAGE]
    return Sheet(lines(session, tasks), f"{tasks[-1].priority}-{tasks[-1].id}" if more else "")


def all_lines(session: Session, of: List, filtered: Filter, me: str) -> Iterator[Line]:
    """Every line of a list, read page by page."""
    after = ""
    while True:
        page = sheet(session, of, filtered, me, after)
        yield from page.lines
        session.expunge_all()
        if not (after := page.after):
            return


def lines(session: Session, tasks: Sequence[Task]) -> list[Line]:
    """The tasks with their accounts and the messages they are about."""
    account_ids = {task.account_id for task in tasks if task.account_id is not None}
    inbound_ids = {task.subject_id for task in tasks if _about_a_message(task)}
    accounts = {a.id: a for a in session.scalars(select(Account).where(Account.id.in_(account_ids)))}
    inbounds = {m.id: m for m in session.scalars(select(InboundMessage).where(InboundMessage.id.in_(inbound_ids)))}
    return [
        Line(
            task,
            accounts.get(task.account_id) if task.account_id is not None else None,
            inbounds.get(task.subject_id) if task.subject_id is not None and _about_a_message(task) else None,
        )
        for task in tasks
    ]


def of_account(session: Session, account_id: int) -> list[Task]:
    """What is not resolved about an account; what is set aside comes last."""
    undone = select(Task).where(Task.account_id == account_id, Task.state != "resolved")
    open_first = case((Task.state == "open", 0), else_=1)
    return list(session.scalars(undone.order_by(open_first, Task.priority, Task.id).limit(MOST_OF_ONE)))


def place(session: Session, task: Task, filtered: Filter, me: str) -> Place:
    """Where an open task stands among the open ones that are asked for."""
    others = [*_among(session, task, filtered, me), Task.id != task.id]
    count = select(func.count()).select_from(Task).where(*others)
    before = session.scalar(count.where(_earlier(task))) or 0
    return Place(before + 1, (session.scalar(count) or 0) + 1)


def next_after(session: Session, task: Task, filtered: Filter, me: str) -> Task | None:
    """The open task that follows this one; after the last one, the first of those still open."""
    others = [*_among(session, task, filtered, me), Task.id != task.id]
    inline = select(Task).where(*others).order_by(Task.priority, Task.id).limit(1)
    return session.scalar(inline.where(~_earlier(task))) or session.scalar(inline)


def neighbours(session: Session, task: Task, filtered: Filter, me: str) -> tuple[Task | None, Task | None]:
    """The open tasks right before and right after this one."""
    others = select(Task).where(*_among(session, task, filtered, me), Task.id != task.id).limit(1)
    back = others.where(_earlier(task)).order_by(Task.priority.desc(), Task.id.desc())
    onward = others.where(~_earlier(task)).order_by(Task.priority, Task.id)
    return session.scalar(back), session.scalar(onward)


def _among(session: Session, task: Task, filtered: Filter, me: str) -> list[ColumnElement[bool]]:
    """The open ones of the list that a clerk walks through, whatever the filter says of those set aside."""
    return worklist.of(_kinds(session, list_of(task.kind), filtered), filtered.whose(me))


def _earlier(task: Task) -> ColumnElement[bool]:
    return (Task.priority < task.priority) | ((Task.priority == task.priority) & (Task.id < task.id))


def _kinds(session: Session, of: List, filtered: Filter) -> list[str]:
    if filtered.kind:
        return [filtered.kind]
    return list(of.kinds) or sorted({pile.kind for pile in worklist.piles(session) if pile.kind not in NAMED})


def _states(filtered: Filter) -> tuple[str, ...]:
    return ASIDE if filtered.aside else OPEN


def _about_a_message(task: Task) -> bool:
    return task.subject_type == "inbound_message"


def _cursor(after: str) -> tuple[int, int] | None:
    priority, _, last = after.partition("-")
    ours = priority.isascii() and priority.isdigit() and last.isascii() and last.isdigit() and len(after) < 20
    return (int(priority), int(last)) if ours else None

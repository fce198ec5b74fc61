"""The worklists: which kinds of task are on which page, and where one task stands in its list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.replies.schema import InboundMessage
from comms.worklist import Task

PER_PAGE = 50


@dataclass(frozen=True)
class List:
    """One worklist. ``kinds`` empty: every kind that no other list has."""

    slug: str
    title: str
    short: str
    kinds: tuple[str, ...]
    empty: str
    about: str

    def count(self, counts: Mapping[str, int] | None) -> int:
        """How many open tasks this list has, by the counts of all kinds."""
        known = counts or {}
        kinds = self.kinds or [kind for kind in known if kind not in NAMED]
        return sum(known.get(kind, 0) for kind in kinds)

    def has(self, kind: str) -> bool:
        return kind in self.kinds if self.kinds else kind not in NAMED


REPLIES = List(
    "replies", "Replies that need a person", "Replies", ("reply",),
    "Nobody is waiting for an answer.",
    "Messages that the service could not answer by itself, the most urgent first, then the longest waiting.",
)  # fmt: skip
UNMATCHED = List(
    "unmatched", "Messages from unknown senders", "Unknown senders", ("unmatched_reply", "unmatched_event"),
    "Every message has found its account.",
    "Texts, emails and carrier reports that belong to no account we know. Find the customer, or set the matter aside.",
)  # fmt: skip
OTHERS = List(
    "other", "Other matters", "Other", (),
    "Nothing else needs a person.",
    "What the service could not settle by itself: messages in doubt, notices that failed, promises to look at.",
)  # fmt: skip
LISTS = (REPLIES, UNMATCHED, OTHERS)
NAMED = frozenset(kind for each in LISTS for kind in each.kinds)


def list_of(kind: str) -> List:
    """The list that a kind of task is on."""
    return next(each for each in LISTS if each.has(kind))


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
    total: int
    after: str


@dataclass(frozen=True)
class Place:
    """Where a task stands in its list: ``number`` of ``total``."""

    number: int
    total: int


def sheet(session: Session, of: List, after: str) -> Sheet:
    """A page of a list, most urgent and then oldest first. A cursor that is not ours begins at the start."""
    counts = worklist.counts(session)
    kinds = _kinds(session, of)
    tasks = worklist.open_tasks(session, kinds, limit=PER_PAGE + 1, after=_cursor(after)) if kinds else []
    more = len(tasks) > PER_PAGE
    tasks = tasks[:PER_PAGE]
    return Sheet(lines(session, tasks), of.count(counts), f"{tasks[-1].priority}-{tasks[-1].id}" if more else "")


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
    """What is open about an account."""
    return list(
        session.scalars(
            select(Task).where(Task.account_id == account_id, Task.state == "open").order_by(Task.priority, Task.id)
        )
    )


def waiting_since(session: Session) -> dict[str, datetime]:
    """Since when the oldest open task of each list has waited, by the list's slug."""
    oldest = session.execute(
        select(Task.kind, func.min(Task.waiting_since)).where(Task.state == "open").group_by(Task.kind)
    )
    found: dict[str, datetime] = {}
    for kind, since in oldest:
        slug = list_of(kind).slug
        found[slug] = min(since, found.get(slug, since))
    return found


def place(session: Session, task: Task) -> Place:
    """Where an open task stands among the open ones of its list."""
    open_ones = select(func.count()).where(Task.state == "open", Task.kind.in_(_kinds(session, list_of(task.kind))))
    earlier = (Task.priority < task.priority) | ((Task.priority == task.priority) & (Task.id <= task.id))
    return Place(session.scalar(open_ones.where(earlier)) or 1, session.scalar(open_ones) or 1)


def next_after(session: Session, task: Task) -> Task | None:
    """The open task that follows this one in its list; after the last one, the first of those still open."""
    kinds = _kinds(session, list_of(task.kind))
    if not kinds:
        return None
    following = worklist.open_tasks(session, kinds, limit=1, after=(task.priority, task.id))
    found = following or worklist.open_tasks(session, kinds, limit=1)
    return found[0] if found and found[0].id != task.id else None


def _kinds(session: Session, of: List) -> list[str]:
    return list(of.kinds) or [kind for kind in worklist.counts(session) if kind not in NAMED]


def _about_a_message(task: Task) -> bool:
    return task.subject_type == "inbound_message"


def _cursor(after: str) -> tuple[int, int] | None:
    priority, _, last = after.partition("-")
    ours = priority.isascii() and priority.isdigit() and last.isascii() and last.isdigit() and len(after) < 20
    return (int(priority), int(last)) if ours else None

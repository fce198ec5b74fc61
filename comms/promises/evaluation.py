"""Holding promises to the money that came in.

1. read the promises that were opened, their parts and allocations, the payments net of reversals, and how far the
   payment files reach; the promises are locked, so two evaluations at once take turns;
2. let ``deciding`` say what became of each, from these facts alone;
3. write only what differs from what is stored: allocations, parts, status, holds, the log and the contact history.

Running it again on the same facts writes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from comms import accounts, history, worklist
from comms.city import City
from comms.clock import Clock
from comms.db import Base, bulk_insert
from comms.history import NewEvent
from comms.money import dollars

from . import holding
from .deciding import MET, MISSED, PartVerdict, PromiseVerdict, decide
from .facts import Ledger, covered_until, load
from .policy import Part
from .schema import Promise, PromiseAllocation, PromiseEvent, PromisePart
from .wording import KIND, STATUS, in_words

DECIDED = frozenset({"kept", "kept_late", "kept_short", "partial", "broken", "settled_other"})
"""What money, or the lack of it, makes of a promise."""


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation changed (newly ``kept``, newly ``broken`` …) and what it left (``still_open`` and
    ``pending_feed``, promises past their deadline that wait for a payment file)."""

    looked_at: int = 0
    kept: int = 0
    kept_late: int = 0
    kept_short: int = 0
    partial: int = 0
    broken: int = 0
    settled_other: int = 0
    superseded: int = 0
    reopened: int = 0
    still_open: int = 0
    pending_feed: int = 0
    changed_accounts: tuple[int, ...] = ()

    def counts(self) -> dict[str, int]:
        """What changed and what waits, by the word a clerk reads."""
        names = (
            "kept", "kept_late", "kept_short", "partial", "broken", "settled_other", "reopened", "pending_feed",
        )  # fmt: skip
        return {name.replace("_", " "): getattr(self, name) for name in names}


@dataclass
class _Work:
    """What is to be written."""

    at: datetime
    counts: dict[str, int] = field(default_factory=dict)
    new_allocations: list[dict[str, Any]] = field(default_factory=list)
    changed_allocations: list[dict[str, Any]] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    promises: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    closing: list[Promise] = field(default_factory=list)
    reopening: list[tuple[Promise, int]] = field(default_factory=list)
    """With the money that still counts towards it."""
    counted: dict[int, tuple[Promise, int]] = field(default_factory=dict)
    """Promises that stay open, with the money that counts towards them, where that changed."""
    tasks: list[tuple[Promise, str, str]] = field(default_factory=list)
    """A promise, what happened to it (one such thing of one promise is one task), and the sentence for staff."""

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def due(session: Session, clock: Clock) -> list[int]:
    """The accounts with an open promise whose deadline has passed undecided. Payments bring their own evaluation with
    the file; between files only time decides, and only about these."""
    statement = (
        select(Promise.account_id)
        .join(PromisePart, PromisePart.promise_id == Promise.id)
        .where(PromisePart.state == "waiting", PromisePart.deadline_at <= clock.now(), Promise.status == "open")
        .distinct()
    )
    return sorted(session.scalars(statement))


def evaluate(session: Session, city: City, clock: Clock, account_ids: Collection[int] | None = None) -> Evaluation:
    """Bring the promises of these accounts (None: of all) up to date with the payments; see the module."""
    now = clock.now()
    ledger = load(session, now, account_ids)
    until = covered_until(session)
    work = _Work(now)
    for account_id, promises in ledger.by_account():
        for verdict in decide(promises, ledger.payments[account_id], until, now):
            _compare(ledger, verdict, work)
    changed = _write(session, city, ledger, work)
    return Evaluation(looked_at=len(ledger.promises), changed_accounts=tuple(changed), **work.counts)


def _compare(ledger: Ledger, verdict: PromiseVerdict, work: _Work) -> None:
    promise = ledger.promises[verdict.promise_id]
    stored = {part.id: part for part in ledger.parts[promise.id]}
    for part in verdict.parts:
        _compare_part(ledger, stored[part.part_id], part, work)
    if verdict.status == "open":
        work.count("pending_feed" if verdict.pending_feed else "still_open")
        missed = [part for part in verdict.parts if part.state in MISSED]
        if any(stored[part.part_id].state != part.state for part in missed):
            _tell_missed(ledger, promise, len(missed), work)
        if promise.status == "open" and verdict.allocated_cents != sum(
            part.allocated_cents for part in stored.values()
        ):
            work.counted[promise.id] = (promise, verdict.allocated_cents)
    was_decided = promise.status in DECIDED and verdict.status != promise.status
    reopened = was_decided or (promise.status == "open" and _part_reopened(stored, verdict))
    if reopened:
        work.count("reopened")
    if verdict.status == promise.status:
        if reopened:
            _tell(ledger, promise, verdict, reopened, work)
        return
    if verdict.status in DECIDED or verdict.status == "superseded":
        work.count(verdict.status)
    closed_at = None if verdict.status == "open" else work.at
    work.promises.append(
        {
            "at_id": promise.id,
            "to_status": verdict.status,
            "to_reason": _reason(verdict, reopened, promise.status),
            "to_closed": closed_at,
        }
    )
    if promise.status == "open":
        work.closing.append(promise)
    elif verdict.status == "open":
        work.reopening.append((promise, verdict.allocated_cents))
    _tell(ledger, promise, verdict, reopened, work)


def _part_reopened(stored: dict[int, PromisePart], verdict: PromiseVerdict) -> bool:
    """Whether a part that had been met or missed is no longer so."""
    return any(
        stored[part.part_id].state in states and part.state not in states
        for part in verdict.parts
        for states in (MET, MISSED)
    )


def _compare_part(ledger: Ledger, stored: PromisePart, verdict: PartVerdict, work: _Work) -> None:
    known_here = ledger.allocations.get(stored.id, {})
    for payment_id in sorted(known_here.keys() | verdict.allocations.keys()):
        cents = verdict.allocations.get(payment_id)
        known = known_here.get(payment_id)
        if known is None:
            row = {"part_id": stored.id, "payment_id": payment_id, "amount_cents": cents, "allocated_at": work.at}
            work.new_allocations.append({**row, "reversed_at": None})
        elif cents and (known.reversed_at is not None or known.amount_cents != cents):
            work.changed_allocations.append({"at_id": known.id, "to_cents": cents, "to_reversed": None})
        elif not cents and known.reversed_at is None:
            row = {"at_id": known.id, "to_cents": known.amount_cents, "to_reversed": work.at}
            work.changed_allocations.append(row)
    if (stored.state, stored.allocated_cents) != (verdict.state, verdict.allocated_cents):
        undecided = verdict.state in ("waiting", "pending_feed")
        decided_at = None if undecided else stored.decided_at if stored.state == verdict.state else work.at
        work.parts.append(
            {
                "at_id": stored.id,
                "to_state": verdict.state,
                "to_cents": verdict.allocated_cents,
                "to_decided": decided_at,
            }
        )


def _reason(verdict: PromiseVerdict, reopened: bool, before: str) -> str:
    said = f"{dollars(verdict.allocated_cents)} counted towards it."
    return f"Reopened, it was {_was(before)}; {said}" if reopened else said


def _was(status: str) -> str:
    return "open with a part of it decided" if status == "open" else STATUS[status]


def _tell(ledger: Ledger, promise: Promise, verdict: PromiseVerdict, reopened: bool, work: _Work) -> None:
    """The lines for the promise's log and the contact history, and a task where staff should look."""
    words = _words(ledger, promise)
    facts = {
        "promise_id": promise.id,
        "before": promise.status,
        "status": verdict.status,
        "promised_cents": promise.promised_cents,
        "counted_cents": verdict.allocated_cents,
        "settled_cents": sum(part.settled_cents for part in verdict.parts),
    }
    lines = []
    word = KIND[promise.kind]
    if reopened:
        was = _was(promise.status)
        lines.append(("decision_reopened", f"{word} looked at again, payments changed: it was {was}: {words}."))
        now = f"{word} that was {was} is now {STATUS[verdict.status]}, because payments changed: {words}."
        work.tasks.append((promise, f"decision_reopened:{verdict.status}", now))
    elif verdict.status == "partial" or (verdict.status == "broken" and promise.kind == "arrangement"):
        ended = f"{word} {STATUS[verdict.status]}, {_counted(verdict)}: {words}."
        work.tasks.append((promise, verdict.status, ended))
    if verdict.status != "open":
        lines.append((verdict.status, f"{word} {STATUS[verdict.status]}, {_counted(verdict)}: {words}."))
    for kind, summary in lines:
        _log(promise, kind, summary, facts, work)


def _tell_missed(ledger: Ledger, promise: Promise, missed: int, work: _Work) -> None:
    """A part of an arrangement was missed and its terms let it go on: the history says so, and staff look at it."""
    facts = {"promise_id": promise.id, "missed": missed}
    summary = f"{KIND[promise.kind]} goes on with {missed} missed: {_words(ledger, promise)}."
    work.tasks.append((promise, "part_missed", summary))
    _log(promise, "part_missed", summary, facts, work)


def _log(promise: Promise, kind: str, summary: str, facts: dict[str, Any], work: _Work) -> None:
    """One line for the promise's log, the same for the contact history."""
    work.log.append({"promise_id": promise.id, "at": work.at, "kind": kind, "actor": "system", "facts": facts})
    work.events.append(
        NewEvent(
            account_id=promise.account_id, at=work.at, kind=f"promise.{kind}", summary=summary,
            subject_type="promise", subject_id=promise.id, facts=facts,
        )
    )  # fmt: skip


def _words(ledger: Ledger, promise: Promise) -> str:
    return in_words(Part(part.due_on, part.amount_cents) for part in ledger.parts[promise.id])


def _counted(verdict: PromiseVerdict) -> str:
    return f"{dollars(verdict.allocated_cents)} came in"


def _write(session: Session, city: City, ledger: Ledger, work: _Work) -> list[int]:
    bulk_insert(session, PromiseAllocation, work.new_allocations)
    _update(
        session, PromiseAllocation, {"amount_cents": "to_cents", "reversed_at": "to_reversed"}, work.changed_allocations
    )
    _update(
        session,
        PromisePart,
        {"state": "to_state", "allocated_cents": "to_cents", "decided_at": "to_decided"},
        work.parts,
    )
    _update(
        session,
        Promise,
        {"status": "to_status", "status_reason": "to_reason", "closed_at": "to_closed"},
        work.promises,
    )
    bulk_insert(session, PromiseEvent, work.log)
    holding.release_all(session, work.closing, "system", work.at)
    holding.resize(session, work.counted)
    for promise, counted in work.reopening:
        holding.place(session, city, promise, _words(ledger, promise), work.at, counted)
    for promise, happened, reason in work.tasks:
        worklist.open_task(
            session,
            kind="decision_reopened" if happened.startswith("decision_reopened") else "promise",
            dedupe_key=f"{happened}:{promise.id}",
            priority=4,
            reason=reason,
            at=work.at,
            account_id=promise.account_id,
            subject_type="promise",
            subject_id=promise.id,
        )
    changed = sorted({ledger.promises[row["at_id"]].account_id for row in work.promises})
    if changed:
        accounts.touch(session, changed, work.at)
    session.expire_all()
    history.record(session, work.events, work.at)
    return changed


def _update(session: Session, model: type[Base], columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Set ``columns`` (name: key of the row) of the rows named by ``at_id``: one statement, many times."""
    if rows:
        table = model.__table__
        values: dict[str, Any] = {name: bindparam(key) for name, key in columns.items()}
        session.connection().execute(update(model).where(table.c.id == bindparam("at_id")).values(**values), rows)

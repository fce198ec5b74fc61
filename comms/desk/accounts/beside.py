"""What stands open beside the history when a record is come to for it: a promise to decide on, a hold to look at."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import promises
from comms.accounts import Hold
from comms.accounts.hold_sheets import REVIEW_AFTER
from comms.desk.access.gate import Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import promising
from comms.desk.frame import words as said
from comms.desk.worklists.lists import Filter
from comms.promises.lifecycle import approval_key
from comms.promises.listing import PromiseDetail, detail
from comms.promises.wording import KIND
from comms.worklist import Task

WHOSE = {"customer": "the customer", "office": "the office"}
PART_STATES: dict[str, tuple[str, said.Tone]] = {
    "waiting": ("not due yet", "plain"),
    "pending_feed": ("waits for the payment file", "info"),
    "kept": ("paid", "good"),
    "kept_late": ("paid, late", "good"),
    "kept_short": ("paid, a little short", "good"),
    "partial": ("paid in part", "warn"),
    "broken": ("not paid", "bad"),
    "closed": ("not watched any more", "plain"),
}


def beside(session: Session, visit: Visit, task: Task | None, filtered: Filter) -> dict[str, Any]:
    """The section that the clerk's task is about, for the record's page, and what its forms keep of the address: the
    task, and the part of the list that he walks through."""
    if task is None:
        return {"kept": {}}
    kept = {"kept": {"task": str(task.id)} | filtered.fields(), "problem": ""}
    if task.subject_type == "promise" and (seen := detail(session, task.subject_id or 0)) is not None:
        return kept | {"beside": "desk/account_one_promise.html"} | of_promise(session, visit, seen)
    if task.subject_type == "hold" and visit.by.may(Permission.PLACE_HOLDS):
        hold = session.get(Hold, task.subject_id or 0)
        if hold is not None and hold.account_id == task.account_id:
            return kept | {"beside": "desk/account_one_hold.html"} | of_hold(visit, hold)
    return kept


def of_promise(session: Session, visit: Visit, seen: PromiseDetail) -> dict[str, Any]:
    """What the section of one promise shows."""
    return {
        "promise": seen, "promise_kind": KIND[seen.line.kind], "part_states": PART_STATES,
        "promise_state": said.promise(seen.line.status, seen.line.awaits), "sources": promising.SOURCES,
        "in_writing": promising.IN_WRITING, "whose": WHOSE,
        "in_form": {"reason": visit.line("reason"), "whose": visit.form.get("whose", "customer")},
        "asked_because": _asked_because(session, seen),
    }  # fmt: skip


def _asked_because(session: Session, seen: PromiseDetail) -> str:
    """Why a supervisor was asked, in half a sentence."""
    if seen.line.awaits != "supervisor":
        return ""
    known = session.scalar(select(Task.facts).where(Task.dedupe_key == approval_key(seen.line.id)))
    return promises.why((known or {}).get("reasons", []))


def of_hold(visit: Visit, hold: Hold, written: dict[str, str] | None = None) -> dict[str, Any]:
    """What the section of one hold shows; ``written`` is what stood in its form."""
    again = (visit.today + REVIEW_AFTER).isoformat()
    return {
        "hold": hold, "in_form": written or {"again": again, "because": visit.line("because")},
        "by_promise": hold.source.startswith("promise:"),
    }  # fmt: skip

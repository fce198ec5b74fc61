"""Giving matters to people, setting them aside, and bringing them back: one matter, or those chosen in a list."""

from collections.abc import Mapping
from datetime import timedelta

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.worklists import lists, snoozing, workbar
from comms.desk.worklists.snoozing import SnoozeError, Until
from comms.desk.worklists.views.tasks import filter_of, list_address, next_address, task_or_404
from comms.worklist import Task

MOST_AT_ONCE = 100
NONE_CHOSEN = "Nothing was chosen. Tick the matters in the list first."


def assign(visit: Visit) -> ResponseReturnValue:
    """Make matters one's own, nobody's, or (a supervisor) somebody else's. A matter that has become another's since the
    page was opened stays as it is."""
    chosen, to = _chosen(visit), visit.form.get("to", "")
    me = visit.by.username
    to = me if to == "me" else to
    taking = to in (me, "") and (to == me or all(was == me for was in chosen.values()))
    if not taking and not visit.by.may(Permission.ASSIGN_OTHERS):
        abort(403, "You can take matters and give back your own. To give one to somebody else, ask a supervisor.")

    def work(session: Session) -> tuple[int, str, str]:
        people = dict(workbar.people(session))
        if to and to != me and to not in people:
            abort(422, "Nobody of that name works the lists. Choose somebody else.")
        done = 0
        for task_id, was in chosen.items():
            if worklist.assign(session, task_id, to or None, was=was or None):
                done += 1
                _note(session, visit, task_id, "task.assigned", {"to": to or "nobody"})
        return done, people.get(to, to), _onward(session, visit, chosen, stay=True)

    done, name, onward = visit.office.database.run(work)
    whose = "yours" if to == me else f"{name}’s" if to else "nobody’s"
    _tell(len(chosen), done, f"{formats.count(done, 'matter is', 'matters are')} {whose} now.", "had changed meanwhile")
    return redirect(onward, 303)


def snooze(visit: Visit) -> ResponseReturnValue:
    """Set matters aside until a time, or until the customer writes; ``until=other`` asks for the time first."""
    chosen = _chosen(visit)
    if visit.form.get("until") == "other" and chosen:
        return _ask(visit, chosen, "")
    try:
        done, until, onward = visit.office.database.run(lambda session: _set_aside(session, visit, chosen))
    except SnoozeError as problem:
        return _ask(visit, chosen, str(problem), 422)
    when = formats.moment(until.at, visit.now, visit.office.city.zone)
    told = f"until the customer writes, at the latest {when}" if until.or_reply else f"until {when}"
    _tell(len(chosen), done, f"{formats.count(done, 'matter is', 'matters are')} set aside {told}.", "could not be")
    return redirect(onward, 303)


def _set_aside(session: Session, visit: Visit, chosen: Mapping[int, str]) -> tuple[int, Until, str]:
    city, first = visit.office.city, task_or_404(session, next(iter(chosen), None))
    offered = snoozing.choices(session, city, visit.now, first.account_id if len(chosen) == 1 else None)
    until = snoozing.chosen(offered, visit.form, city, visit.now)
    onward = _onward(session, visit, chosen, stay=False)
    done = 0
    for task_id in chosen:
        if worklist.set_aside(session, task_id, until.at, or_reply=until.or_reply):
            done += 1
            _note(session, visit, task_id, "task.snoozed", {"until": until.at.isoformat(timespec="minutes")})
    return done, until, onward


def ask_when(visit: Visit) -> ResponseReturnValue:
    """The page that asks until when a matter is set aside."""
    return _ask(visit, dict.fromkeys(_numbers(request.args.getlist("task")), ""), "")


def _ask(visit: Visit, chosen: Mapping[int, str], problem: str, status: int = 200) -> ResponseReturnValue:
    city = visit.office.city
    with visit.office.database.read() as session:
        first = task_or_404(session, next(iter(chosen), None))
        filtered = filter_of(visit, first)
        back = workbar.address_of(session, first, filtered) if len(chosen) == 1 else list_address(visit, first)
        return page(
            visit, "snooze.html", worklist.counts(session), status,
            chosen=list(chosen), task=first, problem=problem, back=back, fields=filtered.fields(),
            who=session.scalar(select(Account.name).where(Account.id == first.account_id)),
            until=snoozing.choices(session, city, visit.now, first.account_id if len(chosen) == 1 else None),
            on=visit.form.get("on", ""), at=visit.form.get("at", "08:00"),
            tomorrow=visit.today + timedelta(1), farthest=visit.today + snoozing.FARTHEST,
        )  # fmt: skip


def bring_back(visit: Visit) -> ResponseReturnValue:
    """Put matters that were set aside back on the list."""
    chosen = _chosen(visit)

    def work(session: Session) -> tuple[int, str]:
        done = 0
        for task_id in chosen:
            if worklist.bring_back(session, task_id):
                done += 1
                _note(session, visit, task_id, "task.brought_back", {})
        return done, _onward(session, visit, chosen, stay=True)

    done, onward = visit.office.database.run(work)
    back = formats.count(done, "matter is", "matters are")
    _tell(len(chosen), done, f"{back} on the list again.", "were not set aside any more")
    return redirect(onward, 303)


def _chosen(visit: Visit) -> dict[int, str]:
    """The matters a form names, each with whose the page said it was (``12:park``; nothing for nobody's)."""
    given = [each.partition(":") for each in visit.form.getlist("task")[:MOST_AT_ONCE]]
    return {number: was[:80] for text, _, was in given if (number := positive(text)) is not None}


def _numbers(given: list[str]) -> list[int]:
    return [number for text in given[:MOST_AT_ONCE] if (number := positive(text)) is not None]


def _onward(session: Session, visit: Visit, chosen: Mapping[int, str], *, stay: bool) -> str:
    """Where the clerk goes on: the record where he was, the next matter, or the list."""
    first = session.get(Task, next(iter(chosen))) if chosen else None
    if first is None:
        of = lists.named(visit.form.get("list", ""))
        return f"/worklists/{of.slug}" if of else "/worklists"
    if visit.form.get("then") != "record":
        return list_address(visit, first)
    return workbar.address_of(session, first, filter_of(visit, first)) if stay else next_address(session, visit, first)


def _note(session: Session, visit: Visit, task_id: int, action: str, facts: dict[str, str]) -> None:
    task = session.get_one(Task, task_id)
    visit.note_down(session, action, account_id=task.account_id, facts={"task": task_id} | facts)


def _tell(asked: int, done: int, words: str, otherwise: str) -> None:
    if not asked:
        flash(NONE_CHOSEN)
        return
    left = asked - done
    rest = f"{formats.count(left, 'matter', 'matters')} {otherwise}. Look again." if left else ""
    flash(" ".join(part for part in (words if done else "", rest) if part))


ROUTES = (
    Route("/tasks/assign", assign, Permission.WORK_LISTS, ("POST",)),
    Route("/tasks/snooze", snooze, Permission.WORK_LISTS, ("POST",)),
    Route("/tasks/snooze", ask_when, Permission.WORK_LISTS),
    Route("/tasks/back", bring_back, Permission.WORK_LISTS, ("POST",)),
)

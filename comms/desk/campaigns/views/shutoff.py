"""Shut-off lists, referrals and reconnections: who may be on one, who is left out and what is missing, and its files.

A list is proposed from what the gate lets through, approved by somebody else, and given out after the gate was asked
again. The pages ask ``campaigns.shutoff`` and ``field``; nothing is decided here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Response, abort, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import field, worklist
from comms.accounts import Account
from comms.campaigns import shutoff as shutting_off
from comms.campaigns.shutoff import TurnOn
from comms.campaigns.sufficiency import Sufficiency
from comms.channels.folders import MANIFEST
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.words import Tone
from comms.field import FieldList, FieldOrder, OrderError
from comms.field.completing import against_recall
from comms.worklist.schema import Task

KINDS = {
    "shutoff": "Disconnections",
    "referral": "Referrals to the tax list or an agency",
    "reconnect": "Turning service on again",
}
STATES: dict[str, tuple[str, Tone]] = {
    "proposed": ("waits for approval", "warn"),
    "approved": ("approved, not given out", "warn"),
    "issued": ("given out", "good"),
    "cancelled": ("given up", "plain"),
}
ORDER_STATES: dict[str, tuple[str, Tone]] = {
    "proposed": ("on the list", "plain"),
    "issued": ("given out", "info"),
    "done": ("done", "good"),
    "not_done": ("not done", "warn"),
    "recalled": ("called back", "bad"),
    "cancelled": ("left the list", "plain"),
}
LISTS_SHOWN = 30
ORDERS_SHOWN = 100


def shutoff(
    visit: Visit, problem: str = "", told: field.Completed | None = None, status: int = 200
) -> ResponseReturnValue:
    """The lists, the newest first, and where a new one begins. ``told``: what a completion file brought."""
    before = positive(visit.query.get("before", ""))
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        statement = select(FieldList).order_by(FieldList.id.desc()).limit(LISTS_SHOWN + 1)
        lists = list(session.scalars(statement.where(FieldList.id < before) if before else statement))
        orders = _orders_of(session, [made.id for made in lists])
    return page(
        visit, "shutoff.html", counts, status, found=lists[:LISTS_SHOWN], orders=orders, kinds=KINDS, states=STATES,
        after=lists[LISTS_SHOWN - 1].id if len(lists) > LISTS_SHOWN else None, continued=before is not None,
        may_run=visit.by.may(Permission.RUN_CAMPAIGNS), problem=problem, told=told,
    )  # fmt: skip


def _orders_of(session: Session, list_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """How many orders each list has, and how many of them are open."""
    rows = session.execute(
        select(FieldOrder.list_id, FieldOrder.state, func.count())
        .where(FieldOrder.list_id.in_(list_ids))
        .group_by(FieldOrder.list_id, FieldOrder.state)
    )
    found: dict[int, tuple[int, int]] = {}
    for list_id, state, many in rows:
        every, still = found.get(list_id, (0, 0))
        found[list_id] = every + many, still + (many if state in field.orders.OPEN else 0)
    return found


@dataclass(frozen=True)
class Asked:
    """Whom a list would hold, before it is made: those who pass, those who do not with what is missing."""

    kind: str
    day: date
    on_it: Sequence[Sufficiency] = ()
    left_out: Sequence[Sufficiency] = ()
    turn_on: Sequence[TurnOn] = ()
    problem: str = ""

    @property
    def cents(self) -> int:
        return sum(one.amount_cents for one in self.on_it) + sum(one.owed_cents for one in self.certain)

    @property
    def certain(self) -> list[TurnOn]:
        return [one for one in self.turn_on if one.certain]

    @property
    def numbers(self) -> list[str]:
        return [one.number for one in (*self.on_it, *self.left_out)] + [one.number for one in self.turn_on]

    @property
    def many(self) -> int:
        return len(self.on_it) + len(self.certain)

    @property
    def establish(self) -> list[str]:
        """What staff must have made sure of for each, each said once."""
        return list(dict.fromkeys(words for one in self.on_it for words in one.establish))


def asked(visit: Visit, kind: str, day: date) -> Asked:
    """Ask the gate about everybody whose policy decided the act, or who is to be turned on again."""
    office = visit.office
    with office.database.read() as session:
        if kind == "reconnect":
            found = shutting_off.to_turn_on(session, office.city, office.clock, on=day)
            return Asked(kind, day, turn_on=found)
        gated = shutting_off.look(session, office.city, office.clock, office.renderer.catalogue, kind=kind, day=day)
    passing = [one for one in gated if one.passes]
    return Asked(kind, day, passing, [one for one in gated if not one.passes])


def propose(visit: Visit, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """Who would be on a list for a day, and who would not; nothing is made by looking."""
    kind = visit.query.get("kind", "") or visit.form.get("kind", "") or "shutoff"
    if kind not in KINDS:
        abort(404, "There is no such kind of list.")
    day = day_asked(visit)
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
    found = asked(visit, kind, day)
    visit.saw_list(f"{kind} for {day}", found.numbers)
    return page(
        visit, "shutoff_propose.html", counts, status, asked=found, kinds=KINDS, problem=problem,
        may_run=visit.by.may(Permission.RUN_CAMPAIGNS), shown=ORDERS_SHOWN, plainly=in_words,
    )  # fmt: skip


def day_asked(visit: Visit) -> date:
    """The day of the act: as asked, or else the next business day."""
    given = visit.query.get("day", "") or visit.form.get("day", "")
    try:
        return date.fromisoformat(given)
    except ValueError:
        return visit.office.city.next_business_day(visit.today)


def one(
    visit: Visit, name: str, problem: str = "", written: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    """A list with its orders, who was left out of it, and its files once it is given out."""
    office, start = visit.office, positive(visit.query.get("from", "")) or 0
    with office.database.read() as session:
        counts = worklist.counts(session)
        try:
            made = field.list_named(session, name)
        except OrderError as error:
            abort(404, in_words(error))
        standing = _standing(session, made.id)
        orders = _page_of(session, made.id, start, (written or {}).get("recall", ""))
        ids = {order.account_id for order in orders}
        accounts = {each.id: each for each in session.scalars(select(Account).where(Account.id.in_(ids)))}
        against = _against_recall(session, orders)
    labels = {key: words.en for key, words in office.city.service_labels.items()}
    visit.saw_list(made.name, [accounts[order.account_id].number for order in orders])
    return page(
        visit, "shutoff_list.html", counts, status, made=made, orders=orders, accounts=accounts, problem=problem,
        written=written or {}, states=STATES, order_states=ORDER_STATES, kinds=KINDS, second=field.SECOND_PERSON,
        services=lambda order: field.in_words(field.services_of(order), labels), files=_files(visit, made),
        standing=standing, total=sum(standing.values()), start=start, per_page=ORDERS_SHOWN, against=against,
        proof=lambda order: list(_proof(order, visit.today)), plainly=in_words,
        may_run=visit.by.may(Permission.RUN_CAMPAIGNS), may_approve=visit.by.may(Permission.APPROVE_CAMPAIGNS),
    )  # fmt: skip


def _standing(session: Session, list_id: int) -> Mapping[str, int]:
    """How many orders of a list are in each state."""
    rows = session.execute(
        select(FieldOrder.state, func.count()).where(FieldOrder.list_id == list_id).group_by(FieldOrder.state)
    )
    found = dict(rows.all())
    return {state: found[state] for state in ORDER_STATES if state in found}


def _page_of(session: Session, list_id: int, start: int, refused: str) -> Sequence[FieldOrder]:
    """Orders of a list by number, a page of them; after something was refused, those from that order on."""
    statement = select(FieldOrder).where(FieldOrder.list_id == list_id).order_by(FieldOrder.number).limit(ORDERS_SHOWN)
    return session.scalars(statement.where(FieldOrder.number >= refused) if refused else statement.offset(start)).all()


def _against_recall(session: Session, orders: Sequence[FieldOrder]) -> frozenset[str]:
    """The numbers of those that were carried out although they had been called back."""
    keys = {against_recall(order): order.number for order in orders if order.state in ("done", "not_done")}
    found = session.scalars(select(Task.dedupe_key).where(Task.dedupe_key.in_(keys)))
    return frozenset(keys[key] for key in found)


def _proof(order: FieldOrder, today: date) -> Iterator[tuple[str, str]]:
    """What an order rests on: a line, and what stands under it."""
    for proof in order.evidence:
        if "step" not in proof:
            yield str(proof.get("why", "")), ""
            continue
        mailed, counts = (formats.day(date.fromisoformat(proof[key]), today) for key in ("mailed_on", "earliest_on"))
        step = run_words.step(proof["step"])
        yield f"{step}, mailed {mailed}", f"to {proof['address'].replace(chr(10), ', ')}; counts from {counts}"


def _files(visit: Visit, made: FieldList) -> list[tuple[str, str]]:
    """The files of a list that was given out, each with its size."""
    if made.state != "issued":
        return []
    folder = home(visit) / made.name
    named = [*made.manifest.get("files", {}), MANIFEST]
    sizes = [(name, (folder / name).stat().st_size) for name in named if (folder / name).is_file()]
    return [(name, formats.count(max(1, size // 1024), "KB", "KB")) for name, size in sizes]


def file(visit: Visit, name: str, file: str) -> ResponseReturnValue:
    """A file of a list that was given out."""
    with visit.office.database.read() as session:
        try:
            made = field.list_named(session, name)
        except OrderError as error:
            abort(404, in_words(error))
    path = home(visit) / made.name / file
    if made.state != "issued" or file not in {*made.manifest.get("files", {}), MANIFEST} or not path.is_file():
        abort(404, "The list has no such file.")
    with visit.office.database.begin() as session:
        visit.note_down(session, "field_list.downloaded", facts={"list": made.name, "file": file})
    sent: Response = send_file(path, as_attachment=True, download_name=f"{made.name}-{file}", max_age=0)
    return sent


def home(visit: Visit) -> Path:
    """Where the lists' folders are."""
    return visit.office.settings.var / "field"


ROUTES = (
    Route("/campaigns/shutoff", shutoff, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/shutoff/propose", propose, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/shutoff/lists/<name>", one, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/shutoff/lists/<name>/files/<file>", file, Permission.RUN_CAMPAIGNS),
)

"""Where the dunning of an account stands, and why: the card beside the history, and the whole of it on any day."""

from datetime import date
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account, copy_recipients
from comms.accounts.sheets import SheetError, day
from comms.campaigns import PolicyError, explain
from comms.campaigns.tracing import Explanation
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts.views.acting import act_page, back, opened, part_of
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.words import Tone
from comms.field import FieldOrder
from comms.field.orders import WORDS as ORDERS
from comms.notices import NoticeError
from comms.rules import RuleError

ORDERS_SHOWN = 5
STANDINGS: dict[str, tuple[str, Tone]] = {
    "done": ("done", "good"),
    "under way": ("under way", "info"),
    "undone": ("undone", "warn"),
    "next": ("next", "info"),
    "later": ("later", "plain"),
    "ahead": ("by then", "plain"),
}
VERDICTS: dict[str, tuple[str, Tone]] = {
    "allow": ("may be used", "good"), "defer": ("has to wait", "warn"), "suppress": ("may not be used", "bad"),
}  # fmt: skip
ORDER_STATES: dict[str, tuple[str, Tone]] = {
    "proposed": ("proposed", "plain"),
    "issued": ("out with the field", "warn"),
    "done": ("done", "good"),
    "not_done": ("not done", "plain"),
    "recalled": ("called back", "plain"),
    "cancelled": ("cancelled", "plain"),
}
_REFUSED = (NoticeError, PolicyError, RuleError, SheetError, ValueError)


def card(visit: Visit, number: str) -> ResponseReturnValue:
    """The card, which the record's page asks for once it is shown: working it out takes longer than the page."""
    account = part_of(visit, number)
    with visit.office.database.read() as session:
        told, problem = _told(session, visit, account, None)
        return page(
            visit, "account_stage.html", account=account, told=told, problem=problem, here=back(visit, account),
            **_beside(session, visit, account),
        )  # fmt: skip


def why(visit: Visit, number: str) -> ResponseReturnValue:
    """The whole explanation, for today or for the day in the address."""
    account, on = opened(visit, number, "why"), None
    with visit.office.database.read() as session:
        try:
            on = day(visit.query.get("on", "").strip()[:20], "Day")
            told, problem = _told(session, visit, account, on)
        except SheetError as wrong:
            told, problem = None, str(wrong)
        return act_page(
            visit, session, account, "account_why.html", "Why", 422 if problem else 200, told=told, problem=problem,
            on=(on or visit.today).isoformat(), verdicts=VERDICTS, **_beside(session, visit, account),
        )  # fmt: skip


def _told(session: Session, visit: Visit, account: Account, on: date | None) -> tuple[Explanation | None, str]:
    """The explanation, or why there is none."""
    office = visit.office
    try:
        return explain(session, office.city, office.renderer.catalogue, account.id, visit.now, on), ""
    except _REFUSED as refused:
        return None, in_words(refused)


def _beside(session: Session, visit: Visit, account: Account) -> dict[str, Any]:
    """What the card says beside the steps: orders of the Service Department, and who gets copies."""
    orders = session.scalars(
        select(FieldOrder).where(FieldOrder.account_id == account.id).order_by(FieldOrder.id.desc()).limit(ORDERS_SHOWN)
    ).all()
    return {
        "orders": orders, "order_words": ORDERS, "order_states": ORDER_STATES, "standings": STANDINGS,
        "copies": copy_recipients.of(session, [account.id], visit.today).get(account.id, []), "in_words": in_words,
    }  # fmt: skip


ROUTES = (
    Route("/accounts/<number>/stage", card, Permission.SEE_ACCOUNTS),
    Route("/accounts/<number>/why", why, Permission.SEE_ACCOUNTS),
)

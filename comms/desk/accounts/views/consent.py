"""Consent per number and mailbox: what stands, every line behind it, and what the customer says now."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.accounts.consent import KINDS
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import consents
from comms.desk.accounts.views.acting import act_page, back, done, found, opened
from comms.desk.frame import formats, twice
from comms.desk.frame.twice import AgainError
from comms.outbox.consenting import Recorded, record_word

ACTS = ("consent.granted", "consent.revoked")
LEAST = 5
"""Letters that evidence has at least: "ok" does not stand up later."""
SAID = {"revoked": "They want no more of it", "granted": "They want it again"}


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """Every address of the account."""
    return _show(visit, opened(visit, number, "consent"))


def record(visit: Visit, number: str) -> ResponseReturnValue:
    """Write down what the holder of an address said; what may not leave any more is called back at once."""
    account, evidence = found(visit, number), visit.line("evidence", 500)
    address, channel = visit.form.get("address", "")[:320], visit.form.get("channel", "")
    category, action = visit.form.get("category", "all"), visit.form.get("action", "")
    with visit.office.database.read() as session:
        known = {one.value: one for one in consents.addresses(session, account.id)}
    one = known.get(address)
    if one is None or channel not in KINDS or channel not in {way.channel for way in one.ways}:
        return _show(visit, account, "This account does not have that address any more. Look at what it has now.")
    if category not in consents.CATEGORIES or action not in ("granted", "revoked"):
        return _show(visit, account, "Choose what is wanted, or not wanted.", address)
    if len(evidence) < LEAST:
        return _show(visit, account, "Say who said it, how and when; it has to stand up later.", address)

    def work(session: Session) -> Recorded:
        kept = record_word(
            session, visit.office.clock, channel=channel, address=address,
            action="granted" if action == "granted" else "revoked", evidence=evidence,
            by=visit.actor, category=category, account_id=account.id,
        )  # fmt: skip
        twice.refuse(session, account.id, ACTS, visit.actor, visit.now)
        facts = {"address": address, "channel": channel, "category": category}
        visit.note_down(session, f"consent.{action}", account_id=account.id, facts=facts)
        return kept

    asked = back(visit, account).partition("?")[2]
    onward = f"/accounts/{account.number}/consent" + (f"?{asked}" if asked else "")
    try:
        recorded = visit.office.database.run(work)
    except AgainError as again:
        return done(visit, account, str(again), onward)
    visit.office.doorbell.ring("housekeeping")
    wants = f"{'wants' if action == 'granted' else 'wants no'} {consents.WAYS[channel].lower()}"
    return done(visit, account, f"{one.shown}: {wants}.{_called_back(recorded)}", onward)


def _called_back(recorded: Recorded) -> str:
    """What it did to messages that had not left, in sentences; empty where there were none."""
    said = ""
    if recorded.recalled:
        said += f" {formats.count(len(recorded.recalled), 'message was', 'messages were')} called back."
    if recorded.too_late:
        said += f" {formats.count(len(recorded.too_late), 'is', 'are')} leaving already."
    return said


def _show(visit: Visit, account: Account, problem: str = "", address: str = "") -> ResponseReturnValue:
    typed = {name: visit.line(name, 500) for name in ("evidence", "channel", "category", "action")}
    with visit.office.database.read() as session:
        return act_page(
            visit, session, account, "account_consent.html", "Consent", 422 if problem else 200,
            addresses=consents.addresses(session, account.id), categories=consents.CATEGORIES, problem=problem,
            at_fault=address, typed=typed, said=SAID,
        )  # fmt: skip


ROUTES = (
    Route("/accounts/<number>/consent", show, Permission.SEE_ACCOUNTS),
    Route("/accounts/<number>/consent", record, Permission.WRITE_TO_CUSTOMERS, ("POST",)),
)

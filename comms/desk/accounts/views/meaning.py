"""What a reply means, said by a clerk: kept as a labelled example, by which the understanding is measured."""

from collections.abc import Sequence

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import meanings
from comms.desk.accounts.views.account import Written, render, task_of
from comms.replies import Instalment
from comms.replies.labels import Corrected, LabelError, correct, in_words
from comms.replies.schema import InboundMessage


def means(visit: Visit, inbound_id: int) -> ResponseReturnValue:
    """Keep the clerk's word and go back to the record; a form that cannot be taken is shown again with the reason."""
    intent, rows = meanings.typed(visit.form)
    with visit.office.database.read() as session:
        account = _account(session, inbound_id)
    try:
        parts = meanings.instalments(intent, rows)
        done = visit.office.database.run(lambda session: _keep(session, visit, account, inbound_id, intent, parts))
    except LabelError as wrong:
        with visit.office.database.read() as session:
            question = meanings.of_task(session, task_of(session, visit, account))
        if question is None or question.inbound_id != inbound_id:
            abort(409, f"{wrong} Open the reply again.")
        return render(visit, account, Written(), 422, meanings.with_problem(question, intent, rows, str(wrong)))
    if done.opted_out:
        visit.office.doorbell.ring("housekeeping")
    said = in_words(intent, [part.as_json() for part in parts])
    flash(f"Kept: this reply means {said}.{' Nothing more is sent to that address.' if done.opted_out else ''}")
    task = positive(visit.form.get("task", ""))
    return redirect(f"/accounts/{account.number}" + (f"?task={task}" if task else ""), 303)


def _account(session: Session, inbound_id: int) -> Account:
    inbound = session.get(InboundMessage, inbound_id)
    account = session.get(Account, inbound.account_id) if inbound and inbound.account_id is not None else None
    if account is None:
        abort(404, "There is no such reply of a customer.")
    return account


def _keep(
    session: Session, visit: Visit, account: Account, inbound_id: int, intent: str, parts: Sequence[Instalment]
) -> Corrected:
    done = correct(
        session, visit.office.city, visit.office.clock, inbound_id, intent=intent, instalments=parts,
        by=visit.actor, note=visit.form.get("note", "")[:500],
    )  # fmt: skip
    visit.note_down(session, "reply.labelled", account_id=account.id, facts={"reply": inbound_id, "intent": intent})
    return done


ROUTES = (Route("/replies/<int:inbound_id>/meaning", means, Permission.WORK_LISTS, ("POST",)),)

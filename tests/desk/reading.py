"""What a page says to who reads it, and what the office has kept of an account."""

import html
import re

from sqlalchemy import select

from comms.accounts import Account
from comms.promises.schema import Promise, PromisePart
from comms.worklist import Task

OLE = "0000911-01"


def seen(answer) -> str:
    """What a person reads on a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", answer.get_data(as_text=True))).split())


def account_id(office, number=OLE):
    with office.database.read() as session:
        return session.scalar(select(Account.id).where(Account.number == number))


def promised(office, number=OLE):
    """The promises of an account with their dated amounts, oldest first."""
    with office.database.read() as session:
        found = session.scalars(
            select(Promise).where(Promise.account_id == account_id(office, number)).order_by(Promise.id)
        ).all()
        parts = {
            one.id: session.execute(
                select(PromisePart.due_on, PromisePart.amount_cents)
                .where(PromisePart.promise_id == one.id)
                .order_by(PromisePart.seq)
            ).all()
            for one in found
        }
        session.expunge_all()
    return [(one, [(f"{day}", cents) for day, cents in parts[one.id]]) for one in found]


def task_of(office, reason: str) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.reason == reason)).one()

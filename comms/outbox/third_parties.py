"""Third parties that are to get copies of notices, and of whom nothing but the wish is on file.

The billing system marks an account ("a third party gets a copy") without saying who. Staff are asked once; the task
closes by itself when the recipient is written down, or the mark is taken off.
"""

from datetime import date

from sqlalchemy import ColumnElement, Text, cast, select
from sqlalchemy.orm import Session

from comms.accounts import copy_recipients
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.worklist import Task, open_task, resolve

MARK = "third_party_notice"
TASK = "third_party_address"


def ask_for_addresses(session: Session, city: City, clock: Clock, *, limit: int = 500) -> tuple[int, int]:
    """Open the tasks that are due, for accounts that owe something, and close those that are settled: how many."""
    now = clock.now()
    today = city.local_date(now)
    marked = _marked()
    told = select(Task.account_id).where(Task.kind == TASK, Task.state != "resolved", Task.account_id.is_not(None))
    owing = session.scalars(
        select(Account)
        .where(Account.past_due_cents > 0, marked, Account.in_latest_file, Account.id.not_in(told))
        .order_by(Account.id)
        .limit(limit)
    ).all()
    known = _with_third_party(session, [account.id for account in owing], today)
    opened = 0
    for account in owing:
        if account.id not in known:
            reason = (
                f"A third party is to get copies of the notices for account {account.number}, and nobody is on file. "
                f"Ask the customer who, and write it down: comms copies add {account.number}"
            )
            made = open_task(
                session, kind=TASK, dedupe_key=f"{TASK}:{account.id}", reason=reason, at=now, account_id=account.id
            )
            opened += made is not None
    return opened, _close(session, today, clock)


def _marked() -> ColumnElement[bool]:
    return cast(Account.flags, Text).contains(f'"{MARK}"')


def _with_third_party(session: Session, account_ids: list[int], today: date) -> set[int]:
    found = copy_recipients.of(session, account_ids, today)
    return {account_id for account_id, those in found.items() if any(one.kind == "third_party" for one in those)}


def _close(session: Session, today: date, clock: Clock) -> int:
    waiting = session.execute(
        select(Task.id, Account.id, Account.flags)
        .join(Account, Account.id == Task.account_id)
        .where(Task.kind == TASK, Task.state != "resolved")
    ).all()
    known = _with_third_party(session, [account_id for _, account_id, _ in waiting], today)
    settled = [task_id for task_id, account_id, flags in waiting if account_id in known or MARK not in flags]
    return sum(resolve(session, task_id, "system", "It is settled.", clock.now()) for task_id in settled)

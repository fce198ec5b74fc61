"""What the mail house and the post office say of letters: mailed on a day, not taken, come back.

A letter counts from the day the post office accepted it (postage statement, PS Form 3600), not from the hand-off to the
mail house (facts: Postal, mail-house file; cautions 2). This module takes that day in. Letters that come back are in
``returned_mail``; which addresses they make useless is answered here, for everybody who writes.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.accounts import touch
from comms.accounts.schema import Account
from comms.channels.mail_house.nixies import nixies
from comms.city import City
from comms.clock import Clock
from comms.db import one_of
from comms.history import NewEvent, record
from comms.history.schema import ContactEvent
from comms.worklist import Task, open_task, resolve

from .drafting import UnaddressableError, address_lines
from .recall import set_aside
from .schema import MailBatch, MailPiece, Message
from .states import State

CONFIRMED = "address.confirmed"
"""The event that says: this address is right, whatever came back from it before."""
PASSING_TWICE = 2
"""So many letters that could not be delivered for a passing reason make an address bad."""
EXPECTED_WITHIN = 3
"""Business days within which the mail house is expected to say when it mailed a batch. Office policy."""
ASK_DAY = "mail_day"


class MailAckError(ValueError):
    """What the mail house or the post office is said to have done cannot be; the message says what to do."""


@dataclass(frozen=True)
class Acked:
    """What an acknowledgement brought; ``repeat``: it was taken in before and nothing changed."""

    batch: str
    mailed_on: date
    mailed: int
    rejected: int
    repeat: bool = False


def returned_addresses(session: Session, account_ids: Collection[int]) -> set[int]:
    """Those of the accounts whose present mailing address is no good, because letters to it came back.

    An address that changes is a new one; an address that somebody confirmed is good for what is written after.
    """
    if not account_ids:
        return set()
    back = session.execute(
        select(Message.account_id, Message.recipient, Message.error_code, Message.created_at).where(
            Message.state == State.RETURNED, one_of(session, Message.account_id, sorted(set(account_ids)))
        )
    ).all()
    if not back:
        return set()
    concerned = sorted({row.account_id for row in back})
    confirmed = _confirmed(session, concerned)
    present = {
        account_id: block
        for account_id, mailing in session.execute(
            select(Account.id, Account.mailing_address).where(one_of(session, Account.id, concerned))
        )
        if (block := _block(mailing)) is not None
    }
    weight: dict[int, int] = defaultdict(int)
    for account_id, recipient, code, written in back:
        assert account_id is not None
        since = confirmed.get((account_id, recipient))
        if recipient == present.get(account_id) and (since is None or written > since):
            weight[account_id] += 1 if _is_passing(code) else PASSING_TWICE
    return {account_id for account_id, found in weight.items() if found >= PASSING_TWICE}


def acknowledge(
    session: Session, city: City, clock: Clock, name: str, mailed_on: date, *, by: str,
    rejected: Sequence[tuple[str, str]] = (), pieces: int | None = None, statement: str = "",
) -> Acked:  # fmt: skip
    """The post office accepted batch ``name`` on ``mailed_on``, but for the ``rejected`` pieces (id and reason).

    ``pieces`` is how many were mailed by the postage statement, and must agree; ``statement`` is its number, kept as
    proof. The same again changes nothing. Raises ``MailAckError``; then nothing has changed.
    """
    batch = _locked_batch(session, name)
    now = clock.now()
    _check_day(city, batch, mailed_on, now)
    rows = session.execute(
        select(
            Message.id, Message.account_id, Message.recipient, Message.state, Message.content_digest, MailPiece.piece_id
        )
        .join(MailPiece, MailPiece.message_id == Message.id)
        .where(MailPiece.batch_id == batch.id)
        .order_by(Message.id)
        .with_for_update(of=Message)
    ).all()
    refused = _rejected(rejected, {row.piece_id: row.state for row in rows}, batch.name)
    if batch.mailed_at is not None:
        return _again(city, batch, mailed_on, refused, {row.piece_id: row.state for row in rows})
    out = [row for row in rows if row.state == State.HANDED_OVER and row.piece_id in refused]
    left = [row for row in rows if row.state == State.HANDED_OVER and row.piece_id not in refused]
    gone = len(left) + sum(row.state == State.RETURNED for row in rows)
    if pieces is not None and pieces != gone:
        raise MailAckError(
            f"The statement says {pieces:,} pieces were mailed, and of {batch.name} it would be {gone:,}. Ask the mail "
            "house for the list of rejected pieces and give it with --file."
        )
    at = instant_of(city, mailed_on, now)
    _move(session, [row.id for row in left], State.MAILED, at, None)
    for row in out:
        _move(session, [row.id], State.FAILED, now, f"The mail house did not take it: {refused[row.piece_id]}")
    batch.state, batch.mailed_at = "mailed", at
    session.flush()
    facts = {"batch": batch.name, "mailed_on": mailed_on.isoformat(), "statement": statement or None}
    day = f"{mailed_on:%b} {mailed_on.day}, {mailed_on.year}"
    events = [_event(row, f"mailed on {day} (USPS acceptance)", "delivery.mailed", at, by, facts) for row in left]
    events += [
        _event(row, f"not mailed, the mail house did not take it: {refused[row.piece_id]}", "delivery.failed", now, by,
               {"batch": batch.name})
        for row in out
    ]  # fmt: skip
    record(session, events, now)
    return Acked(batch.name, mailed_on, len(left), len(out))


def take_back(session: Session, clock: Clock, name: str, *, by: str, because: str) -> list[int]:
    """An acknowledgement was a mistake: the letters of the batch wait for their mailing day again. Returns the account
    of each letter (an account with two letters twice)."""
    batch = _locked_batch(session, name)
    if batch.mailed_at is None or batch.handed_over_at is None:
        raise MailAckError(f"Batch {batch.name} is not acknowledged; there is nothing to take back.")
    back = session.execute(
        update(Message)
        .where(Message.batch_id == batch.id, Message.state == State.MAILED)
        .values(state=State.HANDED_OVER, state_at=batch.handed_over_at, final_at=None)
        .returning(Message.id, Message.account_id, Message.recipient, Message.content_digest)
        .execution_options(synchronize_session=False)
    ).all()
    batch.state, batch.mailed_at = "handed_over", None
    session.flush()
    words = f"was said to be mailed by mistake: {because}"
    now = clock.now()
    concerned = [row.account_id for row in back if row.account_id is not None]
    touch(session, concerned, now)
    set_aside(session, set(concerned), clock)
    record(session, [_event(row, words, "delivery.mailed_undone", now, by, {"batch": name}) for row in back], now)
    return concerned


def ask_for_days(session: Session, city: City, clock: Clock) -> int:
    """Ask staff for the mailing day of batches that have waited ``EXPECTED_WITHIN`` business days for it, once each,
    and take the tasks off the list whose day is known; how many were opened."""
    now = clock.now()
    today = city.local_date(now)
    opened = 0
    for one in batches(session, waiting=True, limit=500):
        assert one.handed_over_at is not None
        if city.add_business_days(city.local_date(one.handed_over_at), EXPECTED_WITHIN) < today:
            reason = (
                f"Batch {one.name} ({one.pieces:,} letters) went to the mail house on "
                f"{city.local_date(one.handed_over_at)}, and nobody has said when it was mailed. Its letters do not "
                f"count until then: comms mail ack {one.name} --mailed-on DATE"
            )
            made = open_task(
                session, kind=ASK_DAY, dedupe_key=f"{ASK_DAY}:{one.id}", reason=reason, at=now,
                subject_type="mail_batch", subject_id=one.id, priority=4,
            )  # fmt: skip
            opened += made is not None
    known = select(Task.id).join(MailBatch, MailBatch.id == Task.subject_id)
    settled = known.where(Task.kind == ASK_DAY, Task.state != "resolved", MailBatch.mailed_at.is_not(None))
    for task_id in session.scalars(settled).all():
        resolve(session, task_id, "system", "The mailing day is known.", now)
    return opened


def batches(session: Session, *, waiting: bool = False, limit: int = 50) -> list[MailBatch]:
    """Batches, newest first; with ``waiting`` those that the post office has not accepted as far as we know."""
    statement = select(MailBatch).where(MailBatch.pieces > 0).order_by(MailBatch.id.desc()).limit(limit)
    if waiting:
        statement = statement.where(MailBatch.state == "handed_over")
    return list(session.scalars(statement))


def instant_of(city: City, day: date, now: datetime) -> datetime:
    """A day as an instant: its noon in the city, or now where that is still to come."""
    return min(datetime.combine(day, time(12), city.zone), now)


def _confirmed(session: Session, account_ids: Collection[int]) -> dict[tuple[int, str], datetime]:
    """When somebody last confirmed an address, by account and address."""
    rows = session.execute(
        select(ContactEvent.account_id, ContactEvent.facts, ContactEvent.at)
        .where(ContactEvent.kind == CONFIRMED, one_of(session, ContactEvent.chain, sorted(account_ids)))
        .order_by(ContactEvent.id)
    )
    return {(account_id or 0, str(facts.get("address"))): at for account_id, facts, at in rows}


def _block(mailing: Mapping[str, Any]) -> str | None:
    try:
        return address_lines(mailing)
    except UnaddressableError:
        return None


def _is_passing(code: str | None) -> bool:
    known = nixies().get(code or "")
    return known is not None and known.kind == "passing"


def _locked_batch(session: Session, name: str) -> MailBatch:
    found = session.scalars(
        select(MailBatch).where(func.lower(MailBatch.name) == name.strip().lower()).with_for_update()
    ).one_or_none()
    if found is None:
        known = ", ".join(one.name for one in batches(session, waiting=True, limit=5)) or "none"
        raise MailAckError(f"No batch {name}. Batches that wait for their mailing day: {known}.")
    if found.handed_over_at is None:
        raise MailAckError(f"Batch {found.name} is not with the mail house yet. Look: comms mail list")
    return found


def _check_day(city: City, batch: MailBatch, mailed_on: date, now: datetime) -> None:
    today = city.local_date(now)
    if mailed_on > today:
        raise MailAckError(f"{mailed_on} is still to come. Give the day the post office accepted the letters.")
    assert batch.handed_over_at is not None
    if mailed_on < (handed := city.local_date(batch.handed_over_at)):
        raise MailAckError(
            f"Batch {batch.name} went to the mail house on {handed}, so it was not mailed on {mailed_on}. "
            "Look at the postage statement again."
        )


def _rejected(given: Sequence[tuple[str, str]], states: dict[str, str], batch: str) -> dict[str, str]:
    by_folded = {piece.casefold(): piece for piece in states}
    found: dict[str, str] = {}
    for piece, reason in given:
        known = by_folded.get(piece.strip().casefold())
        if known is None:
            raise MailAckError(
                f"{piece} is no piece of batch {batch}. Nothing was taken in: a piece that was not mailed must not "
                "count as mailed. Mend the list of rejected pieces and give it again."
            )
        found[known] = " ".join(reason.split()).rstrip(".") or "no reason given"
    return found


def _again(city: City, batch: MailBatch, mailed_on: date, refused: dict[str, str], states: dict[str, str]) -> Acked:
    assert batch.mailed_at is not None
    known = city.local_date(batch.mailed_at)
    late = [piece for piece in refused if states[piece] != State.FAILED]
    if known != mailed_on or late:
        raise MailAckError(
            f"Batch {batch.name} is acknowledged as mailed on {known}"
            + (f", {late[0]} with it" if late else "")
            + f". If that was a mistake: comms mail ack {batch.name} --undo, then acknowledge it again."
        )
    return Acked(batch.name, mailed_on, 0, 0, repeat=True)


def _move(session: Session, ids: Sequence[int], state: State, at: datetime, why: str | None) -> None:
    for start in range(0, len(ids), 500):
        session.execute(
            update(Message)
            .where(Message.id.in_(ids[start : start + 500]), Message.state == State.HANDED_OVER)
            .values(state=state, state_at=at, final_at=at, error_text=why)
            .execution_options(synchronize_session=False)
        )


def _event(row: object, words: str, kind: str, at: datetime, by: str, facts: dict[str, Any]) -> NewEvent:
    message_id, account_id, recipient, digest = (
        getattr(row, name) for name in ("id", "account_id", "recipient", "content_digest")
    )
    return NewEvent(
        account_id, at, kind, f"Letter to {recipient.replace(chr(10), ', ')} {words}", "out", "letter", by,
        subject_type="message", subject_id=message_id, facts=facts, content_digest=digest,
    )  # fmt: skip

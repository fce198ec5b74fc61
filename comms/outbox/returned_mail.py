"""Letters that come back: what was printed on them, and what follows.

- The letter is ``returned``, which undoes its step; one that the addressee refused stays ``mailed``, for it was
  delivered, and staff are told (facts: Postal, bad-address policy).
- No letter goes to that address any more (``mail_acks.returned_addresses``) until it changes in the billing system or
  somebody confirms it; what has not left is decided again.
- One task an account says what came back and how to ask for an address. It closes by itself once there is a good one.
- A letter returned as deceased places a hold for ``LOOK_WITHIN``: nobody writes to the dead, and a mark on an envelope
  is no proof, so that somebody looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.accounts import holds, touch
from comms.accounts.schema import Account, Hold
from comms.channels.mail_house import MailHouseError
from comms.channels.mail_house.nixies import Nixie, nixie, nixies
from comms.city import City
from comms.clock import Clock
from comms.history import NewEvent, record
from comms.worklist import Task, open_task, resolve

from .drafting import UnaddressableError, letter_address
from .mail_acks import CONFIRMED, MailAckError, instant_of, returned_addresses
from .recall import set_aside
from .schema import MailBatch, MailPiece, Message
from .states import State

TASK = "returned_mail"
NOTICE = "returned-mail-address-request"
LOOK_WITHIN = timedelta(days=14)
"""How soon somebody looks at an account whose letter came back as deceased. Office policy."""


@dataclass(frozen=True)
class CameBack:
    """One piece that came back: its id as printed above the address, the reason as printed or by its code, the day it
    reached the office (None: today), and a remark, such as an address on a yellow label."""

    piece: str
    reason: str
    on: date | None = None
    note: str = ""


@dataclass
class Returns:
    """What a list of returned pieces came to. ``refused`` are the places in the list with a sentence each."""

    taken: int = 0
    unchanged: int = 0
    account_ids: set[int] = field(default_factory=set)
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Piece:
    message: Message
    account: Account | None
    mailed_at: datetime | None
    name: str


def take_in(session: Session, city: City, clock: Clock, rows: Sequence[CameBack], *, by: str) -> Returns:
    """Write down the pieces that came back. The same list twice changes nothing; a row that cannot be is refused by
    itself."""
    now, done = clock.now(), Returns()
    found = _pieces(session, [row.piece for row in rows])
    events: list[NewEvent] = []
    for place, row in enumerate(rows):
        try:
            reason = nixie(row.reason)
            piece = _found(found, row.piece)
            fresh = _take(session, city, piece, reason, row, by, now)
        except (MailAckError, MailHouseError) as error:
            done.refused.append((place, str(error)))
            continue
        if not fresh:
            done.unchanged += 1
            continue
        done.taken += 1
        events += fresh
        if piece.account is not None:
            done.account_ids.add(piece.account.id)
    touch(session, done.account_ids, now)
    set_aside(session, done.account_ids, clock)
    record(session, events, now)
    return done


def take_back(session: Session, city: City, clock: Clock, piece_id: str, *, by: str, because: str) -> int | None:
    """A piece was written down as come back by mistake; returns the account's id. Raises ``MailAckError``."""
    now = clock.now()
    piece = _found(_pieces(session, [piece_id]), piece_id)
    message = piece.message
    if message.error_code not in nixies():
        raise MailAckError(f"Piece {piece.name} is not written down as returned; there is nothing to take back.")
    if message.state == State.RETURNED:
        message.state = State.MAILED if piece.mailed_at else State.HANDED_OVER
        message.state_at = piece.mailed_at or message.submitted_at or now
        message.final_at = piece.mailed_at
    message.error_code = message.error_text = None
    session.flush()
    events = [_event(message, piece.name, "delivery.return_undone", f"had not come back: {because}", by, now)]
    if piece.account is not None:
        events += _release_deceased(session, piece, by, now)
        touch(session, [piece.account.id], now)
        _close(session, [piece.account.id], by, "It was written down by mistake.", now)
    record(session, events, now)
    return piece.account.id if piece.account else None


def confirm_address(session: Session, clock: Clock, account: Account, *, by: str, because: str) -> str:
    """The mailing address on file is right, although letters came back from it: letters go there again. Returns the
    address in one line. Raises ``MailAckError`` where there is nothing to confirm."""
    now = clock.now()
    try:
        block = letter_address(account)
    except UnaddressableError as error:
        raise MailAckError(f"{error} Mend it in the billing system.") from None
    if account.id not in returned_addresses(session, [account.id]):
        raise MailAckError(f"No letter came back from the address of account {account.number}; letters go there.")
    line = block.replace("\n", ", ")
    touch(session, [account.id], now)
    said = f"The mailing address {line} is right: {because}"
    record(session, [NewEvent(account.id, now, CONFIRMED, said, actor=by, facts={"address": block})], now)
    _close(session, [account.id], by, "The address was confirmed.", now)
    return line


def close_settled(session: Session, clock: Clock) -> int:
    """Take the tasks off the list whose account has a good address by now; how many."""
    waiting = session.execute(
        select(Task.account_id).where(Task.kind == TASK, Task.state != "resolved", Task.account_id.is_not(None))
    ).scalars()
    accounts = {account_id for account_id in waiting if account_id is not None}
    good = sorted(accounts - returned_addresses(session, accounts) - _refused_lately(session, accounts))
    return _close(session, good, "system", "There is a new mailing address.", clock.now())


def _refused_lately(session: Session, account_ids: set[int]) -> set[int]:
    """Accounts whose task is about a letter that was refused: no new address settles that."""
    rows = session.execute(
        select(Task.account_id, Task.facts).where(
            Task.kind == TASK, Task.state != "resolved", Task.account_id.in_(sorted(account_ids))
        )
    )
    return {account_id for account_id, facts in rows if account_id and facts.get("code") == "REF"}


def _pieces(session: Session, names: Sequence[str]) -> dict[str, _Piece]:
    wanted = sorted({name.strip().lower() for name in names})
    found: dict[str, _Piece] = {}
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(Message, Account, MailBatch.mailed_at, MailPiece.piece_id)
            .join(MailPiece, MailPiece.message_id == Message.id)
            .join(MailBatch, MailBatch.id == MailPiece.batch_id)
            .outerjoin(Account, Account.id == Message.account_id)
            .where(MailPiece.piece_id.in_(wanted[start : start + 500]))
            .order_by(Message.id)
            .with_for_update(of=Message)
        )
        for message, account, mailed_at, name in rows:
            found[name.lower()] = _Piece(message, account, mailed_at, name)
    return found


def _found(found: dict[str, _Piece], given: str) -> _Piece:
    piece = found.get(given.strip().lower())
    if piece is None:
        raise MailAckError(
            f"No piece {given.strip() or 'without a number'}. Give the number above the address, such as "
            "duluth-mn-20261124-01-00003."
        )
    return piece


def _take(
    session: Session, city: City, piece: _Piece, reason: Nixie, row: CameBack, by: str, now: datetime
) -> list[NewEvent]:
    """One piece; no events when it is known."""
    message = piece.message
    if message.error_code in nixies():
        if message.error_code == reason.code:
            return []
        raise MailAckError(
            f"Piece {piece.name} is written down as come back: {nixies()[message.error_code].words}. If that is wrong: "
            f"comms mail returned {piece.name} --undo"
        )
    if message.state not in (State.HANDED_OVER, State.MAILED):
        raise MailAckError(f"Piece {piece.name} never left; its letter is {message.state.replace('_', ' ')}.")
    _check_day(city, piece, row.on, now)
    message.error_code, message.error_text = reason.code, f"Returned by the post office: {reason.words}"
    if reason.kind != "refused":
        message.state = State.RETURNED
        message.state_at = message.final_at = instant_of(city, row.on or city.local_date(now), now)
    session.flush()
    kind, said = ("mail.refused", "was refused") if reason.kind == "refused" else ("delivery.returned", "came back")
    words = f"{said}: {reason.words}" + (f" ({row.note.strip()})" if row.note.strip() else "")
    facts = {"code": reason.code, "confidence": reason.confidence, "on": row.on.isoformat() if row.on else None}
    events = [_event(message, piece.name, kind, words, by, now, facts)]
    if piece.account is not None:
        if reason.kind == "deceased" and message.copy_of_id is None:
            events.append(_hold_deceased(session, city, piece, by, now))
        _tell_staff(session, piece, piece.account, reason, row.note.strip(), now)
    return events


def _check_day(city: City, piece: _Piece, on: date | None, now: datetime) -> None:
    if on is None:
        return
    left = piece.mailed_at or piece.message.submitted_at
    if on > city.local_date(now):
        raise MailAckError(f"{on} is still to come. Give the day the letter came back, or leave it out for today.")
    if left is not None and on < city.local_date(left):
        raise MailAckError(f"Piece {piece.name} left on {city.local_date(left)}; it did not come back on {on}.")


def _hold_deceased(session: Session, city: City, piece: _Piece, by: str, now: datetime) -> NewEvent:
    assert piece.account is not None
    today = city.local_date(now)
    note = f"A letter came back marked deceased ({piece.name}); to be looked at"
    hold_id = holds.place(
        session, piece.account.id, "deceased", today, None, note, _source(piece), now, review_on=today + LOOK_WITHIN
    )
    return NewEvent(
        piece.account.id, now, "hold.placed", f"Hold placed: {note}", actor=by, subject_type="hold",
        subject_id=hold_id, facts={"kind": "deceased", "source": _source(piece)},
    )  # fmt: skip


def _release_deceased(session: Session, piece: _Piece, by: str, now: datetime) -> list[NewEvent]:
    assert piece.account is not None
    ended = session.scalars(
        update(Hold)
        .where(Hold.account_id == piece.account.id, Hold.source == _source(piece), Hold.released_at.is_(None))
        .values(released_at=now, released_by=by)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    ).all()
    said = f"Hold released: piece {piece.name} had not come back"
    return [
        NewEvent(piece.account.id, now, "hold.released", said, actor=by, subject_type="hold", subject_id=hold_id)
        for hold_id in ended
    ]


def _source(piece: _Piece) -> str:
    return f"mail:{piece.name}"


def _tell_staff(session: Session, piece: _Piece, account: Account, reason: Nixie, note: str, now: datetime) -> None:
    notice = piece.message.notice.replace("-", " ").capitalize()
    where = piece.message.recipient.replace("\n", ", ")
    if piece.message.copy_of_id is not None:
        told = (
            f"The copy of {notice.lower()} for {piece.message.recipient_name} at {where} came back: {reason.words}. "
            f"Ask for their address: comms copies list {account.number}"
        )
    elif reason.kind == "refused":
        told = f"{notice} to {where} was refused by the addressee. It counts as delivered; see whether to call."
    elif _changed(account, piece.message.recipient):
        return
    else:
        told = (
            f"{notice} to {where} came back: {reason.words}. "
            + (f"On it stands: {note}. " if note else "")
            + ("Find out whether the customer has died, and who acts for the estate. " if _dead(reason) else "")
            + "Letters that need an address wait. Put a new one into the billing system; to ask for it: "
            f"comms send {account.number} {NOTICE}. If the address is right: comms mail confirm {account.number}"
        )
    copy = ":copy" if piece.message.copy_of_id is not None else ""
    open_task(
        session, kind=TASK, dedupe_key=f"{TASK}:{account.id}{copy}", reason=told, at=now, account_id=account.id,
        subject_type="message", subject_id=piece.message.id, priority=3 if _dead(reason) else 4,
        facts={"code": reason.code, "piece": piece.name},
    )  # fmt: skip


def _changed(account: Account, recipient: str) -> bool:
    """The address has changed since; nobody need look for one."""
    try:
        return letter_address(account) != recipient
    except UnaddressableError:
        return False


def _dead(reason: Nixie) -> bool:
    return reason.kind == "deceased"


def _close(session: Session, account_ids: Sequence[int], by: str, why: str, now: datetime) -> int:
    keys = [f"{TASK}:{account_id}" for account_id in account_ids]
    if not keys:
        return 0
    tasks = session.scalars(select(Task.id).where(Task.dedupe_key.in_(keys), Task.state != "resolved")).all()
    return sum(resolve(session, task_id, by, why, now) for task_id in tasks)


def _event(
    message: Message, piece: str, kind: str, words: str, by: str, at: datetime, facts: dict[str, Any] | None = None
) -> NewEvent:
    where = message.recipient.replace("\n", ", ")
    return NewEvent(
        message.account_id, at, kind, f"Letter to {where} {words}", "out", "letter", by, subject_type="message",
        subject_id=message.id, facts={"piece": piece, **(facts or {})}, content_digest=message.content_digest,
    )  # fmt: skip

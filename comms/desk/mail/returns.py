"""Letters that come back, as the desk reads them: what a scan brought, what was scanned today, and all that came back.

The returns themselves are of the outbox (``outbox.returned_mail``); here is what the pages say of them.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from comms.accounts import Account, finding
from comms.campaigns import Decision
from comms.channels.mail_house.nixies import Nixie, nixies
from comms.city import City
from comms.desk.campaigns import run_words
from comms.history.schema import ContactEvent
from comms.outbox import Message, State, returned_addresses
from comms.outbox.schema import MailBatch, MailPiece

BACK = ("delivery.returned", "mail.refused")
"""The events that say: a letter came back."""
UNDONE = "delivery.return_undone"
SHOWN = 30
"""Lines of the running list under the scanner."""
COUNTED = 500
PER_PAGE = 50
CANDIDATES = 40
"""Letters that are offered when the number on a piece cannot be read."""
Read = tuple[ContactEvent, Message, Account | None]
"""An event of a letter that came back, its letter, and whose it is."""
_SHORT = re.compile(r"(?:.*-)?(\d{8})-(\d{1,2})-(\d{1,5})")
_SCANNERS_OWN = re.compile(r"^\][a-z]\w(?=.)|[\x00-\x1f\x7f\s]|^\*|\*$", re.IGNORECASE)
"""What a scanner may put around what it reads: the name of the symbology (``]C0``: ISO/IEC 15424), control characters
such as STX, GS and CR, the stars of Code 39."""
_COUPON = re.compile(r"\d{28}")
"""The line of digits of the stub (``letter_content.scanline``)."""


@dataclass(frozen=True)
class Letter:
    """One piece: the letter, whose it is, its batch."""

    piece: str
    message: Message
    account: Account | None
    batch: MailBatch

    @property
    def where(self) -> str:
        return self.message.recipient.replace("\n", ", ")

    @property
    def nixie(self) -> Nixie | None:
        """Why it came back, as far as it did."""
        return nixies().get(self.message.error_code or "")


@dataclass(frozen=True)
class Return:
    """A letter that was written down as come back. ``stands``: it was not taken back since. ``closed``: no letter goes
    to the account's present address."""

    event: ContactEvent
    message: Message
    account: Account | None
    stands: bool
    closed: bool

    @property
    def piece(self) -> str:
        return str(self.event.facts.get("piece", ""))

    @property
    def reason(self) -> str:
        known = nixies().get(str(self.event.facts.get("code")))
        return known.words if known else "no reason given"

    @property
    def where(self) -> str:
        return self.message.recipient.replace("\n", ", ")


@dataclass(frozen=True)
class Today:
    """What one person scanned today, newest first; ``number`` of those that stand is counted up to ``COUNTED``."""

    lines: list[Return]
    number: int


def full_number(city: City, typed: str) -> str:
    """The number of a piece as it is stored, from a scan or from what was typed: without blanks and what the scanner
    adds, with the city, which the bars leave out, and the zeros that people leave out (``20261124-1-3``)."""
    bare = _SCANNERS_OWN.sub("", typed.strip()).casefold()
    short = _SHORT.fullmatch(bare)
    return f"{city.slug}-{short[1]}-{int(short[2]):02d}-{int(short[3]):05d}" if short else bare


def another_code(scanned: str) -> str:
    """What was scanned instead of a piece's number, where it is another of the codes on a letter; else empty."""
    if _COUPON.fullmatch(scanned):
        return "That is the bar code of the payment coupon"
    if scanned.startswith(("https:", "http:")):
        return "That is the code to pay with"
    return ""


def letter(session: Session, piece: str) -> Letter | None:
    """The letter with this number."""
    row = session.execute(_letters().where(MailPiece.piece_id == piece)).one_or_none()
    return _letter(row) if row else None


def candidates(session: Session, asked: str) -> list[Letter]:
    """Letters to the accounts that answer to ``asked``, the newest first: for a piece whose number cannot be read."""
    accounts = [account.id for account in finding.find(session, asked, limit=10)]
    if not accounts:
        return []
    out = _letters().where(
        Message.account_id.in_(accounts), Message.channel == "letter",
        Message.state.in_((State.HANDED_OVER, State.MAILED, State.RETURNED)),
    )  # fmt: skip
    return [_letter(row) for row in session.execute(out.order_by(Message.created_at.desc()).limit(CANDIDATES))]


def consequences(session: Session, found: Letter, reason: Nixie) -> list[str]:
    """What follows from a letter that came back, in sentences."""
    message, account = found.message, found.account
    if message.copy_of_id is not None:
        return ["It was a copy for a third party. A matter asks for their address."]
    if reason.kind == "refused":
        return ["It was delivered and counts. A matter asks somebody to see whether to call."]
    said = [_step(session, message)]
    if account is None:
        return said
    if account.id in returned_addresses(session, [account.id]):
        said.append("No letter is printed to this address until it changes in the billing system or is confirmed.")
    elif reason.kind == "passing":
        said.append("Letters still go there; the second one that comes back like this closes the address.")
    else:
        said.append("The account has another address by now, and letters go there.")
    if reason.kind == "deceased":
        said.append("A hold for a deceased customer is placed. Find out who acts for the estate.")
    return said


def first_taken(session: Session, message_id: int) -> ContactEvent | None:
    """The event by which a letter was last written down as come back."""
    asked = select(ContactEvent).where(ContactEvent.subject_id == message_id, ContactEvent.kind.in_(BACK))
    return session.scalars(asked.order_by(ContactEvent.id.desc()).limit(1)).first()


def today(session: Session, city: City, now: datetime, username: str) -> Today:
    """What somebody scanned since midnight."""
    midnight = datetime.combine(city.local_date(now), time(), city.zone)
    rows = _page(session, None, COUNTED, since=midnight, actor=f"user:{username}")
    lines = _returns(session, rows)
    return Today(lines[:SHOWN], sum(line.stands for line in lines))


def page(session: Session, after: str) -> list[Return]:
    """Letters that came back, the newest first, one more than ``PER_PAGE`` when there are; ``after`` is the ``key`` of
    the last one seen."""
    return _returns(session, _page(session, _cursor(after), PER_PAGE + 1))


def every(session: Session) -> Iterator[Return]:
    """Every letter that came back, read page by page."""
    before: tuple[datetime, int] | None = None
    while rows := _page(session, before, COUNTED):
        yield from _returns(session, rows)
        before = (rows[-1][0].at, rows[-1][0].id)
        session.expunge_all()


def key(line: Return) -> str:
    """The cursor of a line."""
    return f"{line.event.at.timestamp()}_{line.event.id}"


def at_address(session: Session, account: Account) -> list[Letter]:
    """Letters to an account that came back, the newest first."""
    back = _letters().where(Message.account_id == account.id, Message.state == State.RETURNED)
    return [_letter(row) for row in session.execute(back.order_by(Message.state_at.desc()).limit(PER_PAGE))]


def _step(session: Session, message: Message) -> str:
    decision = session.get(Decision, message.decision_id) if message.decision_id else None
    if decision is None or not decision.step:
        return "The letter counts as not delivered."
    step = run_words.step(decision.step)
    return f"The letter counts as not delivered, and so does its step ({step}); the next night decides it anew."


def _letters() -> Select[str, Message, Account | None, MailBatch]:
    return (
        select(MailPiece.piece_id, Message, Account, MailBatch)
        .join(Message, Message.id == MailPiece.message_id)
        .join(MailBatch, MailBatch.id == MailPiece.batch_id)
        .outerjoin(Account, Account.id == Message.account_id)
    )


def _letter(row: Row[str, Message, Account | None, MailBatch]) -> Letter:
    return Letter(*row)


def _page(
    session: Session, before: tuple[datetime, int] | None, most: int, *, since: datetime | None = None, actor: str = ""
) -> list[Read]:
    """Events of letters that came back, newest first. Each kind is asked for by itself, in the order of its index."""
    found: list[Read] = []
    for kind in BACK:
        asked = (
            select(ContactEvent, Message, Account)
            .join(Message, Message.id == ContactEvent.subject_id)
            .outerjoin(Account, Account.id == ContactEvent.account_id)
            .where(ContactEvent.kind == kind, ContactEvent.subject_type == "message")
        )
        if since is not None:
            asked = asked.where(ContactEvent.at >= since)
        if actor:
            asked = asked.where(ContactEvent.actor == actor)
        if before is not None:
            at, last = before
            asked = asked.where(
                ContactEvent.at <= at, (ContactEvent.at < at) | ((ContactEvent.at == at) & (ContactEvent.id < last))
            )
        rows = session.execute(asked.order_by(ContactEvent.at.desc(), ContactEvent.id.desc()).limit(most))
        found += [(event, message, account) for event, message, account in rows]
    return sorted(found, key=lambda row: (row[0].at, row[0].id), reverse=True)[:most]


def _returns(session: Session, rows: Sequence[Read]) -> list[Return]:
    closed = returned_addresses(session, {account.id for _, _, account in rows if account is not None})
    latest = _last_words(session, {message.id for _, message, _ in rows})
    return [
        Return(
            event, message, account, stands=latest.get(message.id) == event.id,
            closed=account is not None and account.id in closed,
        )
        for event, message, account in rows
    ]  # fmt: skip


def _last_words(session: Session, message_ids: Collection[int]) -> dict[int, int]:
    """The last event of each letter that says whether it came back."""
    ids = sorted(message_ids)
    latest: dict[int, int] = {}
    for start in range(0, len(ids), 500):
        rows = session.execute(
            select(ContactEvent.subject_id, ContactEvent.id).where(
                ContactEvent.subject_id.in_(ids[start : start + 500]), ContactEvent.subject_type == "message",
                ContactEvent.kind.in_((*BACK, UNDONE)),
            ).order_by(ContactEvent.id)
        )  # fmt: skip
        latest |= {subject: event for subject, event in rows if subject is not None}
    return latest


def _cursor(after: str) -> tuple[datetime, int] | None:
    at, _, last = after.partition("_")
    try:
        return datetime.fromtimestamp(float(at), tz=UTC), int(last)
    except (ValueError, OverflowError, OSError):
        return None

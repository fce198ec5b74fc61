"""Understanding what was kept: in a worker, in order, once, and as often as it takes.

1. Replies first, one transaction each, oldest first: the message is kept in the replies' room, then handled. A handling
   that fails is undone alone; the message stays kept.
2. Then receipts and events, hundreds to a transaction: folded into the messages, with what they say of addresses.
   When a transaction fails, its rows are taken one by one, so that one bad row stops nobody.
3. A row that fails is tried again in later runs, ``MOST_TRIES`` times in all, and then becomes a task.

Rows are claimed with ``SKIP LOCKED`` (receipts fold the same in any order) or waited for (replies must keep theirs), so
any number may run at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from comms import outbox, replies
from comms.accounts import consent, contacts
from comms.history import NewEvent, record
from comms.history.schema import WebhookEvent
from comms.replies import Inbound
from comms.replies.intake import storable
from comms.replies.schema import InboundMessage
from comms.worklist import open_task

from . import sendgrid, twilio
from .contract import Office
from .reading import AddressNews, Reading

log = structlog.get_logger(__name__)

MOST_TRIES = 5
AT_ONCE = 500
REPLIES = ("sms.inbound", "email.inbound")
RECEIPTS = ("sms.status", "email.event")


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of ``webhook_event``; ``at`` is when it happened, as well as is known."""

    id: int
    provider: str
    kind: str
    event_key: str
    token: str | None
    body: str
    received_at: datetime
    at: datetime
    tries: int


@dataclass
class _Learned:
    """What a transaction's rows came to."""

    marks: list[dict[str, Any]] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)


def understand(office: Office, limit: int = 500) -> int:
    """Understand up to ``limit`` new rows, replies first; how many came to an end (``limit``: more may wait)."""
    done = _take_replies(office, limit)
    return done + _take_receipts(office, limit - done)


def _take_receipts(office: Office, limit: int) -> int:
    done, after = 0, 0
    while done < limit:
        taken: list[int] = []

        def work(session: Session, after: int = after, taken: list[int] = taken, left: int = limit - done) -> int:
            rows = _claim(session, RECEIPTS, after, min(AT_ONCE, left))
            taken[:] = [row.id for row in rows]
            return _learn(session, office, rows)

        try:
            done += office.database.run(work)
        except Exception as error:  # one row's trouble must not be everybody's
            _must_answer(office, error)
            done += sum(_alone(office, row_id) for row_id in taken)
        if not taken:
            break
        after = taken[-1]
    return done


def _alone(office: Office, row_id: int) -> int:
    try:
        return office.database.run(lambda session: _learn(session, office, _claim(session, RECEIPTS, row_id - 1, 1)))
    except Exception as error:
        _must_answer(office, error)
        if isinstance(error, OperationalError):  # a conflict that outlasted every retry: the next run takes it
            return 0
        why = error
        office.database.run(lambda session: _failed(session, office, row_id, why))
        return 0


def _must_answer(office: Office, error: Exception) -> None:
    """A database that is away is nobody's fault: stop, and change nothing."""
    if isinstance(error, DBAPIError) and not office.database.answers():
        raise error


def _claim(session: Session, kinds: Sequence[str], after: int, limit: int, *, wait: bool = False) -> list[Kept]:
    table = WebhookEvent.__table__
    statement = (
        select(table)
        .where(table.c.state == "new", table.c.kind.in_(kinds), table.c.id > after)
        .order_by(table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=not wait)
    )
    return [_kept(row) for row in session.execute(statement).mappings()]


def _kept(row: Any) -> Kept:
    happened = row["headers"].get("happened_at")
    return Kept(
        id=row["id"],
        provider=row["provider"],
        kind=row["kind"],
        event_key=row["event_key"],
        token=row["token"],
        body=row["body"],
        received_at=row["received_at"],
        at=datetime.fromisoformat(happened) if happened else row["received_at"],
        tries=row["tries"],
    )


def _learn(session: Session, office: Office, rows: Sequence[Kept]) -> int:
    """Fold the rows' receipts, note what they say of addresses, and mark the rows."""
    if not rows:
        return 0
    now = office.clock.now()
    readings = {row.id: _read(row, office.settings.secret) for row in rows}
    receipts = [reading.receipt for reading in readings.values() if reading.receipt]
    folded, events = outbox.fold_quietly(session, receipts)
    lost = {receipt.webhook_event_id for receipt in folded.unmatched}
    learned = _Learned(events=events)
    for row in rows:
        reading = readings[row.id]
        why = reading.unmatched or (_nobodys(row) if row.id in lost else None)
        if why:
            _show_staff(session, row.id, why, row.at)
        if reading.halt:
            _sound_alarm(session, row, reading.halt)
        if reading.address and not _old_news(session, reading.address, now):
            learned.events += note_address(session, reading.address, row.at, now)
        learned.marks.append(_mark(row.id, "unmatched" if why else "understood", why or reading.note, now))
    record(session, learned.events, now)
    session.connection().execute(_MARK, learned.marks)
    return len(rows)


def _read(row: Kept, secret: bytes) -> Reading:
    if row.kind == "sms.status":
        return twilio.read_status(row.body, row.token, secret, row.id, row.at)
    return sendgrid.read_event(row.body, secret, row.id, row.received_at)


def _nobodys(row: Kept) -> str:
    return f"{row.provider.title()} reported on a message this service did not send: {row.event_key}."


def _mark(row_id: int, state: str, outcome: str, now: datetime) -> dict[str, Any]:
    return {"at_id": row_id, "to_state": state, "to_outcome": outcome[:300], "to_at": now}


_MARK = (
    update(WebhookEvent)
    .where(WebhookEvent.id == bindparam("at_id"))
    .values(state=bindparam("to_state"), outcome=bindparam("to_outcome"), understood_at=bindparam("to_at"))
)


def _show_staff(session: Session, row_id: int, reason: str, at: datetime, priority: int = 7) -> None:
    open_task(
        session,
        kind="unmatched_event",
        dedupe_key=f"webhook_event:{row_id}",
        reason=reason,
        at=at,
        subject_type="webhook_event",
        subject_id=row_id,
        priority=priority,
    )


def _sound_alarm(session: Session, row: Kept, reason: str) -> None:
    key = f"carrier_halted:{row.provider}:{reason.partition(':')[0]}"
    open_task(session, kind="carrier_halted", dedupe_key=key, reason=reason, at=row.at, priority=1)


def _old_news(session: Session, news: AddressNews, now: datetime) -> bool:
    """Whether the carrier refuses a number only because it has not been told yet that its holder wants texts again."""
    return news.status == "opted_out" and news.channel == "sms" and consent.carrier_lags(session, news.address, now)


def note_address(session: Session, news: AddressNews, at: datetime, now: datetime) -> list[NewEvent]:
    """Keep what a carrier says of an address; the events for the history of each account that has it."""
    if news.status == "opted_out":
        if consent.blocked(session, news.channel, [news.address]):
            return []
        accounts: Sequence[int | None] = consent.record(
            session, channel=news.channel, address=news.address, action="revoked", source="carrier",
            evidence=f"{news.why}: {news.evidence}", at=at,
        ) or [None]  # fmt: skip
        kind, words = "consent.revoked", f"{news.address} has opted out, the carrier says ({news.why})"
    else:
        point = "phone" if news.channel == "sms" else "email"
        accounts = contacts.mark(session, point, news.address, news.status, f"{news.why}: {news.evidence}"[:300], now)
        kind, words = "contact.unusable", f"{news.address} is not written to any more: {news.status} ({news.why})"
    return [NewEvent(account, at, kind, words, channel=news.channel, actor="carrier") for account in accounts]


def _take_replies(office: Office, limit: int) -> int:
    done, after = 0, 0
    for _ in range(limit):
        lanes: set[str] = set()

        def work(session: Session, after: int = after, lanes: set[str] = lanes) -> tuple[int, bool] | None:
            lanes.clear()
            rows = _claim(session, REPLIES, after, 1, wait=True)
            return (rows[0].id, _reply(session, office, rows[0], lanes)) if rows else None

        taken = office.database.run(work)
        if taken is None:
            if not _more(office, after):
                break
            continue
        after, ended = taken
        done += ended
        for lane in sorted(lanes):
            office.doorbell.ring(lane)
    return done


def _more(office: Office, after: int) -> bool:
    """Whether replies wait: one that another worker held while we asked looks like none."""
    statement = select(WebhookEvent.id).where(
        WebhookEvent.state == "new", WebhookEvent.kind.in_(REPLIES), WebhookEvent.id > after
    )
    with office.database.read() as session:
        return session.scalar(statement.limit(1)) is not None


def _reply(session: Session, office: Office, row: Kept, lanes: set[str]) -> bool:
    """Keep one reply and handle it. When handling fails, the reply stays kept and the row is tried again."""
    try:
        with session.begin_nested():
            inbound = _inbound(row)
            if inbound is None:
                outcome = "written by a machine; nothing to answer"
            else:
                inbound_id = _receive(session, office, inbound, row.event_key)
                outcome = f"reply {inbound_id}"
    except Exception as error:
        _raise_if_transient(error)
        _failed(session, office, row.id, error)
        return False
    if inbound is not None:
        try:
            with session.begin_nested():
                handled = replies.handle(
                    session, inbound_id, city=office.city, clock=office.clock, renderer=office.renderer,
                    settings=office.settings,
                )  # fmt: skip
                lanes.update(handled.lanes)
        except Exception as error:
            _raise_if_transient(error)
            _protect(session, inbound, office.clock.now())
            _failed(session, office, row.id, error)
            return False
    session.connection().execute(_MARK, [_mark(row.id, "understood", outcome, office.clock.now())])
    return True


def _inbound(row: Kept) -> Inbound | None:
    if row.kind == "sms.inbound":
        return twilio.read_inbound(row.body, row.id, row.at)
    return sendgrid.read_mail(row.body, row.event_key, row.id, row.at)


def _receive(session: Session, office: Office, inbound: Inbound, event_key: str) -> int:
    """Keep the reply: its id, also when it was kept before. Some mailers give every mail the same Message-ID: a mail
    with the id of another one and other words is kept under the key of its post."""
    kept = replies.receive(session, inbound, office.clock)
    if kept is not None:
        return kept
    known = session.execute(
        select(InboundMessage.id, InboundMessage.sender, InboundMessage.text).where(
            InboundMessage.channel == inbound.channel, InboundMessage.provider_id == inbound.provider_id
        )
    ).one()
    same = known.sender == inbound.sender.strip().lower() and known.text == (storable(inbound.text) or "")
    if inbound.channel == "email" and not same and inbound.provider_id != event_key:
        return _receive(session, office, replace(inbound, provider_id=event_key), event_key)
    found: int = known.id
    return found


def _protect(session: Session, inbound: Inbound, now: datetime) -> None:
    """An opt-out that the carrier has already named is kept at once, whatever else went wrong with the reply."""
    if (inbound.carrier_opt_out or "").upper() == "STOP":
        news = AddressNews(inbound.channel, inbound.sender, "opted_out", "Twilio STOP", inbound.provider_id)
        record(session, note_address(session, news, inbound.received_at, now), now)


def _raise_if_transient(error: Exception) -> None:
    """The database asks for the whole transaction again, or is away: that is not the row's fault."""
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        raise error


def _failed(session: Session, office: Office, row_id: int, error: Exception) -> None:
    """Count a try; the last one makes it a task."""
    tries = session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.id == row_id)
        .values(tries=WebhookEvent.tries + 1, outcome=f"{type(error).__name__}: {error}"[:300])
        .returning(WebhookEvent.tries)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    log.error("webhook.not_understood", row=row_id, tries=tries, error=type(error).__name__)
    if tries >= MOST_TRIES:
        session.execute(update(WebhookEvent).where(WebhookEvent.id == row_id).values(state="failed"))
        reason = (
            "A carrier's post could not be understood; what it says is kept with it. Tell whoever runs this service."
        )
        _show_staff(session, row_id, reason, office.clock.now(), priority=3)

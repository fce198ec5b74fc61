"""Asking Twilio for what its posts did not bring.

Twilio gives up on a post after a few tries (by default one repetition, within seconds), so an hour in which this
service was away loses texts from customers. A reconciliation lists Twilio's messages and keeps what is missing exactly
as a post would have been kept, under the same key; understanding it is the usual way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.channels import CannotAsk
from comms.channels.sms_twilio import TwilioList
from comms.channels.statuses import twilio_status
from comms.db import upsert
from comms.history.schema import WebhookEvent
from comms.outbox import Message

from .contract import Office, Post
from .twilio import status_key

log = structlog.get_logger(__name__)

SILENT = timedelta(hours=1)
"""A text without a receipt for this long is asked about (design: dispatch, the sweep)."""
ASK_AGAIN = timedelta(hours=6)
MOST_ASKED = 200
AT_ONCE = 500


@dataclass(frozen=True)
class Reconciled:
    """What was found. ``complete`` is false when Twilio stopped answering half-way."""

    looked_at: int
    replies_taken: int
    statuses_taken: int
    asked: int
    complete: bool


def reconcile(office: Office, since: datetime) -> Reconciled:
    """List Twilio's messages since ``since`` and keep what is missing; ask about texts that had no receipt."""
    listed, asked, complete = 0, 0, True
    taken = {"sms.inbound": 0, "sms.status": 0}
    twilio = TwilioList(office.settings)
    try:
        batch: list[Any] = []
        for message in twilio.since(since):
            listed += 1
            batch.append(message)
            if len(batch) == AT_ONCE:
                _keep(office, batch, taken)
                batch = []
        _keep(office, batch, taken)
        for sid in _silent(office):
            if (message := twilio.one(sid)) is not None:
                _keep(office, [message], taken)
            asked += 1
    except CannotAsk as error:
        log.warning("reconcile.cut_short", error=str(error))
        complete = False
    finally:
        twilio.close()
    return Reconciled(listed, taken["sms.inbound"], taken["sms.status"], asked, complete)


def _keep(office: Office, messages: Iterable[Any], taken: dict[str, int]) -> None:
    """Keep the posts that these messages would have made and that are not there yet."""
    found = list(messages)

    def work(session: Session) -> list[str]:
        ours = _known(session, {message.sid for message in found})
        posts: dict[str, tuple[Post, Any]] = {}
        for message in found:
            if (post := _post(office, message, message.sid in ours)) is not None:
                posts[post.event_key] = (post, message)
        present = set(
            session.scalars(
                select(WebhookEvent.event_key).where(
                    WebhookEvent.provider == "twilio", WebhookEvent.event_key.in_(sorted(posts))
                )
            )
        )
        missing = [(post, message) for key, (post, message) in posts.items() if key not in present]
        now = office.clock.now()
        upsert(session, WebhookEvent, [_row(post, message, now) for post, message in missing], key=_KEY)
        return [post.kind for post, _ in missing]

    kinds = office.database.run(work) if found else []
    for kind in kinds:
        taken[kind] += 1
    if kinds:
        office.doorbell.ring("housekeeping")


_KEY = ("provider", "event_key")


def _known(session: Session, sids: set[str]) -> set[str]:
    return {
        sid for sid in session.scalars(select(Message.carrier_id).where(Message.carrier_id.in_(sorted(sids)))) if sid
    }


def _post(office: Office, message: Any, ours: bool) -> Post | None:
    """The post that Twilio would have made. Other services may share the account: only what is ours is taken."""
    if str(message.direction) == "inbound":
        return _inbound_post(message) if _to_us(office, message) else None
    code = None if message.error_code is None else str(message.error_code)
    status = str(message.status)
    if not ours or twilio_status(status) in (None, "submitted"):
        return None
    form = {"MessageSid": message.sid, "MessageStatus": status, "To": message.to or "", "ErrorCode": code or ""}
    return Post("twilio", "sms.status", status_key(message.sid, status, code), urlencode(form))


def _inbound_post(message: Any) -> Post:
    form = {
        "MessageSid": message.sid,
        "From": message.from_ or "",
        "To": message.to or "",
        "Body": message.body or "",
        "NumMedia": str(message.num_media or "0"),
    }
    return Post("twilio", "sms.inbound", message.sid, urlencode(form))


def _to_us(office: Office, message: Any) -> bool:
    settings = office.settings
    if settings.twilio_from_number and message.to == settings.twilio_from_number:
        return True
    service = message.messaging_service_sid
    return settings.twilio_sender.startswith("MG") and service in (None, settings.twilio_sender)


def _row(post: Post, message: Any, now: datetime) -> dict[str, Any]:
    moment = message.date_updated if post.kind == "sms.status" else (message.date_sent or message.date_created)
    happened = moment.astimezone(UTC).isoformat() if moment else None
    headers = {"reconciled": "list"} | ({"happened_at": happened} if happened else {})
    return {
        "provider": post.provider, "kind": post.kind, "event_key": post.event_key, "token": None, "body": post.body,
        "headers": headers, "received_at": now, "state": "new", "outcome": None, "tries": 0, "understood_at": None,
    }  # fmt: skip


def _silent(office: Office) -> list[str]:
    """Carrier ids of texts that Twilio took over an hour ago and has been silent about; each has its turn."""
    now = office.clock.now()
    last = func.coalesce(Message.asked_at, Message.submitted_at)

    def work(session: Session) -> list[str]:
        rows = session.execute(
            select(Message.id, Message.carrier_id)
            .where(
                Message.state == "submitted",
                Message.state_at < now - SILENT,
                Message.channel == "sms",
                Message.carrier_id.is_not(None),
                (Message.asked_at.is_(None)) | (Message.asked_at < now - ASK_AGAIN),
            )
            .order_by(last, Message.id)
            .limit(MOST_ASKED)
        ).all()
        ids = [row.id for row in rows]
        session.execute(update(Message).where(Message.id.in_(ids)).values(asked_at=now))
        return [row.carrier_id for row in rows]

    return office.database.run(work)

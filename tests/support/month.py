"""A November of a small office, for the reports and the log: notices, answers, promises, payments and opt-outs."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.campaigns.schema import Decision, Episode
from comms.clock import FixedClock
from comms.history import NewEvent, record, remember
from comms.outbox import Draft, Message, insert_messages, queued_event
from comms.promises.schema import Promise
from comms.replies.schema import InboundMessage
from comms.worklist import Task
from tests.support import build, runs

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
"""Monday, 10:00 in Duluth."""
POLICY = "residential-past-due"


def day(number: int, hour: int = 16) -> datetime:
    """An hour (UTC) of a day of November."""
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def notice(session: Session, account_id: int, at: datetime, state: str, *, channel: str = "sms", **more) -> int:
    """A notice that was written then and has come as far as ``state``; ``left`` is when it left, if it did."""
    draft = Draft(
        account_id=account_id, channel=channel, recipient=more.get("to", "+12185550199"), recipient_name="Customer",
        notice="past-due-reminder", notice_version="0" * 64, purpose=more.get("purpose", "dunning"),
        category="billing", language="en", body_text=more.get("text", "You owe $120.00."), segments=1,
        dedupe_key=f"month:{account_id}:{channel}:{at.isoformat()}", subject=more.get("subject"),
        decision_id=more.get("decision_id"), copy_of_id=more.get("copy_of_id"),
        in_reply_to_id=more.get("in_reply_to_id"), actor=more.get("actor", "system"),
    )  # fmt: skip
    fresh = insert_messages(session, [draft], FixedClock(at))
    record(session, [queued_event(d, message_id, digest, at) for d, message_id, digest in fresh], at)
    row = session.get(Message, fresh[0][1])
    row.state, row.state_at, row.error_code = state, at, more.get("code")
    row.notice_version = more.get("version", row.notice_version)
    row.error_text = more.get("why")
    if state not in ("queued", "held", "failed", "cancelled", "suppressed", "superseded"):
        row.submitted_at = more.get("left", at)
    session.flush()
    return row.id


def step(session: Session, run_id: int, account_id: int, at: datetime, name: str, episode: Episode, **more) -> Decision:
    """A step of the policy, decided and released."""
    row = Decision(
        run_id=run_id, account_id=account_id, episode_id=episode.id, policy=POLICY, step=name, occurrence=1,
        outcome="contact", rule="may-contact", sends=[], reasons=[], facts_version=1, amount_cents=12000,
        cost_micros=8000, state="released", decided_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def episode(session: Session, account_id: int, at: datetime, *, paid: datetime | None = None) -> Episode:
    row = Episode(
        account_id=account_id, policy=POLICY, policy_version=1, opened_at=at, debt_cents=12000, closed_at=paid,
        close_reason="paid" if paid else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def wrote(session: Session, account_id: int, text: str, at: datetime, handling: str, *, channel: str = "sms") -> int:
    """A message of a customer, with its line in the history."""
    row = InboundMessage(
        channel=channel, provider_id=f"month-{account_id}-{at.timestamp()}", sender="+12185550199",
        recipient="+12185550100", text=text, media=[], received_at=at, account_id=account_id, handling=handling,
    )  # fmt: skip
    session.add(row)
    session.flush()
    (digest,) = remember(session, [{"channel": channel, "text": text}], at)
    record(
        session,
        [NewEvent(account_id, at, "reply.received", "Text from +12185550199", "in", channel, "customer",
                  "inbound_message", row.id, content_digest=digest)],
        at,
    )  # fmt: skip
    return row.id


def answered(session: Session, account_id: int, inbound_id: int, at: datetime, *, by: str | None) -> None:
    """An answer: of the service, or by hand of ``by``."""
    notice(
        session, account_id, at, "delivered", purpose="conversational", in_reply_to_id=inbound_id, text="Thank you.",
        version="by-hand" if by else "1" * 64, actor=f"user:{by}" if by else "system",
    )  # fmt: skip


def closed(session: Session, account_id: int, inbound_id: int, at: datetime) -> None:
    """A matter that a clerk closed without writing."""
    session.add(
        Task(
            kind="reply", state="resolved", account_id=account_id, subject_type="inbound_message",
            subject_id=inbound_id, reason="Called back", facts={}, dedupe_key=f"reply:{inbound_id}",
            opened_at=at, waiting_since=at, resolved_at=at, resolved_by="user:park",
        )
    )  # fmt: skip
    session.flush()


def promise(session: Session, account_id: int, status: str, closed_at: datetime, **more) -> Promise:
    """A promise that was decided then."""
    row = Promise(
        account_id=account_id, source="sms", category="residential", requested_terms=[], status=status,
        promised_cents=5000, debt_cents=12000, created_at=more.get("made", closed_at - timedelta(days=9)),
        confirmed_at=more.get("made", closed_at - timedelta(days=9)), created_on=date(2026, 11, 1),
        closed_at=closed_at, episode_id=more.get("episode_id"),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def whole(session: Session) -> dict[str, int]:
    """The month; returns the accounts by first name."""
    names = ("Anna", "Bert", "Cleo", "Dora")
    people = {
        name: build.account(session, name=f"{name} Olson", number=f"090010{n}-11", phone=f"+1218555010{n}").id
        for n, name in enumerate(names)
    }
    anna, bert, cleo, dora = (people[name] for name in names)
    run = runs.run(session, policy=POLICY, planned_for=date(2026, 11, 2))
    later = runs.run(session, policy=POLICY, planned_for=date(2026, 11, 12))
    paid, owing = episode(session, anna, day(2), paid=day(9)), episode(session, bert, day(2))
    second = episode(session, cleo, day(2), paid=day(20))
    for person, of in ((anna, paid), (bert, owing), (cleo, second)):
        decided = step(session, run.id, person, day(2), "reminder", of)
        notice(session, person, day(2), "delivered", decision_id=decided.id)
    for person, of in ((bert, owing), (cleo, second)):
        decided = step(session, later.id, person, day(12), "past-due-notice", of)
        state, code = ("mailed", None) if person == cleo else ("returned", "ANK")
        notice(
            session, person, day(12), state, channel="letter", to="1 Main St\nDuluth MN 55802", code=code,
            decision_id=decided.id, left=day(13), text="Dear customer, =please pay",
        )  # fmt: skip
    notice(session, dora, day(12), "undelivered", code="30003", why="Unreachable destination handset")
    notice(session, dora, day(12, 18), "queued", channel="email", to="dora@example.org", subject="=1+1")
    notice(session, dora, day(12, 19), "cancelled", channel="email", to="dora@example.org")
    build.payment(session, anna, 12000, date(2026, 11, 8))
    quick = wrote(session, anna, "BALANCE", day(3), "answered")
    answered(session, anna, quick, day(3), by=None)
    asked = wrote(session, bert, "=cmd|' /C calc'!A0", day(4), "with_clerk")
    answered(session, bert, asked, day(4) + timedelta(minutes=40), by="park")
    called = wrote(session, cleo, "please call", day(5), "with_clerk")
    closed(session, cleo, called, day(6))
    wrote(session, dora, "hello?", day(22), "with_clerk")
    wrote(session, dora, "thanks", day(22, 20), "noted")
    for n, status in enumerate(("kept", "kept_late", "broken", "withdrawn_office")):
        promise(session, people[names[n]], status, day(10 + n), episode_id=owing.id if status == "broken" else None)
    consent.record(
        session, channel="sms", address="+12185550103", action="revoked", source="reply:sms", evidence="STOP",
        at=day(14), account_id=dora,
    )  # fmt: skip
    return people

"""An afternoon at the desk: the customers, messages and tasks that the tests of the pages look at.

It is written with the rooms' own functions where they are at hand, so that the pages meet what they will meet.
"""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from comms import promises, worklist
from comms.accounts import consent
from comms.city import load_city
from comms.clock import FixedClock
from comms.desk.access.users import add_user
from comms.history import NewEvent, record, remember
from comms.outbox import Draft, Message, insert_messages, queued_event
from comms.replies.schema import InboundMessage
from tests.support import build

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
"""Monday, 10:00 in Duluth: the same as the ``clock`` fixture."""
PASSWORD = "north shore lake trout"
HOSTILE = "<script>alert(1)</script> {{7*7}} 'O\"Brien & Söhne"
MARIA = "0048221-37"


def staff(session: Session, now: datetime) -> None:
    """One user of each role, all with the same password."""
    for username, name, role in (
        ("vera", "Vera Lind", "viewer"),
        ("park", "J. Park", "collector"),
        ("osei", "R. Osei", "supervisor"),
        ("admin", "Ada Min", "administrator"),
    ):
        add_user(session, username=username, name=name, role=role, password=PASSWORD, at=now)


def customer(session: Session, number: str, name: str, **more):
    """An account, at an address of its own or at the house of many."""
    return build.account(session, number=number, name=name, **({"service_address": "1427 E Superior St Apt 3"} | more))


def wrote(
    session: Session, account_id: int | None, text: str, at: datetime, *, sender: str, channel: str = "sms", **more
) -> int:
    """A message from a customer, with its line in the history."""
    row = InboundMessage(
        channel=channel, provider_id=f"in-{sender}-{at.timestamp()}", sender=sender, recipient="+12185550100",
        text=text, subject=more.get("subject"), media=[], received_at=at, account_id=account_id, handling="with_clerk",
    )  # fmt: skip
    session.add(row)
    session.flush()
    content = {"channel": channel, "from": sender, "subject": more.get("subject"), "text": text}
    (digest,) = remember(session, [content], at)
    event = NewEvent(
        account_id, at, "reply.received", f"Text from {sender}" if channel == "sms" else f"Email from {sender}", "in",
        channel, "customer", "inbound_message", row.id, content_digest=digest,
    )  # fmt: skip
    record(session, [event], at)
    return row.id


def sent(
    session: Session, account_id: int, text: str, at: datetime, *, state: str, channel: str = "sms", **more
) -> int:
    """A message of ours that has come as far as ``state``."""
    draft = Draft(
        account_id=account_id, channel=channel, recipient=more.get("to", "+12185554417"), recipient_name="Customer",
        notice=more.get("notice", "past-due-reminder"), notice_version="0" * 64, purpose="dunning", category="billing",
        language=more.get("language", "en"), body_text=text, dedupe_key=f"story:{account_id}:{at.timestamp()}",
        subject=more.get("subject"), summary=more.get("summary"), actor=more.get("actor", "system"),
    )  # fmt: skip
    fresh = insert_messages(session, [draft], FixedClock(at))
    record(session, [queued_event(d, message_id, digest, at) for d, message_id, digest in fresh], at)
    message = session.get(Message, fresh[0][1])
    message.state, message.state_at = state, at
    message.error_code, message.error_text = more.get("code"), more.get("why")
    return message.id


def happened(session: Session, account_id: int, at: datetime, kind: str, summary: str, **more) -> None:
    """Any other line of the history."""
    record(session, [NewEvent(account_id, at, kind, summary, **more)], at)


def note(session: Session, account_id: int, at: datetime, text: str) -> None:
    (digest,) = remember(session, [{"channel": "note", "text": text}], at)
    happened(
        session, account_id, at, "note.added", "Private note", channel="note", actor="user:park", content_digest=digest
    )


def maria(session: Session, now: datetime) -> int:
    """Everything at once: past due for two months, Spanish, a returned letter, a payment, a note, an open question."""
    row = customer(
        session, MARIA, "Maria Delgado-Ruiz", phone="+12185554417", email="maria.dr@example.org", language="es",
        past_due_cents=41286, oldest_due_on=date(2026, 9, 14), last_payment_on=date(2026, 11, 7),
        last_payment_cents=20000,
        mailing_address={"line1": "PO Box 88", "line2": "", "city": "Duluth", "state": "MN", "zip": "55802",
                 "problem": "The final notice came back: attempted, not known."},
    )  # fmt: skip
    consent.record(
        session, channel="sms", address="+12185554417", action="granted", source="paper form", evidence="Form of Mar 3",
        at=now - timedelta(days=200), account_id=row.id,
    )  # fmt: skip
    build.hold(session, row.id, "energy_assistance", note="Application of Nov 18, county office", amount_cents=15000)
    day = timedelta(days=1)
    letter = (
        "Dear Maria Delgado-Ruiz:\n\nYour account is past due. Please pay $612.86 by November 13.\n\nDuluth Utilities"
    )
    sent(
        session,
        row.id,
        letter,
        now - 20 * day,
        state="mailed",
        channel="letter",
        summary="10-day past-due notice by letter",
    )
    sent(
        session, row.id, "Su cuenta está vencida. Vea las maneras de pagar y de pedir ayuda.", now - 18 * day,
        state="delivered", channel="email", subject="Su factura de agua está vencida", to="maria.dr@example.org",
    )  # fmt: skip
    happened(session, row.id, now - 16 * day, "payment.posted", "Payment of $200.00 posted, WEB", actor="cis")
    sent(
        session, row.id, "Duluth Utilities: recordatorio, su saldo vencido es $412.86. Llame al 218-555-0140.",
        now - 10 * day, state="delivered", language="es", summary="Text: past due reminder",
    )  # fmt: skip
    happened(
        session, row.id, now - 7 * day, "call.logged", "Call, 4 minutes: will look for a new job, asked for time",
        channel="phone", actor="user:osei",
    )  # fmt: skip
    failed = sent(
        session, row.id, "Final notice: your service may be shut off on December 2.", now - 6 * day, state="returned",
        channel="letter", summary="Final notice by letter", why="Attempted, not known",
    )  # fmt: skip
    happened(
        session, row.id, now - 5 * day, "delivery.returned", "Final notice returned by USPS: attempted, not known",
        direction="out", channel="letter", actor="carrier", subject_type="message", subject_id=failed,
    )  # fmt: skip
    note(
        session,
        row.id,
        now - 5 * day,
        "Service address OK per meter reader.\nUse text until the mailing address is confirmed.",
    )
    sent(
        session, row.id, "We have your message and will answer today.", now - day, state="undelivered", code="30003",
        why="The phone was off or out of reach", summary="Text from the office", actor="user:park",
    )  # fmt: skip
    change = promises.propose(
        session, load_city("duluth-mn"), FixedClock(now - 3 * day), account_id=row.id, source="phone",
        actor="user:osei", parts=[promises.Part(date(2026, 12, 5), 20643), promises.Part(date(2026, 12, 19), 20643)],
    )  # fmt: skip
    record(session, change.events, now - 3 * day)
    inbound = wrote(
        session, row.id, "Hola, puedo dividir el resto en 2 pagos? 5 de dic y 19 de dic",
        now - timedelta(hours=2, minutes=14), sender="+12185554417",
    )  # fmt: skip
    offers = [{"amount_cents": 20643, "date": "2026-12-05"}, {"amount_cents": None, "date": "2026-12-19"}]
    ask(
        session, row.id, inbound, "Proposes two dates", now - timedelta(hours=2, minutes=14), instalments=offers
    )  # fmt: skip
    return row.id


def ask(
    session: Session, account_id: int, inbound_id: int, reason: str, at: datetime, priority: int = 5, **facts
) -> int | None:
    """A reply that needs a person."""
    return worklist.open_task(
        session, kind="reply", dedupe_key=f"reply:{inbound_id}", reason=reason, at=at, account_id=account_id,
        subject_type="inbound_message", subject_id=inbound_id, priority=priority, facts=facts,
    )  # fmt: skip


def whole(session: Session, now: datetime) -> None:
    """The desk on an ordinary afternoon."""
    staff(session, now)
    customers(session, now)


def customers(session: Session, now: datetime) -> None:
    """Who has written, owes, moved, or has a name that fits nowhere."""
    maria(session, now)
    hostile = customer(session, "0000666-13", HOSTILE, phone="+12185550666", service_address="1 <b>Bold</b> St")
    inbound = wrote(session, hostile.id, f"{HOSTILE} =1+1", now - timedelta(minutes=50), sender="+12185550666")
    ask(session, hostile.id, inbound, "Could not be understood", now - timedelta(minutes=50))
    urgent = customer(session, "0000911-01", "Ole Gunderson", phone="+12185550911", service_address="911 Skyline Pkwy")
    inbound = wrote(
        session, urgent.id, "i smell gas in the basement", now - timedelta(minutes=3), sender="+12185550911"
    )
    ask(session, urgent.id, inbound, "Gas smell", now - timedelta(minutes=3), priority=1)
    stopped = customer(session, "0000210-02", "Sam Stop", phone="+12185550210", service_address="210 W 2nd St")
    consent.record(
        session, channel="sms", address="+12185550210", action="revoked", source="sms", evidence="STOP",
        at=now - timedelta(days=20), account_id=stopped.id,
    )  # fmt: skip
    moved = customer(
        session,
        "0000404-04",
        "Wanda Wrong",
        phone=None,
        service_address="404 Lost Ln",
        past_due_cents=0,
        oldest_due_on=None,
    )
    build.contact_point(
        session, moved.id, "phone", "+12185550404", status="wrong_number", reason="A stranger answered on Nov 3"
    )
    customer(session, "0000000-77", "Nora Nophone", phone=None, service_address="77 Quiet Rd")
    bankrupt = customer(session, "0000711-11", "Ben Bankrupt", phone="+12185550711", service_address="711 Court St")
    build.contact_point(session, bankrupt.id, "phone", "+16125550712", rank=2)
    build.hold(session, bankrupt.id, "bankruptcy", note="Chapter 13, filed Nov 2")
    for n in range(130):
        customer(session, f"0007{n:03d}-5", f"Lars Larson {n:03d}", phone=None, service_address=f"{n + 100} Larch Ave")
    stranger = wrote(session, None, "who is this? wrong number", now - timedelta(hours=30), sender="+17155559999")
    worklist.open_task(
        session, kind="unmatched_reply", dedupe_key=f"inbound:{stranger}", reason="No account has this phone.",
        at=now - timedelta(hours=30), subject_type="inbound_message", subject_id=stranger,
    )  # fmt: skip
    worklist.open_task(
        session, kind="failed_notice", dedupe_key="failed:1", at=now - timedelta(days=3), account_id=moved.id,
        reason="The past-due reminder could not be delivered by text or email.",
    )  # fmt: skip
    chatty = customer(
        session, "0000555-50", "Chatty Charlotte Wolfeschlegelsteinhausenbergerdorff-Vandersnoot", phone="+12185550555"
    )
    for n in range(90):
        at = now - timedelta(hours=3 * (90 - n))
        if n % 2:
            wrote(session, chatty.id, f"Question {n}: " + "why is it so much " * (n % 9), at, sender="+12185550555")
        else:
            sent(session, chatty.id, f"Answer {n}: please see your bill.", at, state="delivered", to="+12185550555")

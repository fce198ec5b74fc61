"""What is known of many accounts at one moment, read with a dozen statements however many they are.

Only columns are read, no mapped objects: a night looks at hundreds of thousands of accounts. Every statement names its
accounts as one parameter, and finds them by an index.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import Account, Consent, ContactPoint, CopyRecipient, Hold, Payment
from comms.city import City
from comms.db import one_of
from comms.history.by_hand import CONTACTS
from comms.history.schema import ContactEvent
from comms.outbox import Message, State
from comms.outbox.drafting import CAME_BACK, UnaddressableError, address_lines
from comms.outbox.mail_acks import returned_addresses
from comms.promises.schema import Promise
from comms.rules import ActiveHold, Facts, Weather
from comms.weather import weather_for

from .night import Contacts, Subject

LOOK_BACK = timedelta(days=30)
"""The longest window that a contact cap may have, in a rule or in a policy."""
BROKEN_WITHIN = timedelta(days=365)
NO_CONTACT = (State.CANCELLED, State.SUPERSEDED, State.SUPPRESSED, State.FAILED, State.HELD)
CHANNELS = ("sms", "email", "letter")
CATEGORY = "billing"
GONE = "gone"
"""The status of an account that the billing system's latest file no longer has."""
AT_ONCE = 1000
_CHANNEL_OF = {"phone": "sms", "email": "email"}


@dataclass(frozen=True)
class Picture:
    """All that is known of some accounts at one moment: each account, and whom we wrote to lately."""

    subjects: dict[int, Subject]
    contacts: Contacts

    @property
    def facts(self) -> dict[int, Facts]:
        """What the rules look at, by account."""
        return {account_id: subject.facts for account_id, subject in self.subjects.items()}

    def recent(self, account_id: int, addresses: Collection[str] | None = None) -> Sequence[datetime]:
        """The contacts that count for this account when it is written to at these addresses; else at all of its own."""
        subject = self.subjects[account_id]
        known = subject.facts.addresses.values() if addresses is None else addresses
        return self.contacts.of(subject.household, subject.customer_number, list(known))

    def add(self, account_id: int, address: str, at: datetime, key: Hashable) -> None:
        """Count a contact that is being made now."""
        subject = self.subjects[account_id]
        self.contacts.add(subject.household, subject.customer_number, address, at, key)


def picture(
    session: Session, city: City, account_ids: Collection[int], at: datetime, *, without: Collection[int] = ()
) -> Picture:
    """The accounts of these ids at ``at``; messages in ``without`` do not count as contacts."""
    found = subjects(session, city, account_ids, at)
    return Picture({subject.account_id: subject for subject in found}, contacts(session, found, at, without=without))


def subject_of(session: Session, city: City, account_id: int, at: datetime) -> Subject:
    """One account. Raises ``LookupError`` where there is none of that id."""
    found = subjects(session, city, [account_id], at)
    if not found:
        raise LookupError(f"no account with the id {account_id}")
    return found[0]


def subjects(session: Session, city: City, account_ids: Collection[int], at: datetime) -> list[Subject]:
    """These accounts as policies and rules see them at ``at``, by ascending id."""
    weather = _weather(session, city, at)
    ordered = sorted(set(account_ids))
    found: list[Subject] = []
    for start in range(0, len(ordered), AT_ONCE):
        found += _subjects(session, city, ordered[start : start + AT_ONCE], at, weather)
    return found


def _subjects(session: Session, city: City, ids: list[int], at: datetime, weather: Weather) -> list[Subject]:
    today = city.local_date(at)
    # First, with the version of the facts: what changes while the rest is read makes this version an old one, and what
    # was decided on it is held before it leaves. Read last, the new version would vouch for the old facts.
    accounts = session.execute(select(*_ACCOUNT).where(one_of(session, Account.id, ids)).order_by(Account.id)).all()
    paid, holds, points = _paid_since(session, ids), _holds(session, ids, today), _points(session, ids)
    broken, copies = _broken_promises(session, ids, at), _copies(session, ids, today)
    returned = returned_addresses(session, ids)
    made = []
    for row in accounts:
        id_ = row.id
        addresses, blocked = points.get(id_, _NO_POINTS)
        unreachable: dict[str, str] = {}
        addresses = dict(addresses)
        if id_ in returned:
            unreachable["letter"] = CAME_BACK
        else:
            try:
                addresses["letter"] = address_lines(row.mailing_address)
            except UnaddressableError as problem:
                unreachable["letter"] = problem.reason
        facts = Facts(
            status=row.status if row.in_latest_file else GONE, past_due_cents=row.past_due_cents,
            paid_since_cents=paid.get(id_, 0), holds=holds.get(id_, ()), blocked_channels=blocked,
            addresses=addresses, unreachable=unreachable, service_class=row.service_class, occupancy=row.occupancy,
            affects_heat=row.affects_heat, service_past_due=row.service_past_due, service_zip=row.service_zip,
            weather=weather,
        )  # fmt: skip
        made.append(
            Subject(
                account_id=id_, number=row.number, household=row.household, customer_number=row.customer_number,
                language="es" if (row.language_asked or row.language) == "es" else "en",
                oldest_due_on=row.oldest_due_on, facts_version=row.facts_version, facts=facts,
                broken_promises=broken.get(id_, 0), returned_mail=id_ in returned, copies=copies.get(id_, ()),
            )
        )  # fmt: skip
    return made


_ACCOUNT = (
    Account.id, Account.number, Account.household, Account.customer_number, Account.language, Account.language_asked,
    Account.status, Account.service_class, Account.occupancy, Account.affects_heat, Account.past_due_cents,
    Account.service_past_due, Account.oldest_due_on, Account.service_zip, Account.mailing_address,
    Account.in_latest_file, Account.facts_version,
)  # fmt: skip
_Points = tuple[dict[str, str], dict[str, str]]
_NO_POINTS: _Points = ({}, {})


def _weather(session: Session, city: City, at: datetime) -> Weather:
    seen = weather_for(session, city, at)
    return Weather(seen.issued_at, tuple(seen.alerts))


def _paid_since(session: Session, ids: list[int]) -> dict[int, int]:
    rows = session.execute(
        select(Payment.account_id, func.sum(Payment.amount_cents))
        .join(Account, Account.id == Payment.account_id)
        .where(one_of(session, Payment.account_id, ids), Payment.paid_on > Account.balance_as_of)
        .group_by(Payment.account_id)
    )
    return {account_id: int(cents) for account_id, cents in rows}


def _holds(session: Session, ids: list[int], on: date) -> dict[int, list[ActiveHold]]:
    found: dict[int, list[ActiveHold]] = defaultdict(list)
    rows = session.execute(
        select(Hold.account_id, Hold.kind, Hold.ends_on, Hold.amount_cents, Hold.note)
        .where(
            one_of(session, Hold.account_id, ids),
            Hold.released_at.is_(None),
            Hold.starts_on <= on,
            or_(Hold.ends_on.is_(None), Hold.ends_on >= on),
        )
        .order_by(Hold.id)
    )
    for account_id, kind, ends_on, cents, note in rows:
        found[account_id].append(ActiveHold(kind, ends_on, cents, note))
    return found


def _points(session: Session, ids: list[int]) -> dict[int, _Points]:
    """The address to write to on each channel, best first and not opted out; and the channels on which the customer
    opted out of every address there is."""
    refused = exists().where(
        or_(
            and_(ContactPoint.kind == "phone", Consent.channel == "sms"),
            and_(ContactPoint.kind == "email", Consent.channel == "email"),
        ),
        Consent.address == ContactPoint.value,
        Consent.category.in_(("all", CATEGORY)),
        Consent.allowed.is_(False),
    )
    rows = session.execute(
        select(ContactPoint.account_id, ContactPoint.kind, ContactPoint.value, refused)
        .where(
            one_of(session, ContactPoint.account_id, ids),
            ContactPoint.status == "usable",
            ContactPoint.value.is_not(None),
        )
        .order_by(ContactPoint.account_id, ContactPoint.rank, ContactPoint.id)
    )
    found: dict[int, _Points] = {}
    for account_id, kind, value, no in rows:
        points = found.get(account_id)
        if points is None:
            points = found[account_id] = ({}, {})
        (points[1] if no else points[0]).setdefault(_CHANNEL_OF[kind], "opted out" if no else value or "")
    for open_ones, blocked in found.values():
        for channel in open_ones.keys() & blocked.keys():
            del blocked[channel]
    return found


def _broken_promises(session: Session, ids: list[int], at: datetime) -> dict[int, int]:
    rows = session.execute(
        select(Promise.account_id, func.count().label("broken"))
        .where(
            one_of(session, Promise.account_id, ids), Promise.status == "broken", Promise.closed_at > at - BROKEN_WITHIN
        )
        .group_by(Promise.account_id)
    )
    return {row.account_id: row.broken for row in rows}


def _copies(session: Session, ids: list[int], on: date) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    rows = session.execute(
        select(CopyRecipient.account_id, CopyRecipient.kind)
        .where(
            one_of(session, CopyRecipient.account_id, ids),
            CopyRecipient.starts_on <= on,
            or_(CopyRecipient.ends_on.is_(None), CopyRecipient.ends_on >= on),
        )
        .distinct()
        .order_by(CopyRecipient.account_id, CopyRecipient.kind)
    )
    for account_id, kind in rows:
        found[account_id] = (*found.get(account_id, ()), kind)
    return found


def contacts(session: Session, given: Sequence[Subject], at: datetime, *, without: Collection[int] = ()) -> Contacts:
    """Who was written to in the last 30 days of the mailboxes, customers and addresses of these accounts: over all
    campaigns and by hand, with the calls and door tags that staff wrote down. What ``is_contact`` counts."""
    found = Contacts()
    for start in range(0, len(given), AT_ONCE):
        _add_contacts(session, given[start : start + AT_ONCE], at, without, found)
    return found


def is_contact() -> tuple[ColumnElement[bool], ...]:
    """What makes a message a contact with its household. Answers in a conversation, copies for third parties and what
    never left do not count. Of one decision one message does: the next channel only where the one before never left."""
    before = aliased(Message)
    # Its state, not EXISTS: the database could answer that by reading every message that never left.
    came_before = select(before.state).where(before.id == Message.fallback_of_id).scalar_subquery()
    return (
        Message.purpose.in_(("dunning", "informational", "legal")),
        Message.copy_of_id.is_(None),
        Message.state.not_in(NO_CONTACT),
        or_(Message.fallback_of_id.is_(None), came_before.in_(NO_CONTACT)),
    )


def _add_contacts(
    session: Session, given: Sequence[Subject], at: datetime, without: Collection[int], found: Contacts
) -> None:
    left_out = frozenset(without)
    counting = (Message.created_at > at - LOOK_BACK, *is_contact())
    # Each question is answered from an index of its own; asked together, tables are read from end to end.
    related = _related(session, given)
    by_account = select(Message.id, Message.account_id, Message.recipient, Message.created_at)
    for row in session.execute(by_account.where(one_of(session, Message.account_id, sorted(related)), *counting)):
        if row.id not in left_out:
            found.add(*related[row.account_id or 0], row.recipient, row.created_at, row.id)
    # The sum keeps the database from reading whole histories: few events are of these kinds, and an index has them.
    by_hand = select(ContactEvent.id, ContactEvent.chain, ContactEvent.at, ContactEvent.facts).where(
        ContactEvent.kind.in_(CONTACTS),
        ContactEvent.at > at - LOOK_BACK,
        one_of(session, ContactEvent.chain + 0, sorted(related)),
    )
    for row in session.execute(by_hand):
        found.add(*related[row.chain], row.facts.get("number"), row.at, ("by hand", row.id))
    addresses = {to for one in given for channel, to in one.facts.addresses.items() if channel != "letter"}
    to_address = select(Message.id, Message.recipient, Message.created_at)
    for id_, to, written in session.execute(
        to_address.where(one_of(session, Message.recipient, sorted(addresses)), *counting)
    ):
        if id_ not in left_out:
            found.by_address.setdefault(to, {})[id_] = written


def _related(session: Session, given: Sequence[Subject]) -> dict[int, tuple[str, str | None]]:
    """The accounts that share a mailbox or a customer number with these, and these: the two by account."""
    found: dict[int, tuple[str, str | None]] = {}
    for column, values in (
        (Account.household, {one.household for one in given}),
        (Account.customer_number, {one.customer_number for one in given if one.customer_number}),
    ):
        asked = select(Account.id, Account.household, Account.customer_number)
        for account_id, household, customer_number in session.execute(
            asked.where(one_of(session, column, sorted(values)))
        ):
            found[account_id] = (household, customer_number)
    return found

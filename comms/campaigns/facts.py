"""The facts the rules look at, read for many accounts at once."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import consent, contacts, holds
from comms.accounts.balances import paid_since
from comms.accounts.schema import Account
from comms.city import City
from comms.outbox import Message, State
from comms.outbox.drafting import UnaddressableError, letter_address
from comms.rules import Facts
from comms.rules.decide import ActiveHold

LOOK_BACK = timedelta(days=30)
NO_CONTACT = (State.CANCELLED, State.SUPERSEDED, State.SUPPRESSED, State.FAILED, State.HELD)
CHANNELS = ("sms", "email", "letter")
CATEGORY = "billing"


@dataclass
class Contacts:
    """Who was written to lately, by household and by address; a plan adds what it decides as it goes.

    Each contact has a key of its own (the message, or its place in the plan): many are made at one instant.
    """

    by_household: dict[str, dict[Hashable, datetime]]
    by_address: dict[str, dict[Hashable, datetime]]

    def of(self, account: Account, addresses: Collection[str]) -> list[datetime]:
        """The instants of contacts that count for this account: its household's, and those to its addresses."""
        found = dict(self.by_household.get(account.household, {}))
        for address in addresses:
            found |= self.by_address.get(address, {})
        return list(found.values())

    def add(self, account: Account, address: str, at: datetime, key: Hashable) -> None:
        self.by_household.setdefault(account.household, {})[key] = at
        self.by_address.setdefault(address, {})[key] = at


@dataclass(frozen=True)
class Picture:
    """All that is known of some accounts at one moment."""

    facts: dict[int, Facts]
    contacts: Contacts


def picture(
    session: Session, city: City, accounts: Sequence[Account], at: datetime, *, without: Collection[int] = ()
) -> Picture:
    """The facts of these accounts at ``at``; messages in ``without`` do not count as contacts."""
    ids = [account.id for account in accounts]
    today = city.local_date(at)
    held = holds.active(session, ids, today)
    paid = paid_since(session, ids)
    points = {channel: contacts.preferred(session, ids, channel) for channel in ("sms", "email")}
    refused = {
        channel: consent.blocked(
            session,
            channel,
            {point.value for found in by_account.values() for point in found if point.value},
            CATEGORY,
        )
        for channel, by_account in points.items()
    }
    facts: dict[int, Facts] = {}
    for account in accounts:
        addresses: dict[str, str] = {}
        blocked: dict[str, str] = {}
        unreachable: dict[str, str] = {}
        for channel in ("sms", "email"):
            values = [point.value for point in points[channel].get(account.id, []) if point.value]
            open_ones = [value for value in values if value not in refused[channel]]
            if open_ones:
                addresses[channel] = open_ones[0]
            elif values:
                blocked[channel] = "opted out"
        try:
            addresses["letter"] = letter_address(account)
        except UnaddressableError as problem:
            unreachable["letter"] = str(problem)
        facts[account.id] = Facts(
            status=account.status,
            past_due_cents=account.past_due_cents,
            paid_since_cents=paid.get(account.id, 0),
            holds=[ActiveHold(h.kind, h.ends_on, h.amount_cents, h.note) for h in held.get(account.id, [])],
            blocked_channels=blocked,
            addresses=addresses,
            unreachable=unreachable,
        )
    return Picture(facts, _contacts(session, accounts, facts, at, without))


def _contacts(
    session: Session, accounts: Sequence[Account], facts: dict[int, Facts], at: datetime, without: Collection[int]
) -> Contacts:
    households = {account.household for account in accounts}
    addresses = {a for one in facts.values() for channel, a in one.addresses.items() if channel != "letter"}
    counting = (
        select(Message.id, Account.household, Message.recipient, Message.created_at)
        .join(Account, Account.id == Message.account_id)
        .where(
            Message.created_at > at - LOOK_BACK,
            Message.purpose.in_(("dunning", "informational", "legal")),
            Message.fallback_of_id.is_(None),
            Message.state.not_in(NO_CONTACT),
        )
    )
    if without:
        counting = counting.where(Message.id.not_in(list(without)))
    found = Contacts({}, {})
    # Two questions, each answered from its own index; asked as one with OR, both tables are read from end to end.
    for which in (Account.household.in_(households), Message.recipient.in_(addresses)):
        for message_id, household, recipient, created_at in session.execute(counting.where(which)):
            found.by_household.setdefault(household, {})[message_id] = created_at
            found.by_address.setdefault(recipient, {})[message_id] = created_at
    return found

"""Who we write to: accounts, contact points, consent, holds, payments, and the files they came in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Cents, Key, only_where

SEARCHED = "array_to_tsvector(string_to_array(btrim(left(search_name, 500) || ' ' || left(search_address, 500)), ' '))"
"""The folded words of an account's name and address as PostgreSQL's index has them."""


class Account(Base):
    """One utility account as the CIS last told it. Balances come in; they are never computed here."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_account_household", "household"),
        Index("ix_account_customer_number", "customer_number"),
        Index("ix_account_search_name", "search_name"),
        Index("ix_account_search_number", "search_number"),
        Index("ix_account_past_due_cents", "past_due_cents"),
    )

    id: Mapped[Key]
    number: Mapped[str]
    search_number: Mapped[str]
    """Letters and digits of the number without leading zeros: ``12347`` for ``0000123-47``."""
    customer_number: Mapped[str | None]
    name: Mapped[str]
    """The name as a letter addresses it: ``Scott Stone``."""
    name_as_given: Mapped[str]
    search_name: Mapped[str]
    """Folded for search: lower case, no accents, words in alphabetical order."""
    service_address: Mapped[str]
    service_city: Mapped[str]
    service_zip: Mapped[str]
    mailing_address: Mapped[dict[str, Any]]
    """``line1, line2, city, state, zip``: as given, trimmed; ``problem`` says why a letter cannot be addressed."""
    search_address: Mapped[str]
    household: Mapped[str]
    """Accounts with the same value share a mailbox: a digest of the normalised mailing address."""
    language: Mapped[str]
    language_asked: Mapped[str | None]
    """The language the customer asked for himself; it goes before the CIS's, whatever later files say."""
    status: Mapped[str]
    """``active``, ``inactive``, ``final`` or ``shut_off``."""
    service_class: Mapped[str]
    """``residential`` or ``commercial``."""
    occupancy: Mapped[str]
    """``owner`` or ``tenant``."""
    affects_heat: Mapped[bool | None]
    current_cents: Mapped[Cents]
    past_due_cents: Mapped[Cents]
    service_past_due: Mapped[dict[str, Any]]
    """Past-due cents by service key: ``{"gas": 1250, "water": 0}``."""
    aging: Mapped[dict[str, Any]]
    oldest_due_on: Mapped[date | None]
    last_payment_on: Mapped[date | None]
    last_payment_cents: Mapped[int | None]
    deposit_cents: Mapped[Cents]
    route: Mapped[str | None]
    flags: Mapped[list[Any]]
    balance_as_of: Mapped[date]
    source_digest: Mapped[str]
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"))
    in_latest_file: Mapped[bool] = mapped_column(default=True)
    facts_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


event.listen(
    Account.__table__,
    "after_create",
    DDL(f"CREATE INDEX ix_account_searched ON account USING gin (({SEARCHED}))").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)


class ContactPoint(Base):
    """A phone number or email address of an account, with what is known about reaching it."""

    __tablename__ = "contact_point"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "raw"),  # also finds the points of an account
        Index("ix_contact_point_kind_value", "kind", "value"),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    """``phone`` or ``email``."""
    label: Mapped[str]
    """``cell``, ``home``, ``phone1``, ``email`` …: the column it came from."""
    rank: Mapped[int]
    """Preference: the lowest usable one is written to first."""
    raw: Mapped[str]
    value: Mapped[str | None]
    """E.164, or the address in lower case; None when it could not be used."""
    status: Mapped[str]
    """``usable``, ``unusable``, ``wrong_number``, ``bounced``, ``unreachable`` or ``gone`` (left the CIS file)."""
    reason: Mapped[str | None]
    source: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ConsentEvent(Base):
    """One line of the consent ledger: only ever added to."""

    __tablename__ = "consent_event"
    __table_args__ = (
        Index("ix_consent_event_channel_address", "channel", "address"),
        Index("ix_consent_event_action_at", "action", "at"),
    )

    id: Mapped[Key]
    channel: Mapped[str]
    address: Mapped[str]
    category: Mapped[str]
    """``all``, or the category of notices it is about."""
    action: Mapped[str]
    """``granted`` or ``revoked``."""
    source: Mapped[str]
    evidence: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    inbound_id: Mapped[int | None]
    at: Mapped[datetime]


class Consent(Base):
    """What the ledger says now, per channel, address and category: the row the send path asks."""

    __tablename__ = "consent"

    channel: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    allowed: Mapped[bool]
    event_id: Mapped[int] = mapped_column(ForeignKey("consent_event.id"))
    at: Mapped[datetime]


class ConsentMirror(Base):
    """A line of the ledger that the carrier is to be told of, so that its own list says the same."""

    __tablename__ = "consent_mirror"
    __table_args__ = (Index("ix_consent_mirror_state_next_at", "state", "next_at"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("consent_event.id"), primary_key=True, autoincrement=False)
    state: Mapped[str]
    """``waiting``, ``told``, ``not_needed`` (a newer line took its place) or ``refused``."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    answer: Mapped[str | None]
    """What the carrier said when it refused."""
    told_at: Mapped[datetime | None]


class Hold(Base):
    """A reason to leave an account alone, from a date to a date."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_account_id_released_at", "account_id", "released_at"),
        Index("ix_hold_ends_on", "ends_on", **only_where("released_at IS NULL")),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    """``medical, military, bankruptcy, deceased, dispute, energy_assistance, promise, moratorium, office``."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    amount_cents: Mapped[int | None]
    """Only this much of the debt is held; None holds all of it."""
    note: Mapped[str]
    review_on: Mapped[date | None]
    """The day somebody looks whether it still stands; it goes on holding until it is ended."""
    source: Mapped[str]
    """``cis:<flag>``, ``promise:<id>``, ``user:<name>`` …; a hold from the CIS ends when its flag goes."""
    placed_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]


class AccountBalance(Base):
    """What was owed, as each file told it: the debt's own history. A row where the debt is new, changed, or gone."""

    __tablename__ = "account_balance"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    as_of: Mapped[date] = mapped_column(primary_key=True)
    past_due_cents: Mapped[Cents]
    oldest_due_on: Mapped[date | None]
    status: Mapped[str]


class CopyRecipient(Base):
    """Somebody else who gets copies of an account's notices: a third party the customer named, or a landlord."""

    __tablename__ = "copy_recipient"
    __table_args__ = (Index("ix_copy_recipient_account_id", "account_id"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    """``third_party`` or ``landlord``."""
    name: Mapped[str]
    email: Mapped[str | None]
    mailing_address: Mapped[dict[str, Any]]
    """As an account's: ``line1, line2, city, state, zip``; empty when there is none."""
    language: Mapped[str]
    authority: Mapped[str]
    """Why they may be told: the customer's signed request, the landlord's contract …"""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    source: Mapped[str]
    created_at: Mapped[datetime]


class Payment(Base):
    """A line of a payment file. ``amount_cents`` is negative for a reversal, which names what it reverses."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("transaction_id"),
        Index("ix_payment_account_id_paid_on", "account_id", "paid_on"),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    transaction_id: Mapped[str]
    paid_on: Mapped[date]
    amount_cents: Mapped[int]
    kind: Mapped[str]
    """``payment``, ``assistance`` (an agency pays), ``adjustment`` (a credit) or ``reversal``."""
    source: Mapped[str]
    reverses: Mapped[str | None] = mapped_column(index=True)
    reversed_by_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"))
    imported_at: Mapped[datetime]


class ImportFile(Base):
    """One file taken in, with the totals that must balance."""

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_kind_state", "kind", "state"),)

    id: Mapped[Key]
    kind: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str]
    state: Mapped[str]
    """``running``, ``done`` or ``stopped``."""
    as_of: Mapped[date | None]
    covers_until: Mapped[date | None]
    """Payments: the last posting day the file is known to cover; promises due later are ``pending_feed``."""
    totals: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportRefusal(Base):
    """A row that was not taken, why, and the row itself."""

    __tablename__ = "import_refusal"

    id: Mapped[Key]
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id"), index=True)
    line: Mapped[int]
    reason: Mapped[str]
    raw: Mapped[str]

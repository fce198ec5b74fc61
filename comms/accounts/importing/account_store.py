"""Keeping a batch of accounts rows: accounts, contact points, holds, consent and the history, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.accounts.contacts import LEARNED
from comms.accounts.schema import Account, Consent, ConsentEvent, ContactPoint, Hold
from comms.db import insert_rows, instant, one_of, replace_rows, reserve
from comms.history import NewEvent

from .account_rows import COLUMNS, AccountRow, Point
from .debt_history import NOTHING, Debt, write_debts

SOURCE = "cis"
"""What the consent ledger and the contact points name as their source."""


_ACCOUNT = (
    *COLUMNS, "source_digest", "balance_as_of", "import_id", "in_latest_file", "facts_version", "created_at",
    "updated_at",
)  # fmt: skip
_POINT = (
    "account_id", "kind", "label", "rank", "raw", "value", "status", "reason", "source", "created_at", "updated_at",
)  # fmt: skip
_VALUE, _STATUS = _POINT.index("value"), _POINT.index("status")


class Before(NamedTuple):
    """What is compared to tell a person what changed."""

    id: int
    number: str
    name: str
    mailing_address: dict[str, Any]
    status: str
    language: str
    flags: list[Any]
    in_latest_file: bool
    past_due_cents: int
    oldest_due_on: date | None

    @property
    def debt(self) -> Debt:
        if not self.in_latest_file:
            return NOTHING
        oldest = self.oldest_due_on
        return Debt(self.past_due_cents, oldest.isoformat() if oldest else None, self.status)


class _Stored(NamedTuple):
    id: int
    account_id: int
    kind: str
    raw: str
    label: str
    rank: int
    value: str | None
    status: str
    reason: str | None


class Batch:
    """One batch under way. ``events`` are for the caller's one ``history.record``; ``ids`` those of the rows."""

    def __init__(self, session: Session, rows: Sequence[AccountRow], import_id: int, as_of: date, at: datetime) -> None:
        self._session, self._rows, self._import_id, self._as_of, self._at = session, rows, import_id, as_of, at
        self.before: dict[str, Before] = {}
        self.ids: dict[str, int] = {}
        self.events: list[NewEvent] = []
        self._lines: dict[int, list[str]] = defaultdict(list)

    def keep(self) -> None:
        """Write everything; running it again on the same rows writes the same."""
        numbers = [row.number for row in self._rows]
        fields = [getattr(Account, name) for name in Before._fields]
        for found in self._session.execute(select(*fields).where(one_of(self._session, Account.number, numbers))):
            self.before[found.number] = Before(*found)
        self._write_accounts()
        debts = {number: before.debt for number, before in self.before.items()}
        write_debts(self._session, self._rows, debts, self.ids, self._as_of)
        self._write_points()
        self._write_holds()
        self._write_consent()
        self._tell_changes()

    def _event(self, account_id: int, kind: str, summary: str, **given: Any) -> None:
        self.events.append(
            NewEvent(account_id, self._at, kind, summary, actor="cis", subject_type="import_file",
                     subject_id=self._import_id, **given)
        )  # fmt: skip

    def _write_accounts(self) -> None:
        now = instant(self._session, self._at)
        common = (self._as_of.isoformat(), self._import_id, True, 1, now, now)
        fresh: list[AccountRow] = []
        known: list[tuple[Any, ...]] = []
        for row in self._rows:
            if (before := self.before.get(row.number)) is None:
                fresh.append(row)
            else:
                self.ids[row.number] = before.id
                known.append((*row.values, row.digest, *common))
        keys = reserve(self._session, Account, len(fresh))
        self.ids |= {row.number: key for key, row in zip(keys, fresh, strict=True)}
        values = [(key, *row.values, row.digest, *common) for key, row in zip(keys, fresh, strict=True)]
        insert_rows(self._session, Account, ("id", *_ACCOUNT), values)
        replace_rows(
            self._session, Account, _ACCOUNT, known, key="number", keep=("created_at", "facts_version"),
            also=["facts_version = account.facts_version + 1"],
        )  # fmt: skip

    def _write_points(self) -> None:
        known: dict[int, dict[tuple[str, str], _Stored]] = defaultdict(dict)
        old = [before.id for before in self.before.values()]
        fields = [getattr(ContactPoint, name) for name in _Stored._fields]
        if old:
            statement = select(*fields).where(
                one_of(self._session, ContactPoint.account_id, old), ContactPoint.source == SOURCE
            )
            for found in self._session.execute(statement):
                known[found.account_id][found.kind, found.raw] = _Stored(*found)
        fresh: list[list[Any]] = []
        now = instant(self._session, self._at)
        altered: list[dict[str, Any]] = []
        for row in self._rows:
            account_id = self.ids[row.number]
            stored = known.get(account_id, {})
            for point in row.points:
                kind, label, rank, raw, value, reason = point
                was = stored.pop((kind, raw), None)
                if was is None:
                    status = "usable" if value else "unusable"
                    fresh.append([account_id, kind, label, rank, raw, value, status, reason, SOURCE, now, now])
                    if row.number in self.before:
                        self._lines[account_id].append(f"{label} {raw} added")
                elif change := _alteration(was, point):
                    altered.append({"at_id": was.id, **change, "to_updated_at": self._at})
                    if was.status == "gone":
                        self._lines[account_id].append(f"{label} {raw} is back")
            for was in stored.values():
                if was.status in ("usable", "unusable"):
                    altered.append(_gone(was) | {"to_updated_at": self._at})
                    self._lines[account_id].append(f"{was.label} {was.raw} removed")
        self._inherit(fresh)
        insert_rows(self._session, ContactPoint, _POINT, fresh)
        if altered:
            table = ContactPoint.__table__
            names = ("label", "rank", "value", "status", "reason", "updated_at")
            statement_ = update(ContactPoint).where(table.c.id == bindparam("at_id"))
            self._session.connection().execute(
                statement_.values({name: bindparam(f"to_{name}") for name in names}), altered
            )

    def _inherit(self, fresh: list[list[Any]]) -> None:
        """What was learned of an address holds for the next account that names it."""
        values = {point[_VALUE] for point in fresh if point[_VALUE]}
        statement = select(ContactPoint.value, ContactPoint.status, ContactPoint.reason).where(
            ContactPoint.kind.in_(("phone", "email")),
            one_of(self._session, ContactPoint.value, values),
            ContactPoint.status.in_(LEARNED),
        )
        learned = {value: (status, reason) for value, status, reason in self._session.execute(statement)}
        for point in fresh if learned else ():
            if point[_VALUE] in learned:
                point[_STATUS : _STATUS + 2] = learned[point[_VALUE]]

    def _write_holds(self) -> None:
        """Holds follow the flags: placed when a flag comes, released when it goes. One that a person released while
        the flag stayed is left released."""
        active: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
        had_any: set[tuple[int, str]] = set()
        old = [before.id for before in self.before.values()]
        if old:
            for hold in self._session.execute(
                select(Hold.id, Hold.account_id, Hold.source, Hold.kind, Hold.released_at, Hold.released_by).where(
                    one_of(self._session, Hold.account_id, old), Hold.source.startswith(f"{SOURCE}:")
                )
            ):
                if hold.released_at is None:
                    active[hold.account_id][hold.source] = (hold.id, hold.kind)
                elif hold.released_by != SOURCE:
                    had_any.add((hold.account_id, hold.source))
        placed: list[tuple[Any, ...]] = []
        starts, at = self._as_of.isoformat(), instant(self._session, self._at)
        ended: list[dict[str, Any]] = []
        for row in self._rows:
            account_id = self.ids[row.number]
            now = active.get(account_id, {})
            before = self.before.get(row.number)
            for source, (kind, note) in row.holds.items():
                same = now.get(source)
                if same is not None and same[1] == kind:
                    del now[source]
                    continue
                if same is None and (account_id, source) in had_any and before is not None and kind in before.flags:
                    continue
                placed.append((account_id, kind, starts, note, source, at))
                self._event(account_id, "hold.placed", f"Hold placed: {note}", facts={"kind": kind, "source": source})
            for source, (hold_id, kind) in now.items():
                ended.append({"at_id": hold_id, "to_at": self._at, "to_by": SOURCE})
                said = f"Hold released: the CIS no longer has the flag {source.partition(':')[2]}"
                self._event(account_id, "hold.released", said, facts={"kind": kind, "source": source})
        insert_rows(self._session, Hold, ("account_id", "kind", "starts_on", "note", "source", "placed_at"), placed)
        if ended:
            table = Hold.__table__
            self._session.connection().execute(
                update(Hold)
                .where(table.c.id == bindparam("at_id"))
                .values(released_at=bindparam("to_at"), released_by=bindparam("to_by")),
                ended,
            )

    def _write_consent(self) -> None:
        """``no_text`` revokes texting for the account's phones; when the flag goes, what the flag revoked is granted
        again, unless the customer said stop since, or another account with the flag has the phone."""
        stopped: dict[str, int] = {}
        resumed: dict[str, int] = {}
        for row in self._rows:
            before = self.before.get(row.number)
            into = None
            if "no_text" in row.flags:
                into = stopped
            elif before is not None and "no_text" in before.flags:
                into = resumed
            if into is not None:
                phones = [value for kind, _, _, _, value, _ in row.points if kind == "phone" and value]
                into.update(dict.fromkeys(phones, self.ids[row.number]))
        if not stopped and not resumed:
            return
        blocked = consent.blocked(self._session, "sms", stopped)
        changes = [
            consent.Change("sms", phone, "revoked", SOURCE, "The account has the CIS flag against texting", self._at,
                           account_id=account_id)
            for phone, account_id in stopped.items() if phone not in blocked
        ]  # fmt: skip
        changes += [
            consent.Change("sms", phone, "granted", SOURCE, "The CIS flag against texting was taken off", self._at,
                           account_id=resumed[phone])
            for phone in self._only_flagged(set(resumed) - set(stopped))
        ]  # fmt: skip
        if changes:
            consent.record_all(self._session, changes)
            self._tell_consent({change.address: change.action for change in changes})

    def _only_flagged(self, phones: set[str]) -> list[str]:
        """Those of the phones that nothing but a flag stopped, a flag that is gone everywhere."""
        if not phones:
            return []
        ours = (
            select(Consent.address)
            .join(ConsentEvent, ConsentEvent.id == Consent.event_id)
            .where(Consent.channel == "sms", Consent.category == "all", Consent.allowed.is_(False))
            .where(ConsentEvent.source == SOURCE, Consent.address.in_(phones))
        )
        found = set(self._session.scalars(ours))
        still = select(ContactPoint.value, Account.flags).join(Account, Account.id == ContactPoint.account_id)
        for value, flags in self._session.execute(still.where(ContactPoint.value.in_(found))):
            if "no_text" in flags:
                found.discard(value)
        return sorted(found)

    def _tell_consent(self, actions: dict[str, str]) -> None:
        holders = (
            select(ContactPoint.account_id, ContactPoint.value)
            .where(ContactPoint.kind == "phone", ContactPoint.value.in_(actions))
            .distinct()
            .order_by(ContactPoint.account_id, ContactPoint.value)
        )
        for account_id, phone in self._session.execute(holders):
            action = actions[str(phone)]
            said = "No texts to" if action == "revoked" else "Texts again to"
            self._event(account_id, f"consent.{action}", f"{said} {phone}: the CIS flag", channel="sms",
                        facts={"address": phone, "source": SOURCE})  # fmt: skip

    def _tell_changes(self) -> None:
        for row in self._rows:
            before = self.before.get(row.number)
            if before is None:
                continue
            if told := self._lines.get(before.id):
                self._event(before.id, "contact.changed", f"Contact points in the CIS: {'; '.join(told)}")
            if changes := list(_changes(before, row)):
                self._event(before.id, "account.changed", f"Changed in the CIS: {'; '.join(changes)}")
            if not before.in_latest_file:
                self._event(before.id, "account.returned", "The account is in the CIS file again")


def _alteration(was: _Stored, point: Point) -> dict[str, Any] | None:
    """How a stored point changes; what people and carriers taught us about the address stays."""
    _, label, rank, _, value, reason = point
    status = "usable" if value else "unusable"
    if was.status in LEARNED and was.value == value:
        status, reason = was.status, was.reason
    now = (label, rank, value, status, reason)
    if now == (was.label, was.rank, was.value, was.status, was.reason):
        return None
    return dict(zip(("to_label", "to_rank", "to_value", "to_status", "to_reason"), now, strict=True))


def _gone(was: _Stored) -> dict[str, Any]:
    return {
        "at_id": was.id, "to_label": was.label, "to_rank": was.rank, "to_value": was.value, "to_status": "gone",
        "to_reason": "It is no longer in the CIS",
    }  # fmt: skip


def _changes(before: Before, row: AccountRow) -> Iterable[str]:
    """What a person would want to know of; balances are no news."""
    for name in ("name", "status", "language"):
        was, now = getattr(before, name), getattr(row, name)
        if was != now:
            yield f"{name} from {was} to {now}"
    if before.mailing_address != row.mailing_address:
        yield f"mailing address from {_one_line(before.mailing_address)} to {_one_line(row.mailing_address)}"


def _one_line(address: dict[str, Any]) -> str:
    street = ", ".join(str(address[name]) for name in ("line1", "line2") if address.get(name))
    town = " ".join(str(address[name]) for name in ("city", "state", "zip") if address.get(name))
    return ", ".join(part for part in (street, town) if part) or "none"

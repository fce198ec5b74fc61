"""The facts of one account as the card shows them: money, holds, promises, and whom we may write to how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account, ContactPoint, Hold, holds
from comms.accounts.balances import paid_since
from comms.accounts.consent import KINDS
from comms.accounts.schema import Consent
from comms.city import City
from comms.desk.accounts.shut_off import ShutOffDay, shut_off_day
from comms.desk.frame import formats, words
from comms.desk.frame.words import Tone
from comms.outbox import returned_addresses
from comms.promises.schema import Promise, PromisePart

PROMISES_SHOWN = 3


@dataclass(frozen=True)
class Chip:
    text: str
    tone: Tone


_SILENT = Chip("no opt-out on record", "plain")


@dataclass(frozen=True)
class Point:
    """A phone or email: what it is, whether it works, and whether its holder lets us write to it."""

    kind: str
    value: str
    label: str
    status: Chip
    consent: Chip | None
    reason: str | None


@dataclass(frozen=True)
class PromiseLine:
    promise: Promise
    parts: Sequence[PromisePart]
    status: Chip


@dataclass(frozen=True)
class Record:
    """Everything on the card beside the account's own columns."""

    account: Account
    chips: list[Chip]
    services: list[tuple[str, int]]
    shut_off: ShutOffDay
    paid_since_cents: int
    """What came in after the day of the balance."""
    points: list[Point]
    holds: list[Hold]
    promises: list[PromiseLine]
    mailing: list[str]
    mailing_problem: str
    mailing_closed: bool
    """Letters came back from there: none is printed to it any more."""

    @property
    def summary(self) -> str:
        """One line for a narrow screen: what is owed and for how long."""
        if self.account.past_due_cents <= 0:
            return "Nothing past due"
        return f"{formats.money(self.account.past_due_cents)} past due · {self.chips[0].text}"


def read(session: Session, city: City, account: Account, today: date) -> Record:
    """Put the card of an account together."""
    points = _points(session, account.id)
    held = holds.active(session, [account.id], today).get(account.id, [])
    promises = _promises(session, account.id)
    mailing = account.mailing_address
    street = [str(mailing.get(key) or "") for key in ("line1", "line2")]
    town = " ".join(str(mailing.get(key) or "") for key in ("city", "state", "zip")).strip()
    return Record(
        account=account,
        chips=_chips(account, points, held, promises, today),
        services=_services(city, account),
        shut_off=shut_off_day(session, account),
        paid_since_cents=paid_since(session, [account.id]).get(account.id, 0),
        points=points,
        holds=held,
        promises=promises,
        mailing=[line for line in (*street, town) if line],
        mailing_problem=str(mailing.get("problem") or ""),
        mailing_closed=account.id in returned_addresses(session, [account.id]),
    )


def days_past_due(account: Account, today: date) -> int:
    """How old the oldest unpaid bill is, in days after its due date."""
    return (today - account.oldest_due_on).days if account.oldest_due_on else 0


def _chips(
    account: Account, points: Sequence[Point], held: Sequence[Hold], promises: Sequence[PromiseLine], today: date
) -> list[Chip]:
    chips = []
    if account.past_due_cents > 0:
        chips.append(_age(days_past_due(account, today)))
    if account.status != "active":
        chips.append(Chip(words.STATUSES.get(account.status, account.status), "warn"))
    chips += [Chip(words.HOLDS.get(hold.kind, hold.kind), "warn") for hold in held]
    if any(line.promise.status == "open" for line in promises):
        chips.append(Chip("Promise open", "info"))
    elif promises and promises[0].promise.status in ("broken", "partial"):
        chips.append(Chip(f"Promise {promises[0].status.text}", promises[0].status.tone))
    preferred = account.language_asked or account.language
    if preferred != "en":
        chips.append(Chip(f"Prefers {words.LANGUAGES.get(preferred, preferred)}", "info"))
    if any(point.consent and point.consent.tone == "bad" for point in points):
        chips.append(Chip("Opted out", "bad"))
    return chips


def _age(days: int) -> Chip:
    for limit, text in ((0, "Due now"), (30, "1–30 days"), (60, "31–60 days"), (90, "61–90 days")):
        if days <= limit:
            return Chip(text, "bad" if limit >= 60 else "warn")
    return Chip("Over 90 days", "bad")


def _services(city: City, account: Account) -> list[tuple[str, int]]:
    labels = city.service_labels
    owed = [(key, int(cents)) for key, cents in account.service_past_due.items() if cents]
    return [(labels[key].en if key in labels else key.replace("_", " ").capitalize(), cents) for key, cents in owed]


def _points(session: Session, account_id: int) -> list[Point]:
    found = session.scalars(
        select(ContactPoint)
        .where(ContactPoint.account_id == account_id)
        .order_by(ContactPoint.kind.desc(), ContactPoint.rank, ContactPoint.id)
    ).all()
    said = _consents(session, [point.value for point in found if point.value])
    lines = []
    for point in found:
        text, tone = words.ADDRESS_STATUS.get(point.status, (point.status, "plain"))
        channel = "sms" if point.kind == "phone" else "email"
        lines.append(
            Point(
                kind=point.kind,
                value=formats.address_of(point.value) if point.value else point.raw,
                label=point.label,
                status=Chip(text, tone),
                consent=said.get((channel, point.value), _SILENT) if point.value and point.status == "usable" else None,
                reason=point.reason if point.status != "usable" else None,
            )
        )
    return lines


def _consents(session: Session, addresses: Sequence[str]) -> dict[tuple[str, str], Chip]:
    """What the holder of each address has said, by channel; a refusal of anything outranks a permission."""
    statement = (
        select(Consent.channel, Consent.address, Consent.category, Consent.allowed)
        .where(Consent.channel.in_(sorted(KINDS)), Consent.address.in_(addresses))
        .order_by(Consent.allowed.desc(), Consent.category.desc())
    )
    said: dict[tuple[str, str], Chip] = {}
    for channel, address, category, allowed in session.execute(statement):
        what = {"sms": "texts", "email": "email", "voice": "calls"}.get(channel, channel)
        about = "" if category == "all" else f" about {category.replace('-', ' ')}"
        said[channel, address] = (
            Chip(f"agreed to {what}{about}", "good") if allowed else Chip(f"opted out of {what}{about}", "bad")
        )
    return said


def _promises(session: Session, account_id: int) -> list[PromiseLine]:
    newest = select(Promise).where(Promise.account_id == account_id).order_by(Promise.id.desc()).limit(PROMISES_SHOWN)
    promises = session.scalars(newest).all()
    parts = session.scalars(
        select(PromisePart)
        .where(PromisePart.promise_id.in_([promise.id for promise in promises]))
        .order_by(PromisePart.promise_id, PromisePart.seq)
    ).all()
    return [
        PromiseLine(
            promise,
            [part for part in parts if part.promise_id == promise.id],
            Chip(*words.promise(promise.status, promise.awaits)),
        )
        for promise in promises
    ]

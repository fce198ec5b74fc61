"""Orders: what each kind is called, which are open, and how one ends."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.accounts.facts import AT_ONCE
from comms.city import City
from comms.db import one_of

from .schema import FieldList, FieldOrder

OPEN = ("proposed", "issued")
"""States in which an order can still be called back."""
KIND_OF = {"shutoff": "disconnect", "referral": "refer", "reconnect": "reconnect"}
"""What the orders of a list are, by the list's kind."""
LETTER_OF = {"shutoff": "D", "referral": "T", "reconnect": "R"}
"""How the numbers of a list's orders begin: disconnect, tax list, reconnect."""
WORDS = {"disconnect": "to disconnect", "refer": "to refer", "reconnect": "to reconnect"}


class OrderError(ValueError):
    """A list or an order that cannot be made, changed or found; the message says why and what to do."""


@dataclass(frozen=True)
class Due:
    """What is past due for one service, by the city's key, in cents."""

    service: str
    cents: int

    def as_json(self) -> dict[str, Any]:
        return {"service": self.service, "cents": self.cents}


@dataclass(frozen=True)
class Wanted:
    """An order that may be put on a list. ``evidence`` is kept with it: what proves each required notice."""

    account_id: int
    episode_id: int | None
    services: tuple[Due, ...]
    amount_cents: int
    facts_version: int
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """An account that was kept off a list, with a sentence for each thing that is missing."""

    account: str
    name: str
    amount_cents: int
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "account": self.account, "name": self.name, "amount_cents": self.amount_cents,
            "missing": list(self.missing),
        }  # fmt: skip


def in_order(city: City, past_due: Mapping[str, Any], *, at_least: int = 1) -> list[Due]:
    """The services with something past due (of ``at_least`` so many cents), in the order of the city's profile."""
    place = {service.key: i for i, service in enumerate(city.services)}
    owing = [Due(service, int(cents)) for service, cents in past_due.items() if int(cents) >= at_least]
    return sorted(owing, key=lambda due: (place.get(due.service, len(place)), due.service))


def services_of(order: FieldOrder) -> tuple[Due, ...]:
    """The services an order is about."""
    return tuple(Due(one["service"], int(one["cents"])) for one in order.services)


def in_words(services: Sequence[Due], labels: Mapping[str, str]) -> str:
    """``gas and water``: the services as a clerk says them."""
    names = [labels.get(one.service, one.service).lower() for one in services]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}" if names else "service"


def open_orders(
    session: Session, account_ids: Collection[int] | None = None, kinds: Collection[str] = tuple(WORDS)
) -> list[FieldOrder]:
    """Orders that are proposed or issued, of these accounts (None: of all), the oldest first."""
    base = select(FieldOrder).where(FieldOrder.state.in_(OPEN), FieldOrder.kind.in_(sorted(kinds)))
    base = base.order_by(FieldOrder.id).execution_options(populate_existing=True)
    if account_ids is None:
        return list(session.scalars(base))
    ordered = sorted(set(account_ids))
    found: list[FieldOrder] = []
    for start in range(0, len(ordered), AT_ONCE):
        found += session.scalars(base.where(one_of(session, FieldOrder.account_id, ordered[start : start + AT_ONCE])))
    return found


def by_number(session: Session, number: str) -> FieldOrder:
    """The order of this number; ``OrderError`` when there is none."""
    found = session.scalar(select(FieldOrder).where(FieldOrder.number == number.strip().upper()))
    if found is None:
        raise OrderError(f"There is no order {number.strip()}. List them: comms shutoff orders")
    return found


def list_named(session: Session, name: str, *, lock: bool = False) -> FieldList:
    """The list of this name, locked until the transaction ends when asked; ``OrderError`` when there is none."""
    statement = select(FieldList).where(FieldList.name == name.strip()).execution_options(populate_existing=True)
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise OrderError(f"There is no list {name.strip()}. List them: comms shutoff list")
    return found


def end(
    session: Session, order_id: int, state: str, *, at: datetime, result: str, by: str,
    from_states: Collection[str] = OPEN,
) -> bool:  # fmt: skip
    """Bring an open order to its end; False when somebody else already did."""
    ended = session.execute(
        update(FieldOrder)
        .where(FieldOrder.id == order_id, FieldOrder.state.in_(sorted(from_states)))
        .values(state=state, ended_at=at, result=result, result_by=by)
        .returning(FieldOrder.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None

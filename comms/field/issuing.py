"""Giving out an approved list: the order file, the door tags and a manifest, in one folder that appears whole.

1. Every order is looked at again (``recheck``); what does not hold any more leaves the list, with why.
2. The files are written into a hidden folder, and flushed.
3. In one transaction: orders called back meanwhile are looked for. Any: back to 1. None: the orders are ``issued``.
4. The folder gets its name, which is what the Service Department sees.

A list found issued without its folder (the process died between 3 and 4) is written again, without what was called
back meanwhile. The same orders always give the same bytes, so doing 4 again changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.channels import folders
from comms.city import City
from comms.clock import Clock
from comms.db import Database, one_of
from comms.history import record
from comms.outbox.drafting import language_of

from .door_tags import DoorTag, set_tags
from .lists import orders_of
from .order_file import OrderRow, write_orders
from .orders import WORDS, OrderError, end, in_words, list_named, services_of
from .schema import FieldList, FieldOrder
from .telling import event_of

FORMAT = "field list 1"
ORDERS, TAGS = "orders.csv", "door-tags"
ROUNDS = 5
"""Orders are called back while the files are written at most so often."""

Recheck = Callable[[Session, Sequence[FieldOrder], FieldList], Mapping[int, Sequence[str]]]
"""What is missing or stands against each order of a list, in sentences, by order id; those that hold are left out."""


@dataclass(frozen=True)
class Issued:
    """What was given out. ``fresh`` is False when the folder was there already."""

    name: str
    folder: Path
    orders: int
    amount_cents: int
    left_out: tuple[tuple[str, str], ...]
    fresh: bool


def issue(
    database: Database, city: City, clock: Clock, home: Path, name: str, *, by: str, recheck: Recheck
) -> Issued:  # fmt: skip
    """Give out an approved list in ``home / name``. One that was given out is left as it is. Raises ``OrderError``."""
    if there := _there(database, home, name):
        return there
    left_out: list[tuple[str, str]] = []
    for _ in range(ROUNDS):
        dropped = database.run(lambda session: _look_again(session, city, clock, name, by, recheck))
        left_out += dropped
        with database.read() as session:
            made = list_named(session, name)
            written = _write(session, city, made, clock.now())
        if written.refused:
            left_out += database.run(lambda session: _drop(session, city, clock, name, by, written.refused))  # noqa: B023
            continue
        scratch = folders.write_hidden(home, made.name, written.files, written.manifest)
        if database.run(lambda session: _settle(session, city, clock, name, by, written)):  # noqa: B023
            fresh = _publish(scratch, home / made.name, written.manifest)
            return _told(home / made.name, written.manifest, left_out, fresh)
        folders.discard(scratch)
    raise OrderError(f"Orders of {name} are being called back just now. Try again in a minute.")


def _there(database: Database, home: Path, name: str) -> Issued | None:
    """The list as it was given out before, whatever was called back since."""
    with database.read() as session:
        made = list_named(session, name)
    folder = home / made.name
    if made.state != "issued" or not folder.exists():
        return None
    if not folders.holds(folder, made.manifest):
        raise OrderError(
            f"{folder} does not hold what was given out: a file is damaged or missing. Move the folder away, and issue "
            "the list again; orders called back since are then left out."
        )
    return _told(folder, made.manifest, (), fresh=False)


def _told(folder: Path, manifest: Mapping[str, Any], left_out: Sequence[tuple[str, str]], fresh: bool) -> Issued:
    total = manifest["control_totals"]["amount_cents"]
    return Issued(manifest["list"], folder, manifest["counts"]["orders"], total, tuple(left_out), fresh)


@dataclass(frozen=True)
class _Files:
    files: Mapping[str, bytes]
    manifest: dict[str, Any]
    orders: tuple[int, ...]
    refused: Mapping[int, Sequence[str]]


def _look_again(
    session: Session, city: City, clock: Clock, name: str, by: str, recheck: Recheck
) -> list[tuple[str, str]]:
    """Step 1; nothing is left to look at once the list is issued."""
    made = list_named(session, name, lock=True)
    if made.state == "issued":
        return []
    if made.state != "approved":
        wanted = (
            "It must be approved first: comms shutoff approve" if made.state == "proposed" else "Propose a new one."
        )
        raise OrderError(f"List {made.name} is {made.state}. {wanted}")
    if made.for_day < city.local_date(clock.now()):
        raise OrderError(f"List {made.name} was for {made.for_day}, which is past. Cancel it, and propose a new one.")
    failing = recheck(session, orders_of(session, made.id, "proposed"), made)
    return _drop(session, city, clock, name, by, failing)


def _drop(
    session: Session, city: City, clock: Clock, name: str, by: str, failing: Mapping[int, Sequence[str]]
) -> list[tuple[str, str]]:
    """Take orders off a list, with why, before it is given out."""
    made = list_named(session, name, lock=True)
    now, events, dropped, entries = clock.now(), [], [], list(made.left_out)
    for order in orders_of(session, made.id):
        why = " ".join(failing.get(order.id, ()))
        if not why or not end(
            session, order.id, "cancelled", at=now, result=why, by=f"user:{by}", from_states=("proposed", "issued")
        ):
            continue
        account = session.get_one(Account, order.account_id)
        dropped.append((order.number, why))
        entries.append({
            "account": account.number, "name": account.name, "amount_cents": order.amount_cents,
            "missing": list(failing[order.id]),
        })  # fmt: skip
        events.append(event_of(city, order, "cancelled", now, f"left its list: {why}", actor=f"user:{by}"))
    made.left_out = entries
    session.flush()
    record(session, events, now)
    return dropped


def _write(session: Session, city: City, made: FieldList, now: datetime) -> _Files:
    """Step 2: the files of the orders that are on the list now."""
    orders = [order for order in orders_of(session, made.id) if order.state in ("proposed", "issued")]
    if not orders:
        raise OrderError(f"Nothing is left of list {made.name}; there is nothing to give out. Cancel it.")
    ids = sorted({order.account_id for order in orders})
    accounts = {one.id: one for one in session.scalars(select(Account).where(one_of(session, Account.id, ids)))}
    moment = made.approved_at or now
    files = {ORDERS: write_orders(_row(city, made, order, accounts[order.account_id]) for order in orders)}
    refused: dict[int, Sequence[str]] = {}
    if made.kind == "shutoff":
        tags = set_tags(city, [_tag(made, order, accounts[order.account_id]) for order in orders], moment)
        for i, pdf in enumerate(tags.pdfs, 1):
            files[f"{TAGS}.pdf" if len(tags.pdfs) == 1 else f"{TAGS}-{i}.pdf"] = pdf
        refused = {order.id: [tags.refused[order.number]] for order in orders if order.number in tags.refused}
    manifest = {
        "format": FORMAT, "list": made.name, "kind": made.kind, "city": city.slug, "for_day": str(made.for_day),
        "made_by": made.made_by, "approved_by": made.approved_by, "approved_at": moment.isoformat(),
        "counts": {"orders": len(orders)},
        "control_totals": {"amount_cents": sum(order.amount_cents for order in orders)},
        "orders": [order.number for order in orders], "files": folders.listed(files),
    }  # fmt: skip
    return _Files(files, manifest, tuple(order.id for order in orders), refused)


def _row(city: City, made: FieldList, order: FieldOrder, account: Account) -> OrderRow:
    labels = {key: words.en for key, words in city.service_labels.items()}
    return OrderRow(
        order=order.number, action=WORDS[order.kind].removeprefix("to "), account=account.number, name=account.name,
        service_address=account.service_address, service_city=account.service_city, service_zip=account.service_zip,
        services=in_words(services_of(order), labels), amount_cents=order.amount_cents, on_or_after=made.for_day,
        note="Call the office before you start: the order may have been called back." if order.kind == "disconnect"
        else "",
    )  # fmt: skip


def _tag(made: FieldList, order: FieldOrder, account: Account) -> DoorTag:
    return DoorTag(
        order=order.number, name=account.name, address=account.service_address, account_number=account.number,
        language=language_of(account), services=tuple(due.service for due in services_of(order)),
        amount_cents=order.amount_cents, day=made.for_day,
    )  # fmt: skip


def _settle(session: Session, city: City, clock: Clock, name: str, by: str, written: _Files) -> bool:
    """Step 3. False: an order that is in the files was called back meanwhile."""
    made = list_named(session, name, lock=True)
    now = clock.now()
    still = [order for order in orders_of(session, made.id) if order.state in ("proposed", "issued")]
    if [order.id for order in still] != list(written.orders):
        return False
    fresh = [order for order in still if order.state == "proposed"]
    session.execute(
        update(FieldOrder)
        .where(one_of(session, FieldOrder.id, [order.id for order in fresh]), FieldOrder.state == "proposed")
        .values(state="issued", issued_at=now)
        .execution_options(synchronize_session=False)
    )
    made.manifest = written.manifest
    made.state, made.issued_at = "issued", made.issued_at or now
    session.flush()
    words = f"given to the Service Department for {made.for_day}"
    record(session, [event_of(city, each, "issued", now, words, actor=f"user:{by}") for each in fresh], now)
    return True


def _publish(scratch: Path, folder: Path, manifest: Mapping[str, Any]) -> bool:
    try:
        return folders.publish(scratch, folder, manifest)
    except folders.FolderTakenError as error:
        folders.discard(scratch)
        raise OrderError(
            f"{folder} is there with files of something else. Move it away, and issue the list again."
        ) from error
    except OSError as error:
        raise OrderError(f"{folder} cannot be written: {error}. Make room there, then issue the list again.") from error

"""``comms promise``: promises to pay, and what the payments made of them."""

import getpass
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from comms import history, promises
from comms.accounts import Account, finding
from comms.campaigns.agreeing import follow_opening
from comms.cli.amounts import ROW, DatedAmount, Dollars
from comms.cli.opening import Refused, echo_json, office
from comms.desk.access import users
from comms.desk.access.permissions import Permission, allows
from comms.money import dollars
from comms.office import Office
from comms.promises import Arranged, Part, PolicyError, PromiseError, evaluate
from comms.promises.listing import PromiseDetail, PromiseLine, detail, listed
from comms.promises.wording import EVERY, KIND, STATUS, in_words, on_day, why

Done = TypeVar("Done")
STATUSES = tuple(STATUS)
SOURCES = ("phone", "counter", "letter", "email", "sms", "web")
CHANNELS = ("sms", "email", "letter")


def _said(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty. Say why in a few words; it stays in the record.")
    return value.strip()


_WHY = click.option("--reason", required=True, callback=_said, help="Why, for the record.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_BY = click.option(
    "--by", default=getpass.getuser, metavar="NAME", show_default="your login", help="Who took it, or decides."
)
_ID = click.argument("promise_id", metavar="ID", type=ROW)


def _taking(command: Callable[..., None]) -> Callable[..., None]:
    """The options of whatever takes a promise down."""
    for option in (
        click.option("--from", "source", type=click.Choice(SOURCES), default="phone", show_default=True,
                     help="How the customer said it."),
        _BY,
        click.option("--reason", "reason_code", metavar="CODE", help="Why payment is late, such as JOB_LOSS."),
        click.option("--note", help="What was said, for the record."),
        click.option("--approved-by", metavar="USER", help="The supervisor of the desk who agreed already."),
        click.option("--in-writing", type=click.Choice(["first", *CHANNELS, "no"]), default="first", show_default=True,
                     help="Confirm it to the customer: on the first channel that may be used, on one, or not."),
        _JSON,
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def promise() -> None:
    """Promises to pay: enter them, arrange payments, look at them, hold them to the money that came in."""


@promise.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these; may be repeated.")
@click.option("--account", "number", help="Only this account, by its number.")
@click.option("--awaits", type=click.Choice(["customer", "supervisor"]), help="Only those that wait for this word.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@_JSON
def list_(statuses: tuple[str, ...], number: str | None, awaits: str | None, limit: int, as_json: bool) -> None:
    """The promises, the newest first."""
    with office() as at, at.database.read() as session:
        account_id = _account(session, number).id if number is not None else None
        lines = listed(session, statuses=statuses, account_id=account_id, awaits=awaits, limit=limit)
    if as_json:
        echo_json([asdict(line) for line in lines])
        return
    for line in lines:
        click.echo(_one_line(line))
    if not lines:
        click.echo("No promises.")


@promise.command()
@_ID
@_JSON
def show(promise_id: int, as_json: bool) -> None:
    """Promise ID: its parts, the payments that count, and what happened to it."""
    with office() as at, at.database.read() as session:
        found = detail(session, promise_id)
        if found is None:
            raise Refused(f"There is no promise {promise_id}. List them: comms promise list")
    if as_json:
        echo_json(asdict(found))
    else:
        _print(at, found)


@promise.command("enter")
@click.argument("account")
@click.option("--pay", "parts", multiple=True, required=True, type=DatedAmount(), help="May be repeated.")
@click.option("--category", default="staff", show_default=True, help="Whose limits it is held to.")
@_taking
def enter_(
    account: str, parts: tuple[Part, ...], category: str, by: str, approved_by: str | None,
    in_writing: str, as_json: bool, **taken: Any,
) -> None:  # fmt: skip
    """Enter a promise that ACCOUNT made: --pay 50.00@2026-12-04. Beyond the limits it waits for a supervisor."""
    with office() as at:

        def take(session: Session) -> dict[str, Any]:
            return _take(
                at, session, account, parts, by=by, approved_by=approved_by, in_writing=in_writing, category=category,
                **taken,
            )  # fmt: skip

        _finish(at, take, as_json)


@promise.command()
@click.argument("account")
@click.option("--down", type=Dollars(), help="A down payment other than the usual one.")
@click.option("--installments", type=click.IntRange(1), help="How many payments besides the down payment.")
@click.option("--every", type=click.Choice(list(EVERY)), help="How often.")
@click.option("--income", type=Dollars(), help="The household's income a month, if the customer told it.")
@click.option("--enter", "agree", is_flag=True, help="The customer agrees: enter it.")
@_taking
def arrange(
    account: str, down: int | None, installments: int | None, every: str | None,
    income: int | None, agree: bool, by: str, approved_by: str | None, in_writing: str, as_json: bool, **taken: Any,
) -> None:  # fmt: skip
    """What ACCOUNT can be offered to pay over time; with --enter, agree it."""
    with office() as at:

        def offered(session: Session) -> Arranged:
            found = promises.arrangement_for(
                session, at.city, at.clock, _account(session, account).id, down_payment_cents=down,
                installments=installments, every=every, income_cents=income,
            )  # fmt: skip
            if not found.parts:
                raise PromiseError(f"There is nothing to arrange: {why(found.reasons)}.")
            return found

        def take(session: Session) -> dict[str, Any]:
            found = offered(session)
            return _take(
                at, session, account, found.parts, by=by, approved_by=approved_by, in_writing=in_writing,
                category="arrangement", terms=found.terms, **taken,
            )  # fmt: skip

        if agree:
            _finish(at, take, as_json)
            return
        found = _run(at, offered)
    if as_json:
        echo_json(asdict(found))
    else:
        _print_offer(found, account)
    if found.reasons:
        click.get_current_context().exit(1)


@promise.command()
@_ID
@_BY
@click.option("--in-writing", type=click.Choice(["first", *CHANNELS, "no"]), default="first", show_default=True)
@_JSON
def approve(promise_id: int, by: str, in_writing: str, as_json: bool) -> None:
    """A supervisor of the desk (--by) agrees to promise ID."""
    with office() as at:

        def agree(session: Session) -> dict[str, Any]:
            change = promises.approve(session, at.city, at.clock, promise_id, f"user:{_supervisor(session, by)}")
            if not change.events:
                return {"promise": promise_id, "status": "open", "message": None, "said": "It is open already."}
            return _opened(at, session, promise_id, change.events, in_writing)

        _finish(at, agree, as_json)


@promise.command()
@_ID
@_BY
@_WHY
@_JSON
def refuse(promise_id: int, by: str, reason: str, as_json: bool) -> None:
    """The office does not take promise ID, which waits for a word."""
    with office() as at:

        def no(session: Session) -> dict[str, Any]:
            change = promises.refuse(session, at.clock, promise_id, actor=f"user:{by}", reason=reason)
            history.record(session, list(change.events), at.clock.now())
            return {"promise": promise_id, "status": "refused", "said": "It was not taken. Tell the customer."}

        _finish(at, no, as_json)


@promise.command()
@_ID
@_BY
@click.option("--for", "whose", type=click.Choice(["customer", "office"]), default="customer", show_default=True,
              help="Whose wish it is.")  # fmt: skip
@_WHY
@_JSON
def withdraw(promise_id: int, by: str, whose: str, reason: str, as_json: bool) -> None:
    """Take promise ID back. Dunning goes on; money that came in before today still counts."""
    with office() as at:

        def back(session: Session) -> dict[str, Any]:
            change = promises.withdraw(
                session, at.city, at.clock, promise_id, by=whose, actor=f"user:{by}", reason=reason
            )
            history.record(session, list(change.events), at.clock.now())
            return {"promise": promise_id, "status": f"withdrawn_{whose}", "said": "It is taken back."}

        _finish(at, back, as_json)


@promise.command("evaluate")
@click.option("--account", "number", help="Only this account, by its number.")
@_JSON
def evaluate_(number: str | None, as_json: bool) -> None:
    """Hold the promises to the payments taken in so far. Doing it again changes nothing."""
    with office() as at:

        def hold_to(session: Session) -> promises.Evaluation:
            chosen = [_account(session, number).id] if number is not None else None
            return evaluate(session, at.city, at.clock, chosen)

        found = _run(at, hold_to)
    counts = asdict(found)
    accounts = counts.pop("changed_accounts")
    if as_json:
        echo_json({**counts, "changed_accounts": len(accounts)})
        return
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    click.echo(told or "No promises to look at.")
    if found.pending_feed:
        click.echo(
            f"{found.pending_feed} wait for a payment file that covers their deadline. "
            "Next step: comms import payments FILE"
        )


def _run(at: Office, work: Callable[[Session], Done]) -> Done:
    """Do it in one transaction; what the office does not allow is a refusal."""
    try:
        return at.database.run(work)
    except (PromiseError, PolicyError) as error:
        raise Refused(str(error)) from None


def _finish(at: Office, work: Callable[[Session], dict[str, Any]], as_json: bool) -> None:
    """Do it, ring for what it queued, say what became of it; exit 1 when somebody still has to do something."""
    done = _run(at, work)
    lane = done.pop("lane", "")
    if message := done.get("message"):
        at.doorbell.ring(lane, [message])
    attention = done.pop("attention", False)
    if as_json:
        echo_json(done)
    else:
        click.echo(f"Promise {done['promise']} is {STATUS[done['status']]}. {done['said']}")
    if attention:
        click.get_current_context().exit(1)


def _take(
    at: Office, session: Session, number: str, parts: tuple[Part, ...], *, by: str, approved_by: str | None,
    in_writing: str, **terms: Any,
) -> dict[str, Any]:  # fmt: skip
    account = _account(session, number)
    entered = promises.enter(
        session, at.city, at.clock, account_id=account.id, parts=parts, by=f"user:{by}",
        approved_by=f"user:{_supervisor(session, approved_by)}" if approved_by else None, **terms,
    )  # fmt: skip
    if entered.awaits is None:
        return _opened(at, session, entered.promise_id, entered.events, in_writing)
    history.record(session, list(entered.events), at.clock.now())
    return {
        "promise": entered.promise_id, "status": "proposed", "awaits": entered.awaits,
        "reasons": list(entered.reasons), "attention": True,
        "said": f"It waits for a supervisor: {why(entered.reasons)}. "
        f"Next step: comms promise approve {entered.promise_id} --by SUPERVISOR",
    }  # fmt: skip


def _opened(at: Office, session: Session, promise_id: int, events: Any, in_writing: str) -> dict[str, Any]:
    """What follows an opened promise: dunning that has not left is called back, and the customer has it in writing."""
    channels: tuple[str, ...] = CHANNELS if in_writing == "first" else () if in_writing == "no" else (in_writing,)
    written = follow_opening(session, at.city, at.clock, at.renderer, promise_id, events, channels=channels)
    said = f"The customer is told by {written.channel}." if written.message_id else ""
    if written.why_not:
        said = f"It could not be put in writing: {written.why_not}."
    return {
        "promise": promise_id, "status": "open", "awaits": None, "channel": written.channel or None,
        "message": written.message_id, "lane": written.lane, "said": said, "attention": bool(written.why_not),
    }  # fmt: skip


def _account(session: Session, number: str) -> Account:
    account = finding.by_number(session, number)
    if account is None:
        raise Refused(f"No account {number}. Search by name: comms history --find NAME")
    return account


def _supervisor(session: Session, username: str) -> str:
    """The user name of somebody who may approve promises."""
    user = users.find_user(session, username)
    if user is None or not user.active or not allows(user.role, Permission.APPROVE_PROMISES):
        raise Refused(
            f"{username} is no supervisor of the desk, and only one may approve a promise. See who is: comms user list"
        )
    return user.username


def _one_line(line: PromiseLine) -> str:
    due = on_day(line.next_due_on) if line.next_due_on else "no date"
    status = f"awaits {line.awaits}" if line.awaits else line.status
    return (
        f"{line.id:>6}  {line.account:<14} {status:<18} {dollars(line.promised_cents):>11} by {due:<18} "
        f"{dollars(line.allocated_cents):>11} in   {line.name}"
    )


def _print(at: Office, found: PromiseDetail) -> None:
    line = found.line
    click.echo(f"{KIND[line.kind]} {line.id}, account {line.account}, {line.name}: {STATUS[line.status]}")
    if line.awaits:
        click.echo(f"It waits for the {line.awaits}.")
    if found.said_text:
        click.echo(f'Said by {line.source}: "{found.said_text}"')
    for what, who in (("Taken", found.taken_by), ("Approved", found.approved_by)):
        if who:
            click.echo(f"{what} by {who.removeprefix('user:')}")
    if found.status_reason:
        click.echo(found.status_reason)
    for part in found.parts:
        click.echo(
            f"  {part['seq']}. {dollars(part['amount_cents'])} by {on_day(part['due_on'])}: {part['state']}, "
            f"{dollars(part['allocated_cents'])} came in"
        )
    for paid in found.payments:
        undone = ", reversed" if paid["reversed"] else ""
        click.echo(f"     {paid['paid_on']} {dollars(paid['amount_cents'])} of {paid['transaction']}{undone}")
    for entry in found.log:
        click.echo(f"  {entry['at'].astimezone(at.city.zone):%Y-%m-%d %H:%M}  {entry['kind']}  ({entry['actor']})")


def _print_offer(found: Arranged, account: str) -> None:
    assert found.terms is not None
    total = sum(part.amount_cents for part in found.parts)
    click.echo(f"Account {account} owes {dollars(total)}. {_plan_in_words(found)}:")
    for number, part in enumerate(found.parts, 1):
        click.echo(f"  {number:>2}. {dollars(part.amount_cents):>11} by {on_day(part.due_on)}")
    for what in found.changed:
        click.echo(f"The {CHANGED[what]} asked for is not within the policy; this is the nearest.")
    if found.needs_income_cents is not None:
        click.echo(f"An income of {dollars(found.needs_income_cents)} a month would bear it.")
    if found.reasons:
        click.echo(f"It needs a supervisor: {why(found.reasons)}.")
    click.echo("To agree it, give the same again with --enter.")


CHANGED = {"down_payment": "down payment", "installments": "number of payments", "every": "frequency"}


def _plan_in_words(found: Arranged) -> str:
    terms = found.terms or {}
    down, number = terms["down_payment_cents"], terms["installments"]
    if not number:
        return f"All of it in one payment ({in_words(found.parts)})"
    rest = f"{number} payment{'s' if number > 1 else ''} {EVERY[terms['every']]}"
    return f"{dollars(down)} down, then {rest}" if down else rest.capitalize()

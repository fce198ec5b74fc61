"""``comms consent``: who may be written to, what they said, and what Twilio's own list says."""

import getpass
from typing import Any, get_args

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account, consent, finding
from comms.accounts.consent import KINDS, Action
from comms.accounts.importing import points
from comms.accounts.schema import Consent, ConsentEvent, ConsentMirror, ContactPoint
from comms.cli.opening import Refused, echo_json, office
from comms.notices.catalogue import Category
from comms.office import Office
from comms.outbox.consenting import record_word
from comms.outbox.mirroring import counts, try_again

CATEGORIES = ("all", *get_args(Category))
MIRRORED = {
    "waiting": "Twilio is not told yet", "told": "Twilio is told", "not_needed": "a newer line was told to Twilio",
    "refused": "Twilio refuses it",
}  # fmt: skip


@click.group("consent")
def consent_() -> None:
    """Who may be written to: what customers said, on which number, about what, and the evidence."""


@consent_.command()
@click.argument("who", metavar="ADDRESS|ACCOUNT")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def show(who: str, as_json: bool) -> None:
    """What the ledger says of a phone, an email address, or all addresses of an account, and every line behind it."""
    with office() as at, at.database.read() as session:
        addresses = _addresses(session, who)
        now = [_standing(session, address) for address in addresses]
        lines = [line for address in addresses for line in _lines(session, address)]
        zone = at.city.zone
    if as_json:
        echo_json({"addresses": now, "lines": lines})
        return
    for one in now:
        click.echo(f"{one['address']}: {_in_words(one['standing'])}")
    for line in lines:
        when = line["at"].astimezone(zone)
        mirrored = f" ({MIRRORED[line['twilio']]}{': ' + line['answer'] if line['answer'] else ''})"
        click.echo(
            f"{when:%Y-%m-%d %H:%M}  {line['address']}  {line['channel']}  {line['category']}  {line['action']} "
            f"by {line['source']}: {line['evidence']}{mirrored if line['twilio'] else ''}"
        )
    if not lines:
        click.echo("The ledger has no line about it.")


def _write(name: str, help_text: str, action: Action) -> None:
    """``revoke`` and ``grant`` differ in one word."""

    @consent_.command(name, help=help_text)
    @click.argument("address")
    @click.option("--channel", type=click.Choice(list(KINDS)), help="sms, email or voice; by itself what fits ADDRESS.")
    @click.option(
        "--category", type=click.Choice(CATEGORIES), default="all", show_default=True, help="One kind of notices only."
    )
    @click.option("--evidence", required=True, help="Who said it, how and when: it must stand up later.")
    @click.option("--by", default=getpass.getuser, show_default="your login", metavar="NAME", help="Who took it.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
    def command(
        address: str, channel: str | None, category: str, evidence: str, by: str, as_json: bool
    ) -> None:  # fmt: skip
        value = _address(address)
        way = channel or ("email" if "@" in value else "sms")
        if KINDS[way] != ("email" if "@" in value else "phone"):
            raise Refused(f"{value} is not an address for {way}. Leave --channel out, or give another address.")
        if len(evidence.strip()) < 5:
            raise Refused('Say who said it, how and when: --evidence "by phone on Nov 23, Maria Jensen herself"')
        with office() as at:
            done = at.database.run(
                lambda session: record_word(
                    session, at.clock, channel=way, address=value, action=action, evidence=evidence.strip(),
                    by=f"user:{by}", category=category,
                )
            )  # fmt: skip
            at.doorbell.ring("housekeeping")
            numbers = _numbers(at, done.account_ids)
        if as_json:
            echo_json(
                {"address": value, "channel": way, "category": category, "action": action, "accounts": numbers,
                 "recalled": done.recalled, "too_late": done.too_late}
            )  # fmt: skip
            return
        click.echo(f"{value}: {way}, {category}: {action}. Accounts: {', '.join(numbers) or 'none'}.")
        if done.recalled:
            click.echo(f"{len(done.recalled)} not yet sent and called back.")
        if done.too_late:
            click.echo(f"{len(done.too_late)} could not be called back: leaving already.")


_write(
    "revoke",
    "Write down that the holder of ADDRESS wants no more messages: said by phone, by letter, at the counter. What has "
    "not left is called back; letters that the law requires go on.",
    "revoked",
)
_write("grant", "Write down that the holder of ADDRESS wants messages again.", "granted")


@consent_.command()
@click.option("--again", is_flag=True, help="Tell Twilio again what it refused or did not take.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def mirror(again: bool, as_json: bool) -> None:
    """How Twilio's own list of opt-outs follows ours: lines told, waiting, refused (then the exit code is 1)."""
    with office() as at:
        if again:
            at.database.run(lambda session: try_again(session, at.clock.now()))
            at.doorbell.ring("housekeeping")
        with at.database.read() as session:
            found = counts(session)
    if as_json:
        echo_json(found)
    else:
        click.echo(
            ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in found.items()) or "Nothing to tell."
        )
    if found.get("refused"):
        raise SystemExit(1)


def _address(given: str) -> str:
    """An E.164 number or an email address in lower case, from how people write one."""
    read = points.email(given) if "@" in given else points.phone(given, None)
    if read is None or read.value is None:
        why = f" {read.reason}." if read and read.reason else ""
        raise Refused(f"{given} is no phone or email address.{why} Give one such as 218-555-0123 or name@example.com")
    return read.value


def _addresses(session: Session, who: str) -> list[str]:
    if "@" not in who and (account := finding.by_number(session, who)) is not None:
        values = session.scalars(
            select(ContactPoint.value)
            .where(ContactPoint.account_id == account.id, ContactPoint.value.is_not(None))
            .order_by(ContactPoint.kind.desc(), ContactPoint.rank, ContactPoint.id)
        )
        found = [value for value in dict.fromkeys(values) if value]
        if not found:
            raise Refused(f"Account {account.number} has no phone and no email. Look: comms history {account.number}")
        return found
    try:
        return [_address(who)]
    except Refused as no_address:
        raise Refused(f"No account {who}, and {no_address.message}") from None


def _standing(session: Session, address: str) -> dict[str, Any]:
    rows = session.execute(
        select(Consent.channel, Consent.category, Consent.allowed)
        .where(Consent.address == address)
        .order_by(Consent.channel, Consent.category)
    )
    return {
        "address": address,
        "standing": [{"channel": way, "category": kind, "allowed": allowed} for way, kind, allowed in rows],
        "blocked": [way for way in KINDS if consent.blocked(session, way, [address])],
    }


def _in_words(standing: list[dict[str, Any]]) -> str:
    said = [
        f"{one['channel']} {'wanted' if one['allowed'] else 'NOT wanted'}"
        + ("" if one["category"] == "all" else f" ({one['category']})")
        for one in standing
    ]
    return ", ".join(said) or "nothing was said"


def _lines(session: Session, address: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(ConsentEvent, ConsentMirror.state, ConsentMirror.answer)
        .outerjoin(ConsentMirror, ConsentMirror.event_id == ConsentEvent.id)
        .where(ConsentEvent.address == address)
        .order_by(ConsentEvent.at, ConsentEvent.id)
    )
    return [
        {
            "at": line.at, "address": address, "channel": line.channel, "category": line.category,
            "action": line.action, "source": line.source, "evidence": line.evidence, "twilio": state,
            "answer": answer,
        }
        for line, state, answer in rows
    ]  # fmt: skip


def _numbers(at: Office, account_ids: tuple[int, ...]) -> list[str]:
    with at.database.read() as session:
        return list(session.scalars(select(Account.number).where(Account.id.in_(account_ids)).order_by(Account.number)))

"""The first chapter: what comes in on the first morning, and the policies that are agreed on before anybody is
written to."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select

from comms.accounts import copy_recipients
from comms.accounts.hold_sheets import read_holds, read_pledges
from comms.accounts.importing import ImportSummary, import_accounts
from comms.accounts.schema import Account
from comms.campaigns.policies import golden, policy_files, versions
from comms.campaigns.policies.activating import activate, readiness
from comms.campaigns.policies.cases import parse_cases
from comms.outbox import holding
from comms.settings import ROOT
from comms.weather import take_in, weather_for

from .people import CLERK, COORDINATOR, SUPERVISOR
from .stage import DemoError, Stage
from .words import bar, heading, many, money, say

NOTE = f"{COORDINATOR} answers for it until the city attorney has read the statutes in full."
COPIES = 3
"""So many third parties, and as many landlords, are written down."""


@dataclass(frozen=True)
class Files:
    """A city's sample exports and lists; those that it does not ship are None."""

    accounts: Path
    payments: Path
    holds: Path | None
    pledges: Path | None
    weather: Path | None


def files_of(city: str) -> Files:
    """What the city ships in its sample folder. Raises ``DemoError`` without the two exports."""
    folder = ROOT / "cities" / city / "sample"
    found = {kind: sorted(folder.glob(f"{kind}-*")) for kind in ("accounts", "payments", "holds", "pledges", "weather")}
    if not (found["accounts"] and found["payments"]):
        raise DemoError(f"There are no sample exports in {folder}.")
    winter = [path for path in found["weather"] if "11-23" in path.name or "1123" in path.name]
    first = {kind: next(iter(paths), None) for kind, paths in found.items()} | {"weather": next(iter(winter), None)}
    return Files(found["accounts"][0], found["payments"][0], first["holds"], first["pledges"], first["weather"])


def take_in_all(on: Stage, files: Files) -> ImportSummary:
    """The accounts, holds, pledges, the weather, and who gets copies. Returns what the accounts came to."""
    at = on.office
    heading("1. What comes in on the first morning")
    with bar("Taking in the accounts") as update:
        summary = import_accounts(
            at.database, at.city, at.clock, files.accounts, progress=lambda _phase, done, of: update(done, of)
        )
    control(summary, "Accounts")
    with at.database.read() as session:
        owing, cents = session.execute(
            select(func.count(Account.id), func.sum(Account.past_due_cents)).where(Account.past_due_cents > 0)
        ).one()
    say(f"{many(owing, 'account')} past due, {money(cents)} together")
    for words, path in (("Holds", files.holds), ("Pledges", files.pledges)):
        if path is not None:
            say(f"{words}: {_hold(on, path, pledges=words == 'Pledges')}")
    if files.weather is not None:
        weather = files.weather
        read = at.database.run(lambda session: take_in(session, at.city, at.clock, weather))
        with at.database.read() as session:
            here = weather_for(session, at.city, on.now())
        events = ", ".join(here.alerts) or "none"
        say(f"Weather: {many(read.alerts, 'alert')} read; in {at.city.county} County: {events}")
    say(f"Copies: {_copies(on)}")
    return summary


def control(summary: ImportSummary, words: str) -> None:
    """An import with the totals that must balance."""
    whole, taken, refused = (money(cents) for cents in (summary.cents_in, summary.cents_taken, summary.cents_refused))
    say(f"{words}: {summary.rows:,} rows = {summary.taken:,} taken + {summary.refused:,} refused, to be mended")
    say(f"{' ' * len(words)}  {whole} = {taken} taken + {refused} refused")


def _hold(on: Stage, path: Path, *, pledges: bool) -> str:
    at = on.office
    with at.database.read() as session:
        _, wanted, refused = (read_pledges if pledges else read_holds)(session, path, at.city.local_date(on.now()))
    done = at.database.run(lambda session: holding.place_all(session, at.clock, wanted, by=CLERK.actor))
    kinds = "" if pledges else f" ({', '.join(dict.fromkeys(one.kind for one in wanted))})"
    amount = f" for {money(done.amount_cents)}" if pledges else ""
    return f"{many(done.placed, 'account')} held{amount}{kinds}, {many(len(refused), 'row')} refused"


def _copies(on: Stage) -> str:
    """Third parties whom customers named, and landlords: made up, as the sample's people are."""
    at = on.office
    town = {"city": at.city.office.city, "state": at.city.state, "zip": at.city.office.zip}
    flagged = cast(Account.flags, Text).contains("third_party_notice")
    rented = and_(Account.occupancy == "tenant", ~flagged)
    made = 0
    with at.database.begin() as session:
        for kind, who in (("third_party", flagged), ("landlord", rented)):
            for place, account_id in enumerate(session.scalars(_late(who)), 1):
                words = "Niece of the customer" if kind == "third_party" else "Lakeside Rentals"
                copy_recipients.add(
                    session, account_id, kind=kind, name=f"{words} {place}", authority="Signed request on file",
                    starts_on=at.city.local_date(on.now()), by=CLERK.actor, at=on.now(),
                    address={"line1": f"{100 + place} Copy St", **town},
                )  # fmt: skip
                made += 1
    return f"{many(made, 'third party or landlord', 'third parties and landlords')} written down; they get notices too"


def _late(who: ColumnElement[bool]) -> "Select[int]":
    late = (Account.past_due_cents > 10_000, Account.status == "active", Account.service_class == "residential")
    return select(Account.id).where(who, *late).order_by(Account.past_due_cents.desc()).limit(COPIES)


def agree_on_policies(on: Stage) -> None:
    """The city's policies: one person submits each with its golden cases, another one approves it."""
    at = on.office
    heading("2. What was agreed: the policies")
    say(f"{COORDINATOR} (coordinator) wrote and submitted them, {SUPERVISOR} (supervisor) approved them. A golden case")
    say('is a sentence of the office, "an account like this gets nothing on Dec 3", tried out before a policy is used.')
    unread: dict[str, None] = {}
    for path in policy_files(at.city):
        with at.database.begin() as session:
            stored = versions.submit(session, at.city, path.stem, by=COORDINATOR.username, at=on.now())
            policy = versions.policy_of(stored)
            results = golden.run(policy, parse_cases(stored.cases, path.name, policy), at.city, at.renderer.catalogue)
            for role in policy.approved_by:
                versions.approve(session, policy.policy, policy.version, by=SUPERVISOR.username, role=role, at=on.now())
            ready = readiness(at.city, at.renderer.catalogue, stored, at.city.local_date(on.now()))
            unread |= dict.fromkeys(ready.unverified)
            activate(
                session, at.city, at.renderer.catalogue, policy.policy, policy.version, by=SUPERVISOR.username,
                at=on.now(), acknowledge=NOTE if ready.unverified else "",
            )  # fmt: skip
        passed = sum(result.passed for result in results)
        steps = " > ".join(step.name.lower() for step in policy.step) or "nobody is written to"
        say(
            f"{policy.title}, version {policy.version}: {passed} of {many(len(results), 'golden case')} pass; in use.",
            2,
        )
        say(steps, 4)
    if unread:
        say(f"Legal notices cite statutes that nobody has read in full yet. Written down with the approval: {NOTE}")

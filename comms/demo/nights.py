"""A night: planned, looked at, approved by another person where a step asks for it, let go, and sent by the workers."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from comms import campaigns
from comms.accounts.importing import ImportSummary, import_accounts, import_payments
from comms.campaigns import Released, approving, brakes
from comms.campaigns.brakes import Brake
from comms.campaigns.differing import CHANGES, Changed, Difference, diff
from comms.campaigns.policies import Policy, versions
from comms.campaigns.preview import Preview, preview
from comms.campaigns.schema import CampaignRun
from comms.campaigns.telling import protects_by_rule
from comms.outbox import mail_acks
from comms.outbox.schema import MailBatch
from comms.rules import rulebook_of

from .billing import Billing
from .people import CLERK, COORDINATOR, SUPERVISOR
from .stage import DemoError, Stage
from .waiting import hear_back, letters_of, send
from .words import bar, by_channel, cost, many, money, row, say

OPENS = time(10, 0)
BUILT_IN = {
    "reachable": "There is no phone, email or letter that reaches them.",
    "left-alone": "A small balance: it goes with the next bill.",
    "under-way": "The last message has not been delivered or mailed yet.",
    "not-due-yet": "The next step is not due yet.",
    "one-step-a-night": "One step a night at most.",
    "cool-down": "It has just paid and is left in peace for some days.",
    "promise-cool-down": "A promise has just ended; a day of grace.",
    "all-steps-taken": "Every step was taken; a person goes on from here.",
    "not-proven": "A notice that the step rests on is not proven.",
}
"""What the engine's own reasons mean; the others are rules of the city's, which say it themselves."""
LEFT_ALONE = "Left alone although a step is due, by the rule that protects them:"
MORE = {
    "new": "heard of tonight and not before", "gone": "not written to tonight", "policy": "under another policy",
    "step": "at another step", "again": "at the same step again", "channel": "on another channel",
    "amount": "for another amount",
}  # fmt: skip


def morning(on: Stage, billing: Billing, today: date, at: time = OPENS) -> ImportSummary:
    """A day begins: the clock is moved, and the billing system's files of the evening before are taken in."""
    on.move_to(datetime.combine(today, at, on.office.city.zone))
    on.office.doorbell.ring("mail")
    paid = pay(on, billing, today)
    yesterday = today - timedelta(days=1)
    office = on.office
    accounts = import_accounts(office.database, office.city, office.clock, billing.accounts_of(yesterday))
    _done(accounts)
    follow(on, accounts.touched)
    return paid


def pay(on: Stage, billing: Billing, today: date) -> ImportSummary:
    """Take in the payments posted until yesterday, and what follows from them."""
    office = on.office
    path = billing.payments_until(today - timedelta(days=1))
    paid = import_payments(office.database, office.city, office.clock, path)
    _done(paid)
    follow(on, paid.touched)
    return paid


def follow(on: Stage, touched: frozenset[int] | set[int]) -> int:
    """What follows from new facts: promises are decided, messages not sent are called back. How many of these."""
    at = on.office
    return campaigns.follow(at.database, at.city, at.renderer, at.clock, touched).called_back


def _done(summary: ImportSummary) -> None:
    if summary.state != "done":
        raise DemoError(f"{summary.file} was not taken in: {summary.reason} {summary.next_step}")


def mailed(on: Stage) -> int:
    """The mail house says that the post office took what it was given on earlier days: how many letters."""
    at, today = on.office, on.office.city.local_date(on.now())
    with at.database.read() as session:
        waiting = [
            one.name
            for one in session.scalars(select(MailBatch).where(MailBatch.state == "handed_over"))
            if one.handed_over_at and at.city.local_date(one.handed_over_at) < today
        ]
    letters = 0
    for name in waiting:
        done = at.database.run(
            lambda session: mail_acks.acknowledge(session, at.city, at.clock, name, today, by=CLERK.actor)  # noqa: B023
        )
        letters += done.mailed
    return letters


def plan(on: Stage) -> int:
    """Plan the night by every policy in use; the run's id."""
    at = on.office
    with bar("Planning") as update:
        return campaigns.plan(
            at.database, at.city, at.clock, at.renderer.catalogue, by=COORDINATOR.username, progress=update
        )


def looked_at(on: Stage, run_id: int) -> Preview:
    with on.office.database.read() as session:
        return preview(session, run_id)


def tell_preview(on: Stage, run_id: int) -> None:
    """What a run comes to, before anything is sent: contacts by step and channel, cost, money, who is left alone."""
    found = looked_at(on, run_id)
    protects = _protects(on)
    say(f"Planned as run {run_id}; nothing is sent by planning.")
    _tell_steps(found, _policies(on, run_id))
    say(
        f"In all {many(found.contacts, 'contact')} in {many(found.households, 'household')}, for "
        f"{money(found.cents_addressed)} past due; sending costs {cost(found.cost_micros)}."
    )
    _counted(LEFT_ALONE, found.protected, protects)
    _counted("Nothing is due:", found.waiting, protects)


def _tell_steps(found: Preview, policies: Mapping[str, Policy]) -> None:
    """A line for each step that is taken, under its policy."""
    for name in dict.fromkeys(line.policy for line in found.steps):
        say(policies[name].title, 2)
        for line in found.steps:
            if line.policy == name:
                step = policies[name].named(line.step, None).name
                owed = f"{money(line.cents)} past due"
                if line.outcome == "action":
                    row(line.accounts, f"{step}: may go on the shut-off list; {owed}", 3)
                else:
                    how = f"{by_channel(line.channels)}; {owed}, {cost(line.cost_micros)} to send"
                    row(line.accounts, f"{step}: {how}", 3)


def _counted(words: str, counted: Mapping[str, int], protects: Mapping[str, str]) -> None:
    if counted:
        say(words)
        for rule, count in counted.items():
            row(count, f"{BUILT_IN.get(rule) or protects.get(rule, '')} ({rule})")


def _policies(on: Stage, run_id: int) -> dict[str, Policy]:
    with on.office.database.read() as session:
        used = session.get_one(CampaignRun, run_id).versions
        frozen = versions.frozen(session)
    return {name: frozen[name, version] for name, version in used.items()}


def tell_diff(on: Stage, run_id: int, *, examples: int) -> None:
    """How a night differs from the one before, each difference with its reason, and some accounts as ``examples``."""
    with on.office.database.read() as session:
        found = diff(session, run_id, limit=5000)
    same = f" The same is done for {many(found.same, 'account')}." if found.same else ""
    say(f"Against the night before (run {found.previous_id}).{same}")
    for change in CHANGES:
        if found.of(change):
            row(found.of(change), MORE[change])
        for one in found.differences:
            if one.change == change:
                row(one.accounts, f"because {_clause(one)}", 3)
    first: dict[tuple[str, str], Changed] = {}
    for each in found.rows:
        first.setdefault((each.change, each.reason), each)
    if examples and first:
        say("For example:")
    for each in list(first.values())[:examples]:
        say(f"{each.number}  the night before: {each.before}; tonight: {each.now}", 2)
        say(f"because {each.reason}", 4)


def _clause(one: Difference) -> str:
    return "it was paid" if one.reason == "paid" else f"{one.reason} ({money(one.cents)})"


def tell_brakes(on: Stage, run_id: int) -> list[Brake]:
    """The brakes that hold a run."""
    at = on.office
    pulled = at.database.run(lambda session: brakes.look(session, at.city, at.clock, at.renderer.catalogue, run_id))
    holding = [one for one in pulled if one.holds]
    say("Brakes: none is pulled." if not holding else f"Held by {many(len(holding), 'brake')}:")
    for one in holding:
        say(one.words, 2)
    return holding


def let_go(on: Stage, run_id: int) -> Released:
    """Brakes and approvals, then the release; the workers and carriers do the rest. Says who did what."""
    at = on.office
    for one in tell_brakes(on, run_id):
        why = "Looked through with the coordinator; it is as it should be."
        at.database.run(
            lambda session: brakes.lift(session, run_id, one.name, by=SUPERVISOR.username, because=why, at=on.now())  # noqa: B023
        )
        say(f"{SUPERVISOR} lifted it: {why}", 2)
    with at.database.read() as session:
        wanted = approving.roles_wanted(session, run_id, versions.frozen(session))
    for role, steps in wanted.items():
        yes = {"by": SUPERVISOR.username, "role": role}
        at.database.run(lambda session: approving.approve(session, run_id, at=on.now(), **yes))  # noqa: B023
        say(f"A {role} is to approve: {'; '.join(steps)}. {SUPERVISOR} did.")
    with bar("Letting it go") as update:
        done = campaigns.release(
            at.database, at.city, at.clock, at.renderer, run_id, by=SUPERVISOR.username, progress=update
        )
    for lane, ids in done.lanes.items():
        at.doorbell.ring(lane, ids)
    send(on, "Sending", letters=letters_of(run_id))
    hear_back(on)
    _tell_release(done)
    return done


def _tell_release(done: Released) -> None:
    parts = [by_channel(done.queued) or "nothing to write"]
    if done.copies:
        parts.append(f"{many(done.copies.total(), 'copy', 'copies')} for third parties and landlords")
    if done.noted:
        parts.append(f"{many(done.noted.total(), 'account')} noted for the shut-off list")
    if done.dropped:
        dropped: dict[str, int] = defaultdict(int, done.dropped)
        parts.append(f"{sum(dropped.values()):,} left alone after all ({', '.join(dropped)})")
    say(f"Let go by {SUPERVISOR} and sent: {'; '.join(parts)}.")


def tell_night(on: Stage, run_id: int, *, left_alone: bool = False) -> None:
    """A night in short: its steps, and who is left alone where that is wanted."""
    found = looked_at(on, run_id)
    _tell_steps(found, _policies(on, run_id))
    if not found.steps:
        say("Nothing is due for anybody.", 2)
    if left_alone:
        _counted(LEFT_ALONE, found.protected, _protects(on))


def _protects(on: Stage) -> Mapping[str, str]:
    return protects_by_rule(rulebook_of(on.office.city), on.office.city.local_date(on.now()))

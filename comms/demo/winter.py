"""The last chapter: two months on, a shut-off list. Who is on it, who is left out, and what is missing."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import field
from comms.campaigns import Decision, Episode, shutoff
from comms.campaigns.shutoff import Proposed
from comms.campaigns.sufficiency import Sufficiency
from comms.settings import ROOT
from comms.weather import take_in

from .billing import Billing
from .nights import let_go, mailed, morning, plan, tell_night
from .paying import After, drawn, pay
from .people import COORDINATOR, SUPERVISOR
from .stage import Stage
from .words import day, heading, many, money, row, say

POSTED = date(2026, 12, 10)
"""The post office takes the disconnect notices."""
FINAL = date(2026, 12, 28)
"""Two weeks after the disconnect notices, the holidays behind us."""
AFTER = date(2026, 12, 29)
BILLED = date(2026, 12, 21)
"""The day on which December's bill was due, of which some leave it."""
REMINDED = date(2027, 1, 13)
LEAVE_IT, LEAST = 3, 4000
"""Of a hundred customers with a bill of so many cents."""
LISTED = date(2027, 1, 26)
"""Four weeks after the final notices."""
SHOWN = 4


def two_months_on(on: Stage, billing: Billing) -> None:
    """The notices are mailed, most people pay, final notices go out, and a list is proposed, approved and given out."""
    heading("7. Two months on: who may be shut off")
    at = on.office
    on.move_to(datetime.combine(POSTED, time(10, 0), at.city.zone))
    say(f"{day(POSTED)}, the mail house: {many(mailed(on), 'letter')} mailed, the disconnect notices among them.")
    pay(on, billing, After("disconnect-notice", whole=55, part=15, on=date(2026, 12, 27)))
    _night(on, billing, FINAL)
    on.move_to(datetime.combine(AFTER, time(10, 0), at.city.zone))
    say(f"{day(AFTER)}, the mail house: {many(mailed(on), 'letter')} mailed.")
    left = drawn("december", billing.paid_up(LEAST), LEAVE_IT)
    billing.leave_unpaid(left, BILLED)
    say(f"{many(len(left), 'customer')} who owed nothing older left the bill of December unpaid.")
    _night(on, billing, REMINDED)
    pay(on, billing, After("final-notice", whole=45, part=10, on=date(2027, 1, 25)))
    _night(on, billing, LISTED)
    _propose(on)


def _night(on: Stage, billing: Billing, today: date) -> None:
    morning(on, billing, today)
    _fresh_weather(on)
    say(f"{day(today)}, a night is planned:")
    run_id = plan(on)
    tell_night(on, run_id, left_alone=today == LISTED)
    let_go(on, run_id)


def _propose(on: Stage) -> None:
    """A list for the next business day, of everybody whose disconnect notice was written: on it is who passes."""
    at = on.office
    for_day = at.city.next_business_day(LISTED)
    say(f"{COORDINATOR} proposes a shut-off list for {day(for_day)}. Nobody is on it whose notices are not proven.")
    asked: dict[str, Any] = {"kind": "shutoff", "day": for_day}
    with at.database.begin() as session:
        asked["account_ids"] = _warned(session)
        found = shutoff.look(session, at.city, at.clock, at.renderer.catalogue, **asked)
        _tell_left_out([one for one in found if not one.passes])
        if not any(one.passes for one in found):
            say("Nobody may be on it; there is no list.")
            return
        made = shutoff.propose(session, at.city, at.clock, at.renderer.catalogue, by=COORDINATOR.username, **asked)
        field.approve(session, at.clock, made.name, by=SUPERVISOR.username)
    _tell_on_it(made)
    home = at.settings.var / "field"
    given = shutoff.issue(
        at.database, at.city, at.clock, at.renderer.catalogue, home, made.name, by=SUPERVISOR.username
    )
    files = ", ".join(sorted(path.name for path in given.folder.iterdir()))
    say(f"{SUPERVISOR} approved it and gave it out: {many(given.orders, 'order')}, {money(given.amount_cents)}.")
    folder = given.folder.relative_to(ROOT) if given.folder.is_relative_to(ROOT) else given.folder
    say(f"In {folder}: {files}", 2)


def _warned(session: Session) -> list[int]:
    """Accounts that were told of a disconnection and still owe something."""
    return list(
        session.scalars(
            select(Episode.account_id)
            .join(Decision, Decision.episode_id == Episode.id)
            .where(Decision.step == "disconnect-notice", Decision.state == "released", Episode.closed_at.is_(None))
            .distinct()
        )
    )


def _fresh_weather(on: Stage) -> None:
    """A feed of that morning without any alert: an old one would count as a heat alert, and protect everybody."""
    at = on.office
    path = on.folder / "exports" / "weather.csv"
    path.write_text(f"# issued: {on.now().isoformat(timespec='seconds')}\nevent,county,state,starts,ends,id\n", "utf-8")
    at.database.run(lambda session: take_in(session, at.city, at.clock, path))


def _tell_on_it(made: Proposed) -> None:
    total = sum(one.amount_cents for one in made.on_it)
    say(f"{made.name}: {many(len(made.on_it), 'account')}, {money(total)} past due. The first of them:")
    for one in made.on_it[:SHOWN]:
        proofs = ", ".join(f"{proof.step} mailed {proof.mailed_on}" for proof in one.evidence)
        services = ", ".join(due.service for due in one.services)
        say(f"{one.number}  {money(one.amount_cents):>10}  {services}; proven: {proofs}", 2)
    for words in dict.fromkeys(words for one in made.on_it for words in one.establish):
        say(f"The crew makes sure for each: {words}.", 2)


def _tell_left_out(left_out: Sequence[Sufficiency]) -> None:
    """Who is left out, by what is missing, with one account for each."""
    counted: Counter[str] = Counter()
    example: dict[str, tuple[str, str]] = {}
    for one in left_out:
        for words in one.missing:
            kind = _kind(words)
            counted[kind] += 1
            example.setdefault(kind, (one.number, words))
    if counted:
        say(f"Left out: {many(len(left_out), 'account')}, by what is missing or stands against it:")
    for kind, count in counted.most_common():
        number, words = example[kind]
        row(count, kind)
        if words.rstrip(".") != kind:
            say(f"such as {number}: {words}", 5)


def _kind(words: str) -> str:
    """What is missing, without the account's own dates and values."""
    if words.startswith("The rule "):
        return f"the rule {words.split()[2]} stands against it"
    first = words.split(";")[0].split(". ")[0].rstrip(".")
    return re.sub(r"\d{4}-\d{2}-\d{2}", "a later day", first)

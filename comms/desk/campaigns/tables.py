"""The lists of campaigns as tables for a spreadsheet: a part of a run, what differs, a move, a shut-off list.

A part of a run may be the whole city: what is longer than ``AT_ONCE`` rows is given in several workbooks, each of which
takes about two seconds to write.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from comms.accounts import Account
from comms.campaigns.differing import Changed
from comms.campaigns.policies.moving import Line
from comms.campaigns.shutoff import TurnOn
from comms.campaigns.sufficiency import Sufficiency
from comms.desk.campaigns import run_words
from comms.desk.campaigns.runs import Listed
from comms.desk.frame.refusals import in_words
from comms.desk.frame.sheets import Cell, Column
from comms.field import FieldOrder

Row = tuple[Cell, ...]
AT_ONCE = 20_000

ACCOUNTS = (
    Column("Customer", width=28), Column("Account"), Column("Service address", width=28),
    Column("Past due then", "money"), Column("Policy", width=24), Column("Step"), Column("Decided", width=36),
    Column("Why", "long"), Column("Next on", "day"),
)  # fmt: skip
DIFFERENCES = (
    Column("Account"), Column("How it differs", width=34), Column("The run before", width=40),
    Column("This run", width=40), Column("Why", "long"), Column("What is known of it", "long"),
)  # fmt: skip
MOVES = (
    Column("Account"), Column("Has version", "number"), Column("Next now", width=34), Column("On", "day"),
    Column("Next then", width=34), Column("On then", "day"), Column("Stays because", "long"),
)  # fmt: skip
ORDERS = (
    Column("Order"), Column("Customer", width=28), Column("Account"), Column("Service address", width=28),
    Column("Past due", "money"), Column("State"), Column("What came of it", "long"), Column("Told by"),
    Column("Ended", "time"),
)  # fmt: skip
LEFT_OUT = (
    Column("Customer", width=28), Column("Account"), Column("Past due", "money"), Column("What was missing", "long"),
)  # fmt: skip
GATED = (
    Column("Customer", width=28), Column("Account"), Column("Past due", "money"), Column("On the list", width=12),
    Column("Proven by, or to be paid for", "long"), Column("What is missing, or to be established", "long"),
)  # fmt: skip


def parts(rows: int) -> int:
    """How many workbooks so many rows take."""
    return max(1, -(-rows // AT_ONCE))


def accounts(lines: Iterable[Listed]) -> Iterator[Row]:
    """The accounts of a part of a run."""
    for line in lines:
        one, account = line.decision, line.account
        why = "; ".join(run_words.reasons(one.reasons, one.rule))
        yield (
            account.name, account.number, account.service_address, one.amount_cents, one.policy,
            run_words.step(one.step), run_words.deed(one), why, one.next_on,
        )  # fmt: skip


def differences(rows: Iterable[Changed]) -> Iterator[Row]:
    """The accounts for which two runs do not do the same."""
    for row in rows:
        how = run_words.CHANGES[row.change]
        yield row.number, how, row.before, row.now, run_words.why(row.reason), row.details


def moves(lines: Iterable[Line]) -> Iterator[Row]:
    """What comes next for each account of a move, by the version it has and by the other one."""
    for line in lines:
        now, then = line.now, {} if line.stays else line.then
        yield (
            line.account, line.from_version, _next(now), _day(now), _next(then), _day(then), line.stays or None,
        )  # fmt: skip


def orders(found: Iterable[FieldOrder], people: Mapping[int, Account], states: Mapping[str, str]) -> Iterator[Row]:
    """The orders of a list; ``states``: each state in words."""
    for order in found:
        account = people[order.account_id]
        yield (
            order.number, account.name, account.number, account.service_address, order.amount_cents,
            states.get(order.state, order.state), order.result, order.result_by, order.ended_at,
        )  # fmt: skip


def left_out(found: Iterable[Mapping[str, object]]) -> Iterator[Row]:
    """Who was left out of a list when it was made, as it was kept."""
    for one in found:
        missing = one["missing"]
        assert isinstance(missing, Sequence)
        cents = one["amount_cents"]
        assert isinstance(cents, int)
        yield str(one["name"]), str(one["account"]), cents, _all(str(words) for words in missing)


def gated(on_it: Iterable[Sufficiency], out: Iterable[Sufficiency], turn_on: Iterable[TurnOn]) -> Iterator[Row]:
    """Who would be on a list, and who would not."""
    for one, listed in [*((one, "yes") for one in on_it), *((one, "no") for one in out)]:
        proven = "; ".join(f"{run_words.step(proof.step)}, mailed {proof.mailed_on}" for proof in one.evidence)
        needed = one.establish if listed == "yes" else one.missing
        yield one.name, one.number, one.amount_cents, listed, proven, _all(needed)
    for each in turn_on:
        listed = "yes" if each.certain else "if established"
        yield each.name, each.number, each.owed_cents, listed, each.why, _all(each.establish)


def _all(said: Iterable[str]) -> str:
    return " ".join(in_words(words) for words in said)


def _next(one: Mapping[str, object]) -> str:
    if not one:
        return ""
    return run_words.step(str(one["step"])) if one.get("step") else run_words.rule(str(one["rule"]))


def _day(one: Mapping[str, object]) -> date | None:
    on = one.get("on")
    return date.fromisoformat(str(on)) if on else None

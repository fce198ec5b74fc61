"""Runs in words: what one comes to, how it differs from the one before, what holds it, how far it has come."""

from collections.abc import Iterator, Mapping, Sequence

from comms.campaigns import costing
from comms.campaigns.brakes import Brake
from comms.campaigns.differing import Diff
from comms.campaigns.preview import Preview, Standing
from comms.money import dollars

CHANNELS = {"sms": "text", "email": "email", "letter": "letter"}
CHANGES = {
    "new": "come in", "gone": "go", "policy": "change policy", "step": "change step", "again": "hear a step again",
    "channel": "change channel", "amount": "change amount",
}  # fmt: skip


def preview_lines(found: Preview) -> Iterator[str]:
    """What a run comes to: a line a step, the sum, and who is left alone and why."""
    policy = None
    for line in found.steps:
        if line.policy != policy:
            policy = line.policy
            yield f"  {policy}"
        owed = f"{dollars(line.cents)} past due"
        if line.outcome == "action":
            yield f"    {line.step:<24} {line.accounts:>8,}  for the field  {owed}"
        else:
            how = by_channel(line.channels)
            yield f"    {line.step:<24} {line.accounts:>8,}  by {how}  {owed}, {_cost(line.cost_micros)}"
    if found.contacts:
        later = f", {found.later_today:,} of them later, when it is a decent hour" if found.later_today else ""
        yield (
            f"  {found.contacts:,} contacts in {found.households:,} households{later}: {found.messages:,} messages, "
            f"{dollars(found.cents_addressed)} past due addressed, {_cost(found.cost_micros)}"
        )
    else:
        yield "  Nobody is written to."
    yield from _counted("Left alone, with the rule that counts", found.protected)
    yield from _counted("Nothing is due", found.waiting)


def diff_lines(found: Diff) -> Iterator[str]:
    """What is different from the run before, each with its reason."""
    if found.previous_id is None:
        yield "No earlier run to compare with."
        return
    if not found.differences:
        yield f"Nothing differs from run {found.previous_id}; the same is done for {found.same:,} accounts."
        return
    yield f"Against run {found.previous_id}, the same for {found.same:,} accounts, and:"
    for one in found.differences:
        yield f"  {one.accounts:>8,} {CHANGES[one.change]:<18} {one.reason} ({dollars(one.cents)})"
    for row in found.rows:
        details = f" [{row.details}]" if row.details else ""
        yield f"    {row.number:<14} {row.before} -> {row.now}: {row.reason}{details}"


def brake_lines(brakes: Sequence[Brake]) -> Iterator[str]:
    """The brakes that were pulled, and by whom they were lifted."""
    for one in brakes:
        if one.holds:
            yield f"  held by {one.name}: {one.words}"
        else:
            yield f"  lifted by {one.lifted_by} ({one.lifted_why}): {one.words}"


def standing_lines(found: Standing) -> Iterator[str]:
    """How far a run has come."""
    parts = [f"{found.released:,} released"]
    for many, word in ((found.noted, "noted for the field"), (found.left, "still to be released")):
        if many:
            parts.append(f"{many:,} {word}")
    yield f"  decisions: {', '.join(parts)}"
    if found.dropped:
        yield f"  left alone after all: {', '.join(f'{many:,} {rule}' for rule, many in found.dropped.items())}"
    for channel, states in found.messages.items():
        words = ", ".join(f"{many:,} {state.replace('_', ' ')}" for state, many in states.items())
        yield f"  {channel:<7} {words}"


def by_channel(channels: Mapping[str, int]) -> str:
    """``text 1,204, letter 3``."""
    return ", ".join(f"{CHANNELS[channel]} {many:,}" for channel, many in channels.items())


def _counted(words: str, counted: Mapping[str, int]) -> Iterator[str]:
    if counted:
        yield f"  {words}:"
        for rule, many in counted.items():
            yield f"    {rule:<24} {many:>8,}"


def _cost(micros: int) -> str:
    return f"about {costing.dollars(micros)} to send"

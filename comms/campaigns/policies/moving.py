"""Moving running episodes to another version of their policy, by a list that somebody else approves.

An episode keeps its version to the end unless it is moved. The list says for each episode what comes next now and what
would come next then. When it is approved, an episode whose facts have changed its line since is left where it is and
told; so nobody is moved by a diff that nobody saw. Steps that were taken stay taken: an episode that took a step which
the other version does not have cannot be moved, and neither can one with a step under way.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.campaigns import engine
from comms.campaigns.facts import contacts, subjects
from comms.campaigns.night import Night, Outcome, Position
from comms.campaigns.planner import night_of
from comms.campaigns.positions import positions
from comms.campaigns.schema import Episode, PolicyMove
from comms.city import City
from comms.db import on_postgres
from comms.notices import Catalogue

from . import versions
from .model import Policy
from .versions import VersionError

AT_ONCE = 500


@dataclass(frozen=True)
class Line:
    """One episode of a move: what comes next by the version it has, and by the other one. ``stays`` says why it cannot
    be moved."""

    episode: int
    account: str
    from_version: int
    now: dict[str, Any]
    then: dict[str, Any]
    stays: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def changes(self) -> bool:
        """Whether something else comes next then, or on another day."""
        return not self.stays and self.now != self.then

    def same_as(self, other: "Line") -> bool:
        """Whether both say that the same comes next, whatever day it is."""
        return (self.now["step"], self.then["step"], self.stays) == (
            other.now["step"], other.then["step"], other.stays
        )  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """What became of an approved move: episodes moved, and why each of the others was left."""

    moved: int
    left: tuple[str, ...]


def propose(
    session: Session, city: City, catalogue: Catalogue, policy: str, to_version: int, *, by: str, at: datetime
) -> PolicyMove:
    """List every running episode of ``policy`` that has another version than the active ``to_version``, with its diff.

    Raises ``VersionError`` when that version is not active, when nothing runs by another one, or when a list waits.
    """
    target = versions.get(session, policy, to_version)
    if target.state != "active":
        raise VersionError(
            f"{versions.title_of(target)} is {target.state}; episodes move to the active version. "
            f"{versions.next_step(target)}"
        )
    if waiting := session.scalar(_waiting(policy)):
        raise VersionError(f"Move {waiting.id} of {policy} waits already. See: comms policy move show {waiting.id}")
    night = night_of(session, city, catalogue, at)
    lines = list(_lines(session, city, night, policy, to_version, at))
    if not lines:
        raise VersionError(f"No episode of {policy} runs by another version than {to_version}.")
    move = PolicyMove(
        policy=policy, to_version=to_version, state="proposed", episodes=[line.as_json() for line in lines],
        proposed_by=by, proposed_at=at, listed=len(lines), staying=sum(bool(line.stays) for line in lines),
        changing=sum(line.changes for line in lines),
    )  # fmt: skip
    session.add(move)
    session.flush()
    return move


def approve(session: Session, city: City, catalogue: Catalogue, move_id: int, *, by: str, at: datetime) -> Moved:
    """Move the episodes of a list whose lines still hold. Raises ``VersionError`` for whoever proposed it, for a list
    that was decided, and when its version is not the active one any more."""
    move = _open_move(session, move_id)
    if move.proposed_by.casefold() == by.casefold():
        raise VersionError(f"{by} proposed move {move.id}; somebody else approves it.")
    active = versions.active_version(session, move.policy)
    if active is None or active.version != move.to_version:
        raise VersionError(
            f"Version {move.to_version} of {move.policy} is not the active one any more. "
            f"Next step: comms policy move refuse {move.id} --by NAME --because WHY"
        )
    night = night_of(session, city, catalogue, at)
    listed = [line_of(stored) for stored in move.episodes]
    found = {line.episode: line for line in _lines(session, city, night, move.policy, move.to_version, at)}
    going = [line for line in listed if not line.stays and line.episode in found and line.same_as(found[line.episode])]
    moved = sum(_move(session, line, move.to_version) for line in going)
    move.state, move.decided_by, move.decided_at = "done", by, at
    session.flush()
    return Moved(moved, tuple(_why_left(line, found.get(line.episode)) for line in listed if line not in going))


def refuse(session: Session, move_id: int, *, by: str, at: datetime) -> PolicyMove:
    """Refuse a list; nothing moves. Raises ``VersionError`` for one that was decided."""
    move = _open_move(session, move_id)
    move.state, move.decided_by, move.decided_at = "refused", by, at
    return move


def get(session: Session, move_id: int) -> PolicyMove:
    """A list by its number. Raises ``VersionError``."""
    if found := session.get(PolicyMove, move_id):
        return found
    raise VersionError(f"There is no move {move_id}. Next step: comms policy move list")


def part(session: Session, move_id: int, start: int, most: int) -> list[Line]:
    """Some lines of a list, in its order, without reading all of it."""
    if on_postgres(session):
        found = session.scalar(_PART_ON_POSTGRES, {"move": move_id, "part": f"$[{start} to {start + most - 1}]"})
        return [line_of(stored) for stored in found or ()]
    rows = session.scalars(_PART_ON_SQLITE, {"move": move_id, "start": start, "end": start + most})
    return [line_of(json.loads(stored)) for stored in rows]


_PART_ON_POSTGRES = text(
    "SELECT jsonb_path_query_array(episodes, CAST(:part AS jsonpath)) FROM policy_move WHERE id = :move"
)
_PART_ON_SQLITE = text(
    "SELECT line.value FROM policy_move, json_each(episodes) AS line WHERE policy_move.id = :move AND "
    "line.key >= :start AND line.key < :end ORDER BY line.key"
)


def moves(session: Session) -> Sequence[PolicyMove]:
    """All lists, the newest first."""
    return session.scalars(select(PolicyMove).order_by(PolicyMove.id.desc())).all()


def line_of(stored: dict[str, Any]) -> Line:
    """A line as it was stored."""
    return Line(**stored)


def _open_move(session: Session, move_id: int) -> PolicyMove:
    move = get(session, move_id)
    if move.state != "proposed":
        raise VersionError(f"Move {move.id} is {move.state} already, by {move.decided_by}.")
    return move


def _waiting(policy: str) -> Any:
    return select(PolicyMove).where(PolicyMove.policy == policy, PolicyMove.state == "proposed")


def _lines(session: Session, city: City, night: Night, policy: str, to_version: int, at: datetime) -> Iterator[Line]:
    """The diff, an episode a line, by account."""
    running = session.execute(
        select(Episode.id, Episode.account_id, Account.number)
        .join(Account, Account.id == Episode.account_id)
        .where(Episode.policy == policy, Episode.closed_at.is_(None), Episode.policy_version != to_version)
        .order_by(Account.number)
    ).all()
    target: Policy = night.frozen[policy, to_version]
    for start in range(0, len(running), AT_ONCE):
        part = running[start : start + AT_ONCE]
        ids = [row.account_id for row in part]
        seen = subjects(session, city, ids, at)
        known = {subject.account_id: subject for subject in seen}
        standing = positions(session, ids, night.frozen, at)
        written = contacts(session, seen, at)
        for row in part:
            position = standing[row.account_id]
            other = replace(position, version=to_version)
            stays = _stays(position, target)
            now = engine.judge(night, known[row.account_id], position, written)
            then = now if stays else engine.judge(night, known[row.account_id], other, written)
            yield Line(row.id, row.number, position.version or 0, _next(night, now), _next(night, then), stays)


def _stays(position: Position, target: Policy) -> str:
    """Why an episode cannot go on by the other version; empty: it can."""
    steps = {step.id for step in target.steps_of(position.arm)}
    for taken in position.taken:
        if taken.standing == "pending":
            return f"{taken.step} is under way"
        if taken.standing == "counts" and taken.step not in steps:
            return f"took {taken.step}, which version {target.version} does not have"
    return ""


def _next(night: Night, outcome: Outcome) -> dict[str, Any]:
    """What comes next, and when as far as is known."""
    doing = outcome.kind in ("contact", "action")
    on = night.today if doing else outcome.next_on
    return {"outcome": outcome.kind, "rule": outcome.rule, "step": outcome.step, "on": on.isoformat() if on else None}


def _move(session: Session, line: Line, to_version: int) -> int:
    """Give the episode the other version, if it is still open and still has the one that was listed."""
    moved = session.execute(
        update(Episode)
        .where(Episode.id == line.episode, Episode.closed_at.is_(None), Episode.policy_version == line.from_version)
        .values(policy_version=to_version)
        .returning(Episode.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


def _why_left(line: Line, found: Line | None) -> str:
    if line.stays:
        return f"{line.account} stays: {line.stays}."
    if found is None:
        return f"{line.account} stays: its episode has ended."
    if found.stays:
        return f"{line.account} stays: {found.stays}."
    return f"{line.account} stays: something else comes next than was listed. Propose the move again to see it."

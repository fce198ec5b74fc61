"""Versions of policies: submitted with their golden cases, approved by other people, used by campaigns, retired.

Once submitted, the words of a version never change; a change is the next version, in a file of its own. An episode that
runs keeps its version to the end, so a retired version is still found by ``frozen``. Making a version active is in
``activating``, for it asks more: the golden cases, the notices, the dates.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.campaigns.schema import PolicyVersion
from comms.city import City

from .loading import parse_policy, policy_in, policy_path, words_of, written_order
from .model import Policy

STATES = ("submitted", "approved", "active", "retired", "refused")
ACKNOWLEDGED = "acknowledged"
"""The role under which an activation that goes against a warning is written down; it approves nothing."""


class VersionError(ValueError):
    """A version that cannot be submitted, approved, activated or retired; the message says why and what to do."""


@dataclass(frozen=True)
class Draft:
    """A policy as it lies in its file, with the golden cases beside it (empty where there are none)."""

    path: Path
    policy: Policy
    content: str
    cases_path: Path
    cases: str

    @property
    def sha256(self) -> str:
        return digest(self.content)

    @property
    def as_read(self) -> str:
        """SHA-256 of the words and the cases together: what somebody has read."""
        return digest(f"{self.content}\0{self.cases}")


def digest(content: str) -> str:
    """SHA-256 of a policy's words, hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def draft(city: City, name: str) -> Draft:
    """The policy of that name, or in that file. Raises ``PolicyError``.

    Its cases are ``<file>.cases.toml`` beside it; a later version (``<policy>.v2.toml``) without such a file is held to
    the policy's own, ``<policy>.cases.toml``.
    """
    path = policy_path(city, name)
    content = words_of(path)
    policy = policy_in(path, content)
    own, shared = (path.parent / f"{stem}.cases.toml" for stem in (path.stem, policy.policy))
    cases_path = own if own.is_file() or not shared.is_file() else shared
    return Draft(path, policy, content, cases_path, words_of(cases_path) if cases_path.is_file() else "")


def submit(session: Session, city: City, name: str, *, by: str, at: datetime) -> PolicyVersion:
    """Store the words of a policy and of its cases for approval. The author may hand in better cases until somebody has
    approved. Raises ``PolicyError`` for a file that cannot be used, ``VersionError`` where a version cannot change."""
    given = draft(city, name)
    policy = given.policy
    stored = find(session, policy.policy, policy.version)
    if stored is None:
        stored = PolicyVersion(
            policy=policy.policy, version=policy.version, title=policy.title, sha256=given.sha256,
            content=given.content, cases=given.cases, state="submitted", author=by, submitted_at=at, approvals=[],
        )  # fmt: skip
        session.add(stored)
        session.flush()
        return stored
    if stored.sha256 != given.sha256:
        free = newest(session, policy.policy) + 1
        raise VersionError(
            f"{title_of(stored)} was submitted on {city.local_date(stored.submitted_at)} with other words, and the "
            f"words of a version never change. Next step: make it version {free}, in {policy.policy}.v{free}.toml"
        )
    if stored.state != "submitted" or stored.approvals or stored.author != by:
        raise VersionError(f"{title_of(stored)} is {stored.state} already. {next_step(stored)}")
    stored.cases, stored.submitted_at = given.cases, at
    return stored


def approve(session: Session, policy: str, version: int, *, by: str, role: str, at: datetime) -> PolicyVersion:
    """Approve a submitted version in one of the roles that it names; the last role that is wanted makes it approved.

    Raises ``VersionError`` for the author, for a role it does not name, for somebody who has approved it already, and
    for a version that does not wait for approval.
    """
    stored = get(session, policy, version)
    wanted = _parsed(stored.content, title_of(stored)).approved_by
    if stored.state != "submitted":
        raise VersionError(f"{title_of(stored)} is {stored.state} already. {next_step(stored)}")
    if stored.author.casefold() == by.casefold():
        raise VersionError(f"{by} submitted {title_of(stored)}; somebody else approves it ({' and '.join(wanted)}).")
    if role not in wanted:
        raise VersionError(f"A {role} does not approve {title_of(stored)}. It names: {', '.join(wanted)}.")
    if any(each["by"].casefold() == by.casefold() for each in stored.approvals):
        raise VersionError(f"{by} has approved {title_of(stored)} already; each role wants a person of its own.")
    stored.approvals = [*stored.approvals, {"by": by, "role": role, "at": at.isoformat()}]
    if not missing_roles(stored):
        stored.state = "approved"
    return stored


def refuse(session: Session, policy: str, version: int, *, by: str, why: str) -> PolicyVersion:
    """Refuse a version that is not in use yet; its number is spent. Raises ``VersionError``."""
    stored = get(session, policy, version)
    if stored.state not in ("submitted", "approved"):
        raise VersionError(f"{title_of(stored)} is {stored.state} and cannot be refused. {next_step(stored)}")
    stored.state, stored.refused = "refused", f"{by}: {why}"
    return stored


def retire(session: Session, policy: str, *, at: datetime) -> PolicyVersion:
    """Take the active version of a policy out of use: nobody new comes in, and episodes that run go on by it to their
    end. Raises ``VersionError`` where none is active."""
    stored = active_version(session, policy)
    if stored is None:
        raise VersionError(f"No version of {policy} is active. Next step: comms policy list")
    stored.state, stored.retired_at = "retired", at
    session.flush()
    return stored


def active(session: Session, city: City, on: date) -> list[Policy]:
    """The policies in use and in effect on a day, in the order that the city declares (undeclared ones last)."""
    return [policy for policy in in_use(session, city) if policy.effective.on(on)]


def in_use(session: Session, city: City) -> list[Policy]:
    """The active version of every policy, in declared order, whatever dates it is in effect for. What lies about in
    files has no say in it."""
    order = {name: place for place, name in enumerate(written_order(city))}
    rows = session.scalars(select(PolicyVersion).where(PolicyVersion.state == "active"))
    return sorted(map(policy_of, rows), key=lambda policy: (order.get(policy.policy, len(order)), policy.policy))


def frozen(session: Session) -> Mapping[tuple[str, int], Policy]:
    """Every version that episodes may run by: those in use, and those that were."""
    rows = session.execute(
        select(PolicyVersion.policy, PolicyVersion.version, PolicyVersion.content).where(
            PolicyVersion.state.in_(("active", "retired"))
        )
    )
    return {(policy, version): _parsed(content, f"{policy} version {version}") for policy, version, content in rows}


def find(session: Session, policy: str, version: int) -> PolicyVersion | None:
    return session.scalar(select(PolicyVersion).where(PolicyVersion.policy == policy, PolicyVersion.version == version))


def get(session: Session, policy: str, version: int) -> PolicyVersion:
    """A stored version. Raises ``VersionError`` saying what is stored."""
    if found := find(session, policy, version):
        return found
    known = sorted(session.scalars(select(PolicyVersion.version).where(PolicyVersion.policy == policy)))
    stored = f"Stored versions: {', '.join(map(str, known))}." if known else f"Next step: comms policy submit {policy}"
    raise VersionError(f"Version {version} of {policy} was not submitted. {stored}")


def active_version(session: Session, policy: str) -> PolicyVersion | None:
    return session.scalar(select(PolicyVersion).where(PolicyVersion.policy == policy, PolicyVersion.state == "active"))


def newest(session: Session, policy: str) -> int:
    """The highest version of a policy that was submitted; 0 for none."""
    return max(session.scalars(select(PolicyVersion.version).where(PolicyVersion.policy == policy)), default=0)


def stored_versions(session: Session) -> Iterator[PolicyVersion]:
    """Every version, by policy, the newest first."""
    yield from session.scalars(select(PolicyVersion).order_by(PolicyVersion.policy, PolicyVersion.version.desc()))


def policy_of(stored: PolicyVersion) -> Policy:
    """The policy as it was submitted."""
    return _parsed(stored.content, title_of(stored))


def missing_roles(stored: PolicyVersion) -> list[str]:
    """The roles whose approval is still wanted."""
    given: list[Any] = [each["role"] for each in stored.approvals if each["role"] != ACKNOWLEDGED]
    return [role for role in policy_of(stored).approved_by if role not in given]


def title_of(stored: PolicyVersion) -> str:
    return f"{stored.policy} version {stored.version}"


def next_step(stored: PolicyVersion) -> str:
    """What can be done with a version, as a command."""
    named, role = f"{stored.policy} {stored.version}", next(iter(missing_roles(stored)), "")
    return {
        "submitted": f"Next step: comms policy approve {named} --by NAME --role {role}",
        "approved": f"Next step: comms policy activate {named} --by NAME",
        "active": "It is in use; a change is the next version.",
        "retired": "A change is the next version.",
        "refused": "A better one is the next version.",
    }[stored.state]


@lru_cache(maxsize=256)
def _parsed(content: str, where: str) -> Policy:
    return parse_policy(content, where)

"""Policies in use, without the road through approval that ``tests/campaigns/test_versions.py`` walks."""

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from comms.campaigns.policies import versions
from comms.campaigns.policies.loading import declared_order, parse_policy
from comms.campaigns.policies.model import Policy
from comms.campaigns.schema import PolicyVersion
from comms.city import City

LONG_AGO = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)


def activate(session: Session, city: City, name: str | None = None) -> list[Policy]:
    """Store the policies that are shipped for the city, or the one of that name or file, and put them in use. Returns
    all that are in use, in declared order, whatever days they are in effect."""
    for each in declared_order(city) if name is None else (name,):
        given = versions.draft(city, each)
        put_in_use(session, given.content, given.cases)
    return versions.in_use(session, city)


def put_in_use(session: Session, content: str, cases: str = "") -> Policy:
    """Put a policy of a test's own words (TOML) in use; the version before it is retired."""
    policy = parse_policy(content, "a test's policy")
    session.execute(
        update(PolicyVersion)
        .where(PolicyVersion.policy == policy.policy, PolicyVersion.state == "active")
        .values(state="retired", retired_at=LONG_AGO)
    )
    row = versions.find(session, policy.policy, policy.version)
    if row is None:
        row = PolicyVersion(
            policy=policy.policy, version=policy.version, title=policy.title, sha256=versions.digest(content),
            content=content, cases=cases, author="test", submitted_at=LONG_AGO, approvals=[],
        )  # fmt: skip
        session.add(row)
    row.state, row.activated_at, row.activated_by = "active", LONG_AGO, "test"
    session.flush()
    return policy

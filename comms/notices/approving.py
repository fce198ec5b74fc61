"""Approving the words of a notice: this version, by this person. A changed letter is another version, and asks anew.

An approved version pulls no brake when it first goes out. What cannot be approved: words that the checks find fault
with, and a legal notice that rests on a source nobody has read in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import Catalogue, Notice
from .checking import Finding
from .keeping import keep_versions
from .schema import NoticeVersion


class ApprovalError(ValueError):
    """Words that cannot be approved; the message says why and what to do."""


@dataclass(frozen=True)
class Kept:
    """One version that was kept: since when, and who approved it when."""

    version: str
    first_used_at: datetime
    approved_at: datetime | None
    approved_by: str | None


def kept(session: Session, notice: str) -> list[Kept]:
    """The versions of a notice, the newest first."""
    rows = session.execute(
        select(NoticeVersion.version, NoticeVersion.first_used_at, NoticeVersion.approved_at, NoticeVersion.approved_by)
        .where(NoticeVersion.notice == notice)
        .order_by(NoticeVersion.first_used_at.desc(), NoticeVersion.version)
    )
    return [Kept(*row) for row in rows]


def approvals(session: Session, catalogue: Catalogue) -> dict[str, Kept]:
    """What is known of the version that each notice has now, by notice; those never used or approved are left out."""
    now = [notice.version for notice in catalogue]
    rows = session.execute(
        select(
            NoticeVersion.notice, NoticeVersion.version, NoticeVersion.first_used_at, NoticeVersion.approved_at,
            NoticeVersion.approved_by,
        ).where(NoticeVersion.version.in_(now))
    )  # fmt: skip
    return {row.notice: Kept(row.version, row.first_used_at, row.approved_at, row.approved_by) for row in rows}


def against(notice: Notice, findings: Sequence[Finding]) -> list[str]:
    """What stands against approving the words that a notice has now, a sentence each."""
    found = [f"{path} is missing." for path in notice.missing]
    if findings:
        found.append("The checks find something to mend.")
    if notice.purpose == "legal" and notice.unverified:
        sources = "; ".join(one.source for one in notice.unverified)
        found.append(
            f"It is a legal notice and cites what nobody has read in full: {sources}. Have the city attorney read it, "
            "and say so in notice.toml."
        )
    return found


def approve(
    session: Session, catalogue: Catalogue, name: str, version: str, findings: Sequence[Finding], *, by: str,
    at: datetime,
) -> None:  # fmt: skip
    """Approve the version that was looked at. ``findings`` are those of the checks of this notice.

    Raises ``ApprovalError`` when the words were changed since, when they were approved already, and for what
    ``against`` says; ``NoticeError`` when there is no such notice.
    """
    notice = catalogue.get(name)
    if notice.version != version:
        raise ApprovalError(f"The words of {name} were changed since you opened the page. Read them again.")
    if obstacles := against(notice, findings):
        raise ApprovalError(" ".join(obstacles))
    keep_versions(session, catalogue, at)
    row = session.get_one(NoticeVersion, version, with_for_update=True)
    if row.approved_at is not None:
        raise ApprovalError(f"{row.approved_by} has approved these words already.")
    row.approved_at, row.approved_by = at, by
    session.flush()

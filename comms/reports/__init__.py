"""Reports: what became of the notices, who answered, who paid, told in figures and in a sentence.

``count(database, city, clock)`` keeps the figures by day (housekeeping calls it); ``REPORTS`` are the reports by name,
each for a span of days and, if asked, one policy. A report is data: a finding, a table, a chart.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.campaigns.schema import PolicyVersion
from comms.city import City

from .answers import opt_outs, replies
from .counting import Counted, count, counted_at, uncounted
from .delivery import delivery, sent, undeliverable
from .model import Asked, Bars, Heading, Line, RangeError, Report, Stacks
from .outcomes import aging, cures, in_short, promises

__all__ = [
    "REPORTS", "Asked", "Bars", "Counted", "Heading", "Line", "RangeError", "Report", "Stacks", "count", "counted_at",
    "policies", "uncounted",
]  # fmt: skip

REPORTS: Mapping[str, Callable[[Session, City, Asked], Report]] = {
    "delivery": delivery,
    "cures": cures,
    "sent": sent,
    "promises": promises,
    "replies": replies,
    "aging": aging,
    "undeliverable": undeliverable,
    "opt-outs": opt_outs,
}
"""The reports by name, in the order of the page."""


def policies(session: Session) -> dict[str, str]:
    """The policies that a report can be narrowed to, and what each is called in short."""
    asked = select(PolicyVersion.policy, PolicyVersion.title).order_by(PolicyVersion.policy, PolicyVersion.version)
    return {name: in_short(title) for name, title in session.execute(asked)}

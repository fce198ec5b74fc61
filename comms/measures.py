"""What Prometheus reads: the state of the outbox as the database knows it, and the counters of this process."""

from collections.abc import Iterator, Mapping

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.db import Database
from comms.history.schema import WebhookEvent
from comms.outbox import Message, State
from comms.outbox.daily import shares
from comms.worklist import counts

UNDER_WAY = (State.HELD, State.QUEUED, State.CLAIMED, State.UNKNOWN, State.SUBMITTED, State.BATCHED)


class OutboxCollector(Collector):
    """Reads the outbox when asked; several web processes all tell the same."""

    def __init__(self, database: Database, clock: Clock, limits: Mapping[str, int]) -> None:
        self._database, self._clock, self._limits = database, clock, limits

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; only ``comms_database_up`` when the database does not answer."""
        up = GaugeMetricFamily("comms_database_up", "Whether the database answers")
        try:
            with self._database.read() as session:
                found = list(self._read(session))
            up.add_metric([], 1)
        except SQLAlchemyError:
            found = []
            up.add_metric([], 0)
        yield up
        yield from found

    def _read(self, session: Session) -> Iterator[GaugeMetricFamily]:
        messages = GaugeMetricFamily("comms_messages", "Messages under way", labels=["channel", "state"])
        for channel, state, count in session.execute(
            select(Message.channel, Message.state, func.count())
            .where(Message.state.in_(UNDER_WAY))
            .group_by(Message.channel, Message.state)
        ):
            messages.add_metric([channel, state], count)
        yield messages
        oldest = session.scalar(
            select(func.min(Message.next_attempt_at)).where(
                Message.state == State.QUEUED, Message.next_attempt_at <= self._clock.now()
            )
        )
        waiting = GaugeMetricFamily("comms_oldest_due_seconds", "Age of the oldest message that is due and not sent")
        waiting.add_metric([], (self._clock.now() - oldest).total_seconds() if oldest else 0)
        yield waiting
        spent = GaugeMetricFamily("comms_day_used", "Text segments or emails of the carrier's day", labels=["channel"])
        limit = GaugeMetricFamily("comms_day_limit", "What may leave in a carrier's day", labels=["channel"])
        for share in shares(session, self._limits, self._clock.now()):
            spent.add_metric([share.channel], share.used)
            limit.add_metric([share.channel], share.limit)
        yield from (spent, limit)
        events = GaugeMetricFamily("comms_webhook_events_waiting", "Carrier posts kept and not yet understood")
        events.add_metric([], session.scalar(select(func.count()).where(WebhookEvent.state == "new")) or 0)
        yield events
        tasks = GaugeMetricFamily("comms_tasks_open", "Open tasks for staff", labels=["kind"])
        for kind, count in sorted(counts(session).items()):
            tasks.add_metric([kind], count)
        yield tasks


def exposition(database: Database, clock: Clock, limits: Mapping[str, int]) -> bytes:
    """The metrics in Prometheus's text format; ``limits`` are the day's, by channel."""
    registry = CollectorRegistry()
    registry.register(OutboxCollector(database, clock, limits))
    return generate_latest(registry) + generate_latest(REGISTRY)

"""What RQ calls. Each function can run twice, late, or never: the database knows what is still to be done."""

import os
import socket
import threading
import time
import uuid
from datetime import timedelta
from functools import cache
from itertools import groupby

import structlog
from rq import get_current_job
from sqlalchemy.orm import Session

from comms import campaigns, outbox, promises, replies, reports, worklist
from comms.campaigns import background, nightly, shutoff
from comms.campaigns.control import hold_paused
from comms.desk.reporting import exporting
from comms.notices import NoticeError, keep_versions
from comms.office import Office
from comms.outbox import Dispatcher, holding, mail_acks, returned_mail, third_parties
from comms.outbox.fallback import fall_back
from comms.outbox.mailing import hand_over_letters
from comms.settings import Mode
from comms.weather import FeedError, follow_file
from webhooks.reconcile import reconcile
from webhooks.understanding import understand

log = structlog.get_logger(__name__)

stopping = threading.Event()
"""Set when this process was asked to end; a batch under way then hands back what has not left."""

RECONCILE_BACK = timedelta(days=3)
"""How far back Twilio is asked: over a long weekend without the service."""


@cache
def office() -> Office:
    """The office of this worker process."""
    return Office.open()


@cache
def dispatcher() -> Dispatcher:
    """The dispatcher of this worker process, with its threads and connections."""
    at = office()
    return Dispatcher(
        at.database,
        at.clock,
        at.city,
        at.channels,
        at.pacers,
        secret=at.settings.secret,
        caps=at.caps,
        owner=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}",
        threads=at.settings.comms_threads,
        lease=at.settings.comms_lease,
        stopping=stopping,
    )


def _name_work() -> None:
    """Log under the id of the request that began this job, or under a new one."""
    job = get_current_job()
    begun = job.meta.get("request_id") if job else None
    structlog.contextvars.bind_contextvars(request_id=begun or uuid.uuid4().hex[:12])


def deliver(lane: str, ids: list[int]) -> None:
    """Send these messages of a lane (none: whatever is due), and ring for their next attempts."""
    _name_work()
    if lane == "mail":
        hand_over()
        return
    at = office()
    done = dispatcher().deliver(lane, ids)
    log.info(
        "outbox.delivered", lane=lane, outcomes=done.outcomes, aside=done.aside, handed_back=done.handed_back,
        again=len(done.again),
    )  # fmt: skip
    now = at.clock.now()
    later = sorted((when.replace(microsecond=0) + timedelta(seconds=1), id_) for id_, when in done.again.items())
    for when, group in groupby(later, key=lambda item: item[0]):
        at.doorbell.ring_at(when, now, lane, [id_ for _, id_ in group])


def hand_over() -> None:
    """Give the letters that are due to the mail house."""
    at = office()
    for batch in hand_over_letters(at.database, at.city, at.clock, at.settings.mailhouse):
        log.info("mail.handed_over", batch=batch.batch, pieces=batch.pieces, pages=batch.pages, refused=batch.refused)


def keep_house() -> None:
    """Understand what carriers told us, sweep, ask about unknowns, fall back, decide again what went stale, and ring.

    Each part is its own transaction; one that fails does not keep the others from running.
    """
    at = office()
    at.doorbell.answered("housekeeping")
    _name_work()
    while understand(at, 500) == 500 and not stopping.is_set():
        pass
    for part in PARTS:
        if stopping.is_set():
            return
        try:
            part(at)
        except Exception:
            log.exception("housekeeping.failed", part=part.__name__)


@cache
def _versions(at: Office) -> None:
    """Once a process: the words of every notice that this process may send."""
    at.database.run(lambda session: keep_versions(session, at.renderer.catalogue, at.clock.now()))


def _consents(at: Office) -> None:
    """In rehearsal Twilio hears of the numbers on the allow list only."""
    only = at.settings.allow_list if at.settings.comms_mode is Mode.REHEARSAL else None
    done = outbox.tell_carrier(at.database, at.clock, at.consents, only=only)
    if done.told or done.waiting or done.refused:
        log.info("consent.mirrored", told=done.told, waiting=done.waiting, refused=done.refused)


def _unknowns(at: Office) -> None:
    done = outbox.resolve_unknowns(at.database, at.clock, at.channels, at.patience)
    if done.found or done.requeued or done.for_staff:
        log.info("outbox.unknowns", found=done.found, requeued=done.requeued, for_staff=done.for_staff)


def _fallbacks(at: Office) -> None:
    at.database.run(lambda session: fall_back(session, at.city, at.renderer, at.clock))


def _failures(at: Office) -> None:
    at.database.run(lambda session: outbox.show_failures(session, at.clock))


def _snoozed(at: Office) -> None:
    """Put back on the lists what was set aside until now."""
    if woken := at.database.run(lambda session: worklist.wake(session, at.clock.now())):
        log.info("worklist.woken", tasks=woken)


def _stale(at: Office) -> None:
    at.database.run(lambda session: campaigns.redecide(session, at.city, at.renderer, at.clock))


class Seldom:
    """Says yes at most once in ``seconds`` of this process's life; at first at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def __call__(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True


_all_promises = Seldom(600)
"""Going through all promises takes a second for every ten thousand, and on SQLite nobody else writes meanwhile. It only
finds what an import that was killed left undone; a deadline that passes is found in every round."""


def _promises(at: Office) -> None:
    everybody = _all_promises()

    def work(session: Session) -> None:
        accounts = None if everybody else promises.due(session, at.clock)
        if accounts is None or accounts:
            promises.evaluate(session, at.city, at.clock, accounts)

    at.database.run(work)


def _questions(at: Office) -> None:
    """Ask again what customers did not answer, and give to a clerk what got no answer twice."""
    done = at.database.run(lambda session: replies.follow_up(session, at.city, at.clock, at.renderer))
    if done.reminded or done.to_clerk:
        log.info("replies.followed_up", reminded=done.reminded, to_clerk=done.to_clerk)
    for lane in done.lanes:
        at.doorbell.ring(lane)


_reminders_due = Seldom(60)
"""Reminders are a day's matter, and all promises of the next weeks are looked through for them."""


def _reminders(at: Office) -> None:
    if not _reminders_due():
        return
    done = at.database.run(lambda session: campaigns.remind(session, at.city, at.clock, at.renderer))
    if done.reminded or done.suppressed:
        log.info("promises.reminded", reminded=done.reminded, suppressed=done.suppressed)
    for lane in done.lanes:
        at.doorbell.ring(lane)


_weather_due = Seldom(60)


def _weather(at: Office) -> None:
    """Read the feed file when it has changed. One that cannot be read grows old, and the rules then protect."""
    if at.settings.weather_feed is None or not _weather_due():
        return
    path = at.settings.weather_feed
    try:
        read = at.database.run(lambda session: follow_file(session, at.city, at.clock, path))
    except FeedError as error:
        log.warning("weather.unreadable", why=str(error))
        return
    if read is not None:
        log.info("weather.read", alerts=read.alerts, ended=read.ended, refused=len(read.refused))


_holds_due = Seldom(600)
"""Holds and mailing days are matters of a day."""
_third_parties_due = Seldom(3600)
"""All accounts that owe something are looked through."""


def _holds(at: Office) -> None:
    """End holds that are over, ask for those to be reviewed, and for what is missing of letters and copies."""
    if not _holds_due():
        return
    kept = at.database.run(lambda session: holding.look_after(session, at.city, at.clock))
    if kept.expired or kept.paid or kept.reviews:
        log.info("holds.looked_after", expired=kept.expired, paid=kept.paid, reviews=kept.reviews)
    if _third_parties_due():
        at.database.run(lambda session: third_parties.ask_for_addresses(session, at.city, at.clock))
    at.database.run(lambda session: mail_acks.ask_for_days(session, at.city, at.clock))
    at.database.run(lambda session: returned_mail.close_settled(session, at.clock))


_orders_due = Seldom(60)
"""Open orders are few, and a truck that is called a minute later is still on its way."""
_reconnections_due = Seldom(3600)


def _orders(at: Office) -> None:
    """Call back the field's orders that must not be carried out any more; ask who is to be turned on again."""
    if not _orders_due():
        return
    recalled = at.database.run(lambda session: shutoff.keep_watch(session, at.city, at.clock, at.renderer.catalogue))
    if recalled:
        log.warning("field.recalled", orders=[one.number for one in recalled])
    if _reconnections_due():
        raised = at.database.run(lambda session: shutoff.raise_reconnections(session, at.city, at.clock))
        if raised:
            log.info("field.reconnections", raised=raised)


NIGHT_SLICE = 30.0
"""Seconds of the night's work at a time: replies and receipts wait no longer for it."""
RUN_SLICE = 10.0
"""The same for a run that was let go at the desk, by day, when more replies come in."""


def _night(at: Office) -> None:
    """The night's run, a slice at a time, and what paused runs are to hold back."""
    at.database.run(lambda session: hold_paused(session, at.clock))
    if at.settings.night is None:
        return
    schedule = nightly.Schedule(at.settings.night, release=at.settings.comms_night_release == "auto")
    until = time.monotonic() + NIGHT_SLICE
    done = nightly.tend(
        at.database, at.city, at.clock, at.renderer, schedule,
        enough=lambda: stopping.is_set() or time.monotonic() > until,
    )  # fmt: skip
    if done is None:
        return
    log.info("campaign.night", on=str(done.on), state=done.state)
    for lane, ids in done.lanes.items():
        at.doorbell.ring(lane, ids)
    if done.state == "running":
        at.doorbell.ring("housekeeping")


def work_at_run(run_id: int) -> None:
    """Plan or release a run that was begun at the desk, a slice at a time; the ring for the next slice comes last."""
    _name_work()
    at = office()
    until = time.monotonic() + RUN_SLICE
    try:
        done = background.work_at(
            at.database, at.city, at.clock, at.renderer, run_id,
            enough=lambda: stopping.is_set() or time.monotonic() > until,
        )  # fmt: skip
    except (campaigns.RunError, NoticeError) as error:
        log.warning("campaign.stopped", run=run_id, why=str(error))
        return
    log.info("campaign.worked", run=run_id, state=done.state, more=done.more)
    for lane, ids in done.lanes.items():
        at.doorbell.ring(lane, ids)
    if done.more:
        at.doorbell.ask_for_run(run_id)


_stalled_due = Seldom(60)
_watch = background.Watch()


def _stalled(at: Office) -> None:
    """Go on with runs at which nobody has worked for a minute."""
    if not _stalled_due():
        return
    with at.database.read() as session:
        stalled = _watch.stalled(session)
    for run_id in stalled:
        log.warning("campaign.stalled", run=run_id)
        at.doorbell.ask_for_run(run_id)


_figures_due = Seldom(120)
FIGURES_SLICE = 15.0
"""Seconds of counting at a time; only the first count of a large office takes longer."""
_files_due = Seldom(60)
EXPORT_PATIENCE = timedelta(minutes=1)
"""How long a wish for a file may wait to be taken up before it is rung for again."""


def _figures(at: Office) -> None:
    """Keep the figures of the reports up to date."""
    if not _figures_due():
        return
    until = time.monotonic() + FIGURES_SLICE
    done = reports.count(at.database, at.city, at.clock, enough=lambda: stopping.is_set() or time.monotonic() > until)
    if done.days:
        log.info("reports.counted", days=done.days, left=done.left)


def _files(at: Office) -> None:
    """Ring again for files that nobody makes, and take away those that are over their time."""
    if not _files_due():
        return
    removed = exporting.tidy(at.database, at.clock, at.settings.var)
    if removed:
        log.info("exports.removed", files=removed)
    with at.database.read() as session:
        forgotten = exporting.waiting(session, at.clock.now(), EXPORT_PATIENCE)
    for export_id in forgotten:
        at.doorbell.ask_for_export(export_id)


def make_export(export_id: int) -> None:
    """Make a file that somebody at the desk waits for."""
    _name_work()
    at = office()
    made = exporting.make(at.database, at.city, at.clock, at.settings.var, export_id)
    log.info("exports.made" if made else "exports.taken_already", export=export_id)


def reconcile_carriers() -> None:
    """Take in from Twilio's list what its posts did not bring; the clock asks for it every hour."""
    at = office()
    done = reconcile(at, at.clock.now() - RECONCILE_BACK)
    log.info(
        "carriers.reconciled", looked_at=done.looked_at, replies=done.replies_taken, statuses=done.statuses_taken,
        asked=done.asked, complete=done.complete,
    )  # fmt: skip
    at.doorbell.ring("housekeeping")


def sweep_and_ring() -> None:
    """What the clock does: the sweep, and a ring for housekeeping. Needs only the database; Redis may be away."""
    _sweep(office())
    office().doorbell.ring("housekeeping")


def _sweep(at: Office) -> None:
    busy = at.doorbell.busy()
    swept = at.database.run(lambda session: outbox.sweep(session, at.clock, busy=busy))
    if swept.unknown or swept.requeued:
        log.warning("outbox.swept", unknown=swept.unknown, requeued=swept.requeued)
    for lane, ids in swept.due.items():
        at.doorbell.ring(lane, ids)


PARTS = (
    _versions, _consents, _unknowns, _fallbacks, _failures, _weather, _holds, _stale, _promises, _questions, _reminders,
    _snoozed, _orders, _night, _stalled, _figures, _files, _sweep,
)  # fmt: skip
"""Of housekeeping, in their order."""

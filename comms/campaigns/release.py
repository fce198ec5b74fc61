"""Letting a run go: every decision is judged again, rendered, frozen and queued.

A preview is not permission. Between plan and release a customer may have paid, promised, moved or opted out, a hold may
have been placed, the weather may have turned. Each account is therefore judged by the same engine on what is known now:
if it comes to the same step, that is taken, on the channels that may be used now; if not, the decision is dropped with
the reason, and the next night decides anew.

1. The run must be planned, approved by the roles that its steps name, and no brake may hold.
2. Chunks of decisions are judged, written and queued, each in a transaction of its own. A release that died is gone on
   with; two at once share the chunks; a pause or a stop takes effect between two.
3. Steps that act outside write nothing: their decisions are ``noted``, and the sufficiency gate goes on from there.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.accounts import copy_recipients
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database, one_of
from comms.history import record
from comms.notices import Renderer, keep_versions
from comms.outbox import Draft, insert_messages, queued_event
from comms.outbox.drafting import CANNOT_WRITE
from comms.outbox.drafts import lane_of
from comms.rules import Reason, Verdict
from comms.worklist import open_task

from . import brakes
from .approving import roles_wanted
from .copying import Original, copies_of
from .costing import Costs
from .engine import judge
from .facts import picture
from .night import Contacts, Night, Outcome, Position, Send, Subject
from .planner import RunError, night_of
from .policies import Step, versions
from .positions import positions
from .schema import CampaignRun, Decision
from .writing import draft_of

CHUNK = 500
STALE_AFTER = timedelta(days=2)
"""A run that was planned longer ago is planned anew: too much of its preview is no longer so."""
CHANGED = "not-due-any-more"
"""What a report counts when another step than the planned one would be taken now."""

Progress = Callable[[int, int], None]


class HeldError(RunError):
    """A run that waits for somebody: a brake holds, or an approval is wanted."""


@dataclass
class Released:
    """What a release queued, by channel; copies for others; acts outside that were noted; what it dropped, by rule.
    ``state`` is the run's at the end: ``done``, or ``paused`` or ``stopped`` by somebody meanwhile."""

    queued: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lanes: dict[str, list[int]] = field(default_factory=dict)
    cost_micros: int = 0
    state: str = "releasing"

    def add(self, chunk: "Released") -> None:
        """Count a chunk that was committed."""
        self.queued += chunk.queued
        self.copies += chunk.copies
        self.noted += chunk.noted
        self.dropped += chunk.dropped
        self.cost_micros += chunk.cost_micros
        for lane, ids in chunk.lanes.items():
            self.lanes.setdefault(lane, []).extend(ids)


def release(
    database: Database,
    city: City,
    clock: Clock,
    renderer: Renderer,
    run_id: int,
    *,
    by: str,
    progress: Progress | None = None,
) -> Released:
    """Release a planned run, or go on with one whose release died. Raises ``RunError``; ``HeldError`` while a brake
    holds or an approval is wanted."""
    begin(database, city, clock, renderer, run_id, by=by)
    return go_on(database, city, clock, renderer, run_id, progress=progress)


def begin(database: Database, city: City, clock: Clock, renderer: Renderer, run_id: int, *, by: str) -> bool:
    """Let a planned run go: from now on it is in release, and whoever calls ``go_on`` writes its messages. False: it
    was in release already, let go by somebody else or by this one's first click. Raises as ``release`` does."""
    held = database.run(lambda session: _begin(session, city, clock, renderer, run_id, by))
    if held:
        raise HeldError(held)
    return held is not None


def go_on(
    database: Database,
    city: City,
    clock: Clock,
    renderer: Renderer,
    run_id: int,
    *,
    progress: Progress | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Released:
    """Write and queue what is left of a run in release, until it is done or ``enough`` says so between two chunks."""
    with database.read() as session:
        total = session.scalar(select(func.count()).where(Decision.run_id == run_id, Decision.state == "planned")) or 0
    done = Released()
    seen = 0
    while True:
        taken, chunk = database.run(lambda session: _chunk(session, city, clock, renderer, run_id))
        done.add(chunk)
        seen += taken
        if progress and taken:
            progress(seen, total)
        if taken < CHUNK or chunk.state != "releasing" or enough():
            break
    done.state = database.run(lambda session: _end(session, run_id, clock.now()))
    return done


def _begin(session: Session, city: City, clock: Clock, renderer: Renderer, run_id: int, by: str) -> str | None:
    """Put the run in release, or say what holds it; what the brakes found is kept either way. None: it was in release
    before."""
    now = clock.now()
    run = session.get(CampaignRun, run_id, with_for_update=True)
    if run is None:
        raise RunError(f"There is no run {run_id}. See the runs with: comms campaign status")
    if run.state == "releasing":
        return None
    if run.state == "paused":
        raise RunError(f"Run {run_id} is paused by {run.state_by}. Next step: comms campaign resume {run_id}")
    if run.state != "planned":
        raise RunError(f"Run {run_id} is {run.state} and cannot be released; plan a new one with: comms plan")
    if now - run.planned_at > STALE_AFTER:
        raise RunError(f"Run {run_id} was planned on {run.planned_for}, too long ago. Next step: comms plan")
    holding = [one for one in brakes.look(session, city, clock, renderer.catalogue, run_id) if one.holds]
    if holding:
        first = holding[0]
        words = " ".join(one.words for one in holding)
        return (
            f"Run {run_id} is held: {words} When that is right, somebody other than {run.planned_by} lifts it: "
            f'comms release {run_id} --lift {first.name} --because "…" --by NAME'
        )
    if wanted := roles_wanted(session, run_id, versions.frozen(session)):
        role, steps = next(iter(wanted.items()))
        return (
            f"Run {run_id} waits for the approval of a {role}: {', '.join(steps)}. "
            f"Next step: comms campaign approve {run_id} --by NAME --role {role}"
        )
    keep_versions(session, renderer.catalogue, now)
    run.state, run.released_at, run.released_by = "releasing", now, by
    return ""


def _end(session: Session, run_id: int, now: datetime) -> str:
    """The run is done, unless somebody paused or stopped it, or another process is still at a chunk of it: should that
    one die, it can be gone on with."""
    left = select(Decision.id).where(Decision.run_id == run_id, Decision.state == "planned").exists()
    session.execute(
        update(CampaignRun)
        .where(CampaignRun.id == run_id, CampaignRun.state == "releasing", ~left)
        .values(state="done", ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(select(CampaignRun.state).where(CampaignRun.id == run_id)).one()


def _chunk(session: Session, city: City, clock: Clock, renderer: Renderer, run_id: int) -> tuple[int, Released]:
    """Release the next decisions: how many were looked at, and what came of them."""
    done = Released()
    done.state = session.scalars(
        select(CampaignRun.state).where(CampaignRun.id == run_id).with_for_update(read=True)
    ).one()
    if done.state != "releasing":
        return 0, done
    decisions = list(
        session.scalars(
            select(Decision)
            .where(Decision.run_id == run_id, Decision.state == "planned")
            .order_by(Decision.id)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
        )
    )
    if decisions:
        _Chunk(session, city, clock, renderer, decisions).release(done)
    return len(decisions), done


class _Chunk:
    """Some decisions of a run, with all that is known of their accounts now."""

    def __init__(
        self, session: Session, city: City, clock: Clock, renderer: Renderer, decisions: Sequence[Decision]
    ) -> None:
        self.session, self.city, self.clock, self.renderer = session, city, clock, renderer
        self.decisions = decisions
        self.now = clock.now()
        self.night: Night = night_of(session, city, renderer.catalogue, self.now)
        ids = [decision.account_id for decision in decisions]
        # Before the picture: a message bears this version of the facts, and what came in since is then newer.
        self.accounts = {
            account.id: account for account in session.scalars(select(Account).where(one_of(session, Account.id, ids)))
        }
        seen = picture(session, city, ids, self.now)
        self.subjects: Mapping[int, Subject] = seen.subjects
        self.contacts: Contacts = seen.contacts
        self.positions = positions(session, ids, self.night.frozen, self.now)
        self.costs = Costs(city, renderer.catalogue, renderer)

    def release(self, done: Released) -> None:
        """Judge each, write what is to be written, and say what was dropped."""
        originals: list[tuple[Decision, Step, Draft]] = []
        for decision in self.decisions:
            outcome = self._judged_again(decision)
            if outcome.kind != decision.outcome or outcome.step != decision.step:
                done.dropped[self._dropped(decision, outcome)] += 1
            elif outcome.kind == "action":
                done.noted[decision.step or ""] += 1
                decision.state, decision.decided_at = "noted", self.now
                decision.reasons = [reason.as_json() for reason in outcome.reasons]
            else:
                drafts = self._written(decision, outcome)
                if drafts:
                    originals += drafts
                else:
                    done.dropped[decision.rule] += 1
        self._queue(originals, done)

    def _judged_again(self, decision: Decision) -> Outcome:
        """What the engine says now, as if this step had not been decided yet."""
        position: Position = self.positions[decision.account_id]
        before = tuple(
            taken for taken in position.taken if (taken.step, taken.occurrence) != (decision.step, decision.occurrence)
        )
        subject = self.subjects[decision.account_id]
        return judge(self.night, subject, replace(position, taken=before), self.contacts)

    def _dropped(self, decision: Decision, outcome: Outcome) -> str:
        """Drop a decision: its step is not taken. The rule that a report counts."""
        doing = outcome.kind in ("contact", "action")
        rule = CHANGED if doing else outcome.rule
        reasons = outcome.reasons
        if doing:
            due = f"{outcome.step} is due now, {decision.step} was planned"
            reasons = (Reason(CHANGED, Verdict.SUPPRESS, "step", due, f"policy {decision.policy}"),)
        self._drop(decision, rule, reasons)
        return rule

    def _drop(self, decision: Decision, rule: str, reasons: Sequence[Reason]) -> None:
        decision.state, decision.occurrence, decision.rule, decision.sends = "dropped", None, rule, []
        decision.reasons = [reason.as_json() for reason in reasons]
        decision.cost_micros = 0

    def _written(self, decision: Decision, outcome: Outcome) -> list[tuple[Decision, Step, Draft]]:
        """The messages of a decision; none when one that is required cannot be written."""
        subject, account = self.subjects[decision.account_id], self.accounts[decision.account_id]
        policy = self.night.frozen[outcome.policy or "", outcome.version or 0]
        step = policy.named(decision.step or "", outcome.arm)
        drafts: list[Draft] = []
        sends: list[Send] = []
        for send in outcome.sends:
            recipient = subject.facts.addresses[send.channel]
            try:
                drafts.append(self._draft(decision, account, step, send, recipient))
                sends.append(send)
            except CANNOT_WRITE as error:
                if send.required:
                    self._not_written(decision, step, error)
                    return []
        decision.state, decision.decided_at, decision.until = "released", self.now, outcome.until
        decision.sends = [send.as_json() for send in sends]
        decision.reasons = [reason.as_json() for reason in outcome.reasons]
        decision.amount_cents, decision.facts_version = max(0, subject.facts.owed_cents), subject.facts_version
        decision.cost_micros = sum(self.costs.of_draft(draft) for draft in drafts)
        for draft in drafts:
            key = ("released", decision.id, draft.channel)
            self.contacts.add(subject.household, subject.customer_number, draft.recipient, self.now, key)
        return [(decision, step, draft) for draft in drafts]

    def _draft(self, decision: Decision, account: Account, step: Step, send: Send, recipient: str) -> Draft:
        return draft_of(
            self.renderer, self.city, self.clock, account, step, send, recipient, decision_id=decision.id,
            run_id=decision.run_id,
        )  # fmt: skip

    def _not_written(self, decision: Decision, step: Step, error: Exception) -> None:
        """One account's notice that cannot be written stops nobody else's: it is put before staff, and decided anew."""
        reason = Reason("unwritable", Verdict.SUPPRESS, step.notice, str(error), "the notice's own template")
        self._drop(decision, "unwritable", [reason])
        open_task(
            self.session,
            kind="failed_notice",
            dedupe_key=f"unwritable:account:{decision.account_id}:{step.id}",
            reason=f"{step.notice.replace('-', ' ').capitalize()} cannot be written for this account. {error}",
            at=self.now,
            account_id=decision.account_id,
            subject_type="account",
            subject_id=decision.account_id,
        )

    def _queue(self, written: Sequence[tuple[Decision, Step, Draft]], done: Released) -> None:
        """Freeze and queue the messages, then the copies of them."""
        self.session.flush()
        fresh = insert_messages(self.session, [draft for _, _, draft in written], self.clock)
        about = {draft.dedupe_key: (self.accounts[decision.account_id], step) for decision, step, draft in written}
        originals = [Original(message_id, *about[draft.dedupe_key], draft) for draft, message_id, _ in fresh]
        copies = insert_messages(self.session, self._copies(originals), self.clock)
        for draft, message_id, _ in (*fresh, *copies):
            (done.copies if draft.copy_of_id else done.queued)[draft.channel] += 1
            done.lanes.setdefault(lane_of(draft), []).append(message_id)
            done.cost_micros += self.costs.of_draft(draft)
        events = [queued_event(draft, message_id, digest, self.now) for draft, message_id, digest in (*fresh, *copies)]
        record(self.session, events, self.now)

    def _copies(self, originals: Sequence[Original]) -> list[Draft]:
        wanted = [one for one in originals if one.step.copies]
        if not wanted:
            return []
        today = self.city.local_date(self.now)
        to = copy_recipients.of(self.session, [one.account.id for one in wanted], today)
        return copies_of(self.session, self.city, self.clock, self.renderer, wanted, to)

"""What stops a run until a person has looked: it is far larger than usual, it rests on old files, on words or a policy
that nobody approved, or it cannot reach those it is for.

Brakes are looked at when a run is planned and again when it is released. One that is pulled is lifted by somebody other
than who planned the run, with a reason; both stay with the run. A brake that finds more than what was lifted is pulled
anew.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account, ImportFile
from comms.city import City
from comms.clock import Clock
from comms.notices import Catalogue, keep_versions
from comms.notices.schema import NoticeVersion

from .approving import steps_taken
from .policies import Policy, versions
from .preview import Preview, preview
from .schema import CampaignRun, PolicyVersion

USUAL = timedelta(days=35)
"""A run is held against the largest that was let go within this time: a billing month and a few days, for accounts
come due in cycles and no night is like the one before it."""
FEW_MORE = 20
"""Contacts: fewer more than usual are no jump, whatever the percentage."""
FEW_UNREACHABLE = 10
FIRST_SHARE = 50
"""Per cent of all accounts. A first run has none to be held against; one that writes to more than this is stopped."""
FEW_AT_FIRST = 50


@dataclass(frozen=True)
class Brake:
    """One brake that was pulled. ``found`` and ``allowed`` are in the unit that ``words`` names."""

    brake: str
    found: int
    allowed: int
    words: str
    subject: str = ""
    """The policy or notice it is about."""
    lifted_by: str | None = None
    lifted_why: str | None = None

    @property
    def name(self) -> str:
        """By what it is lifted: ``volume:residential-past-due``."""
        return f"{self.brake}:{self.subject}" if self.subject else self.brake

    @property
    def holds(self) -> bool:
        return self.lifted_by is None


class BrakeError(ValueError):
    """A brake that cannot be lifted as asked; the message says why."""


def look(session: Session, city: City, clock: Clock, catalogue: Catalogue, run_id: int) -> list[Brake]:
    """Look at every brake of a run, keep what was found with it, and return those pulled, lifted ones among them."""
    run = session.get_one(CampaignRun, run_id)
    frozen = versions.frozen(session)
    taken = steps_taken(session, run_id, frozen)
    policies = {each.policy.policy: each.policy for each in taken}
    policies |= {name: frozen[name, version] for name, version in run.versions.items() if (name, version) in frozen}
    keep_versions(session, catalogue, clock.now())
    found = [
        *_volumes(session, run, list(policies.values())),
        *_files(session, city, clock, list(policies.values())),
        *_unreachable(preview(session, run_id), list(policies.values())),
        *_policies(session, run),
        *_notices(session, city, clock, catalogue, run, {each.step.notice for each in taken if each.step.notice}),
    ]
    before = {one.name: one for one in kept(run)}
    pulled = [_still_lifted(one, before) for one in found]
    run.brakes = [asdict(one) for one in pulled]
    session.flush()
    return pulled


def kept(run: CampaignRun) -> list[Brake]:
    """The brakes of a run as they were when they were looked at last."""
    return [Brake(**one) for one in run.brakes]


def lift(
    session: Session, run_id: int, name: str, *, by: str, because: str, at: datetime, seen: int | None = None
) -> Brake:
    """Lift a brake of a run. Lifting one for changed words approves them. ``seen``: what it had found when it was read;
    one that has found more since is not lifted. Raises ``BrakeError``."""
    run = session.get(CampaignRun, run_id, with_for_update=True)
    if run is None:
        raise BrakeError(f"There is no run {run_id}. See the runs with: comms campaign status")
    brakes = kept(run)
    pulled = {one.name: one for one in brakes if one.holds}
    if name not in pulled:
        known = ", ".join(pulled) or "none"
        raise BrakeError(f"No brake {name!r} is pulled for run {run_id}. Pulled: {known}.")
    if len(because.strip()) < 5:
        raise BrakeError("Say why it may be lifted, in a few words that can be read later: --because WORDS")
    if by.strip().casefold() == run.planned_by.casefold():
        raise BrakeError(f"{by} planned run {run_id}; somebody else lifts its brakes: --by NAME")
    if seen is not None and pulled[name].found != seen:
        raise BrakeError("This brake has found something else since you read it. Read it again; it was not lifted.")
    lifted = Brake(**{**asdict(pulled[name]), "lifted_by": by, "lifted_why": because.strip()})
    run.brakes = [asdict(lifted if one.name == name else one) for one in brakes]
    if lifted.brake == "words":
        _approve_words(session, lifted, by, at)
    session.flush()
    return lifted


def _still_lifted(one: Brake, before: Mapping[str, Brake]) -> Brake:
    was = before.get(one.name)
    if was is None or was.holds or one.found > was.found:
        return one
    return Brake(**{**asdict(one), "lifted_by": was.lifted_by, "lifted_why": was.lifted_why})


def _volumes(session: Session, run: CampaignRun, policies: Sequence[Policy]) -> Iterator[Brake]:
    now = preview(session, run.id)
    earlier = [
        preview(session, id_)
        for id_ in session.scalars(
            select(CampaignRun.id).where(
                CampaignRun.released_at.is_not(None), CampaignRun.planned_at >= run.planned_at - USUAL,
                CampaignRun.id != run.id,
            )
        )
    ]  # fmt: skip
    if not earlier:
        yield from _first(session, now)
    for policy in policies:
        usual = max((one.contacts_of(policy.policy) for one in earlier), default=0)
        contacts, per_cent = now.contacts_of(policy.policy), policy.brakes.volume_jump_percent
        allowed = usual * (100 + per_cent) // 100
        if usual and contacts > allowed and contacts - usual >= FEW_MORE:
            yield Brake(
                "volume", contacts, allowed,
                f"{contacts:,} contacts by {policy.title}; the most in a run of the last five weeks were {usual:,}, "
                f"and {per_cent} % more are allowed.", policy.policy,
            )  # fmt: skip


def _first(session: Session, now: Preview) -> Iterator[Brake]:
    accounts = session.scalar(select(func.count()).select_from(Account).where(Account.in_latest_file)) or 0
    allowed = accounts * FIRST_SHARE // 100
    if now.contacts > max(allowed, FEW_AT_FIRST):
        yield Brake(
            "first-run", now.contacts, allowed,
            f"{now.contacts:,} of {accounts:,} accounts would be written to, and no earlier run shows what is usual.",
        )  # fmt: skip


def _files(session: Session, city: City, clock: Clock, policies: Sequence[Policy]) -> Iterator[Brake]:
    if not policies:
        return
    limits = {
        "payments": min(policy.brakes.payments_older_than_hours for policy in policies),
        "accounts": min(policy.brakes.accounts_older_than_hours for policy in policies),
    }
    for kind, allowed in limits.items():
        reaches = reached(session, city, kind)
        if reaches is None:
            yield Brake(
                f"{kind}-file", 0, allowed, f"No {kind} file was ever taken in. Next step: comms import {kind} FILE"
            )
            continue
        hours = int((clock.now() - reaches) / timedelta(hours=1))
        if hours > allowed:
            yield Brake(
                f"{kind}-file", hours, allowed,
                f"The last {kind} file reaches to {reaches.astimezone(city.zone):%Y-%m-%d %H:%M}, {hours} hours ago; "
                f"{allowed} are allowed. Next step: comms import {kind} FILE",
            )  # fmt: skip


def reached(session: Session, city: City, kind: str) -> datetime | None:
    """Until when the files of a kind (``payments``, ``accounts``) tell what happened: to the end of the last day that
    one covers, and no later than it was taken in. None: there was no such file."""
    newest: datetime | None = None
    files = session.execute(
        select(ImportFile.as_of, ImportFile.covers_until, ImportFile.finished_at)
        .where(ImportFile.kind == kind, ImportFile.state == "done")
        .order_by(ImportFile.id.desc())
        .limit(20)
    )
    for as_of, covers_until, finished_at in files:
        day = covers_until or as_of
        told = finished_at
        if day is not None:
            end = datetime.combine(day + timedelta(days=1), time(), city.zone)
            told = min(end, finished_at) if finished_at else end
        if told is not None and (newest is None or told > newest):
            newest = told
    return newest


def _unreachable(now: Preview, policies: Sequence[Policy]) -> Iterator[Brake]:
    for policy in policies:
        missed = now.unreachable.get(policy.policy, 0)
        due = missed + now.contacts_of(policy.policy)
        allowed = due * policy.brakes.unreachable_percent // 100
        if missed > allowed and missed >= FEW_UNREACHABLE:
            yield Brake(
                "unreachable", missed, allowed,
                f"{missed:,} of {due:,} whose step by {policy.title} is due cannot be reached on any channel; "
                f"{policy.brakes.unreachable_percent} % are allowed.", policy.policy,
            )  # fmt: skip


def _policies(session: Session, run: CampaignRun) -> Iterator[Brake]:
    """Policies that went out of use, or got another version, since the run was planned."""
    active = select(PolicyVersion.policy, PolicyVersion.version).where(PolicyVersion.state == "active")
    in_use: dict[str, int] = {policy: version for policy, version in session.execute(active)}  # noqa: C416
    for policy, version in sorted(run.versions.items()):
        if in_use.get(policy) != version:
            now = f"version {in_use[policy]} is" if policy in in_use else "no version of it is"
            yield Brake(
                "policy", version, in_use.get(policy, 0),
                f"The run was planned by {policy} version {version}; {now} in use. Next step: comms plan", policy,
            )  # fmt: skip


def _notices(
    session: Session, city: City, clock: Clock, catalogue: Catalogue, run: CampaignRun, notices: Collection[str]
) -> Iterator[Brake]:
    today = city.local_date(clock.now())
    for name in sorted(notices):
        notice = catalogue.get(name)
        if not notice.is_valid_on(today):
            yield Brake("notice-dates", 1, 0, f"The notice {name} is not valid on {today}.", name)
        if changed := _changed_words(session, run, name, notice.version):
            yield changed


def _changed_words(session: Session, run: CampaignRun, name: str, version: str) -> Brake | None:
    """Words that are not those which were in use when the policies of the run were activated, and that nobody approved
    since."""
    known = {
        row.version: row
        for row in session.execute(
            select(NoticeVersion.version, NoticeVersion.first_used_at, NoticeVersion.approved_at).where(
                NoticeVersion.notice == name
            )
        )
    }
    others = set(known) - {version}
    activated = session.scalar(
        select(func.min(PolicyVersion.activated_at)).where(
            PolicyVersion.state == "active", PolicyVersion.policy.in_(sorted(run.versions))
        )
    )
    row = known.get(version)
    if not others or activated is None or (row and (row.approved_at or row.first_used_at <= activated)):
        return None
    return Brake(
        "words", 1, 0,
        f"The words of {name} were changed (version {version[:12]}) since its policies were approved. Read them with: "
        f"comms notice preview {name}. Lifting this brake approves them.", f"{name}@{version[:12]}",
    )  # fmt: skip


def _approve_words(session: Session, lifted: Brake, by: str, at: datetime) -> None:
    name, _, version = lifted.subject.partition("@")
    session.execute(
        update(NoticeVersion)
        .where(
            NoticeVersion.notice == name, NoticeVersion.version.startswith(version), NoticeVersion.approved_at.is_(None)
        )
        .values(approved_at=at, approved_by=by)
        .execution_options(synchronize_session=False)
    )


def as_lines(brakes: Sequence[Brake]) -> list[dict[str, Any]]:
    """For a program to read."""
    return [{"name": one.name, **asdict(one)} for one in brakes]

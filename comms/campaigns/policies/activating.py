"""Making a version of a policy active: what stands against it, what a person must answer for, and doing it.

1. It is approved in every role that it names, by other people than its author, and its file still says what was
   approved.
2. It is in effect today, and the city's order says where it stands among the other policies.
3. Every golden case beside it passes, in the engine and by the rules of today.
4. Every notice it sends is in the catalogue, complete, valid, and written for the channels it goes out on.
5. A disconnection date that it announces leaves the days that the rules ask for after the mailing.
6. A legal notice that rests on a source nobody has read in full is used only when a named person acknowledges it in
   writing; the note stays with the approvals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from comms.campaigns.schema import PolicyVersion
from comms.city import City
from comms.notices import Catalogue, Notice
from comms.rules import Rulebook, rulebook_of

from . import golden, versions
from .cases import parse_cases
from .loading import ORDER, policy_files, written_order
from .model import Policy, PolicyError
from .steps import Step
from .timeline import Stop, stops
from .versions import ACKNOWLEDGED, VersionError, title_of
from .wording import CHANNELS_IN_WORDS, listed

YEAR = 366


@dataclass(frozen=True)
class Readiness:
    """What stands against a version, what ought to be known, and which legal notices must be acknowledged."""

    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]
    unverified: tuple[str, ...]
    results: tuple[golden.Result, ...]


def activate(
    session: Session, city: City, catalogue: Catalogue, policy: str, version: int, *, by: str, at: datetime,
    acknowledge: str = "",
) -> PolicyVersion:  # fmt: skip
    """Use this version from now on; the one that was active is retired, and running episodes keep theirs.

    A retired version may be taken up again. Raises ``VersionError`` with everything that stands against it.
    """
    stored = versions.get(session, policy, version)
    if stored.state not in ("approved", "retired"):
        raise VersionError(f"{title_of(stored)} is {stored.state}. {versions.next_step(stored)}")
    ready = readiness(city, catalogue, stored, city.local_date(at))
    if ready.obstacles:
        raise VersionError(f"{title_of(stored)} cannot be activated. " + " ".join(ready.obstacles))
    if ready.unverified:
        if not acknowledge.strip():
            raise VersionError(
                f"{title_of(stored)} sends legal notices that rest on sources nobody has read in full: "
                f"{' '.join(ready.unverified)} Next step: have the city attorney read them, or activate it with "
                "--acknowledge and a note of who answers for it."
            )
        note: dict[str, Any] = {"by": by, "role": ACKNOWLEDGED, "at": at.isoformat(), "note": acknowledge.strip()}
        stored.approvals = [*stored.approvals, {**note, "notices": list(ready.unverified)}]
    if versions.active_version(session, policy) is not None:
        versions.retire(session, policy, at=at)
    stored.state, stored.activated_at, stored.activated_by, stored.retired_at = "active", at, by, None
    session.flush()
    return stored


def readiness(city: City, catalogue: Catalogue, stored: PolicyVersion, today: date) -> Readiness:
    """Everything that is looked at before a version is used on ``today``."""
    policy = versions.policy_of(stored)
    results, unreadable = _golden(city, catalogue, stored, policy)
    obstacles = [
        *_not_approved(stored),
        *_out_of_date(policy, today),
        *_changed(city, stored),
        *_unplaced(city, stored),
    ]
    obstacles += unreadable
    obstacles += [_failed(result) for result in results if not result.passed]
    warnings = [] if results else [f"{policy.policy} has no golden cases; nothing shows that it does what is meant."]
    unverified: list[str] = []
    for step, notice in _notices(policy, catalogue):
        obstacles += _unusable(step, notice, today)
        if notice is not None and notice.unverified:
            (unverified if notice.purpose == "legal" else warnings).append(_unread(notice))
    obstacles += _too_soon(policy, city, rulebook_of(city), today)
    return Readiness(tuple(obstacles), tuple(warnings), tuple(dict.fromkeys(unverified)), tuple(results))


def _not_approved(stored: PolicyVersion) -> Iterator[str]:
    if missing := versions.missing_roles(stored):
        yield f"It is not approved by a {listed(missing)}. {versions.next_step(stored)}"


def _out_of_date(policy: Policy, today: date) -> Iterator[str]:
    effective = policy.effective
    if today < effective.from_:
        yield f"It is in effect from {effective.from_}, and today is {today}; activate it on that day."
    elif not effective.on(today):
        yield f"It was in effect until {effective.to}; make a new version with later dates."


def _changed(city: City, stored: PolicyVersion) -> Iterator[str]:
    """Whether the file says something else than what was approved."""
    for path in policy_files(city):
        try:
            found = versions.draft(city, str(path))
        except PolicyError:
            continue
        if (found.policy.policy, found.policy.version) != (stored.policy, stored.version):
            continue
        if found.sha256 != stored.sha256:
            yield (
                f"{path.name} was changed after it was submitted; put back the words that were approved, or give the "
                "new words the next version."
            )
        elif found.cases != stored.cases:
            yield (
                f"{found.cases_path.name} was changed after it was submitted; put it back, or submit the cases with "
                "the next version."
            )
        return
    yield f"The city's policies have no file for {title_of(stored)} any more; put the submitted file back."


def _unplaced(city: City, stored: PolicyVersion) -> Iterator[str]:
    """Whether it is said where the policy stands among the others."""
    try:
        if stored.policy not in written_order(city):
            yield f"{ORDER} does not say where {stored.policy} stands among the others; add it to the list."
    except PolicyError as error:
        yield f"{error}."


def _golden(
    city: City, catalogue: Catalogue, stored: PolicyVersion, policy: Policy
) -> tuple[Sequence[golden.Result], Sequence[str]]:
    try:
        return golden.run(policy, parse_cases(stored.cases, f"{stored.policy}.cases.toml", policy), city, catalogue), ()
    except PolicyError as error:
        return (), (str(error),)


def _failed(result: golden.Result) -> str:
    return f'The golden case "{result.case.name}" fails: {"; ".join(result.differences)}.'


def _notices(policy: Policy, catalogue: Catalogue) -> Iterator[tuple[Step, Notice | None]]:
    """Every step of either arm that writes, with its notice; None where the catalogue has none of that name."""
    for step in dict.fromkeys((*policy.steps_of(None), *policy.steps_of("challenger"))):
        if step.notice:
            yield step, catalogue.get(step.notice) if step.notice in catalogue else None


def _unusable(step: Step, notice: Notice | None, today: date) -> Iterator[str]:
    if notice is None:
        yield f'Step "{step.name}" sends {step.notice}, which the catalogue does not have. See: comms notice list'
        return
    if notice.missing:
        yield f"The notice {notice.name} is not complete; it lacks {', '.join(notice.missing)}."
    if not notice.is_valid_on(today):
        yield f"The notice {notice.name} may not be sent on {today}; see valid_from and valid_to in its notice.toml."
    wanted = (*step.send.channels, *step.send.also) if step.send else ()
    lacking = [CHANNELS_IN_WORDS[channel] for channel in wanted if channel not in notice.channels]
    if lacking:
        yield f'Step "{step.name}" sends {notice.name} by {listed(lacking)}, for which it is not written.'


def _unread(notice: Notice) -> str:
    return f"{notice.name} cites {listed([one.source for one in notice.unverified])}."


def _too_soon(policy: Policy, city: City, rulebook: Rulebook, today: date) -> Iterator[str]:
    """Steps that announce a disconnection sooner after the first such letter than the rules allow, on any day of the
    year ahead; each told once, with the first day on which it would happen."""
    for arm in (None, "challenger") if policy.challenger else (None,):
        announcing = [stop for stop in stops(policy, city, arm) if stop.step.disconnect_after_days is not None]
        for stop in announcing:
            days = (max(today, policy.effective.from_) + timedelta(days=ahead) for ahead in range(YEAR))
            apart = timedelta(days=stop.day - announcing[0].day)
            found = next((said for day in days if (said := _sooner(policy, city, rulebook, stop, day, apart))), None)
            if found:
                yield found


def _sooner(policy: Policy, city: City, rulebook: Rulebook, stop: Stop, mailed: date, apart: timedelta) -> str:
    """What is wrong with the date that a step announces when the first letter is mailed on ``mailed``; empty: nothing.

    The services are those that the policy is about, all of the city's where it names none.
    """
    services = policy.enter.services or tuple(service.key for service in city.services)
    day = city.business_day_from(mailed + apart + timedelta(days=stop.step.disconnect_after_days or 0))
    for one in policy.enter.service_class or ("residential", "commercial"):
        for need in rulebook.notice_requirements(day, services, one):
            first = need.earliest(city, mailed)
            if first > day:
                return (
                    f'Step "{stop.step.name}" would announce a disconnection on {day} after a letter mailed on '
                    f"{mailed}; {need.id} allows none before {first} ({need.citation}). Give it more "
                    "disconnect_after_days."
                )
    return ""

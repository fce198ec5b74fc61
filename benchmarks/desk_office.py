"""What the office of the desk's city has done: letters given to the mail house, notices proven and a shut-off list
given out, a run that went out and one that waits, a policy and a notice with two versions, a log taken out.

Everything is done by the service itself, so that the pages find what they would find in an office.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.planning import deliver
from comms import field, weather
from comms.accounts.schema import Account
from comms.campaigns import brakes, plan, shutoff
from comms.campaigns.night import Send
from comms.campaigns.policies import moving, versions
from comms.campaigns.policies.model import Policy
from comms.campaigns.schema import CampaignRun, Decision, Episode
from comms.campaigns.writing import draft_of
from comms.desk.reporting import exporting
from comms.desk.reporting.correspondence import Wanted
from comms.history import record
from comms.notices import keep_versions
from comms.notices.schema import NoticeVersion
from comms.office import Office
from comms.outbox import Draft, insert_messages, letter_address, mail_acks, queued_event
from comms.outbox.mailing import hand_over_letters
from tests.support import build, policies

POLICY = "residential-past-due"
NOTICES = {"disconnect-notice": 46, "final-notice": 31}
"""The letters that a shut-off rests on, and how many days ago they were written."""
OLD_WORDS = "1" * 64
"""The version of a notice before the one of now."""
CHUNK = 500


def open_business(office: Office, clock: Any, asked_by: str) -> None:
    """Two months up to the clock's time, which stays as it was. ``asked_by``: who took the log out."""
    now, catalogue = clock.now(), office.renderer.catalogue
    with office.database.begin() as session:
        (policy,) = (one for one in policies.activate(session, office.city) if one.policy == POLICY)
        keep_versions(session, catalogue, now - timedelta(days=90))
        _older_words(session, now - timedelta(days=300))
    proven = _notified(office, clock, policy, now)
    clock.set(now - timedelta(days=15))
    _gone_out(office, clock, plan(office.database, office.city, clock, catalogue))
    clock.set(now)
    _shut_off(office, clock, proven)
    with office.database.begin() as session:
        policies.put_in_use(session, _second_version(session))
    tonight = plan(office.database, office.city, clock, catalogue)
    with office.database.begin() as session:
        brakes.look(session, office.city, clock, catalogue, tonight)
        moving.propose(session, office.city, catalogue, POLICY, 2, by="dana", at=now)
    _log(office, clock, asked_by)


def _notified(office: Office, clock: Any, policy: Policy, now: datetime) -> list[int]:
    """Accounts that were given both notices by letter and whose heat does not depend on what is owed; their ids."""
    with office.database.begin() as session:
        chosen = select(Account.id).where(Account.id % 220 == 15, Account.id % 235 != 0, Account.status == "active")
        ids = list(session.scalars(chosen.order_by(Account.id)))
        opened = now - timedelta(days=60)
        session.add_all(
            Episode(
                account_id=id_, policy=POLICY, policy_version=1, arm=None, opened_at=opened, debt_cents=9000,
                closed_at=None, close_reason=None,
            )
            for id_ in ids
        )  # fmt: skip
    for step, days in NOTICES.items():
        clock.set(now - timedelta(days=days))
        with office.database.begin() as session:
            made = _decisions(session, clock.now(), ids, step, "contact", "released")
        _write_letters(office, clock, policy, step, made)
        _mail(office, clock)
    with office.database.begin() as session:
        _decisions(session, now - timedelta(days=1), ids, "shut-off", "action", "noted")
    return ids


def _decisions(
    session: Session, at: datetime, ids: Sequence[int], step: str, outcome: str, state: str
) -> list[tuple[int, int]]:
    """One step decided for each, in a run of its own: the decision and its account."""
    run = CampaignRun(
        policy=POLICY, versions={POLICY: 1}, rulebook="", planned_for=at.date(), attempt=1, state="done", counts={},
        brakes=[], approvals=[], planned_at=at, planned_by="system",
    )  # fmt: skip
    session.add(run)
    session.flush()
    episodes = dict(session.execute(select(Episode.account_id, Episode.id).where(Episode.account_id.in_(ids))).all())
    made = [
        Decision(
            run_id=run.id, account_id=id_, episode_id=episodes[id_], policy=POLICY, step=step, occurrence=1,
            outcome=outcome, rule="may-contact", sends=[], reasons=[], facts_version=1, amount_cents=9000,
            cost_micros=0, state=state, decided_at=at,
        )
        for id_ in ids
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return [(one.id, one.account_id) for one in made]


def _gone_out(office: Office, clock: Any, run_id: int) -> None:
    """All of a run arrived, and its letters went through the mail house."""
    deliver(office.database, clock)
    with office.database.begin() as session:
        of_run = {"run": run_id}
        session.execute(text("DELETE FROM message WHERE run_id = :run AND channel = 'letter'"), of_run)
        rows = session.execute(
            text(
                "SELECT d.id, d.account_id, d.policy, d.step FROM decision d WHERE run_id = :run AND "
                "outcome = 'contact' AND sends -> 0 ->> 'channel' = 'letter' ORDER BY d.account_id"
            ),
            of_run,
        ).all()
        in_use = {one.policy: one for one in versions.in_use(session, office.city)}
    for name, step in sorted({(row.policy, row.step) for row in rows}):
        mine = [(row.id, row.account_id) for row in rows if (row.policy, row.step) == (name, step)]
        _write_letters(office, clock, in_use[name], step, mine)
    _mail(office, clock)


def _write_letters(office: Office, clock: Any, policy: Policy, step: str, decided: Sequence[tuple[int, int]]) -> None:
    for start in range(0, len(decided), CHUNK):
        with office.database.begin() as session:
            part = dict(decided[start : start + CHUNK])
            accounts = {one.id: one for one in session.scalars(select(Account).where(Account.id.in_(part.values())))}
            run_id = session.get_one(Decision, decided[start][0]).run_id
            drafts: list[Draft] = [
                draft_of(
                    office.renderer, office.city, clock, accounts[id_], policy.named(step), Send("letter"),
                    letter_address(accounts[id_]) or "", decision_id=decision_id, run_id=run_id,
                )
                for decision_id, id_ in part.items()
            ]  # fmt: skip
            fresh = insert_messages(session, drafts, clock)
            record(session, [queued_event(*each, clock.now()) for each in fresh], clock.now())


def _mail(office: Office, clock: Any) -> None:
    """What is queued goes to the mail house, and the post office takes it the next day."""
    day = office.city.local_date(clock.now())
    clock.advance(timedelta(days=1))
    for batch in hand_over_letters(office.database, office.city, clock, office.settings.mailhouse):
        with office.database.begin() as session:
            mail_acks.acknowledge(
                session, office.city, clock, batch.batch, day + timedelta(days=1), by="user:osei", pieces=batch.pieces
            )


def _shut_off(office: Office, clock: Any, proven: Sequence[int]) -> None:
    """A list of half of those who may be on one, approved and given out; the others are still to be proposed."""
    catalogue, day = office.renderer.catalogue, date(2026, 12, 1)
    feed = office.settings.var / "alerts.json"
    feed.write_text(json.dumps({"updated": clock.now().isoformat(), "features": []}))
    office.database.run(lambda session: weather.take_in(session, office.city, clock, feed))
    with office.database.begin() as session:
        for kind in ("payments", "accounts"):
            build.import_file(session, kind=kind, finished_at=clock.now() - timedelta(hours=3))
    with office.database.begin() as session:
        made = shutoff.propose(
            session, office.city, clock, catalogue, kind="shutoff", day=day, by="dana",
            account_ids=proven[: len(proven) * 2 // 3],
        )  # fmt: skip
        field.approve(session, clock, made.name, by="s.lee")
    shutoff.issue(office.database, office.city, clock, catalogue, office.settings.var / "field", made.name, by="s.lee")


def _second_version(session: Session) -> str:
    """The residential policy with other days."""
    words = versions.get(session, POLICY, 1).content
    changed = words.replace("version = 1", "version = 2", 1).replace(
        'after = { step = "reminder", days = 7 }', 'after = { step = "reminder", days = 6 }', 1
    )
    assert changed.count("days = 6") == words.count("days = 6") + 1
    return changed


def _older_words(session: Session, at: datetime) -> None:
    """A notice said something else some months ago."""
    row = session.scalars(select(NoticeVersion).where(NoticeVersion.notice == "past-due-reminder")).one()
    sources = {
        place: words | {"body": words["body"] + "\nCall us on any weekday."} for place, words in row.sources.items()
    }
    session.add(
        NoticeVersion(
            version=OLD_WORDS, notice=row.notice, sources=sources, first_used_at=at, approved_at=at, approved_by="s.lee"
        )
    )


def _log(office: Office, clock: Any, asked_by: str) -> None:
    """A month of correspondence, as CSV."""
    wanted = Wanted(date(2026, 10, 1), date(2026, 10, 31))
    with office.database.begin() as session:
        number = exporting.ask(session, wanted, "csv", by=asked_by, at=clock.now(), about="All accounts")
    exporting.make(office.database, office.city, clock, office.settings.var, number)

"""Messages of a planned run as they would leave, so that people read them before it is let go. Nothing is queued."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.notices import LetterContent, Renderer, letter_page
from comms.notices.letters import typeset_one
from comms.outbox import Draft
from comms.outbox.drafting import CANNOT_WRITE

from .facts import picture
from .night import Send
from .policies import versions
from .schema import Decision, Episode
from .writing import draft_of


@dataclass(frozen=True)
class Sample:
    """One message of the run, or why it cannot be written."""

    policy: str
    step: str
    channel: str
    language: str
    account: str
    draft: Draft | None
    problem: str = ""

    @property
    def name(self) -> str:
        """What its file is called, without the ending."""
        parts = (self.policy, self.step, self.channel, self.language, self.account)
        return re.sub(r"[^A-Za-z0-9.-]+", "-", ".".join(parts))


def samples(
    session: Session, city: City, clock: Clock, renderer: Renderer, run_id: int, *, each: int = 2
) -> list[Sample]:
    """Up to ``each`` messages of every step, channel and language of a run, those of the lowest account ids."""
    chosen = _chosen(session, run_id, each)
    frozen = versions.frozen(session)
    seen = picture(session, city, [decision.account_id for decision, _ in chosen], clock.now())
    made: dict[tuple[str, str, str, str], list[Sample]] = {}
    for decision, episode in chosen:
        subject = seen.subjects[decision.account_id]
        account = session.get_one(Account, decision.account_id)
        step = frozen[episode.policy, episode.policy_version].named(decision.step or "", episode.arm)
        for send in map(Send.from_json, decision.sends):
            about = (episode.policy, step.id, send.channel, subject.language)
            group = made.setdefault(about, [])
            if len(group) >= each:
                continue
            to = subject.facts.addresses.get(send.channel)
            draft, problem = None, "there is no address for it any more"
            try:
                if to:
                    draft = draft_of(
                        renderer, city, clock, account, step, send, to, decision_id=decision.id, run_id=run_id
                    )
            except CANNOT_WRITE as error:
                problem = str(error)
            group.append(Sample(*about, account.number, draft, "" if draft else problem))
    return [sample for _, group in sorted(made.items()) for sample in group]


def _chosen(session: Session, run_id: int, each: int) -> Sequence[Row[Decision, Episode]]:
    """The first decisions of each step, channels and language."""
    language = case((func.coalesce(Account.language_asked, Account.language) == "es", "es"), else_="en")
    place = func.row_number().over(
        partition_by=(Episode.policy, Episode.policy_version, Episode.arm, Decision.step, Decision.sends, language),
        order_by=Decision.account_id,
    )
    ranked = (
        select(Decision.id, place.label("place"))
        .join(Account, Account.id == Decision.account_id)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.run_id == run_id, Decision.outcome == "contact", Decision.state == "planned")
        .subquery()
    )
    return session.execute(
        select(Decision, Episode)
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.id.in_(select(ranked.c.id).where(ranked.c.place <= each)))
        .order_by(Decision.id)
    ).all()


def write_to(folder: Path, city: City, clock: Clock, found: list[Sample]) -> list[Path]:
    """Put samples in a folder: texts as text, emails as page and text, letters as PDF. The files, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sample in found:
        for ending, content in _files(sample, city, clock):
            path = folder / f"{sample.name}.{ending}"
            path.write_bytes(content)
            written.append(path)
    return sorted(written)


def in_words(sample: Sample) -> str:
    """A sample to read on a screen."""
    head = f"{sample.step} by {sample.channel} in {sample.language}, account {sample.account}"
    if sample.draft is None:
        return f"{head}\ncannot be written: {sample.problem}\n"
    to = sample.draft.recipient.replace("\n", ", ")
    subject = f"Subject: {sample.draft.subject}\n" if sample.draft.subject else ""
    segments = f"Segments: {sample.draft.segments}\n" if sample.draft.segments else ""
    return f"{head}\nTo: {sample.draft.recipient_name}, {to}\n{subject}{segments}\n{sample.draft.body_text.rstrip()}\n"


def _files(sample: Sample, city: City, clock: Clock) -> Iterator[tuple[str, bytes]]:
    yield "txt", in_words(sample).encode()
    draft = sample.draft
    if draft is not None and draft.body_html:
        yield "html", draft.body_html.encode()
    if draft is not None and draft.letter:
        address = [draft.recipient_name, *draft.recipient.split("\n")]
        page = letter_page(LetterContent.from_json(draft.letter), address)
        yield "pdf", typeset_one(page, clock.now(), city)

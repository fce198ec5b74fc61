"""One account as nights go by in which whatever is decided is done: for looking ahead, and for replaying a draft.

Nothing is sent here. A text or an email is taken to arrive at once, a letter to be mailed ``MAILED_AFTER`` business
days after its night. An act outside stays open: whether it is done is for people to say.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from .night import Night, Outcome, Position, Taken
from .policies import Policy

MAILED_AFTER = 2
"""Business days from the night to the post office: the mail house gets the batch on the first and mails on the second
(the office's own schedule; the real days are in ``mail_batch``)."""

OPEN = "it waits for a list that somebody approves"
ON_ITS_WAY = "the letter is on its way to the post office"
DAY = timedelta(1)


def counting(night: Night, policy: Policy, outcome: Outcome) -> datetime | None:
    """From when the step of ``outcome`` counts, if all goes well; None for an act outside."""
    if outcome.kind != "contact" or outcome.step is None:
        return None
    step = policy.named(outcome.step, outcome.arm)
    if any(send.channel == "letter" for send in outcome.sends if send.required):
        on = night.business_days_after(night.today, MAILED_AFTER if step.counts_when == "mailed" else 1)
        return datetime.combine(on, time(12), night.city.zone)
    return outcome.until or night.now


@dataclass
class Course:
    """Where one account stands, night after night. ``arriving`` is since when each step that is under way counts."""

    position: Position
    arriving: dict[tuple[str, int], datetime] = field(default_factory=dict)
    episodes: int = 0

    def settle(self, today: date, night: Night) -> None:
        """What was under way and has arrived by ``today`` counts."""
        arrived = {key for key, at in self.arriving.items() if night.city.local_date(at) <= today}
        if not arrived:
            return
        taken = tuple(
            replace(one, standing="counts", counts_at=self.arriving[one.step, one.occurrence], why="")
            if (one.step, one.occurrence) in arrived
            else one
            for one in self.position.taken
        )
        self.position = replace(self.position, taken=taken)
        for key in arrived:
            del self.arriving[key]

    def take(self, night: Night, policy: Policy, outcome: Outcome) -> None:
        """Do what was decided: the episode opens or ends, the step is taken."""
        if outcome.closes is not None:
            self.position = Position(policy=policy.policy, version=policy.version, closed_at=night.now)
            self.arriving.clear()
            return
        if outcome.opens:
            self.episodes += 1
            self.position = Position(
                episode_id=-self.episodes, policy=policy.policy, version=policy.version, arm=outcome.arm,
                opened_at=night.now, closed_at=self.position.closed_at,
            )  # fmt: skip
        if outcome.kind not in ("contact", "action") or outcome.step is None:
            return
        occurrence = outcome.occurrence or 1
        counts = counting(night, policy, outcome)
        if counts is not None and night.city.local_date(counts) <= night.today:
            one = Taken(outcome.step, occurrence, night.now, "counts", counts)
        else:
            one = Taken(outcome.step, occurrence, night.now, "pending", None, ON_ITS_WAY if counts else OPEN)
            if counts is not None:
                self.arriving[outcome.step, occurrence] = counts
        self.position = replace(self.position, taken=(*self.position.taken, one))

    @property
    def waits_for_people(self) -> bool:
        """Whether an act outside is open: nothing else happens until it is done, or the debt changes."""
        last = self.position.taken[-1] if self.position.taken else None
        return last is not None and last.standing == "pending" and (last.step, last.occurrence) not in self.arriving

    def next_arrival(self, night: Night) -> date | None:
        """The day on which the first step that is under way begins to count."""
        return min((night.city.local_date(at) for at in self.arriving.values()), default=None)

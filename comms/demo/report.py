"""What the demonstration tells at its end: counts read from the database, and whether the ledgers agree."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.outbox import Message, State
from comms.outbox.schema import MailBatch
from comms.promises.schema import Promise
from comms.replies.schema import InboundMessage
from comms.worklist import counts

from .stage import Stage
from .words import heading, money, row, say

ACCEPTED = (State.SUBMITTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.BOUNCED)


@dataclass
class Report:
    """The counts."""

    states: dict[str, Counter[str]] = field(default_factory=dict)
    replies: Counter[str] = field(default_factory=Counter)
    handling: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    promises: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, int] = field(default_factory=dict)
    batches: list[tuple[str, int, int, int]] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)

    def read(self, session: Session) -> None:
        """Everything the database knows of the story."""
        for channel, state, count in session.execute(
            select(Message.channel, Message.state, func.count()).group_by(Message.channel, Message.state)
        ):
            self.states.setdefault(channel, Counter())[state] = count
        for channel, count in session.execute(
            select(Message.channel, func.count()).where(Message.carrier_id.is_not(None)).group_by(Message.channel)
        ):
            self.accepted[channel] = count
        rows = session.execute(
            select(InboundMessage.intent, InboundMessage.handling, func.count()).group_by(
                InboundMessage.intent, InboundMessage.handling
            )
        )
        for intent, handling, count in rows:
            self.replies[intent or "not understood"] += count
            self.handling[handling] += count
        written = select(Message.notice, func.count()).where(Message.run_id.is_(None)).group_by(Message.notice)
        for notice, count in session.execute(written):
            self.answers[notice] = count
        for status, count in session.execute(select(Promise.status, func.count()).group_by(Promise.status)):
            self.promises[status] = count
        self.tasks = counts(session)
        self.batches = [
            (batch.name, batch.pieces, batch.pages, batch.amount_cents)
            for batch in session.scalars(select(MailBatch).order_by(MailBatch.id))
        ]


def agreement(on: Stage, report: Report) -> list[str]:
    """Where the database and the carriers' ledgers differ, a sentence each; empty when they agree."""
    wrong = []
    for channel, carrier in (("sms", "twilio"), ("email", "sendgrid")):
        ledger = [row for row in on.carriers.ledger(carrier) if row.get("direction", "outbound") != "inbound"]
        if len(ledger) != report.accepted[channel]:
            wrong.append(f"{carrier} accepted {len(ledger)} messages, the database says {report.accepted[channel]}.")
    return wrong


def print_report(report: Report, differences: list[str]) -> None:
    """The counts, for a person."""
    heading("10. The count at the end")
    say("What became of every message (the campaign's, answers, and what came later)")
    for channel, states in sorted(report.states.items()):
        words = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(states.items()))
        say(f"{channel:<10}{words}", 2)
    say("Letters went to the mail house in these batches")
    for name, pieces, pages, cents in report.batches:
        row(pieces, f"{name}, on {pages:,} pages, for {money(cents)} past due")
    say(f"Replies: {sum(report.replies.values())}")
    for intent, count in report.replies.most_common():
        row(count, intent.replace("_", " "))
    for how, count in sorted(report.handling.items()):
        row(count, f"({how.replace('_', ' ')})")
    say(f"Answers, reminders of promises, and notices sent again: {sum(report.answers.values())}")
    for notice, count in report.answers.most_common():
        row(count, notice.replace("-", " "))
    opened = sum(count for status, count in report.promises.items() if status not in ("proposed", "refused"))
    say(f"Promises opened: {opened}")
    for status, count in sorted(report.promises.items()):
        row(count, "open, with a deadline to come" if status == "open" else status.replace("_", " "))
    left = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in report.tasks.items())
    say(f"Left for people: {left or 'nothing'}")
    for line in differences:
        say(f"DIFFERENCE: {line}")
    if not differences:
        texts, mails = report.accepted["sms"], report.accepted["email"]
        say(f"The carriers' ledgers agree: {texts:,} texts and {mails:,} emails accepted, each once.")

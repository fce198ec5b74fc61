"""One reply while it is being handled: what is known of it, and what is to be done about it.

Everything that is decided is gathered here and written once at the end: the messages, then all events of the contact
history in one go, so that the locks of the history are held briefly and the story reads in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from comms import history, outbox, worklist
from comms.accounts import Account, consent
from comms.city import City, Language
from comms.clock import Clock
from comms.history import NewEvent
from comms.notices import FieldError, NoticeError, NoticeFields, TemplateError
from comms.notices.rendering import Renderer

from .matching import Matched
from .schema import Conversation, InboundMessage
from .understanding import Understanding

MOST_ANSWERS = 5
"""Automatic answers in one conversation and day without a person; then a clerk takes over."""

MOST_WARNINGS = 10
"""The same for who reports an emergency, whom no earlier question may leave without an answer; an answering machine
that quotes us is not answered for ever."""

_SHORT = 2
"""Words that tell no language."""

ANSWER_WITHIN = timedelta(hours=2)
"""An answer that could not be sent for this long is not sent any more: it would only confuse."""


@dataclass
class Matter:
    """``words`` is what the customer wrote, without quotations."""

    session: Session
    city: City
    clock: Clock
    renderer: Renderer
    inbound: InboundMessage
    conversation: Conversation
    words: str
    matched: Matched
    understanding: Understanding
    opted_out_before: bool
    asked_in: str | None = None
    """The language of the question that this may answer."""
    events: list[NewEvent] = field(default_factory=list)
    drafts: list[outbox.Draft] = field(default_factory=list)
    handling: str = "noted"

    @property
    def account(self) -> Account | None:
        return self.matched.account

    @property
    def language(self) -> Language:
        """The customer's own language when the reply shows it, else the account's."""
        if self.understanding.lang == "es" or (self.asked_in == "es" and len(self.words.split()) <= _SHORT):
            return "es"  # "no" and "40" are both: what is asked in Spanish is gone on with in Spanish
        if self.account is None:
            return "en"
        return outbox.language_of(self.account)

    @property
    def today(self) -> date:
        """The calendar date in the city."""
        return self.city.local_date(self.clock.now())

    @property
    def answer_by(self) -> date:
        """The day by which a person answers: the next business day."""
        return self.city.next_business_day(self.today)

    @property
    def short(self) -> str:
        """The words in a line of at most a hundred characters, for the history."""
        joined = " ".join(self.words.split())
        return joined if len(joined) <= 100 else joined[:99] + "…"

    def tell(self, kind: str, summary: str, **facts: Any) -> None:
        """Add a line to the contact history."""
        self.events.append(
            NewEvent(
                account_id=self.account.id if self.account else None,
                at=self.clock.now(),
                kind=kind,
                summary=summary,
                channel=self.inbound.channel,
                subject_type="inbound_message",
                subject_id=self.inbound.id,
                facts=facts,
            )
        )

    def tell_all(self, account_ids: Sequence[int], kind: str, summary: str, **facts: Any) -> None:
        """The same line, as the customer's doing, in the history of every account that has the address."""
        for account_id in account_ids or (self.account.id if self.account else None,):
            self.events.append(
                NewEvent(
                    account_id=account_id,
                    at=self.clock.now(),
                    kind=kind,
                    summary=summary,
                    channel=self.inbound.channel,
                    actor="customer",
                    subject_type="inbound_message",
                    subject_id=self.inbound.id,
                    facts=facts,
                )
            )

    def answer(
        self,
        notice: str,
        *,
        within: timedelta = ANSWER_WITHIN,
        even_opted_out: bool = False,
        at_most: int | None = MOST_ANSWERS,
        language: Language | None = None,
        **facts: Any,
    ) -> bool:
        """Answer with a notice, at most once a reply. False when it may not or cannot be: a clerk must look then.

        ``facts`` are fields of the notice. Never to an opted-out address without ``even_opted_out`` (the one
        confirmation, and emergencies), never after ``at_most`` automatic answers in this conversation today; None: it
        is not counted at all.
        """
        if self.drafts or notice not in self.renderer.catalogue:
            return False
        if at_most is not None and self.conversation.automatic_answers >= at_most:
            return False
        if not even_opted_out and self._blocked():
            return False
        try:
            draft = self._written(notice, within, language or self.language, facts)
        except (NoticeError, FieldError, TemplateError):
            return False  # what was said and decided is kept all the same; the caller gives it to a clerk
        self.drafts.append(draft)
        if at_most is not None:
            self.conversation.automatic_answers += 1
        if self.handling == "noted":
            self.handling = "answered"
        return True

    def _written(self, notice: str, within: timedelta, language: Language, facts: dict[str, Any]) -> outbox.Draft:
        return outbox.write(
            self.renderer,
            self.account,
            channel=self.inbound.channel,
            notice=notice,
            recipient=self.inbound.sender,
            fields=self._fields(**facts),
            dedupe_key=f"answer:{self.inbound.id}",
            language=language,
            give_up_after=within,
            lane="urgent",
            priority=1,
            purpose="conversational",
            in_reply_to_id=self.inbound.id,
        )

    def give_to_clerk(self, reason: str, *, priority: int = 5, **facts: Any) -> None:
        """Put the reply on the clerk's list."""
        account = self.account
        known = {
            "intent": self.understanding.intent,
            "confidence": round(self.understanding.confidence, 2),
            "evidence": list(self.understanding.evidence),
            "instalments": [one.as_json() for one in self.understanding.instalments],
        }
        if self.understanding.offered:
            known["offered"] = [one.as_json() for one in self.understanding.offered]
        made = worklist.open_task(
            self.session,
            kind="reply" if account is not None else "unmatched_reply",
            dedupe_key=f"reply:{self.inbound.id}",
            reason=reason,
            at=self.inbound.received_at,
            account_id=account.id if account else None,
            subject_type="inbound_message",
            subject_id=self.inbound.id,
            priority=priority,
            facts=known | facts,
        )
        self.handling = "with_clerk"
        if made is not None:
            self.tell("task.opened", f"For a person: {reason}", priority=priority)

    def finish(self) -> list[str]:
        """Write the answer and the history; the lanes whose doorbell is to be rung after the commit."""
        now = self.clock.now()
        made = outbox.insert_messages(self.session, self.drafts, self.clock)
        queued = [outbox.queued_event(draft, message_id, digest, now) for draft, message_id, digest in made]
        self.inbound.handling, self.inbound.handled_at = self.handling, now
        self.session.flush()
        history.record(self.session, [*self.events, *queued], now)
        return ["urgent"] if made else []

    def _blocked(self) -> bool:
        return bool(consent.blocked(self.session, self.inbound.channel, [self.inbound.sender], "conversation"))

    def _fields(self, **facts: Any) -> NoticeFields:
        if self.account is not None:
            return outbox.facts_for(self.city, self.clock, self.account, **facts)
        today = self.city.local_date(self.clock.now())
        return NoticeFields(account_number="", name="", service_address="", notice_date=today, as_of=today, **facts)

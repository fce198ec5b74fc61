"""The talk about a promise: read back, confirmed, corrected, countered, declined."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from comms import outbox, promises
from comms.notices import Installment
from comms.promises import Part, PromiseError

from .matter import Matter
from .understanding import Instalment

WAITS = timedelta(days=7)
"""How long a YES still belongs to what was read back."""


def offer(matter: Matter) -> None:
    """A customer commits to pay: read it back, ask for what is missing, offer what is allowed, or fetch a clerk."""
    account = matter.account
    assert account is not None
    wanted = _completed(matter)
    if account.past_due_cents <= 0:
        matter.give_to_clerk("A promise, but nothing is past due on this account.", priority=6)
        return
    parts = _parts(matter, wanted)
    if parts is None:
        _ask(matter, wanted)
        return
    verdict = promises.consider(
        promises.load_policy(matter.city),
        matter.city,
        parts,
        today=matter.city.local_date(matter.clock.now()),
        past_due_cents=account.past_due_cents,
        broken_before=promises.broken_before(matter.session, account.id, matter.city, matter.clock),
    )
    if verdict.accepted:
        _propose(matter, parts, "promise-readback", "promise")
    elif verdict.counter:
        _propose(matter, list(verdict.counter), "promise-counter-offer", "offer", requested=wanted)
    else:
        matter.give_to_clerk(f"A promise the policy leaves to a person: {_WHY[verdict.reasons[0]]}.", priority=4)
        matter.answer("reply-received", answer_by=_answer_by(matter))


_WHY = {
    "too_many_broken": "too many were broken lately",
    "too_many_parts": "it has too many parts",
    "in_the_past": "its dates or amounts make no sense",
    "nothing_due": "nothing is past due",
}


def confirmed(matter: Matter) -> None:
    """YES to what was read back: the promise opens and holds dunning."""
    promise_id = matter.conversation.context.get("promise_id")
    if promise_id is None:
        _ask(matter, _waiting_for(matter))
        return
    today = matter.city.local_date(matter.clock.now())
    parts = promises.parts_of(matter.session, promise_id)
    if min(part.due_on for part in parts) < today:
        matter.events += promises.withdraw(
            matter.session, matter.city, matter.clock, promise_id, by="office", actor="system",
            reason="The YES came after the day that was promised.",
        ).events  # fmt: skip
        _ask(matter, [Instalment(part.amount_cents, None) for part in parts])
        return
    try:
        opened = promises.open_(matter.session, matter.city, matter.clock, promise_id, actor="customer")
    except PromiseError as error:
        _idle(matter)
        matter.give_to_clerk(f"A YES that came too late. {error}", priority=4)
        return
    matter.events += opened.events
    assert matter.account is not None
    recalled = outbox.recall(
        matter.session, [matter.account.id], matter.clock, reason="a promise was opened", announce=False
    )
    matter.events += recalled.events
    _idle(matter)
    if not matter.answer("promise-opened", promise=_as_installments(parts)):
        matter.handling = "noted"


def declined(matter: Matter) -> None:
    """NO to what was read back: nothing is noted, and a clerk sees it."""
    promise_id = matter.conversation.context.get("promise_id")
    if promise_id is not None:
        matter.events += promises.withdraw(
            matter.session, matter.city, matter.clock, promise_id, by="customer", actor="customer",
            reason="The customer said NO when it was read back.",
        ).events  # fmt: skip
    _idle(matter)
    matter.answer("promise-declined")
    matter.give_to_clerk("NO to a promise that was read back.", priority=5)


def waiting(matter: Matter) -> bool:
    """Whether the conversation waits for an answer about a promise."""
    conversation = matter.conversation
    alive = conversation.expires_at is None or conversation.expires_at > matter.inbound.received_at
    return conversation.state == "confirming_promise" and alive


def corrects(matter: Matter) -> bool:
    """Whether the reply names a day or an amount only, as one does who changes what was read back."""
    said = matter.understanding.instalments
    return (
        matter.understanding.intent == "promise"
        and len(said) == 1
        and (said[0].amount_cents is None or said[0].date is None)
    )


def _propose(matter: Matter, parts: list[Part], notice: str, field: str, requested: Sequence[Instalment] = ()) -> None:
    assert matter.account is not None
    change = promises.propose(
        matter.session,
        matter.city,
        matter.clock,
        account_id=matter.account.id,
        parts=parts,
        source=matter.inbound.channel,
        said_text=matter.words,
        inbound_id=matter.inbound.id,
        requested=[one.as_json() for one in requested],
    )
    matter.events += change.events
    _wait(matter, {"promise_id": change.promise_id})
    facts: dict[str, Any] = {field: _as_installments(parts)}
    if not matter.answer(notice, **facts):
        matter.give_to_clerk(
            "A promise that could not be read back automatically; confirm it with the customer.", priority=4
        )


def _ask(matter: Matter, wanted: Sequence[Instalment]) -> None:
    """Something is missing: ask for the amount and the day."""
    _wait(matter, {"wanted": [one.as_json() for one in wanted]})
    if not matter.answer("promise-details"):
        matter.give_to_clerk("A promise without an amount or a day.", priority=4)


def _completed(matter: Matter) -> list[Instalment]:
    """What is wanted now; what a correction leaves out (``no, the 15th``) comes from what was read back."""
    said = list(matter.understanding.instalments)
    if not waiting(matter) or len(said) != 1:
        return said
    before = _waiting_for(matter)
    if len(before) != 1:
        return said
    amount = said[0].amount_cents if said[0].amount_cents is not None else before[0].amount_cents
    return [Instalment(amount, said[0].date or before[0].date)]


def _waiting_for(matter: Matter) -> list[Instalment]:
    context = matter.conversation.context
    if context.get("promise_id") is not None:
        return [
            Instalment(part.amount_cents, part.due_on)
            for part in promises.parts_of(matter.session, context["promise_id"])
        ]
    return [
        Instalment(one["amount_cents"], date.fromisoformat(one["date"]) if one["date"] else None)
        for one in context.get("wanted", ())
    ]


def _parts(matter: Matter, wanted: Sequence[Instalment]) -> list[Part] | None:
    """The dated amounts in cents; None when an amount or a day is missing."""
    assert matter.account is not None
    due = matter.account.past_due_cents
    by_day: dict[date, int] = {}
    halves = 0
    for one in wanted:
        if one.date is None or one.amount_cents is None:
            return None
        if one.amount_cents == "full":
            cents = due
        elif one.amount_cents == "half":
            cents = due // 2 if halves else (due + 1) // 2
            halves += 1
        elif one.amount_cents == "minimum":
            cents = promises.load_policy(matter.city).minimum(due)
        else:
            cents = int(one.amount_cents)
        by_day[one.date] = by_day.get(one.date, 0) + cents
    return [Part(day, cents) for day, cents in sorted(by_day.items())] or None


def _as_installments(parts: Sequence[Part]) -> tuple[Installment, ...]:
    return tuple(Installment(part.amount_cents, part.due_on) for part in parts)


def _wait(matter: Matter, context: dict[str, Any]) -> None:
    matter.conversation.state = "confirming_promise"
    matter.conversation.context = context
    matter.conversation.account_id = matter.account.id if matter.account else None
    matter.conversation.expires_at = matter.inbound.received_at + WAITS


def _idle(matter: Matter) -> None:
    matter.conversation.state = "idle"
    matter.conversation.context = {}
    matter.conversation.expires_at = None


def _answer_by(matter: Matter) -> date:
    return matter.city.next_business_day(matter.city.local_date(matter.clock.now()))

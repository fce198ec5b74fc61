"""The talk about a promise: read back, confirmed, corrected, countered, declined; and an arrangement offered.

Nothing opens without a YES to exactly what was read back. What the office's policy does not let through goes to a
person, with what the customer named as a suggestion; so does whatever is not understood surely enough.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from comms import outbox, promises, worklist
from comms.accounts import Account
from comms.notices import Installment
from comms.outbox.drafting import CANNOT_WRITE, UnaddressableError
from comms.promises import Part, PromiseError
from comms.promises.schema import Promise

from . import standing
from .asking import CONFIRMING, WAITS, ask, rest
from .matter import Matter
from .standing import asked_here, waiting
from .understanding import Instalment
from .understanding.model import FLOOR

__all__ = ["arrange", "asked_here", "confirmed", "corrects", "declined", "offer", "waiting"]

MOST_COUNTERS = 2
"""Counter-offers in a row; then a person talks with the customer."""
MOST_ASKED = 2
"""How often the day and the amount are asked for in a row."""


def corrects(matter: Matter) -> bool:
    """Whether the reply names a day or an amount only, as one does who changes what was read back."""
    said = matter.understanding.instalments
    return (
        matter.understanding.intent == "promise"
        and len(said) == 1
        and (said[0].amount_cents is None or said[0].date is None)
    )


def offer(matter: Matter) -> None:
    """A customer commits to pay: read it back, ask for what is missing, offer what is allowed, or fetch a clerk."""
    _weigh(matter, matter.understanding.instalments, readback="promise-readback", field="promise")


def arrange(matter: Matter) -> None:
    """A customer asks for more time or a plan: what he named is read back as an offer when the policy allows it; who
    names nothing is offered the office's standard arrangement."""
    asked_for = matter.understanding.offered
    account = matter.account
    assert account is not None
    due = standing.due_cents(matter, account)
    if due <= 0 or matter.understanding.confidence < FLOOR:
        _to_a_person(matter, "Asks for more time or a plan", asked_for, notice="arrangement-received")
        return
    named = standing.wanted(matter, asked_for)
    if len(named) == 1 and named[0].amount_cents is None and named[0].date is not None:
        named = [Instalment("full", named[0].date)]  # "can I pay on Friday": what is past due, on Friday
    if named:
        _weigh(matter, named, readback="promise-offer-readback", field="offer")
    else:
        _offer_schedule(matter, account, due)


def confirmed(matter: Matter) -> None:
    """YES to what was read back: the promise opens and holds dunning."""
    account, promise = matter.account, standing.read_back(matter)
    assert account is not None
    if promise is None:
        _ask(matter, standing.before(matter))
        return
    parts = promises.parts_of(matter.session, promise.id)
    due = standing.due_cents(matter, account)
    if promise.status == "open":
        rest(matter.conversation)
        matter.answer("promise-opened", promise=_as_installments(parts))
    elif promise.status != "proposed":
        rest(matter.conversation)
        _to_a_person(matter, "A YES to a promise that does not stand any more")
    elif due <= 0:
        _withdraw(matter, promise, "Nothing was past due any more when the YES came.")
        rest(matter.conversation)
        _nothing_due(matter)
    elif _too_late(matter, promise, parts):
        _withdraw(matter, promise, "The YES came too late.")
        _ask(matter, [Instalment(part.amount_cents, None) for part in parts])
    elif sum(part.amount_cents for part in parts) > due:
        _again_for_what_is_due(matter, account, promise, parts, due)
    elif reasons := _for_a_person(matter, account, promise.category, due):
        rest(matter.conversation)
        _to_a_person(matter, f"A YES, but now the policy leaves it to a person: {promises.why(reasons)}")
    else:
        _open(matter, account, promise, parts)


def declined(matter: Matter) -> None:
    """NO to what was read back: nothing new is noted, and a clerk sees it."""
    promise = standing.read_back(matter)
    if promise is not None and promise.status == "proposed":
        matter.events += promises.withdraw(
            matter.session, matter.city, matter.clock, promise.id, by="customer", actor="customer",
            reason="The customer said NO when it was read back.",
        ).events  # fmt: skip
    rest(matter.conversation)
    stands = standing.opened(matter)
    if stands is not None:
        matter.answer("promise-unchanged", promise=_as_installments(promises.parts_of(matter.session, stands.id)))
    else:
        matter.answer("promise-declined")
    matter.give_to_clerk("NO to a promise that was read back.", priority=5, until_promised=True)


# --- offering ---


def _weigh(matter: Matter, said: Sequence[Instalment], *, readback: str, field: str) -> None:
    """Hold what was named against the policy, and answer accordingly."""
    account = matter.account
    assert account is not None
    named = standing.wanted(matter, said)
    due = standing.due_cents(matter, account)
    if matter.understanding.confidence < FLOOR:
        _to_a_person(matter, "Perhaps a promise; read it and confirm it with the customer", named)
        return
    if due <= 0:
        _nothing_due(matter)
        return
    parts = standing.dated_amounts(matter, named, due)
    if parts is None:
        _ask(matter, named)
        return
    if _says_the_same(matter, parts):
        return
    lowered = standing.no_more_than(parts, due)
    verdict = _verdict(matter, account, lowered, due)
    if verdict.accepted and lowered == parts:
        _propose(matter, parts, readback, field)
    elif verdict.accepted:
        _propose(matter, lowered, "promise-lowered", "promise", requested=named, amount_due_cents=due)
    elif verdict.reasons[0] == "in_the_past":
        _ask(matter, [Instalment(one.amount_cents, None) for one in named])
    elif verdict.counter and _countered(matter) < MOST_COUNTERS:
        _propose(
            matter, list(verdict.counter), "promise-counter-offer", "offer",
            requested=named, countered=_countered(matter) + 1,
        )  # fmt: skip
    else:
        why = "it was countered before" if verdict.counter else promises.why(verdict.reasons)
        _to_a_person(matter, f"A promise the policy leaves to a person: {why}", named)


def _says_the_same(matter: Matter, parts: Sequence[Part]) -> bool:
    """Who promises again what is promised already keeps that promise: what was paid towards it goes on counting."""
    stands = standing.opened(matter)
    if stands is None or promises.parts_of(matter.session, stands.id) != list(parts):
        return False
    matter.answer("promise-unchanged", promise=_as_installments(parts))
    return True


def _verdict(matter: Matter, account: Account, parts: Sequence[Part], due: int) -> promises.Verdict:
    return promises.consider(
        promises.load_policy(matter.city), matter.city, parts, past_due_cents=due, **_record(matter, account)
    )


def _record(matter: Matter, account: Account, category: str = "standard") -> dict[str, Any]:
    """What the policy looks at besides the offer itself."""
    return {
        "today": matter.city.local_date(matter.clock.now()),
        "broken_before": promises.broken_before(matter.session, account.id, matter.city, matter.clock, category),
        "open_before": promises.open_before(matter.session, account),
        "shut_off": account.status == "shut_off",
    }


def _offer_schedule(matter: Matter, account: Account, due: int) -> None:
    """The standard arrangement, when the policy lets a customer have one alone."""
    arranged = promises.arrange(
        promises.load_policy(matter.city), matter.city, past_due_cents=due, **_record(matter, account, "arrangement")
    )
    if not arranged.accepted:
        why = promises.why(arranged.reasons)
        _to_a_person(
            matter, f"Asks for a plan that the policy leaves to a person: {why}", notice="arrangement-received"
        )
        return
    _propose(
        matter, list(arranged.parts), "arrangement-offer", "offer",
        kind="arrangement", category="arrangement", terms=arranged.terms,
    )  # fmt: skip


def _propose(
    matter: Matter,
    parts: list[Part],
    notice: str,
    field: str,
    *,
    requested: Sequence[Instalment] = (),
    countered: int = 0,
    kind: str = "promise",
    category: str = "standard",
    terms: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Write the promise down and read it back: it waits for a YES."""
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
        kind=kind,
        category=category,
        terms=terms,
    )
    matter.events += change.events
    told = matter.answer(notice, **(facts | {field: _as_installments(parts)}))
    _wait(matter, {"promise_id": change.promise_id, "countered": countered}, told)
    if not told:
        matter.give_to_clerk(
            "A promise that could not be read back automatically; confirm it with the customer.", priority=4
        )


def _ask(matter: Matter, named: Sequence[Instalment]) -> None:
    """Something is missing: ask for the amount and the day, and do not go on asking."""
    asked = int(matter.conversation.context.get("asked", 0)) if asked_here(matter) else 0
    if asked >= MOST_ASKED:
        rest(matter.conversation)
        _to_a_person(matter, "Wants to pay, but names no day or no amount", named)
        return
    told = matter.answer("promise-details")
    context = {"wanted": [one.as_json() for one in named], "asked": asked + 1}
    _wait(matter, context, told)
    if not told:
        matter.give_to_clerk("A promise without an amount or a day.", priority=4)


def _wait(matter: Matter, context: dict[str, Any], told: bool) -> None:
    asked_at = matter.clock.now() if told else None
    ask(matter.conversation, matter.inbound, matter.account, CONFIRMING, context, asked_at, matter.language)


def _nothing_due(matter: Matter) -> None:
    if not matter.answer("promise-nothing-due"):
        matter.give_to_clerk("A promise, but nothing is past due on this account.", priority=6)


def _to_a_person(
    matter: Matter, reason: str, named: Sequence[Instalment] = (), *, notice: str = "reply-received"
) -> None:
    """A clerk gets it, with what the customer named as a suggestion, and the customer is told so. What was read back
    before still stands: a YES opens it."""
    matter.conversation.asked_at = None
    matter.give_to_clerk(f"{reason}.", priority=4, suggestion=[one.as_json() for one in named], until_promised=True)
    matter.answer(notice, answer_by=matter.city.next_business_day(matter.city.local_date(matter.clock.now())))


def _countered(matter: Matter) -> int:
    return int(matter.conversation.context.get("countered", 0)) if asked_here(matter) else 0


# --- confirming ---


def _open(matter: Matter, account: Account, promise: Promise, parts: Sequence[Part]) -> None:
    try:
        change = promises.open_(matter.session, matter.city, matter.clock, promise.id, actor="customer")
    except PromiseError as error:
        rest(matter.conversation)
        matter.give_to_clerk(f"A YES that cannot open the promise. {error}", priority=4)
        return
    matter.events += change.events
    recalled = outbox.recall(matter.session, [account.id], matter.clock, reason="a promise was opened", announce=False)
    matter.events += recalled.events
    _nobody_need_call(matter, account)
    rest(matter.conversation)
    if promise.kind == "arrangement":
        _send_agreement(matter, account, parts)
    elif not matter.answer("promise-opened", promise=_as_installments(parts)):
        matter.handling = "noted"


def _send_agreement(matter: Matter, account: Account, parts: Sequence[Part]) -> None:
    """The agreement by the customer's channel, and by letter where there is an address."""
    schedule = _as_installments(parts)
    matter.answer("payment-arrangement-agreement", promise=schedule)
    try:
        letter = outbox.write(
            matter.renderer,
            account,
            channel="letter",
            notice="payment-arrangement-agreement",
            recipient=outbox.letter_address(
                account, returned=bool(outbox.returned_addresses(matter.session, [account.id]))
            ),
            fields=outbox.facts_for(matter.city, matter.clock, account, promise=schedule),
            dedupe_key=f"agreement:{matter.inbound.id}",
            language=matter.language,
        )
    except (UnaddressableError, *CANNOT_WRITE):
        return  # the customer has it on the channel he wrote on
    matter.drafts.append(letter)


def _again_for_what_is_due(matter: Matter, account: Account, promise: Promise, parts: Sequence[Part], due: int) -> None:
    """A payment came in between: what was read back is more than is due now."""
    if promise.kind == "arrangement":
        _offer_schedule(matter, account, due)
    else:
        lowered = standing.no_more_than(parts, due)
        requested = [Instalment(part.amount_cents, part.due_on) for part in parts]
        _propose(matter, lowered, "promise-lowered", "promise", requested=requested, amount_due_cents=due)


def _for_a_person(matter: Matter, account: Account, category: str, due: int) -> tuple[str, ...]:
    """Why the policy would not take any promise of this account by now. What we offered is not haggled about again."""
    tomorrow = matter.city.next_business_day(matter.city.local_date(matter.clock.now()))
    verdict = promises.consider(
        promises.load_policy(matter.city), matter.city, [Part(tomorrow, due)], past_due_cents=due, category=category,
        **_record(matter, account, category),
    )  # fmt: skip
    return () if verdict.counter else verdict.reasons


def _too_late(matter: Matter, promise: Promise, parts: Sequence[Part]) -> bool:
    today = matter.city.local_date(matter.clock.now())
    return parts[0].due_on < today or promise.created_at + WAITS <= matter.inbound.received_at


def _withdraw(matter: Matter, promise: Promise, reason: str) -> None:
    matter.events += promises.withdraw(
        matter.session, matter.city, matter.clock, promise.id, by="office", actor="system", reason=reason
    ).events


def _nobody_need_call(matter: Matter, account: Account) -> None:
    """What a clerk was to talk over with the customer, he has promised now."""
    now = matter.clock.now()
    waiting_tasks = select(worklist.Task).where(
        worklist.Task.account_id == account.id, worklist.Task.kind == "reply", worklist.Task.state != "resolved"
    )
    for task in matter.session.scalars(waiting_tasks):
        how = "The customer has promised since"
        if task.facts.get("until_promised") and worklist.resolve(matter.session, task.id, "system", how, now):
            matter.tell("task.resolved", f"{how}: {task.reason}")


def _as_installments(parts: Sequence[Part]) -> tuple[Installment, ...]:
    return tuple(Installment(part.amount_cents, part.due_on) for part in parts)

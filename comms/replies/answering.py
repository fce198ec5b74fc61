"""What customers ask and tell that needs no promise: one short function for each intent.

Each answers at most once, with a notice, and puts on the clerk's list what a person must do. Where an answer may not or
cannot be sent, the reply is the clerk's.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from comms import outbox
from comms.accounts import Account, touch
from comms.accounts.balances import Received, paid_since, received_since
from comms.accounts.folding import plain
from comms.city import Language
from comms.notices.formats import long_date, money
from comms.promises import load_policy

from .escalating import PRIORITY, to_clerk
from .language_wish import wished
from .matter import MOST_WARNINGS, Matter
from .pausing import OFFICE_DAYS, Pause, pause
from .standing import due_cents
from .understanding.commitments import read
from .understanding.tokens import tokenize

LOOKED_BACK = timedelta(days=45)
"""How far back a payment is looked for when a customer says that it is paid: a month's bill and the days after it."""

NEWER = timedelta(days=3)
"""Who says that he has just paid does not mean a payment older than this."""


def emergency(matter: Matter) -> None:
    """Whom to call at once, whatever was opted out of (47 U.S.C. 227(b)(1)(A)), and the top of the clerk's list.

    In the language of the message, whatever the account's: who smells gas is not always who has the account.
    """
    to_clerk(matter)
    language: Language | None = "en" if matter.understanding.lang == "en" else None
    matter.answer("emergency-answer", even_opted_out=True, at_most=MOST_WARNINGS, language=language)


def threat(matter: Matter) -> None:
    """Insults, threats and the law get no automatic answer. Who names the law, an attorney or a bankruptcy is not
    dunned until staff have looked."""
    kind = legal_matter(matter.words)
    if kind is None:
        to_clerk(matter)
        return
    reason = f"Legal: {kind}. No automatic answer was sent"
    if matter.account is None:
        matter.give_to_clerk(f"{reason}.", priority=2)
        return
    held = pause(matter, "office", OFFICE_DAYS, f"the customer writes of {kind}")
    matter.give_to_clerk(f"{reason}. {held}: look before anything more is sent.", priority=2, **_of(held))


def paid(matter: Matter) -> None:
    """Look at the payments, and say which one we have or that we see none."""
    account = _account(matter)
    found = _meant(matter, received_since(matter.session, account.id, matter.today - LOOKED_BACK))
    if not found:
        matter.tell("payment.looked_up", "Says it is paid; no such payment of the last 45 days is on the account")
        matter.answer("paid-not-found", answer_by=matter.answer_by)
        matter.give_to_clerk("Says it is paid; no such payment is on the account yet.", priority=PRIORITY["paid"])
        return
    named, left = _amounts(matter), due_cents(matter, account)
    one = next((payment for payment in found if payment.cents in named), found[0])
    seen = f"{money(one.cents)} of {long_date(one.paid_on, 'en')}"
    rest = f"{money(left)} is past due" if left else "nothing is past due"
    matter.tell("payment.looked_up", f"Says it is paid; {seen} is on the account, {rest}", cents=one.cents, left=left)
    told = matter.answer(
        "paid-found", payment_cents=one.cents, payment_date=one.paid_on, amount_due_cents=left, as_of=matter.today
    )
    if not told:
        to_clerk(matter)
    elif _means_another(named, found, left):
        reason = f"Says it is paid, but names another amount than the {seen} that is on the account."
        matter.give_to_clerk(reason, priority=PRIORITY["paid"])


def dispute(matter: Matter) -> None:
    """The bill is in dispute: no dunning until a clerk has answered it, and the customer knows who reviews it."""
    days = load_policy(matter.city).disputes.hold_days
    held = pause(matter, "dispute", days, "the customer disputes the bill")
    matter.give_to_clerk(
        f"Disputes the bill. {held}; end it when the dispute is answered.", priority=PRIORITY["dispute"], **_of(held)
    )
    matter.answer("dispute-answer", answer_by=matter.answer_by)


def hardship(matter: Matter) -> None:
    """Who helps people pay here, and a clerk who calls."""
    to_clerk(matter)
    matter.answer("hardship-answer", answer_by=matter.answer_by)


def balance(matter: Matter) -> None:
    """What is past due, all that is owed, as of when, and how to pay."""
    account = _account(matter)
    past_due = max(account.past_due_cents, 0)
    since = paid_since(matter.session, [account.id]).get(account.id, 0)
    told = matter.answer(
        "balance-answer",
        amount_due_cents=past_due,
        total_cents=past_due + max(account.current_cents, 0),
        payment_cents=since if since > 0 else None,
    )
    if not told:
        to_clerk(matter)


def help_(matter: Matter) -> None:
    """Who we are and how to reach us; a clerk too, unless that is all that was asked."""
    told = matter.answer("help-answer")
    keyword = matter.understanding.confidence == 1.0
    asks_who = _WHO.search(plain(matter.words)) and not _A_PERSON.search(plain(matter.words))
    if not told or not (keyword or asks_who):
        to_clerk(matter)


def language(matter: Matter) -> None:
    """Write in the language asked for from now on, where it is one of ours; else an interpreter is needed."""
    wish = wished(matter.words, matter.understanding.lang)
    if wish not in ("en", "es"):
        named = "another language" if wish == "another" else wish
        matter.answer("language-not-available", answer_by=matter.answer_by)
        matter.give_to_clerk(f"Asks for {named}: an interpreter is needed.", priority=PRIORITY["language_request"])
        return
    accounts = [matter.account] if matter.account is not None else list(matter.matched.candidates)
    for account in accounts:
        _switch(matter, account, wish)
    if not matter.answer("language-switched", language="es" if wish == "es" else "en"):
        to_clerk(matter)


def _switch(matter: Matter, account: Account, wish: str) -> None:
    """What waits in the other language is written anew."""
    if account.language_asked == wish:
        return
    account.language_asked = wish
    matter.session.flush()
    touch(matter.session, [account.id], matter.clock.now())
    outbox.set_aside(matter.session, [account.id], matter.clock)
    name = "Spanish" if wish == "es" else "English"
    matter.tell_all([account.id], "language.asked", f"Wants messages in {name}: {matter.short}", language=wish)


# --- payments ---


def _meant(matter: Matter, found: Sequence[Received]) -> list[Received]:
    """The payments that the customer can mean: who has paid just now does not mean last month's."""
    just = _JUST_NOW.search(plain(matter.words))
    return [one for one in found if not just or one.paid_on >= matter.today - NEWER]


def _amounts(matter: Matter) -> set[int | str]:
    """The amounts that the reply names, in cents or as ``full``."""
    local = matter.inbound.received_at.astimezone(matter.city.zone)
    return {amount.value for amount in read(tokenize(matter.words), local).amounts}


def _means_another(named: set[int | str], found: Sequence[Received], left: int) -> bool:
    cents = {one.cents for one in found}
    stated = {value for value in named if isinstance(value, int)}
    if stated:
        return not (stated <= cents or sum(stated) in cents or stated == {sum(one.cents for one in found)})
    return "full" in named and left > 0


_JUST_NOW = re.compile(
    r"\b(just (now )?(paid|sent|made|put|did)|today|tonight|this (morning|afternoon|evening)|yesterday|last night"
    r"|right now|hoy|ayer|anoche|acabo|acabamos|ahorita|esta manana)\b"
)

# --- words that say more than the intent ---


def legal_matter(words: str) -> str | None:
    """Whether a threat is of the law, and which: a clause for the clerk."""
    folded = plain(words)
    return next((kind for kind, pattern in _LEGAL if pattern.search(folded)), None)


_LEGAL = (
    (
        "a bankruptcy",
        re.compile(r"\b(bankrup\w*|bancarrota|quiebra|trustee|(chapter|ch|capitulo)\.? ?(7|11|13|seven|thirteen))\b"),
    ),
    (
        "an attorney",
        re.compile(
            r"\b(law+y?ers?|lawye?rs?|laywers?|at+orne?ys?|att?y|abogad\w+|licenciado|paralegal|legal (aid|team|counsel"
            r"|rep\w*)|law (firm|office)|counsel|represented|representation)\b"
        ),
    ),
    (
        "legal action",
        re.compile(
            r"\b(sue|suing|sued|lawsuit\w*|litigat\w*|court|tribunal\w*|(la|en) corte|juez|judge|demand(a|ar|are|ando"
            r"|arlos|arles)|legal\w*|small claims|class action|fdcpa|tcpa|cfpb|fcc|ftc|bbb|puc|ombudsman)\b"
        ),
    ),
)
_WHO = re.compile(
    r"\b(who|whos|what is this|whats this|what company|quien|quienes|que es esto|legit\w*|real|scam\w*|spam|fraud\w*"
    r"|fake|phish\w*|estafa|fraude|bot|robot)\b"
)
_A_PERSON = re.compile(
    r"\b(call me|call us|call back|human|person|someone|somebody|agent|representative|rep|clerk|operator|supervisor"
    r"|manager|speak|talk|llam\w+|hablar|persona|alguien|agente|operador\w*|link|website|site|page|portal|login|log in"
    r"|password|enlace|pagina|sitio|contrasena|error)\b"
)


def _of(held: Pause) -> dict[str, object]:
    return {"hold_id": held.hold_id, "hold_until": held.until.isoformat() if held.until else None}


def _account(matter: Matter) -> Account:
    assert matter.account is not None
    return matter.account

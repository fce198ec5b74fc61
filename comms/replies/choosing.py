"""Several accounts on one number: which of them a reply is about.

It is asked by the street of the service only, never by a name or a balance: who holds the phone is not known yet. The
answer is a number of the list or a street. Then what the customer had said before is taken up, word for word; until
then it is kept, and nothing is done about it but what no account is needed for.
"""

from collections.abc import Sequence

from comms import history
from comms.accounts import Account
from comms.history import NewEvent

from .asking import CHOOSING, ask, rest, waits
from .matching import Matched
from .matter import Matter
from .reading import content_of, understood, words_of
from .schema import InboundMessage

LISTED = 6
"""Streets in one list; who has more accounts on his number is asked for the street itself."""

MOST_ASKED = 2
"""How often the question is asked in a row; then a clerk finds out."""

_NEEDS_NO_ACCOUNT = frozenset({"emergency", "opt_out", "opt_in", "wrong_number", "abuse_or_threat", "help"})
_NO_MATTER_OF_ITS_OWN = frozenset({"other", "confirm_yes", "confirm_no", "language_request"})


def waiting(matter: Matter) -> bool:
    """Whether we asked which address it is."""
    return waits(matter.conversation, CHOOSING, matter.inbound.received_at)


def must_ask(matter: Matter) -> bool:
    """Whether nothing can be done before we know which of several accounts it is about."""
    if matter.account is not None or len(matter.matched.candidates) < 2:
        return False
    if matter.understanding.intent in _NO_MATTER_OF_ITS_OWN:
        return waiting(matter)  # an answer that was none
    return matter.understanding.intent not in _NEEDS_NO_ACCOUNT


def ask_which(matter: Matter) -> None:
    """Ask by the street of the service; the reply is kept until the answer comes."""
    context = matter.conversation.context if waiting(matter) else {}
    asked = int(context.get("asked", 0))
    held = [*context.get("inbound_ids", ()), matter.inbound.id]
    if asked >= MOST_ASKED:
        rest(matter.conversation)
        matter.give_to_clerk(
            "A number that is on several accounts, and no answer that tells which.", priority=5, inbound_ids=held
        )
        return
    candidates = list(matter.matched.candidates)
    listed = candidates if len(candidates) <= LISTED else []
    text = "; ".join(f"{number}: {account.service_address}" for number, account in enumerate(listed, 1))
    notice = "which-address" if listed else "which-street"
    told = matter.answer(notice, text=text or None)
    context = {
        "inbound_ids": held, "account_ids": [account.id for account in listed], "asked": asked + 1,
        "notice": notice, "text": text,
    }  # fmt: skip
    asked_at = matter.clock.now() if told else None
    ask(matter.conversation, matter.inbound, None, CHOOSING, context, asked_at, matter.language)
    if not told:
        matter.give_to_clerk("A number that is on several accounts.", priority=5, inbound_ids=held)


def choose(matter: Matter) -> None:
    """Take the reply as the answer, if it is one: what was said before is then this account's, and is taken up."""
    context = matter.conversation.context
    by_id = {account.id: account for account in matter.matched.candidates}
    listed = [by_id[id_] for id_ in context.get("account_ids", ()) if id_ in by_id]
    chosen = _chosen_from(matter.words, listed, list(by_id.values()))
    if chosen is None:
        return
    matter.matched = Matched(chosen, "chosen")
    rest(matter.conversation)
    kept = [matter.session.get(InboundMessage, id_) for id_ in context.get("inbound_ids", ())]
    earlier = [inbound for inbound in kept if inbound is not None]
    if not earlier:
        return
    for inbound in earlier:
        _now_known(matter, inbound, chosen)
    matter.words = "\n".join(words_of(inbound) for inbound in earlier)
    matter.understanding = understood(matter.words, earlier[-1], matter.city, chosen)


def _now_known(matter: Matter, inbound: InboundMessage, chosen: Account) -> None:
    """A reply that was kept is the chosen account's from now on, in its history too."""
    inbound.account_id, inbound.matched_by = chosen.id, "chosen"
    (digest,) = history.remember(matter.session, [content_of(inbound)], matter.clock.now())
    words = " ".join(words_of(inbound).split())
    matter.events.append(
        NewEvent(
            account_id=chosen.id,
            at=matter.clock.now(),
            kind="reply.matched",
            summary=f"Said before the address was known: {words if len(words) <= 120 else words[:119] + '…'}",
            direction="in",
            channel=inbound.channel,
            actor="customer",
            subject_type="inbound_message",
            subject_id=inbound.id,
            facts={"received_at": inbound.received_at.isoformat(), "matched_by": "chosen"},
            content_digest=digest,
        )
    )


def _chosen_from(words: str, listed: Sequence[Account], candidates: Sequence[Account]) -> Account | None:
    """The account that a number of the list or a street names; None when it names none or more than one."""
    said = _plain(words)
    if len(said) == 1 and said[0].isdecimal() and 1 <= int(said[0]) <= len(listed):
        return listed[int(said[0]) - 1]
    weights = [(_likeness(said, _plain(account.service_address)), account) for account in candidates]
    best = max((weight for weight, _ in weights), default=0)
    fitting = [account for weight, account in weights if weight == best]
    if best > 0:
        return fitting[0] if len(fitting) == 1 else None
    ordinals = [word for word in said if word not in _ONE] or said  # "the first one"
    number = _ORDINALS.get(ordinals[0]) if len(ordinals) == 1 else None
    return listed[number - 1] if number is not None and number <= len(listed) else None


_ONE = frozenset({"one", "uno", "una"})


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "one first 1st uno una primero primera", "two second 2nd dos segundo segunda",
            "three third 3rd tres tercero tercera", "four fourth 4th cuatro cuarto cuarta",
            "five fifth 5th cinco quinto quinta", "six sixth 6th seis sexto sexta",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_FILLING = _words(
    "the its it is that this for about on at my i mean house place address number num no please pls",
    "la el los las en de es mi casa direccion dirección numero número por favor para",
)
_KINDS_OF_STREETS = _words(
    "st street ave avenue av rd road dr drive ln lane ct court blvd pl place way ter terrace cir circle",
    "n s e w north south east west ne nw se sw",
)


def _plain(words: str) -> list[str]:
    joined = "".join(letter if letter.isalnum() else " " for letter in words.lower())
    kept = [word for word in joined.split() if word not in _FILLING]
    return kept or joined.split()


def _likeness(said: Sequence[str], street: Sequence[str]) -> int:
    """How well an answer names a street: the words they share. 0 when it names another number, when most of it is about
    something else, or when nothing but a number in a longer text is the same (``22 dollars on Friday``)."""
    shared = {word for word in said if word in street}
    telling = {word for word in shared if word not in _KINDS_OF_STREETS}
    other_number = any(word.isdecimal() and word not in street for word in said)
    only_a_number = len(said) > 1 and all(word.isdecimal() for word in telling)
    if not telling or other_number or only_a_number or 2 * len(shared) < len(said):
        return 0
    return len(shared)

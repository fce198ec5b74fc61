"""Several accounts on one number: which of them a reply is about.

It is asked by the street of the service only, never by a name or a balance: who holds the phone is not known yet. The
answer is a number of the list or a street; then the reply it was about is taken up.
"""

from collections.abc import Sequence
from datetime import timedelta

from comms.accounts import Account

from .matching import Matched
from .matter import Matter
from .reading import understood, words_of
from .schema import InboundMessage

WAITS = timedelta(days=7)
"""How long an answer still belongs to the question."""

UNANSWERED = 5
"""The priority of a reply whose sender could not be asked."""


def ask_which(matter: Matter) -> None:
    """Ask by the street of the service."""
    streets = [account.service_address for account in matter.matched.candidates][:6]
    matter.conversation.state = "choosing_account"
    matter.conversation.context = {"inbound_id": matter.inbound.id}
    matter.conversation.expires_at = matter.inbound.received_at + WAITS
    listed = "; ".join(f"{number}: {street}" for number, street in enumerate(streets, 1))
    if not matter.answer("which-address", text=listed):
        matter.give_to_clerk("A number that is on several accounts.", priority=UNANSWERED)


def choose(matter: Matter) -> None:
    """An answer to that question: a number of the list, or the street. The reply it was about is then taken up."""
    candidates = list(matter.matched.candidates)
    chosen = _chosen_from(matter.words, candidates)
    asked_about = matter.conversation.context.get("inbound_id")
    matter.conversation.state, matter.conversation.context = "idle", {}
    if chosen is None:
        matter.matched = Matched(None, None, candidates[:1])
        return
    matter.matched = Matched(chosen, "chosen")
    earlier = matter.session.get(InboundMessage, asked_about) if asked_about else None
    if earlier is not None:
        matter.words = words_of(earlier)
        matter.understanding = understood(matter.words, earlier, matter.city, chosen)


def _chosen_from(words: str, candidates: Sequence[Account]) -> Account | None:
    plain = " ".join("".join(letter if letter.isalnum() else " " for letter in words.lower()).split())
    if plain.isdigit() and 1 <= int(plain) <= len(candidates):
        return candidates[int(plain) - 1]
    fitting = [account for account in candidates if plain and _same_street(plain, account.service_address.lower())]
    return fitting[0] if len(fitting) == 1 else None


def _same_street(plain: str, street: str) -> bool:
    return plain in street or street in plain or plain.split()[0] == street.split()[0]

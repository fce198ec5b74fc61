"""What we ask a customer and wait for. A conversation has one question at a time; a newer one takes its place."""

from datetime import datetime, timedelta
from typing import Any

from comms.accounts import Account
from comms.city import Language

from .schema import Conversation, InboundMessage

WAITS = timedelta(days=7)
"""How long an answer still belongs to the question."""

CONFIRMING = "confirming_promise"
CHOOSING = "choosing_account"


def ask(
    conversation: Conversation,
    inbound: InboundMessage,
    account: Account | None,
    state: str,
    context: dict[str, Any],
    asked_at: datetime | None,
    language: Language,
) -> None:
    """Wait for an answer to what was just asked, in ``language``. ``asked_at`` None: nothing went out, so nobody is
    reminded of it."""
    conversation.state, conversation.context = state, {**context, "language": language}
    conversation.account_id = account.id if account else None
    conversation.asked_at, conversation.reminded_at = asked_at, None
    conversation.expires_at = inbound.received_at + WAITS


def rest(conversation: Conversation) -> None:
    """Wait for nothing any more."""
    conversation.state, conversation.context = "idle", {}
    conversation.asked_at = conversation.reminded_at = conversation.expires_at = None


def waits(conversation: Conversation, state: str, at: datetime) -> bool:
    """Whether the conversation waits in this state for an answer that comes at ``at``."""
    alive = conversation.expires_at is None or conversation.expires_at > at
    return conversation.state == state and alive

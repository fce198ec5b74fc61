"""The states of a message, in one table: the SQL, the tests and docs/architecture.md all read it.

::

    held -> queued -> claimed -> submitted -> sent -> delivered
                         |            |          `--> undelivered | bounced
                         |            `-- failed
                         |--> queued        refused for now: again at next_attempt_at
                         |--> failed        refused for good
                         `--> unknown       asked the carrier -> submitted | queued
    held, queued -> cancelled | superseded | suppressed
    letters: queued -> batched -> handed_over -> mailed -> returned
                                       `-- failed         the mail house did not take it
"""

from enum import StrEnum


class State(StrEnum):
    """Where a message is."""

    HELD = "held"
    QUEUED = "queued"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    SENT = "sent"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    BATCHED = "batched"
    HANDED_OVER = "handed_over"
    MAILED = "mailed"
    RETURNED = "returned"


S = State

ALLOWED: dict[State, frozenset[State]] = {
    S.HELD: frozenset({S.QUEUED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED}),
    S.QUEUED: frozenset({S.CLAIMED, S.HELD, S.BATCHED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED, S.FAILED}),
    S.CLAIMED: frozenset({S.SUBMITTED, S.QUEUED, S.HELD, S.FAILED, S.UNKNOWN, S.SUPPRESSED, S.CANCELLED}),
    S.UNKNOWN: frozenset({S.SUBMITTED, S.QUEUED, S.FAILED}),
    S.BATCHED: frozenset({S.HANDED_OVER, S.HELD, S.CANCELLED, S.FAILED}),
    S.HANDED_OVER: frozenset({S.MAILED, S.RETURNED, S.FAILED}),
    S.MAILED: frozenset({S.RETURNED}),
}
"""What we do ourselves. What carriers report is folded by ``RANK`` instead, from any state."""

TAKEN_BACK: dict[State, frozenset[State]] = {
    S.MAILED: frozenset({S.HANDED_OVER}),
    S.RETURNED: frozenset({S.MAILED, S.HANDED_OVER}),
}
"""Where a person goes back to, who finds that what was written down of a letter is a mistake."""

RANK: dict[State, int] = {
    S.SUBMITTED: 10,
    S.SENT: 20,
    S.FAILED: 30,
    S.UNDELIVERED: 40,
    S.DELIVERED: 50,
    S.BOUNCED: 60,
}
"""How much a carrier's report says: of two reports the higher one holds, whichever came first, however often.

A failure of one segment may precede the success of the whole text, so ``delivered`` outranks ``undelivered``; an email
accepted by the receiving server may still bounce later, so ``bounced`` outranks ``delivered``.
"""

FINAL = frozenset(
    {
        S.FAILED, S.UNDELIVERED, S.DELIVERED, S.BOUNCED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED, S.MAILED, S.RETURNED,
    }
)  # fmt: skip
"""States in which nothing more is due from us."""

NOT_LEFT = frozenset({S.HELD, S.QUEUED, S.BATCHED})
"""States from which a message can still be recalled."""


STALE = "The account changed after this was decided; it is decided again."
"""Why a message is held when its account's facts are not those it was decided on."""


def may_become(before: State, after: State) -> bool:
    """Whether we may move a message from ``before`` to ``after``."""
    return after in ALLOWED.get(before, frozenset())


def from_states(after: State) -> list[str]:
    """The states a message may be in to become ``after``; for the ``WHERE`` of the conditional update."""
    return sorted(before for before, targets in ALLOWED.items() if after in targets)

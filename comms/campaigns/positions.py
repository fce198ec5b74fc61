"""Where accounts stand in their episodes: which steps were taken, and whether each one counts.

What was decided is in ``decision``; what became of it is in the messages that were written for it, the next channels
among them, and for an act outside in its field order. Nothing is kept twice: a step counts because its message says so
today, and stops counting on the day its letter comes back.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from comms.db import one_of
from comms.field.schema import FieldOrder
from comms.outbox import Message, State
from comms.outbox.fallback import FALLS_BACK_WITHIN
from comms.outbox.schema import MailBatch
from comms.promises.schema import Promise

from .night import Position, PromiseEnd, Taken
from .policies import Policy
from .schema import Decision, Episode

AT_ONCE = 1000

Standing = tuple[Literal["counts", "pending", "undone"], datetime | None, str]

ENDS: dict[str, Literal["kept", "partial", "broken"]] = {
    "kept": "kept", "kept_late": "kept", "kept_short": "kept", "partial": "partial", "broken": "broken",
}  # fmt: skip
_AT_CARRIER = (State.SUBMITTED, State.SENT, State.DELIVERED)
_AT_MAIL_HOUSE = (State.HANDED_OVER, State.MAILED)
_OVER = frozenset(
    {
        State.FAILED, State.UNDELIVERED, State.BOUNCED, State.CANCELLED, State.SUPPRESSED, State.RETURNED,
        State.SUPERSEDED,
    }
)  # fmt: skip
_WORDS = {
    State.FAILED: "failed", State.UNDELIVERED: "was not delivered", State.BOUNCED: "bounced",
    State.CANCELLED: "was called back before it left", State.SUPPRESSED: "was called back before it left",
    State.RETURNED: "was returned by the post office", State.SUPERSEDED: "was written anew",
}  # fmt: skip
_NAMES = {"sms": "the text", "email": "the email", "letter": "the letter"}


class News(NamedTuple):
    """What is known of one message of a decision. ``handed_at`` is when the mail house got it, ``mailed_at`` when the
    post office did; ``more`` says that its policy names another channel."""

    id: int
    channel: str
    state: str
    state_at: datetime
    submitted_at: datetime | None
    handed_at: datetime | None
    mailed_at: datetime | None
    more: bool


def positions(
    session: Session, account_ids: Collection[int], frozen: Mapping[tuple[str, int], Policy], now: datetime
) -> dict[int, Position]:
    """Where each of these accounts stands. ``frozen`` finds the version of its policy that an episode runs by."""
    ordered = sorted(set(account_ids))
    found: dict[int, Position] = {}
    for start in range(0, len(ordered), AT_ONCE):
        found |= _positions(session, ordered[start : start + AT_ONCE], frozen, now)
    return found


def taken_in(
    session: Session, episode_ids: Collection[int], frozen: Mapping[tuple[str, int], Any], now: datetime
) -> dict[int, list[Taken]]:
    """What was decided in these episodes, also in those that ended, and how each stands; by episode."""
    rows = session.execute(
        select(Episode.id, Episode.account_id, Episode.policy, Episode.policy_version).where(
            one_of(session, Episode.id, sorted(set(episode_ids)))
        )
    )
    return _taken(session, rows.all(), frozen, now)


def _positions(
    session: Session, ids: list[int], frozen: Mapping[tuple[str, int], Policy], now: datetime
) -> dict[int, Position]:
    found: dict[int, Position] = dict.fromkeys(ids, Position())
    running: dict[int, Any] = {}
    for row in _episodes(session, ids):
        if row.closed_at is None:
            running[row.account_id] = row
        else:
            found[row.account_id] = Position(policy=row.policy, version=row.policy_version, closed_at=row.closed_at)
    taken = _taken(session, list(running.values()), frozen, now)
    ended = _ended_promises(session, list(running.values()))
    for account_id, row in running.items():
        found[account_id] = Position(
            episode_id=row.id, policy=row.policy, version=row.policy_version, arm=row.arm, opened_at=row.opened_at,
            taken=tuple(taken.get(row.id, ())), promise=ended.get(account_id), closed_at=found[account_id].closed_at,
        )  # fmt: skip
    return found


def _episodes(session: Session, ids: list[int]) -> Sequence[Any]:
    """The episodes of these accounts, the one that ended last at the end."""
    return session.execute(
        select(
            Episode.id, Episode.account_id, Episode.policy, Episode.policy_version, Episode.arm, Episode.opened_at,
            Episode.closed_at,
        )
        .where(one_of(session, Episode.account_id, ids))
        .order_by(Episode.closed_at, Episode.id)
    ).all()  # fmt: skip


def _taken(
    session: Session, episodes: Sequence[Any], frozen: Mapping[tuple[str, int], Policy], now: datetime
) -> dict[int, list[Taken]]:
    by_id = {row.id: row for row in episodes}
    if not by_id:
        return {}
    decided = session.execute(
        select(
            Decision.id, Decision.episode_id, Decision.step, Decision.occurrence, Decision.decided_at, Decision.state,
            Decision.outcome, Decision.sends,
        )
        .where(one_of(session, Decision.episode_id, list(by_id)), Decision.occurrence.is_not(None))
        .order_by(Decision.decided_at, Decision.id)
    ).all()  # fmt: skip
    news = _news(session, [row.id for row in decided if row.outcome == "contact" and row.state != "planned"])
    orders = _orders(session, [by_id[row.episode_id].account_id for row in decided if row.outcome == "action"])
    found: dict[int, list[Taken]] = defaultdict(list)
    for row in decided:
        episode = by_id[row.episode_id]
        if row.state == "planned":
            stands: Standing = ("pending", None, "it is planned and waits for its release")
        elif row.outcome == "action":
            stands = of_action(orders.get(episode.account_id, ()), episode.id, row.decided_at)
        else:
            counts_when = _counts_when(frozen.get((episode.policy, episode.policy_version)), row.step)
            stands = of_contact(row.sends, news.get(row.id, ()), counts_when, now)
        found[row.episode_id].append(Taken(row.step, row.occurrence, row.decided_at, *stands))
    return found


def _counts_when(policy: Policy | None, step_id: str) -> str:
    """When a step counts; one that the episode's version does not have any more counts as late as any."""
    try:
        return policy.named(step_id).counts_when if policy else "mailed"
    except KeyError:
        return "mailed"


_FAILED = (State.FAILED, State.UNDELIVERED, State.BOUNCED)
_NEXT_CHANNELS = case((Message.state.in_(_FAILED), Message.fallback)).label("next_channels")
"""Only looked at where a message failed; most did not, and reading it costs as much as all the rest of the row."""


def _news(session: Session, decision_ids: list[int]) -> dict[int, list[News]]:
    """What became of the messages of these decisions. Copies for third parties say nothing about the customer."""
    found: dict[int, list[News]] = defaultdict(list)
    if not decision_ids:
        return found
    rows = session.execute(
        select(
            Message.decision_id, Message.id, Message.channel, Message.state, Message.state_at, Message.submitted_at,
            MailBatch.handed_over_at, MailBatch.mailed_at, _NEXT_CHANNELS,
        )
        .outerjoin(MailBatch, MailBatch.id == Message.batch_id)
        .where(
            one_of(session, Message.decision_id, decision_ids),
            Message.decision_id.is_not(None),
            Message.copy_of_id.is_(None),
        )
        .order_by(Message.id)
    )  # fmt: skip
    for row in rows:
        more = bool(row.next_channels and row.next_channels.get("channels"))
        found[row.decision_id or 0].append(
            News(
                row.id, row.channel, row.state, row.state_at, row.submitted_at, row.handed_over_at, row.mailed_at, more
            )
        )  # fmt: skip
    return found


def of_contact(sends: Sequence[Mapping[str, Any]], news: Sequence[News], counts_when: str, now: datetime) -> Standing:
    """How a step stands by the messages written for it. ``counts_when``: ``accepted`` (the carrier or the mail house
    has it), ``delivered`` or ``mailed``.

    Each send is followed over its channels; those that the policy only adds (``also``) have no say. Where several must
    go, the step counts with the last of them. It is undone when none of them arrives, or when a letter does not.
    """
    wanted = [send for send in sends if send["required"]] or list(sends)
    stand = []
    for send in wanted:
        channels = (send["channel"], *send["rest"])
        mine = [each for each in news if each.channel in channels]
        stand.append((send["channel"], _of_send(mine, counts_when, now)))
    undone = [(channel, one) for channel, one in stand if one[0] == "undone"]
    if len(undone) == len(stand) or any(channel == "letter" for channel, _ in undone):
        return "undone", None, next((one[2] for _, one in undone), "nothing was written")
    for _, one in stand:
        if one[0] == "pending":
            return one
    return "counts", max(one[1] for _, one in stand if one[1]), ""


def _of_send(news: Sequence[News], counts_when: str, now: datetime) -> Standing:
    counted = [at for each in news if (at := _counts_at(each, counts_when))]
    if counted:
        return "counts", min(counted), ""
    for each in news:
        if each.state not in _OVER:
            return "pending", None, f"{_NAMES[each.channel]} is under way"
    standing = [each for each in news if each.state != State.SUPERSEDED] or list(news)
    if not standing:
        return "undone", None, "nothing was written"
    last = standing[-1]
    told = f"{_NAMES[last.channel]} {_WORDS[State(last.state)]}"
    if last.state in _FAILED and last.more and last.state_at > now - FALLS_BACK_WITHIN:
        return "pending", None, f"{told}; the next channel is tried"
    return "undone", None, told


def _counts_at(news: News, counts_when: str) -> datetime | None:
    """Since when a message counts, or None. Of a letter nobody hears that it was delivered: then it counts from the
    mail house on, as elsewhere."""
    if news.channel == "letter":
        if counts_when == "mailed":
            return (news.mailed_at or news.state_at) if news.state == State.MAILED else None
        return (news.handed_at or news.state_at) if news.state in _AT_MAIL_HOUSE else None
    if counts_when == "delivered":
        return news.state_at if news.state == State.DELIVERED else None
    return (news.submitted_at or news.state_at) if news.state in _AT_CARRIER else None


def _orders(session: Session, account_ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if account_ids:
        rows = session.execute(
            select(
                FieldOrder.account_id, FieldOrder.episode_id, FieldOrder.kind, FieldOrder.state, FieldOrder.created_at,
                FieldOrder.ended_at,
            )
            .where(one_of(session, FieldOrder.account_id, sorted(set(account_ids))))
            .order_by(FieldOrder.id)
        )  # fmt: skip
        for row in rows:
            found[row.account_id].append(row)
    return found


def of_action(orders: Sequence[Any], episode_id: int, decided_at: datetime) -> Standing:
    """How an act outside stands by its orders: it counts when the last one was done, and is undone when that one was
    called back or could not be done."""
    mine = [
        order
        for order in orders
        if order.episode_id == episode_id and order.kind != "reconnect" and order.created_at >= decided_at
    ]
    if not mine:
        return "pending", None, "it waits for a list that somebody approves"
    last = mine[-1]
    if last.state == "done":
        return "counts", last.ended_at, ""
    if last.state in ("proposed", "issued"):
        return "pending", None, "the order is open"
    return "undone", None, {"not_done": "the order was not done"}.get(last.state, "the order was called back")


def _ended_promises(session: Session, episodes: Sequence[Any]) -> dict[int, PromiseEnd]:
    """The promise that ended last within each episode; those that somebody took back say nothing."""
    opened = {row.account_id: row.opened_at for row in episodes}
    found: dict[int, PromiseEnd] = {}
    if not opened:
        return found
    rows = session.execute(
        select(Promise.account_id, Promise.status, Promise.closed_at)
        .where(
            one_of(session, Promise.account_id, sorted(opened)),
            Promise.status.in_(sorted(ENDS)),
            Promise.closed_at.is_not(None),
        )
        .order_by(Promise.closed_at, Promise.id)
    )
    for account_id, status, closed_at in rows:
        if closed_at is not None and closed_at >= opened[account_id]:
            found[account_id] = PromiseEnd(ENDS[status], closed_at)
    return found

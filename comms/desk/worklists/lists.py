"""The worklists: which kinds of task are on which page, how soon each should be seen to, and what part of a list is
asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from comms.desk.access.permissions import Permission

MINE, NOBODYS, ONES = "mine", "nobody", "user:"


@dataclass(frozen=True)
class List:
    """One worklist. ``kinds`` empty: every kind that no other list has. ``days``: the business days after which a
    matter that still waits is late (the office's measure, not a rule's). ``needs``: who works it, where that is not
    every clerk."""

    slug: str
    title: str
    short: str
    kinds: tuple[str, ...]
    empty: str
    about: str
    days: int = 1
    template: str = "matters.html"
    needs: Permission = Permission.SEE_ACCOUNTS

    def count(self, counts: Mapping[str, int] | None) -> int:
        """How many open tasks this list has, by the counts of all kinds."""
        known = counts or {}
        kinds = self.kinds or [kind for kind in known if kind not in NAMED]
        return sum(known.get(kind, 0) for kind in kinds)

    def has(self, kind: str) -> bool:
        return kind in self.kinds if self.kinds else kind not in NAMED


REPLIES = List(
    "replies", "Replies that need a person", "Replies", ("reply",),
    "Nobody is waiting for an answer.",
    "Messages that the service could not answer by itself, the most urgent first, then the longest waiting.",
)  # fmt: skip
UNMATCHED = List(
    "unmatched", "Messages from unknown senders", "Unknown senders", ("unmatched_reply", "unmatched_event"),
    "Every message has found its account.",
    "Texts, emails and carrier reports that belong to no account we know. Find the customer, or set the matter aside.",
    template="unmatched.html",
)  # fmt: skip
BROKEN = List(
    "broken-promises", "Broken promises", "Broken promises", ("promise", "decision_reopened"),
    "No promise was broken that nobody has looked at.",
    "Promises that were not kept, or that a late payment turned. Call or write, and agree on what is next.",
    days=2,
)  # fmt: skip
UNKNOWN = List(
    "unknown-sends", "Messages that may not have left", "Unknown sends", ("unknown_send",),
    "Of every message it is known whether it left.",
    "The carrier’s answer was lost and it cannot tell us. Look it up there before anything is sent again.",
)  # fmt: skip
FAILED = List(
    "failed-notices", "Notices that could not be delivered", "Failed notices", ("failed_notice",),
    "Every notice has reached its customer, or is on its way.",
    "Reach the customer another way, or send the notice again to another address.",
    days=3,
)  # fmt: skip
RETURNED = List(
    "returned-mail", "Returned mail", "Returned mail", ("returned_mail",),
    "No letter that came back waits for an address.",
    "Letters that the post office brought back. Nothing is printed to such an address until it is put right.",
    days=5,
)  # fmt: skip
HOLDS = List(
    "holds", "Holds to look at again", "Holds", ("hold_review", "pledge_lapsed"),
    "No hold has to be looked at again.",
    "Holds whose day of review has come, and pledges that were not paid. See whether each still stands.",
    days=3,
)  # fmt: skip
APPROVALS = List(
    "approvals", "Approvals", "Approvals", ("approval",),
    "Nothing waits to be approved.",
    "What somebody with the right to say yes must look at before it goes on.",
    template="approvals.html", needs=Permission.APPROVE_PROMISES,
)  # fmt: skip
OPERATIONS = List(
    "runs-and-mail", "Runs, orders and mail", "Runs and mail",
    ("campaign_run", "field_order", "mail_batch", "mail_day", "carrier_halted", "consent_mirror"),
    "Runs, field orders, mail and carriers go by themselves.",
    "Runs that stopped, orders of the Service Department, batches of letters, and carriers that take nothing from us.",
)  # fmt: skip
OTHERS = List(
    "other", "Other matters", "Other", (),
    "Nothing else needs a person.",
    "What the service could not settle by itself and no other list has.",
    days=3,
)  # fmt: skip
LISTS = (REPLIES, BROKEN, UNMATCHED, UNKNOWN, FAILED, RETURNED, HOLDS, APPROVALS, OPERATIONS, OTHERS)
NAMED = frozenset(kind for each in LISTS for kind in each.kinds)


def list_of(kind: str) -> List:
    """The list that a kind of task is on."""
    return next(each for each in LISTS if each.has(kind))


def named(slug: str) -> List | None:
    """The list with this word in its address."""
    return next((each for each in LISTS if each.slug == slug), None)


@dataclass(frozen=True)
class Filter:
    """What part of a list is asked for, as it stands in the address: whose matters (``mine``, ``nobody``,
    ``user:park``; empty for everybody's), of which kind, and whether those that are set aside."""

    who: str = ""
    kind: str = ""
    aside: bool = False

    @classmethod
    def asked(cls, given: Mapping[str, str], of: List) -> "Filter":
        """The filter of an address or a form; what makes no sense is left out."""
        who, kind = given.get("who", "")[:80], given.get("kind", "")[:80]
        known = who in (MINE, NOBODYS) or (who.startswith(ONES) and len(who) > len(ONES))
        return cls(who if known else "", kind if kind and of.has(kind) else "", given.get("state") == "aside")

    def whose(self, me: str) -> str | None:
        """As ``worklist.open_tasks`` takes it: a user name, empty for nobody's, None for everybody's."""
        if self.who == MINE:
            return me
        return "" if self.who == NOBODYS else self.who.removeprefix(ONES) or None

    def fields(self) -> dict[str, str]:
        """What an address or a form must hold to ask for the same again."""
        given = {"who": self.who, "kind": self.kind, "state": "aside" if self.aside else ""}
        return {name: value for name, value in given.items() if value}

    def link(self, path: str, **more: Any) -> str:
        """An address with this filter; ``more`` changes or adds to it, an empty value takes away."""
        given = {name: value for name, value in (self.fields() | more).items() if value}
        return f"{path}?{urlencode(given)}" if given else path

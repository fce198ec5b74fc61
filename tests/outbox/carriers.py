"""A carrier that does as it is told: chance and time are the only things the outbox tests make up."""

from collections.abc import Callable, Collection
from datetime import datetime

from comms.channels import Found, Outcome, Outgoing, Result


class ScriptedCarrier:
    """Answers each send by ``answer`` and keeps a ledger of what it accepted."""

    def __init__(self, name: str, carrier: str, answer: Callable[[Outgoing], Result] | None = None) -> None:
        self.name, self.carrier = name, carrier
        self.answer = answer or self.accept
        self.ledger: list[tuple[str, Outgoing]] = []
        self.offered: list[Outgoing] = []

    def accept(self, outgoing: Outgoing) -> Result:
        sid = f"SM{len(self.ledger):032x}"
        self.ledger.append((sid, outgoing))
        return Result(Outcome.ACCEPTED, carrier_id=sid, http_status=201)

    def accept_and_drop(self, outgoing: Outgoing) -> Result:
        self.accept(outgoing)
        return Result(Outcome.AMBIGUOUS, error_code="dropped", detail="The connection was lost.")

    def send(self, outgoing: Outgoing) -> Result:
        self.offered.append(outgoing)
        return self.answer(outgoing)

    def look_for(self, outgoing: Outgoing, since: datetime, until: datetime, known: Collection[str]) -> Found | None:
        for sid, sent in self.ledger:
            if sent.recipient == outgoing.recipient and sent.text == outgoing.text and sid not in known:
                return Found(sid, "submitted", None, since)
        return None

    def close(self) -> None:
        """Nothing is open."""

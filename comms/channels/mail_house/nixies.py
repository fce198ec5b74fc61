"""Why the post office gives a letter back, and what that says of the address: the table is ``nixies.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from comms.channels.mail_house.batch import MailHouseError

Kind = Literal["bad", "passing", "refused", "deceased"]


@dataclass(frozen=True)
class Nixie:
    """One reason. ``code`` is the printed abbreviation; ``confidence`` is that of our source."""

    code: str
    words: str
    kind: Kind
    letter: str
    confidence: str


@cache
def nixies() -> dict[str, Nixie]:
    """All reasons by code."""
    stored = tomllib.loads((Path(__file__).parent / "nixies.toml").read_text("utf-8"))
    return {code: Nixie(code, **given) for code, given in stored.items()}


def nixie(given: str) -> Nixie:
    """The reason that a code, a letter of the electronic files or the printed words name. Raises ``MailHouseError``.

    A letter is unverified: where it would make the piece delivered (refused), the piece counts as not delivered.
    """
    wanted = " ".join(given.casefold().replace(",", " ").replace("-", " ").split())
    for one in nixies().values():
        if wanted == one.letter.casefold():
            return Nixie(one.code, one.words, "bad", one.letter, "M") if one.kind == "refused" else one
        if wanted in (one.code.casefold(), one.words.casefold().replace(",", "")):
            return one
    known = ", ".join(f"{one.code} ({one.words})" for one in nixies().values())
    raise MailHouseError(f"{given.strip() or 'An empty cell'} is no reason for a return. Known: {known}.")

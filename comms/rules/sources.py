"""The register of sources: every statute, order and practice a rule may name, and how well it is known.

``cities/law/sources.toml`` is the register. Its confidence marks: ``V1`` the operative words were read in a primary
text, ``V2`` in a secondary source, ``P`` only in part, ``M`` from memory, ``policy`` the office's own decision. A rule
that rests on ``P`` or ``M`` is a draft, whatever its file says: it protects, and no legal notice may stand on it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Confidence = Literal["V1", "V2", "P", "M", "policy"]
UNVERIFIED: frozenset[Confidence] = frozenset({"P", "M"})

CONFIDENCE_IN_WORDS: dict[Confidence, str] = {
    "V1": "read in a primary text",
    "V2": "read in a secondary source",
    "P": "read only in part",
    "M": "from memory, not verified",
    "policy": "the office's own decision",
}


class Source(BaseModel):
    """One source: how it is cited, what it says in figures, how well it is known and where it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9]+([.-][A-Za-z0-9]+)*$")
    citation: str = Field(min_length=3)
    says: str = Field(min_length=10)
    confidence: Confidence
    read_in: str = Field(min_length=3)

    @property
    def verified(self) -> bool:
        return self.confidence not in UNVERIFIED

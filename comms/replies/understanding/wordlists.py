"""Lists of words, written as people write them: with spaces between."""

from pathlib import Path

LEXICON = Path(__file__).parent / "lexicon"
"""The words and phrases that are data."""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())

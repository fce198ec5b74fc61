"""Lists of words, written as people write them: with spaces between."""

from pathlib import Path

LEXICON = Path(__file__).parent / "lexicon"
"""The words and phrases that are data."""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


def groups(name: str) -> dict[str, list[str]]:
    """The words under each ``[group]`` of ``lexicon/<name>.txt``, in their order."""
    found: dict[str, list[str]] = {}
    group = ""
    for line in (LEXICON / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[] ")
        elif not line.startswith("#"):
            found.setdefault(group, []).extend(line.split())
    return found


def word_sets(name: str) -> dict[str, frozenset[str]]:
    """The words under each ``[group]`` of ``lexicon/<name>.txt``."""
    return {group: frozenset(listed) for group, listed in groups(name).items()}

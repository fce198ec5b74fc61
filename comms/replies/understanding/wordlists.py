"""Lists of words, written as people write them: with spaces between."""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())

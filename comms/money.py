"""Money as people and files write it. Everywhere else an amount is whole cents."""


def dollars(cents: int) -> str:
    """``$1,234.50``, for people; a credit is ``-$5.00``."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def figures(cents: int) -> str:
    """``1234.50``, for the cells of a file and the fields of a form; a credit is ``-5.00``."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"

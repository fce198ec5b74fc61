"""How many segments a carrier counts for a text (3GPP TS 23.038: 160/153 septets in GSM-7, 70/67 units in UCS-2).

Counted here on its own, so that the service's own counting is checked against another's. Two-unit characters are not
cut in half; a sequence that only looks like one character (a flag, a family) may be.
"""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def count_segments(body: str) -> int:
    """Segments of ``body``; an empty body counts as one."""
    letters = set(body)
    if letters <= _BASIC | _EXTENDED:
        double, whole, part = letters & _EXTENDED, 160, 153
    else:
        double, whole, part = {letter for letter in letters if ord(letter) > 0xFFFF}, 70, 67
    if not double:
        return 1 if len(body) <= whole else -(-len(body) // part)
    return _packed(body, double, whole, part)


def _packed(body: str, double: set[str], whole: int, part: int) -> int:
    sizes = [2 if letter in double else 1 for letter in body]
    if sum(sizes) <= whole:
        return 1
    segments, room = 1, part
    for size in sizes:
        if size > room:
            segments, room = segments + 1, part
        room -= size
    return segments

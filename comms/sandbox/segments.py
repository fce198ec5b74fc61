"""How many segments a carrier counts for a text (3GPP TS 23.038: 160/153 septets in GSM-7, 70/67 units in UCS-2).

Counted here on its own, so that the service's own counting is checked against another's.
"""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _EXTENDED


def count_segments(body: str) -> int:
    """Segments of ``body``; an empty body counts as one."""
    letters = set(body)
    if letters <= _GSM:
        extended = letters & _EXTENDED
        units = len(body) + sum(body.count(letter) for letter in extended)
        whole, part = 160, 153
    else:
        units = len(body.encode("utf-16-le", "surrogatepass")) // 2
        whole, part = 70, 67
    return 1 if units <= whole else -(-units // part)

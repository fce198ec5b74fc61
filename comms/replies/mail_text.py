"""What a customer wrote in an email, without what they answered to and without their signature.

The whole text stays stored; only the understanding looks at the part above the quotation.
"""

import re

_QUOTE_HEADS = (
    re.compile(r"^\s*On .{4,200}\bwrote:\s*$", re.IGNORECASE),
    re.compile(r"^\s*El .{4,200}\bescribi[óo]:\s*$", re.IGNORECASE),
    re.compile(r"^\s*-{2,}\s*(Original Message|Mensaje original|Forwarded message)\s*-{2,}\s*$", re.IGNORECASE),
    re.compile(r"^\s*(From|De):\s.+@.+$"),
    re.compile(r"^_{10,}\s*$"),
)
_OPENING = re.compile(r"^\s*(On|El)\s.{4,}$", re.IGNORECASE)
_CLOSING = re.compile(r".{0,200}\b(wrote|escribi[óo]):\s*$", re.IGNORECASE)
_SIGNATURES = (
    re.compile(r"^--\s*$"),
    re.compile(r"^\s*(Sent from|Enviado desde|Get Outlook for)\b.*$", re.IGNORECASE),
)


def said(text: str, subject: str | None = None) -> str:
    """The customer's own words: above the quotation, without quoted lines, without a signature.

    An empty body leaves the subject's words, where some people write the whole message.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for at, line in enumerate(lines):
        if any(head.match(line) for head in _QUOTE_HEADS) or _two_line_head(lines, at):
            break
        if any(mark.match(line) for mark in _SIGNATURES):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    words = "\n".join(kept).strip()
    return words or (subject or "").strip()


def _two_line_head(lines: list[str], at: int) -> bool:
    """``On Mon, Nov 23, 2026 at 10:00 AM Duluth Utilities <...>`` and on the next line ``wrote:``."""
    if not _OPENING.match(lines[at]) or at + 1 >= len(lines):
        return False
    return "@" in lines[at] + lines[at + 1] and bool(_CLOSING.match(lines[at + 1]))

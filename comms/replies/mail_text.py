"""What a customer wrote in an email, without what they answered to and without their signature.

The whole text stays stored; only the understanding looks at the customer's own words. mail-parser-reply cuts at the
heads that mail programs write in English and Spanish; what it misses is done here. Nobody's own words may be lost: what
stands between or below the quoted lines counts too, and where a guess would cut everything, the whole is kept.
"""

import re
from collections.abc import Sequence

from mailparser_reply import EmailReplyParser  # type: ignore[import-untyped]

LONGEST = 20_000
"""Characters of an email that are looked at; the new text stands in the first few hundred."""

LONGEST_LINE = 1_000
"""Characters in a line that the library is given: its patterns take quadratic time on a line, and no head of a
quotation is as long."""

_HEAD = re.compile(r"\s*>*\s*(On|El)\b.{4,300}\b(wrote|writes|escribi[oó]|ha escrito|escribe)\s*:?\s*", re.IGNORECASE)
_OPENS_HEAD = re.compile(r"\s*>*\s*(On|El)\b.{4,}", re.IGNORECASE)
_WHEN_OR_WHO = re.compile(r"@|\d{4}|\d{1,2}:\d{2}")
"""In every head a mail program writes; seldom where a person says ``On the form I wrote:``."""

_HEAD_WITHIN = re.compile(
    r"(?<=\S)[ \t]+((?:On|El) [^\n<>]{5,150}<[^<>\n]*@[^<>\n]*>\)?,?\s*(?:wrote|escribi[oó]):)", re.IGNORECASE
)
"""A head in the middle of a line, as it stands where a web page was made text."""

_BANNER = re.compile(
    r"\s*[-_=*]{2,}\s*(original message|forwarded message|mensaje original|mensaje reenviado|mensaje enviado"
    r"|reply above this line|responda encima de esta l[ií]nea)\s*[-_=*]{0,}\s*",
    re.IGNORECASE,
)
_BEGIN_FORWARDED = re.compile(r"\s*(begin forwarded message|inicio del mensaje reenviado)\s*:\s*", re.IGNORECASE)
_FIELD = re.compile(
    r"\s*[*>]*\s*(from|sent|to|date|subject|cc|reply-to|de|enviad[oa]( el)?|para|fecha|asunto|responder a)\s*:\s*\*?.*",
    re.IGNORECASE,
)
_FIRST_FIELD = re.compile(r"\s*[*>]*\s*(from|de)\s*:\s*\*?.+", re.IGNORECASE)
_UNDERSCORES = re.compile(r"\s*[_-]{10,}\s*")

_DEVICE = (
    r"iphone|ipad|ipod|galaxy|android|samsung|verizon|t-mobile|at&t|motorola|pixel|phone|mobile|cell|outlook|yahoo|aol"
    r"|gmail|mail\b|blackberry|tablet|windows|smartphone|celular|m[oó]vil|tel[eé]fono|dispositivo|device|xfinity|proton"
)
_SENT_FROM = re.compile(
    rf"\s*[(\[]?(sent|enviado|enviada|mandado)\s+(from|via|by|using|with|desde|con|mediante|por)\b.{{0,40}}({_DEVICE}).{{0,60}}",
    re.IGNORECASE,
)
_GET_APP = re.compile(
    r"\s*(get|obtener|obtenga|descargar|descarga)\s+(outlook|yahoo|the aol|bluemail|aplicaci[oó]n)\b.{0,80}"
    r"|\s*yahoo mail: .{0,80}",
    re.IGNORECASE,
)
_DASHES = re.compile(r"(--|—|__)\s*")
_NOTICE = re.compile(
    r"\s*\W*(confidentiality|privacy|privileged|legal)\s+(notice|note|statement)\b|\s*\W*disclaimer\W*:?"
    r"|\s*(the information (contained )?in )?this (e-?mail|message|communication)\b.{0,80}"
    r"\b(confidential|privileged|intended (only )?for)"
    r"|\s*\W*aviso (de confidencialidad|legal|de privacidad)|\s*este (mensaje|correo)\b.{0,80}\bconfidencial",
    re.IGNORECASE,
)
_REPLY_SUBJECT = re.compile(r"\s*(re|fwd?|rv|res|aw|enc)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_WRAPPED = 60
"""A quoted line of so many characters was broken by the mail program; the line after it can be its end."""

_parser = EmailReplyParser(languages=["en", "es"])


def said(text: str, subject: str | None = None) -> str:
    """The customer's own words: without quotations, without a signature.

    Where nothing is left of the body, the subject's words, in which some people write the whole message; but not a
    subject that only answers ours. Else the whole body; and nothing at all where every line is marked as quoted, for
    those are our own words, which tell how to opt out. A clerk sees the whole in any case.
    """
    whole = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").strip()
    lines = _HEAD_WITHIN.sub(r"\n\1\n", whole)
    above = _above(lines)
    own = _without_quotation(above)
    below = lines[len(above) :]
    if below and (further := _between_quotations(below)):
        own = f"{own}\n{further}"
    own = _without_signature(own)
    if own:
        return own
    if subject and subject.strip() and not _REPLY_SUBJECT.match(subject):
        return subject.strip()
    return "" if _all_quoted(lines.split("\n")) else whole


def new_subject(subject: str | None) -> str:
    """A subject in which the customer wrote himself; empty when it answers ours."""
    return "" if not subject or _REPLY_SUBJECT.match(subject) else subject.strip()


def _above(whole: str) -> str:
    """The text above the first quotation, as the library sees it; all of it where the library is of no use."""
    head = whole[:LONGEST]
    lines = [line.rstrip() for line in head.split("\n")]
    if any(len(line) > LONGEST_LINE for line in lines):
        return head
    given = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    found = (_parser.parse_reply(given) or "").strip()
    return _as_written(head, found) if found else head


def _as_written(whole: str, found: str) -> str:
    """The beginning of ``whole`` that has the words of ``found``: the library trims lines and counts them anew."""
    wanted = "".join(found.split())
    at = 0
    for place, letter in enumerate(whole):
        if letter.isspace():
            continue
        if at == len(wanted) or letter != wanted[at]:
            return whole[:place] if at == len(wanted) else whole
        at += 1
    return whole


def _without_quotation(text: str) -> str:
    """What is left above the first head and outside quoted lines, and what was written between and below them."""
    lines = text.split("\n")
    for at in range(len(lines)):
        length = _head_at(lines, at)
        if length:
            above = _unquoted(lines[:at])
            below = _answers_between(lines[at + length :])
            return "\n".join(part for part in (above, below) if part)
    return _answers_between(lines) if any(_quoted(line) for line in lines) else _unquoted(lines)


def _between_quotations(text: str) -> str:
    """What the customer wrote into or below a quotation whose lines are marked; nothing where they are not."""
    lines = text.strip("\n").split("\n")
    length = next((n for at in range(min(3, len(lines))) if (n := _head_at(lines, at))), 0)
    rest = lines[length:]
    first = next((line for line in rest if line.strip()), "")
    return _answers_between(rest) if _quoted(first) else ""


def _answers_between(lines: Sequence[str]) -> str:
    """The unmarked lines among quoted ones. Without a marked line there is no telling, and it is all quotation.

    A mail program that breaks quoted lines leaves their ends unmarked: such an end, right below a long quoted line and
    followed by another quoted one, is not the customer's.
    """
    if not any(_quoted(line) for line in lines):
        return ""
    kept: list[str] = []
    for at, line in enumerate(lines):
        if _quoted(line) or _head_at(lines, at):
            continue
        before = lines[at - 1] if at else ""
        after = lines[at + 1] if at + 1 < len(lines) else ">"
        if line.strip() and _quoted(before) and len(before) >= _WRAPPED and (_quoted(after) or not after.strip()):
            continue
        kept.append(line)
    return _without_signature("\n".join(kept).strip())


def _unquoted(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if not _quoted(line)).strip()


def _quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "|>"))


def _all_quoted(lines: Sequence[str]) -> bool:
    """Whether there is nothing but quoted lines, below their head or without one."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    rest = [line for line in lines[first + _head_at(lines, first) :] if line.strip() and not _is_advertisement(line)]
    return any(_quoted(line) for line in rest) and all(_quoted(line) for line in rest)


def _head_at(lines: Sequence[str], at: int) -> int:
    """How many lines the head of a quotation takes that begins here; 0 when none does."""
    line = lines[at]
    if _BANNER.fullmatch(line) or _BEGIN_FORWARDED.fullmatch(line):
        return 1 + _fields(lines, at + 1)
    if _UNDERSCORES.fullmatch(line):
        fields = _fields(lines, at + 1)
        return 1 + fields if fields else 0
    if _FIRST_FIELD.fullmatch(line):
        fields = _fields(lines, at)
        return fields if fields > 1 else 0
    if _OPENS_HEAD.match(line):
        for length in (1, 2, 3):
            joined = " ".join(part.strip(" >") for part in lines[at : at + length])
            if _HEAD.fullmatch(joined) and _WHEN_OR_WHO.search(joined):
                return length
    return 0


def _fields(lines: Sequence[str], at: int) -> int:
    """How many lines of ``From:``, ``Sent:`` and the like stand here, blank lines before them counted in."""
    start = at
    while at < len(lines) and not lines[at].strip():
        at += 1
    first = at
    while at < len(lines) and _FIELD.fullmatch(lines[at]):
        at += 1
    return at - start if at > first else 0


def _without_signature(text: str) -> str:
    """Up to the first signature, advertisement or notice of confidentiality; where one stands first, what is below."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if not (_DASHES.fullmatch(line) or _NOTICE.match(line) or _is_advertisement(line)):
            continue
        above = "\n".join(lines[:at]).strip()
        if above:
            return above
        return _without_signature("\n".join(lines[at + 1 :])) if _is_advertisement(line) else ""
    return text.strip()


def _is_advertisement(line: str) -> bool:
    return bool(_SENT_FROM.fullmatch(line) or _GET_APP.fullmatch(line))

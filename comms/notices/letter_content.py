"""What a letter says, as data that can be kept with the message and set in type again years later."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, NamedTuple, Self

from comms.city import City, Language
from comms.notices.catalogue import Notice
from comms.notices.fields import FieldError, NoticeFields, clean
from comms.notices.formats import long_date, money, phone

_LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "notice_date": "Notice date",
        "account": "Account",
        "service": "Service at",
        "due": "Amount past due",
        "by": "Pay by",
        "enclosed": "Amount enclosed",
        "detach": "Please detach and return this part with your payment. Make checks payable to {payee}.",
        "scan": "Scan to pay",
        "alt": "Code that opens {url}",
        "page": "Page",
        "of": "of",
        "questions": "Questions? {phone}",
    },
    "es": {
        "notice_date": "Fecha del aviso",
        "account": "Cuenta",
        "service": "Servicio en",
        "due": "Monto vencido",
        "by": "Pague a más tardar",
        "enclosed": "Monto adjunto",
        "detach": "Desprenda esta parte y envíela con su pago. Haga el cheque a nombre de {payee}.",
        "scan": "Escanee y pague",
        "alt": "Código que abre {url}",
        "page": "Página",
        "of": "de",
        "questions": "¿Preguntas? {phone}",
    },
}
MAX_ADDRESS_LINES = 4
"""What the part of a #10 window that always shows has room for: 0.667 in, four lines."""


class Row(NamedTuple):
    label: str
    value: str


@dataclass(frozen=True)
class Stub:
    """The part to return with a payment."""

    note: str
    rows: tuple[Row, ...]
    remit_to: tuple[str, ...]
    scanline: str


@dataclass(frozen=True)
class LetterContent:
    """One letter. ``blocks`` is the tree ``{"t": tag, "c": [...]}`` of ``comms.notices.writing``."""

    notice: str
    version: str
    language: str
    city: str
    title: str
    blocks: list[Any]
    facts: tuple[Row, ...]
    labels: dict[str, str]
    sender: tuple[str, ...]
    colour: str
    account_number: str
    name: str
    amount_cents: int | None
    due_date: str | None
    pay_url: str | None
    stub: Stub | None

    def as_json(self) -> dict[str, Any]:
        """As kept in ``message.letter``. The parts are the letter's own: copying them costs twice the rendering."""
        return {**vars(self), "stub": asdict(self.stub) if self.stub else None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        stub = stored["stub"]
        rebuilt = {
            **stored,
            "facts": tuple(Row(*row) for row in stored["facts"]),
            "sender": tuple(stored["sender"]),
            "stub": stub
            and Stub(stub["note"], tuple(Row(*row) for row in stub["rows"]), tuple(stub["remit_to"]), stub["scanline"]),
        }
        return cls(**rebuilt)


@dataclass(frozen=True)
class LetterPage:
    """A letter with the address it goes to, ready to be set. ``piece_id`` is printed in bars too, for returned mail."""

    content: LetterContent
    address: tuple[str, ...]
    piece_id: str = ""


def letter_page(content: LetterContent, address: str | Sequence[str], *, piece_id: str = "") -> LetterPage:
    """Put an address to a letter: lines, or one text with line breaks.

    Raises ``FieldError`` for an empty address and for more lines than the window shows.
    """
    given = address.splitlines() if isinstance(address, str) else address
    lines = tuple(line for raw in given if (line := clean(raw)))
    if not 2 <= len(lines) <= MAX_ADDRESS_LINES:
        raise FieldError(
            f"A letter's address has two to {MAX_ADDRESS_LINES} lines, the name first; this one has {len(lines)}. "
            "Join the second street line to the first, or mend the address in the billing system."
        )
    return LetterPage(content, lines, clean(piece_id))


def scanline(account_number: str, amount_cents: int, due_date: date) -> str:
    """What a lockbox reads: account (12 digits), cents (9), due date MMDDYY, and a check digit (Luhn) over all."""
    digits = "".join(re.findall("[0-9]", account_number))[-12:].rjust(12, "0")
    groups = (digits, f"{max(amount_cents, 0):09d}"[-9:], due_date.strftime("%m%d%y"))
    return " ".join((*groups, str(luhn("".join(groups)))))


def luhn(digits: str) -> int:
    """The check digit that makes ``digits`` followed by it pass the Luhn test."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def content_of(
    *,
    notice: Notice,
    language: Language,
    city: City,
    fields: NoticeFields,
    title: str,
    blocks: list[Any],
    stub: bool,
) -> LetterContent:
    """Put together the letter's words and the rows of its head and stub, all of them ready to print."""
    say = _LABELS[language]
    asks = stub and fields.amount_due_cents is not None and fields.due_date is not None
    facts = [
        Row(say["notice_date"], long_date(fields.notice_date, language)),
        Row(say["account"], fields.account_number),
    ]
    owed: list[Row] = []
    if asks:
        assert fields.amount_due_cents is not None and fields.due_date is not None
        owed = [
            Row(say["due"], money(fields.amount_due_cents)),
            Row(say["by"], long_date(fields.due_date, language)),
        ]
    pay_url = fields.pay_url or city.pay_url
    labels = {
        "scan": say["scan"],
        "alt": say["alt"].format(url=pay_url),
        "page": say["page"],
        "of": say["of"],
        "enclosed": say["enclosed"],
    }
    return LetterContent(
        notice=notice.name,
        version=notice.version,
        language=language,
        city=city.slug,
        title=title,
        blocks=blocks,
        facts=(*facts, *owed),
        labels=labels,
        sender=(*city.return_address.lines, say["questions"].format(phone=phone(city.phone))),
        colour=city.letterhead.colour,
        account_number=fields.account_number,
        name=fields.name,
        amount_cents=fields.amount_due_cents,
        due_date=fields.due_date.isoformat() if fields.due_date else None,
        pay_url=pay_url if asks else None,
        stub=_stub(city, fields, say, owed) if asks else None,
    )


def _stub(city: City, fields: NoticeFields, say: Mapping[str, str], owed: Sequence[Row]) -> Stub:
    assert fields.amount_due_cents is not None and fields.due_date is not None
    return Stub(
        note=say["detach"].format(payee=city.remittance.name or city.utility_name),
        rows=(
            Row(say["account"], fields.account_number),
            Row(say["service"], fields.service_address),
            *owed,
        ),
        remit_to=city.remittance.lines,
        scanline=scanline(fields.account_number, fields.amount_due_cents, fields.due_date),
    )

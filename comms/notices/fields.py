"""What a notice may speak of: the facts of one account, typed, and cleaned once for all channels."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple, Self

from comms.city import City

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff"
_UNCLEAN = re.compile(rf"[{_CONTROLS}]|\s\s|^\s|\s$|[^\S ]")
_CONTROL = re.compile(f"[{_CONTROLS}]")


class FieldError(ValueError):
    """A fact that a notice needs and was not given, or that has the wrong type."""


class Charge(NamedTuple):
    """What is past due for one service: a key of the city's services (or ``other``), and cents."""

    service: str
    cents: int


class Installment(NamedTuple):
    """One dated amount of a promise, an arrangement or an offer."""

    cents: int
    due_date: date


def in_cold_season(day: date) -> bool:
    """October 1 to April 30 (Minn. Stat. 216B.097 subd. 1(a)); the words themselves appear in Minnesota only."""
    return day.month >= 10 or day.month <= 4


def clean(text: str) -> str:
    """One line of text: runs of white space become one space; control and direction marks go."""
    return " ".join(_CONTROL.sub(" ", text).split()) if _UNCLEAN.search(text) else text


@dataclass(frozen=True, kw_only=True)
class NoticeFields:
    """The facts of one account for one notice. None: not known; a notice that needs it is refused.

    Amounts are cents, dates are the city's calendar dates. ``amount_due_cents`` is what this notice asks for (the
    past-due amount); ``total_cents`` adds what is billed and not yet due.
    """

    account_number: str
    name: str
    service_address: str
    notice_date: date
    as_of: date
    amount_due_cents: int | None = None
    total_cents: int | None = None
    charges: tuple[Charge, ...] = ()
    days_past_due: int | None = None
    due_date: date | None = None
    """Pay by this date."""
    disconnect_date: date | None = None
    """Service may be disconnected on or after this date."""
    winter: bool | None = None
    """Whether the words of the Cold Weather Rule go with it; None: by the days of notice and disconnection."""
    promise: tuple[Installment, ...] = ()
    offer: tuple[Installment, ...] = ()
    payment_cents: int | None = None
    payment_date: date | None = None
    mailing_address: str | None = None
    answer_by: date | None = None
    """The day by which a person will answer."""
    pay_url: str | None = None
    """Empty: the city's own payment page."""
    text: str | None = None
    """What a clerk wrote, paragraphs separated by line breaks."""
    clerk: str | None = None
    paragraphs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        put = self.__dict__
        for name in _ONE_LINE:
            value = put[name]
            if value is not None and _UNCLEAN.search(value):
                put[name] = clean(value)
        if self.winter is None:
            put["winter"] = any(
                day is not None and in_cold_season(day) for day in (self.notice_date, self.disconnect_date)
            )
        for name, kind in (("charges", Charge), ("promise", Installment), ("offer", Installment)):
            if put[name]:
                put[name] = tuple(kind(*item) for item in put[name])
        if self.text is not None:
            put["paragraphs"] = tuple(line for raw in self.text.splitlines() if (line := clean(raw)))
            put["text"] = "\n".join(put["paragraphs"])

    @classmethod
    def of(cls, given: "NoticeFields | Mapping[str, Any]") -> "NoticeFields":
        """The fields themselves, or a mapping of their names; an unknown or missing name is refused."""
        if isinstance(given, NoticeFields):
            return given
        if unknown := set(given) - FIELD_NAMES:
            raise FieldError(f"No field {', '.join(sorted(unknown))}. Fields: {', '.join(sorted(FIELD_NAMES))}.")
        try:
            return cls(**given)
        except TypeError as error:
            raise FieldError(f"Fields that every notice needs are missing: {error}.") from None

    def require(self, names: Iterable[str], notice: str) -> None:
        """Refuse when one of ``names`` has no value."""
        values = self.__dict__
        missing = [name for name in names if values[name] is None or values[name] in ("", ())]
        if missing:
            raise FieldError(f"Notice {notice} needs {', '.join(missing)}; give a value or choose another notice.")

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        kept = {field.name: self.__dict__[field.name] for field in fields(self)}
        return type(self)(**{**kept, **changes})


_ONE_LINE = ("account_number", "name", "service_address", "mailing_address", "pay_url", "clerk")
FIELD_NAMES = frozenset(field.name for field in fields(NoticeFields))

HOSTILE_NAMES = (
    '=HYPERLINK("https://evil.example","Pay")',
    "<script>alert(1)</script>",
    "{{ 7*7 }} {% raw %} {# x #}",
    '#import "@preview/x": * #eval("1+1")',
    "$x^2$ *b* _i_ `c` ~s~ @ref <label> \\ //",
    "[Pay](javascript:alert(1)) ![x](y) | a | b |",
    "&amp; &lt;b&gt; \"quoted\" 'single' %s {0} ${x}",
    "O'Brien-Núñez & Đặng, Ltd. (c/o №7)",
)
"""Names as an attacker, a spreadsheet or a typing slip would put them in the billing system."""


def sample_fields(city: City, *, worst: bool = False) -> NoticeFields:
    """Facts to preview with; with ``worst``, the longest and largest that the billing system could send."""
    services = [service.key for service in city.services]
    if not worst:
        charges = tuple(Charge(key, cents) for key, cents in zip(services, (8127, 4415, 3890, 675), strict=False))
        due = sum(charge.cents for charge in charges)
        return NoticeFields(
            account_number="0000283-62",
            name="Maria Jensen",
            service_address="1417 E Superior St",
            notice_date=date(2026, 11, 23),
            as_of=date(2026, 11, 20),
            amount_due_cents=due,
            total_cents=due + 11250,
            charges=charges,
            days_past_due=31,
            due_date=date(2026, 12, 8),
            disconnect_date=date(2026, 12, 16),
            promise=(Installment(5000, date(2026, 11, 27)),),
            offer=(Installment(8000, date(2026, 12, 4)), Installment(due - 8000, date(2027, 1, 4))),
            payment_cents=8500,
            payment_date=date(2026, 11, 21),
            mailing_address="PO Box 1225, Duluth MN 55802",
            answer_by=date(2026, 11, 24),
            text="Thank you for writing. Your payment of $85.00 arrived on November 21.\nNothing more is due now.",
            clerk="Dana K.",
        )
    charges = tuple(Charge(key, 1234567) for key in [*services, "other"])
    due = sum(charge.cents for charge in charges)
    wednesday = date(2026, 12, 30)
    return sample_fields(city).with_(
        account_number="9999999-99",
        name="Wilhelmina-Alexandrina Vandenberghe-Castellanos de la Fuente y Montgomery-Featherstonehaugh",
        service_address="123456 N Frank Lloyd Wright Boulevard, Building 12, Apartment 1234B",
        notice_date=wednesday,
        as_of=wednesday,
        amount_due_cents=due,
        total_cents=due + 99999999,
        charges=charges,
        days_past_due=1234,
        due_date=wednesday,
        disconnect_date=wednesday,
        promise=tuple(Installment(1234567, wednesday) for _ in range(3)),
        offer=tuple(Installment(1234567, wednesday) for _ in range(6)),
        payment_cents=99999999,
        payment_date=wednesday,
        mailing_address="123456 N Frank Lloyd Wright Boulevard, Building 12, Apartment 1234B, St Paul MN 55802-1234",
        answer_by=wednesday,
        pay_url=f"{city.pay_url}/?account=999999999999",
        text="Thank you for writing. " * 12,
        clerk="Wilhelmina Castellanos",
    )

"""From an account and a notice to a draft: the facts a notice speaks of, the address, the rendered bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from comms.accounts.schema import Account
from comms.city import City, Language
from comms.clock import Clock
from comms.notices import FieldError, NoticeError, TemplateError
from comms.notices.fields import Charge, NoticeFields
from comms.notices.letter_text import letter_text
from comms.notices.rendering import Renderer

from .drafts import Draft

CANNOT_WRITE = (NoticeError, FieldError, TemplateError)
"""What ``write`` raises when this notice cannot be written for this account; the other accounts' can."""

CAME_BACK = "Letters to this address came back; the customer must give another one."


@dataclass(frozen=True)
class UnaddressableError(ValueError):
    """A letter cannot be addressed; ``reason`` says what is missing."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def language_of(account: Account) -> Language:
    """The language we write to this account in: the one the customer asked for, else the CIS's; English where that is
    one we do not have."""
    return "es" if (account.language_asked or account.language) == "es" else "en"


def facts_for(city: City, clock: Clock, account: Account, **more: Any) -> NoticeFields:
    """The facts of an account that notices speak of; ``more`` adds or replaces (dates, a promise, a payment)."""
    today = city.local_date(clock.now())
    known = {service.key for service in city.services}
    charges = tuple(
        Charge(service if service in known else "other", int(cents))
        for service, cents in account.service_past_due.items()
        if int(cents) > 0
    )
    given: dict[str, Any] = {
        "account_number": account.number,
        "name": account.name,
        "service_address": account.service_address,
        "notice_date": today,
        "as_of": account.balance_as_of,
        "amount_due_cents": account.past_due_cents,
        "total_cents": account.past_due_cents + max(0, account.current_cents),
        "charges": charges,
        "mailing_address": _one_line(account.mailing_address),
        "days_past_due": (today - account.oldest_due_on).days if account.oldest_due_on else None,
    }
    return NoticeFields(**(given | more))


def _one_line(mailing: Mapping[str, Any]) -> str | None:
    try:
        return address_lines(mailing).replace("\n", ", ")
    except UnaddressableError:
        return None


def letter_address(account: Account, *, returned: bool = False) -> str:
    """The address block of a letter to this account. Raises ``UnaddressableError``; also when letters to it came back
    (``returned``: the account is among ``mail_acks.returned_addresses``)."""
    if returned:
        raise UnaddressableError(CAME_BACK)
    return address_lines(account.mailing_address)


def address_lines(mailing: Mapping[str, Any]) -> str:
    """The address block of a mailing address, two or three lines, joined by newlines. Raises ``UnaddressableError``."""
    if problem := mailing.get("problem"):
        raise UnaddressableError(str(problem))
    place = " ".join(part for part in (mailing.get("city"), mailing.get("state"), mailing.get("zip")) if part)
    lines = [line for line in (mailing.get("line1"), mailing.get("line2"), place) if line]
    if len(lines) < 2:
        raise UnaddressableError("The mailing address has no street or no town.")
    return "\n".join(lines)


def write(
    renderer: Renderer,
    account: Account | None,
    *,
    channel: str,
    notice: str,
    recipient: str,
    fields: NoticeFields,
    dedupe_key: str,
    language: Language = "en",
    facts_version: int | None = None,
    give_up_after: timedelta = timedelta(days=3),
    **more: Any,
) -> Draft:
    """Render ``notice`` for one channel and make it a draft; ``more`` are further fields of ``Draft``.

    ``recipient`` is the number, the address, or the letter's address lines. Raises the notice room's errors: a field is
    missing, the notice has no such channel, the text is too long.
    """
    about = renderer.catalogue.get(notice)
    common: dict[str, Any] = {
        "account_id": account.id if account else None,
        "channel": channel,
        "recipient": recipient,
        "recipient_name": fields.name,
        "notice": notice,
        "purpose": about.purpose,
        "category": about.category,
        "language": language,
        "dedupe_key": dedupe_key,
        "facts_version": facts_version,
        "give_up_after": give_up_after,
        "amount_cents": fields.amount_due_cents,
        "summary": f"{_WORD[channel]}: {about.title('en')}",
    } | more
    if channel == "sms":
        text = renderer.sms(notice, language, fields)
        return Draft(
            body_text=text.text, encoding=text.encoding, segments=text.segments, notice_version=text.version, **common
        )
    if channel == "email":
        mail = renderer.email(notice, language, fields)
        return Draft(
            body_text=mail.text, body_html=mail.html, subject=mail.subject, notice_version=mail.version, **common
        )
    letter = renderer.letter(notice, language, fields)
    return Draft(
        body_text=letter_text(letter),
        subject=letter.title,
        letter=letter.as_json(),
        notice_version=letter.version,
        **common,
    )


_WORD = {"sms": "Text", "email": "Email", "letter": "Letter"}

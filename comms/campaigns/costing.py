"""What sending costs, in millionths of a dollar: an estimate while planning, the real size of each message once it is
written.

The estimate renders each notice once a language and channel with the sample account, counts its segments or pages, and
keeps the answer for as long as the process runs: the same words always come to the same.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from comms import money
from comms.city import City, Language
from comms.notices import Catalogue, Renderer, letter_page, sample_fields
from comms.notices.letters import typeset
from comms.outbox import Draft
from comms.outbox.drafting import CANNOT_WRITE

from .night import Send

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_known: dict[tuple[str, str, str, str], int] = {}
"""Segments or pages, by city, notice version, channel and language."""


class Costs:
    """The prices of one city, and the sizes of its notices."""

    def __init__(self, city: City, catalogue: Catalogue, renderer: Renderer | None = None) -> None:
        self._city, self._catalogue = city, catalogue
        self._renderer = renderer

    def of_sends(self, notice: str, sends: Iterable[Send], language: str) -> int:
        """What the messages of a decision are expected to cost; a next channel is only used when the first one fails,
        and is not counted."""
        return sum(self.of_message(notice, send.channel, language) for send in sends)

    def of_message(self, notice: str, channel: str, language: str) -> int:
        """What one message is expected to cost. One that cannot be written costs nothing: the release says why."""
        return price(self._city, channel, self._size(notice, channel, language))

    def of_known(self, notice: str, channel: str, language: str) -> int:
        """The same, of a message of days gone by; nothing for a notice that the catalogue has no more."""
        return self.of_message(notice, channel, language) if notice in self._catalogue else 0

    def of_draft(self, draft: Draft) -> int:
        """What a message that was written costs. The pages of a letter are known when its batch is set; until then
        they are those of the sample."""
        size = draft.segments or 1
        if draft.channel == "letter":
            size = self._size(draft.notice, "letter", draft.language)
        return price(self._city, draft.channel, size)

    def _size(self, notice: str, channel: str, language: str) -> int:
        key = (self._city.slug, self._catalogue.get(notice).version, channel, language)
        if key not in _known:
            _known[key] = self._measure(notice, channel, language)
        return _known[key]

    def _measure(self, notice: str, channel: str, language: str) -> int:
        if self._renderer is None:
            self._renderer = Renderer(self._catalogue, self._city)
        fields = sample_fields(self._city)
        spoken = cast(Language, language)
        try:
            if channel == "sms":
                return self._renderer.sms(notice, spoken, fields).segments
            if channel == "email":
                self._renderer.email(notice, spoken, fields)
                return 1
            letter = self._renderer.letter(notice, spoken, fields)
        except CANNOT_WRITE:
            return 0
        page = letter_page(letter, self._city.office.lines)
        return typeset([page], _ANY_DAY, self._city).page_count


def price(city: City, channel: str, size: int) -> int:
    """Of a message of so many segments (text) or pages (letter); an email has one price."""
    if size <= 0:
        return 0
    if channel == "sms":
        return size * city.prices.sms_segment
    if channel == "email":
        return city.prices.email
    return city.prices.letter_first_page + (size - 1) * city.prices.letter_more_page


def dollars(micros: int) -> str:
    """An amount of millionths as people read it: ``$1,234.50``; what is more than nothing is a cent at least."""
    cents = max(1, round(micros / 10_000)) if micros > 0 else 0
    return money.dollars(cents)

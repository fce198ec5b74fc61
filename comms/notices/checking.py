"""``notice check``: every notice, language and channel rendered with the worst data, and what is wrong with the result.

A finding is something an author or the office must mend before the notice may be approved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import jinja2

from comms.city import LANGUAGES, City, Language
from comms.notices.catalogue import Catalogue, Channel, Notice, NoticeError, RequiredPart
from comms.notices.compiling import TemplateError
from comms.notices.fields import HOSTILE_NAMES, FieldError, NoticeFields, clean, sample_fields
from comms.notices.formats import FormatError
from comms.notices.letter_content import LetterContent, letter_page
from comms.notices.letters import LetterError, Unset, typeset
from comms.notices.rendering import EmailContent, Renderer
from comms.notices.segments import outside_gsm
from comms.notices.writing import words_of

_REFUSED = (TemplateError, FieldError, FormatError, NoticeError, LetterError, jinja2.TemplateError, TypeError)
_LINK = re.compile(r"https?://[^\s<>\"')]+")
_AT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    notice: str
    language: str
    channel: str
    what: str

    def __str__(self) -> str:
        place = "/".join(part for part in (self.notice, self.language, self.channel) if part)
        return f"{place}: {self.what}"


@dataclass(frozen=True)
class Shape:
    """A rendered message reduced to what must not change with the data: its structure; and to its words and links."""

    structure: tuple[str, ...]
    words: str
    links: tuple[str, ...]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"<{tag} {' '.join(sorted(name for name, _ in attrs))}>")
        self.links.extend(value or "" for name, value in attrs if name in ("href", "src", "action"))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append("<!-- -->")


def shape_of_html(page: str) -> Shape:
    parser = _Tags()
    parser.feed(page)
    parser.close()
    return Shape(tuple(parser.tags), "".join(parser.words), tuple(parser.links))


def shape_of_letter(content: LetterContent) -> Shape:
    tags: list[str] = []
    links: list[str] = []

    def walk(nodes: list[Any]) -> None:
        for node in nodes:
            if isinstance(node, dict):
                tags.append(f"<{node['t']} {' '.join(sorted(node))}>")
                links.extend([node["href"]] if "href" in node else [])
                walk(node["c"])
                tags.append("</>")

    walk(content.blocks)
    return Shape(tuple(tags), words_of(content.blocks), tuple(links))


def shape_of_text(text: str) -> Shape:
    """Plain text: its structure is its lines."""
    return Shape(("\n",) * text.count("\n"), text, tuple(_LINK.findall(text)))


def check(catalogue: Catalogue, city: City) -> list[Finding]:
    """Everything that is wrong, in the order of the catalogue; empty when nothing is."""
    renderer = Renderer(catalogue, city)
    return [finding for notice in catalogue for finding in check_one(renderer, city, notice)]


def check_one(renderer: Renderer, city: City, notice: Notice) -> list[Finding]:
    """Everything that is wrong with one notice; about 0.3 s where it has letters."""
    found: list[Finding] = []
    for path in notice.missing:
        language, _, file = path.partition("/")
        found.append(Finding(notice.name, language, "", f"{file} is missing; the other language has it"))
    for channel in notice.channels:
        for spoken in LANGUAGES:
            if (channel, spoken) in notice.sources:
                found.extend(_Check(renderer, city, notice, channel, spoken).findings())
    return found


@dataclass(frozen=True)
class _Check:
    renderer: Renderer
    city: City
    notice: Notice
    channel: Channel
    language: Language

    def findings(self) -> list[Finding]:
        found: list[str] = []
        for step in (self._usual, self._budgets, self._bare, self._hostile):
            try:
                found.extend(step())
            except _REFUSED as error:
                found.append(str(error))
        return [Finding(self.notice.name, self.language, self.channel, what) for what in dict.fromkeys(found)]

    def _shapes(self, fields: NoticeFields) -> list[Shape]:
        name, language = self.notice.name, self.language
        if self.channel == "sms":
            return [shape_of_text(self.renderer.sms(name, language, fields).text)]
        if self.channel == "email":
            email: EmailContent = self.renderer.email(name, language, fields)
            return [shape_of_html(email.html), shape_of_text(f"{email.subject}\n{email.text}")]
        return [shape_of_letter(self.renderer.letter(name, language, fields))]

    def _usual(self) -> Iterator[str]:
        fields = sample_fields(self.city)
        for shape in self._shapes(fields):
            for link in shape.links:
                if not self.city.may_link_to(link) and not link.startswith(("tel:", "mailto:")):
                    yield f"the link {link} is off the city's domains ({', '.join(self.city.link_domains)})"
        for part in self.notice.parts:
            if self.channel in part.channels:
                yield from self._part(part, fields)

    def _part(self, part: RequiredPart, fields: NoticeFields) -> Iterator[str]:
        cited = f" ({part.citation})" if part.citation else ""
        words = [_folded(shape.words) for shape in self._shapes(fields)]
        for phrase in part.phrases.get(self.language, ()):
            if not all(_folded(phrase) in one for one in words):
                yield f"the required part '{part.name}' is missing: {phrase!r} does not stand in it{cited}"
        for name in part.fields:
            changed = self._shapes(_with_another(fields, name))
            if any(before.words == after.words for before, after in zip(self._shapes(fields), changed, strict=True)):
                yield f"the required part '{part.name}' is missing: it does not show {name}{cited}"

    def _budgets(self) -> Iterator[str]:
        fields = sample_fields(self.city, worst=True)
        rules = self.notice.manifest.sms
        if self.channel == "sms" and rules:
            text = self.renderer.sms(self.notice.name, self.language, fields)
            if text.segments > rules.segments:
                size = f"{text.segments} segments ({text.units} units)"
                yield f"{size} with the longest data; the budget is {rules.segments}"
            if rules.gsm and text.encoding != "GSM-7":
                yield f"not GSM-7 because of {outside_gsm(text.text)!r}; use others, or set sms.gsm = false"
        elif self.channel == "email":
            self._shapes(fields)
        elif self.channel == "letter":
            yield from self._pages(fields)

    def _pages(self, fields: NoticeFields) -> Iterator[str]:
        content = self.renderer.letter(self.notice.name, self.language, fields)
        page = letter_page(content, [fields.name, fields.service_address, "Saint Augustine MN 55802-1234"])
        done = typeset([page], _AT, self.city)
        yield from (unset.reason for unset in done.unset)
        budget = self.notice.manifest.letter_pages
        if done.page_count > budget:
            yield f"{done.page_count} pages with the longest data; the budget is {budget}"

    def _bare(self) -> Iterator[str]:
        """With nothing but what the notice says it requires."""
        full = sample_fields(self.city)
        always = ("account_number", "name", "service_address", "notice_date", "as_of")
        values = full.__dict__
        bare = NoticeFields(**{name: values[name] for name in (*always, *self.notice.requires)})
        self._shapes(bare)
        yield from ()

    def _hostile(self) -> Iterator[str]:
        usual = sample_fields(self.city)
        baseline = [shape.structure for shape in self._shapes(_named(usual, "Maria Jensen"))]
        shows = [("Maria Jensen" in shape.words) for shape in self._shapes(_named(usual, "Maria Jensen"))]
        for name in HOSTILE_NAMES:
            for shape, structure, shown in zip(self._shapes(_named(usual, name)), baseline, shows, strict=True):
                if shape.structure != structure:
                    yield f"a customer called {name!r} changes the structure of the message"
                if shown and self.channel != "sms" and clean(name) not in shape.words:
                    yield f"a customer called {name!r} does not appear as written"
        if self.channel == "letter":
            yield from (unset.reason for unset in self._hostile_pages(usual))

    def _hostile_pages(self, usual: NoticeFields) -> tuple[Unset, ...]:
        pages = []
        for name in HOSTILE_NAMES:
            content = self.renderer.letter(self.notice.name, self.language, _named(usual, name))
            pages.append(letter_page(content, [name, "1 Main St", "Duluth MN 55802"]))
        return typeset(pages, _AT, self.city).unset


def _named(fields: NoticeFields, name: str) -> NoticeFields:
    return fields.with_(name=name, service_address=name, mailing_address=name, clerk=name, text=name)


def _folded(text: str) -> str:
    """For finding a phrase: small letters, accents as an SMS may have lost them, one space."""
    plain = text.casefold().translate(str.maketrans("áéíóúü", "aeiouu"))
    return " ".join(plain.split())


def _with_another(fields: NoticeFields, name: str) -> NoticeFields:
    """The same facts with one of them different, to see whether a message shows it."""
    if name == "paragraphs":
        name = "text"
    value: Any = fields.__dict__[name]
    other: Any
    if isinstance(value, bool):
        other = not value
    elif isinstance(value, int):
        other = value + 111
    elif isinstance(value, date):
        other = value + timedelta(1)
    elif isinstance(value, tuple):
        first = value[0]
        other = (first._replace(cents=first.cents + 111), *value[1:])
    else:
        other = f"{value} otherwise"
    return fields.with_(**{name: other})

"""From a notice and the facts of one account to the exact bytes that will go out.

What can be done once a version is done once: Markdown, style sheets, Jinja compilation, the city's own words. A
message only has its values put into places that already exist, escaped for the channel.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import css_inline
import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from comms.city import LANGUAGES, City, Language
from comms.notices.catalogue import EMAIL_LAYOUT, Catalogue, Channel, Notice, NoticeError
from comms.notices.compiling import Marked, Node, TemplateError, Value, compile_markdown, marked
from comms.notices.fields import FIELD_NAMES, Charge, FieldError, Installment, NoticeFields
from comms.notices.formats import filters, phone
from comms.notices.letter_content import LetterContent, content_of
from comms.notices.segments import Encoding, count, plain
from comms.notices.writing import HtmlWriter, TextWriter, TreeWriter, tidy_tree, unmark

Given = NoticeFields | Mapping[str, Any]

_LAYOUT_VALUE = re.compile(r"\{\{\s*(.+?)\s*\}\}")

MAX_SMS_CHARACTERS = 1600
"""Twilio error 21617: a longer body is refused."""


@dataclass(frozen=True)
class SmsText:
    text: str
    encoding: Encoding
    segments: int
    units: int
    version: str


@dataclass(frozen=True)
class EmailContent:
    subject: str
    html: str
    text: str
    version: str


@dataclass(frozen=True)
class _Email:
    subject: jinja2.Template
    preview: jinja2.Template
    html: jinja2.Template
    text: jinja2.Template


@dataclass(frozen=True)
class _Letter:
    title: jinja2.Template
    blocks: jinja2.Template
    stub: bool


def _refuse_none(value: Any) -> Any:
    if value is None:
        raise FieldError(
            "a field without a value stands in the text; list it under 'requires', or test it with {% if %}"
        )
    return value


def _json_words(value: Any) -> str:
    return json.dumps(str(_refuse_none(value)), ensure_ascii=False)[1:-1]


def city_words(city: City, language: Language) -> SimpleNamespace:
    """What templates know of the city, in one language, ready to print."""
    return SimpleNamespace(
        name=city.name,
        utility=city.utility_name,
        sms_name=city.sms_sender_name,
        state=city.state,
        county=city.county,
        phone=phone(city.phone),
        phone_e164=city.phone,
        pay_phone=phone(city.pay_phone),
        email=city.email,
        website=city.website,
        pay_url=city.pay_url,
        office_address=city.office.one_line,
        remittance=", ".join(city.remittance.lines),
        hours=city.hours.of(language),
        dispute_who=city.dispute.who.of(language),
        dispute_phone=phone(city.dispute.phone),
        dispute_how=city.dispute.how.of(language),
        reconnection=city.reconnection.of(language),
        emergencies=tuple(
            SimpleNamespace(label=one.label.of(language), phone=phone(one.phone)) for one in city.emergencies
        ),
        assistance=tuple(
            SimpleNamespace(name=one.name, phone=phone(one.phone), what=one.what.of(language), energy=one.energy)
            for one in city.assistance
        ),
    )


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with a short way to the few plain records that notices read: most of a render's time."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) in _RECORDS and not attribute.startswith("_") and attribute not in ("count", "index"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


_RECORDS = frozenset({Charge, Installment, SimpleNamespace})


class Renderer:
    """Renders the notices of a catalogue for one city. Templates are compiled on first use and kept; thread-safe."""

    def __init__(self, catalogue: Catalogue, city: City) -> None:
        self.catalogue = catalogue
        self.city = city
        self._words = {language: city_words(city, language) for language in LANGUAGES}
        self._plain = {language: self._environment(language) for language in LANGUAGES}
        self._html = {language: self._environment(language, autoescape=True) for language in LANGUAGES}
        self._json = {language: self._environment(language, finalize=_json_words) for language in LANGUAGES}
        self._sms: dict[tuple[str, Language], tuple[Notice, jinja2.Template, bool]] = {}
        self._emails: dict[tuple[str, Language], tuple[Notice, _Email]] = {}
        self._letters: dict[tuple[str, Language], tuple[Notice, _Letter]] = {}
        self._inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)

    def sms(self, notice_name: str, language: Language, fields: Given) -> SmsText:
        """The text message, counted. Raises ``NoticeError`` when it is longer than a carrier takes."""
        key = (notice_name, language)
        found = self._sms.get(key)
        if found is None:
            found = self._sms[key] = self._compile_sms(notice_name, language)
        notice, template, fold = found
        text = plain(template.render(self._values(notice, fields)), fold_accents=fold)
        if len(text) > MAX_SMS_CHARACTERS:
            raise NoticeError(f"{notice_name}: {len(text)} characters; a text message takes {MAX_SMS_CHARACTERS}.")
        counted = count(text)
        return SmsText(text, counted.encoding, counted.segments, counted.units, notice.version)

    def email(self, notice_name: str, language: Language, fields: Given) -> EmailContent:
        """Subject, HTML part and plain-text part."""
        key = (notice_name, language)
        found = self._emails.get(key)
        if found is None:
            found = self._emails[key] = self._compile_email(notice_name, language)
        notice, email = found
        values = self._values(notice, fields)
        subject = values["subject"] = email.subject.render(values)
        values["preview"] = email.preview.render(values)
        return EmailContent(
            subject, email.html.render(values), email.text.render(values).strip() + "\n", notice.version
        )

    def letter(self, notice_name: str, language: Language, fields: Given) -> LetterContent:
        """What a letter says, as data: kept with the message, set in type when the batch is made."""
        key = (notice_name, language)
        found = self._letters.get(key)
        if found is None:
            found = self._letters[key] = self._compile_letter(notice_name, language)
        notice, letter = found
        values = self._values(notice, fields)
        return content_of(
            notice=notice,
            language=language,
            city=self.city,
            fields=NoticeFields.of(fields),
            title=letter.title.render(values),
            blocks=tidy_tree(json.loads(letter.blocks.render(values))),
            stub=letter.stub,
        )

    def _values(self, notice: Notice, fields: Given) -> dict[str, Any]:
        given = NoticeFields.of(fields)
        given.require(notice.requires, notice.name)
        return {**given.__dict__, "pay_url": given.pay_url or self.city.pay_url}

    def _environment(
        self, language: Language, *, autoescape: bool = False, finalize: Callable[[Any], Any] = _refuse_none
    ) -> _Sandbox:
        made = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=autoescape, finalize=finalize, auto_reload=False)
        made.globals = {"city": self._words[language], "language": language, "counter": lambda: itertools.count(1)}
        made.filters = {**filters(self.city, language), "next_number": next, "upper": str.upper}
        return made

    def _fold(self, language: Language, channel: Channel) -> Callable[[str], str | None]:
        """Writes out what is the same in every message: expressions of the city, the language and the channel."""
        environment = self._plain[language]

        def fold(source: str) -> str | None:
            tree = environment.parse(f"{{{{ {source} }}}}")
            if not jinja2.meta.find_undeclared_variables(tree) <= {"city", "language", "channel"}:
                return None
            return environment.from_string(f"{{{{ {source} }}}}").render(channel=channel)

        def guarded(source: str) -> str | None:
            try:
                return fold(source)
            except jinja2.UndefinedError:
                return None

        return guarded

    def _template(
        self, environment: _Sandbox, source: str, file: str, channel: Channel, extra: set[str]
    ) -> jinja2.Template:
        try:
            tree = environment.parse(source)
            known = FIELD_NAMES | {"city", "language", "channel", "counter"} | extra
            if unknown := jinja2.meta.find_undeclared_variables(tree) - known:
                raise TemplateError(
                    f"{file}: unknown field {', '.join(sorted(unknown))}; fields: {', '.join(sorted(FIELD_NAMES))}"
                )
            return environment.from_string(source, globals={"channel": channel})
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{file}: {error.message}") from None

    def _line(self, source: str, file: str, channel: Channel, language: Language) -> jinja2.Template:
        return self._template(self._plain[language], source, file, channel, set())

    def _compile_sms(self, name: str, language: Language) -> tuple[Notice, jinja2.Template, bool]:
        notice = self.catalogue.get(name)
        source = notice.source("sms", language)
        assert notice.manifest.sms is not None
        lines = "\n".join(" ".join(part.split()) for part in source.body.strip().split("\n\n"))
        found = marked(lines, source.file, self._fold(language, "sms"))
        fold = notice.manifest.sms.fold_accents
        words = plain(found.text, fold_accents=fold)  # once here, so that a message has only its values to look at
        return notice, self._line(unmark(words, found), source.file, "sms", language), fold

    def _compile_email(self, name: str, language: Language) -> tuple[Notice, _Email]:
        notice = self.catalogue.get(name)
        source = notice.source("email", language)
        for key in ("subject", "preview"):
            if key not in source.front:
                raise TemplateError(f"{source.file}: the front matter needs '{key}:'")
        foot = self.catalogue.feet[language]
        fold = self._fold(language, "email")
        tree = compile_markdown(marked(source.body, source.file, fold))
        end = compile_markdown(marked(foot.body, foot.file, fold))
        text = TextWriter()
        written = f"{text.write(tree)}--\n\n{text.write(end)}"
        return notice, _Email(
            self._line(source.front["subject"], source.file, "email", language),
            self._line(source.front["preview"], source.file, "email", language),
            self._page(tree, end, source.file, language),
            self._template(self._plain[language], written, source.file, "email", text.counters),
        )

    def _page(self, tree: Sequence[Node], end: Sequence[Node], file: str, language: Language) -> jinja2.Template:
        """The whole HTML page with styles moved inline once, values still to come."""
        page = Marked(file)
        writer = HtmlWriter(page)
        layout = self.catalogue.layout.replace("CITYCOLOUR", self.city.letterhead.colour)
        layout = _LAYOUT_VALUE.sub(lambda match: page.mark(Value(match.group(1))), layout)
        layout = layout.replace("BODY", writer.write(tree)).replace("FOOT", writer.write(end))
        inlined = self._inliner.inline(layout)
        if any(opening in inlined for opening in ("{{", "{%", "{#")):
            raise TemplateError(
                f"{EMAIL_LAYOUT}: a brace followed by another, % or # would be read as Jinja; put a space"
            )
        known = {"subject", "preview"}
        return self._template(self._html[language], unmark(inlined, page), file, "email", known)

    def _compile_letter(self, name: str, language: Language) -> tuple[Notice, _Letter]:
        notice = self.catalogue.get(name)
        source = notice.source("letter", language)
        if "title" not in source.front:
            raise TemplateError(f"{source.file}: the front matter needs 'title:'")
        body = marked(source.body, source.file, self._fold(language, "letter"))
        blocks = TreeWriter().write(compile_markdown(body))
        return notice, _Letter(
            self._line(source.front["title"], source.file, "letter", language),
            self._template(self._json[language], blocks, source.file, "letter", set()),
            source.front.get("stub", "no") == "yes",
        )

"""The catalogue: which notices there are, what each is for, what it must say, and which version of it stands.

A notice is a folder ``templates/notices/<name>/`` with ``notice.toml`` and one folder a language. Its version is the
SHA-256 of everything its words come from: the folder, and the shared partials it includes.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from comms.city import LANGUAGES, City, Language, Words
from comms.notices.compiling import TemplateError
from comms.notices.fields import FIELD_NAMES

Channel = Literal["sms", "email", "letter"]
Purpose = Literal["informational", "dunning", "legal", "conversational"]
Category = Literal["billing", "conversation"]
Confidence = Literal["V1", "V2", "P", "M", "policy"]

CHANNELS: tuple[Channel, ...] = ("sms", "email", "letter")
FILES: dict[Channel, str] = {"sms": "sms.txt", "email": "email.md", "letter": "letter.md"}
EMAIL_LAYOUT = "_layout/email.html"
EMAIL_FOOT = "email-foot.md"

_INCLUDE = re.compile(r'^\{%\s*include\s+"([a-z0-9.-]+)"\s*%\}[ \t]*$', re.MULTILINE)


class NoticeError(ValueError):
    """A notice that is not there, or cannot be used as asked; the message says what can."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Citation(_Part):
    """Why the notice says what it says. ``confidence``: V1 read in the law itself, V2 in a secondary source,
    P partly read, M unverified; ``policy`` for the office's own rule."""

    source: str
    says: str
    confidence: Confidence
    states: tuple[str, ...] = Field(default=(), strict=False)


class RequiredPart(_Part):
    """Something the notice must say, checked in every language: phrases that must stand in it, fields it must show."""

    name: str
    channels: tuple[Channel, ...] = Field(min_length=1, strict=False)
    states: tuple[str, ...] = Field(default=(), strict=False)
    phrases: dict[Language, list[str]] = Field(default_factory=dict)
    fields: tuple[str, ...] = Field(default=(), strict=False)
    citation: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.fields and set(self.phrases) != set(LANGUAGES):
            raise ValueError(f"part {self.name!r}: give fields, or phrases in {' and '.join(LANGUAGES)}")
        return self


class SmsRules(_Part):
    segments: int = Field(ge=1, le=10)
    """The most parts a text may cost with the worst data."""
    gsm: bool = True
    """Must stay in GSM-7."""
    fold_accents: bool = True


class Manifest(_Part):
    """``notice.toml``."""

    title: Words
    purpose: Purpose
    category: Category
    channels: tuple[Channel, ...] = Field(min_length=1, strict=False)
    states: tuple[str, ...] = Field(default=(), strict=False)
    """Where it is used; empty: everywhere."""
    requires: tuple[str, ...] = Field(default=(), strict=False)
    letter_pages: int = Field(default=1, ge=1, le=4)
    valid_from: date | None = None
    valid_to: date | None = None
    sms: SmsRules | None = None
    citation: tuple[Citation, ...] = Field(default=(), strict=False)
    part: tuple[RequiredPart, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        named = {*self.requires, *(name for part in self.part for name in part.fields)}
        if unknown := named - FIELD_NAMES:
            raise ValueError(f"no field {', '.join(sorted(unknown))}; fields: {', '.join(sorted(FIELD_NAMES))}")
        if ("sms" in self.channels) != (self.sms is not None):
            raise ValueError("a notice with the sms channel, and no other, has an [sms] table")
        if self.purpose == "legal" and "letter" not in self.channels:
            raise ValueError("a legal notice needs the letter channel: 15 U.S.C. 7003(b)(2)(A) leaves no other")
        return self


@dataclass(frozen=True)
class Source:
    """One template as its author wrote it, partials put in. ``front`` is the part between the ``---`` lines."""

    file: str
    front: dict[str, str]
    body: str


@dataclass(frozen=True)
class Notice:
    """One notice of the catalogue."""

    name: str
    manifest: Manifest
    state: str
    sources: dict[tuple[Channel, Language], Source]
    version: str
    """SHA-256, hexadecimal."""
    missing: tuple[str, ...]
    """Files of a declared channel and language that are not there."""

    @property
    def short_version(self) -> str:
        return self.version[:12]

    def title(self, language: Language) -> str:
        return self.manifest.title.of(language)

    @property
    def purpose(self) -> Purpose:
        return self.manifest.purpose

    @property
    def category(self) -> Category:
        return self.manifest.category

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self.manifest.channels

    @property
    def requires(self) -> tuple[str, ...]:
        return self.manifest.requires

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """Languages that are complete on every channel."""
        return tuple(
            language for language in LANGUAGES if all((channel, language) in self.sources for channel in self.channels)
        )

    @cached_property
    def citations(self) -> tuple[Citation, ...]:
        """Those that hold in the city's state."""
        return tuple(one for one in self.manifest.citation if not one.states or self.state in one.states)

    @cached_property
    def parts(self) -> tuple[RequiredPart, ...]:
        """Required parts that hold in the city's state."""
        return tuple(one for one in self.manifest.part if not one.states or self.state in one.states)

    @cached_property
    def unverified(self) -> tuple[Citation, ...]:
        """Citations nobody has read in full: with one of these a notice cannot be approved as a legal notice."""
        return tuple(one for one in self.citations if one.confidence in ("P", "M"))

    def is_valid_on(self, day: date) -> bool:
        """Whether the notice may be sent on a local date."""
        first, last = self.manifest.valid_from, self.manifest.valid_to
        return (first is None or first <= day) and (last is None or day <= last)

    def source(self, channel: Channel, language: Language) -> Source:
        """Raises ``NoticeError`` when the notice has no such channel or language."""
        if found := self.sources.get((channel, language)):
            return found
        has = ", ".join(f"{one} in {lang}" for one, lang in sorted(self.sources))
        raise NoticeError(f"Notice {self.name} has no {channel} in {language!r}. It has: {has}.")


class Catalogue:
    """The notices of one city, by name."""

    def __init__(self, notices: dict[str, Notice], layout: str, feet: dict[Language, Source]) -> None:
        self._notices = notices
        self.layout = layout
        """The HTML page that email bodies stand in."""
        self.feet = feet
        """What stands under every email, by language."""

    @classmethod
    def load(cls, root: Path, city: City) -> "Catalogue":
        """All notices under ``root/templates/notices`` that are used in the city's state.

        Raises ``TemplateError`` naming the file when one cannot be read.
        """
        folder = root / "templates" / "notices"
        layout = _read(folder / EMAIL_LAYOUT)
        feet: dict[Language, Source] = {}
        for language in LANGUAGES:
            foot = folder / "_partials" / language / EMAIL_FOOT
            feet[language] = Source(foot.relative_to(folder).as_posix(), {}, _read(foot))
        loaded = (
            _Loader(folder, path.parent, city, layout).notice() for path in sorted(folder.glob("[a-z]*/notice.toml"))
        )
        return cls({one.name: one for one in loaded if one is not None}, layout, feet)

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._notices.values())

    def __len__(self) -> int:
        return len(self._notices)

    def __contains__(self, name: object) -> bool:
        return name in self._notices

    def get(self, name: str) -> Notice:
        """Raises ``NoticeError`` naming the notices there are."""
        if found := self._notices.get(name):
            return found
        raise NoticeError(f"No notice {name!r}. Notices: {', '.join(self._notices)}.")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: not readable: {error}") from None


class _Loader:
    """Reads one folder and remembers every file that its words come from."""

    def __init__(self, root: Path, folder: Path, city: City, layout: str) -> None:
        self._root = root
        self._folder = folder
        self._city = city
        self._layout = layout
        self._read: dict[str, str] = {}

    def notice(self) -> Notice | None:
        manifest = self._manifest()
        if manifest.states and self._city.state not in manifest.states:
            return None
        sources: dict[tuple[Channel, Language], Source] = {}
        missing: list[str] = []
        for channel in manifest.channels:
            for language in LANGUAGES:
                path = self._folder / language / FILES[channel]
                if path.is_file():
                    sources[channel, language] = self._source(path, language)
                else:
                    missing.append(f"{language}/{FILES[channel]}")
        if "email" in manifest.channels:
            self._read[EMAIL_LAYOUT] = self._layout
            for language in LANGUAGES:
                self._text(self._root / "_partials" / language / EMAIL_FOOT)
        for path in sorted(self._folder.rglob("*")):
            if path.is_file():
                self._text(path)
        return Notice(
            self._folder.name, manifest, self._city.state, sources, _version(self._read), tuple(sorted(missing))
        )

    def _manifest(self) -> Manifest:
        path = self._folder / "notice.toml"
        try:
            return Manifest.model_validate(tomllib.loads(self._text(path)))
        except tomllib.TOMLDecodeError as error:
            raise TemplateError(f"{path}: not readable as TOML: {error}") from None
        except ValidationError as error:
            lines = [f"{path}: {'.'.join(map(str, one['loc'])) or 'notice'}: {one['msg']}" for one in error.errors()]
            raise TemplateError("\n".join(lines)) from None

    def _text(self, path: Path) -> str:
        name = path.relative_to(self._root).as_posix()
        if name not in self._read:
            self._read[name] = _read(path)
        return self._read[name]

    def _source(self, path: Path, language: Language) -> Source:
        text = self._text(path)
        front: dict[str, str] = {}
        if path.suffix == ".md":
            front, text = _front_matter(text, path)
        return Source(path.relative_to(self._root).as_posix(), front, self._expand(text, language, path, 0))

    def _expand(self, text: str, language: Language, path: Path, depth: int) -> str:
        if depth > 5:
            raise TemplateError(f"{path}: includes go more than five deep; a partial includes itself")

        def partial(match: re.Match[str]) -> str:
            name = match.group(1)
            shared = self._root / "_partials" / language / name
            found = next((one for one in (self._folder / language / name, shared) if one.is_file()), None)
            if found is None:
                raise TemplateError(f"{path}: includes {name!r}; put it beside the file, or at {shared}")
            return self._expand(self._text(found).strip("\n"), language, found, depth + 1)

        return _INCLUDE.sub(partial, text)


def _front_matter(text: str, path: Path) -> tuple[dict[str, str], str]:
    """``key: value`` lines between two lines of ``---``."""
    _, opening, rest = text.partition("---\n")
    head, closing, body = rest.partition("\n---\n")
    if text[:4] != "---\n" or not opening or not closing:
        raise TemplateError(f"{path}: begins with lines of 'key: value' between two lines of ---")
    front: dict[str, str] = {}
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            raise TemplateError(f"{path}: {line!r} is not 'key: value'")
        front[key.strip()] = value.strip()
    return front, body


def _version(read: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(read.items()):
        content = text.encode()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()

"""Reading rule files: TOML in, checked rules out, and refused with the file, the key and what is allowed.

Four layers: ``cities/law/federal.toml``, ``cities/law/<state>.toml`` and ``cities/law/everywhere.toml`` are shared;
``cities/<city>/rules/*.toml`` are the city's ordinances and its office's policy. They add up: nothing in one layer
takes anything away from another.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from comms.city import City
from comms.settings import ROOT

from .facts import Action, Purpose
from .model import LAYERS, Dated, Layer, RuleFile, RuleText
from .requirements import Duty, NoticeRequirement
from .sources import Source

__all__ = ["Rule", "RuleError", "Texts", "read_sources", "read_texts"]

LAW = ROOT / "cities" / "law"
SOURCES = "sources.toml"
EVERYWHERE = "everywhere.toml"
SHARED_LAYERS: frozenset[Layer] = frozenset({"federal", "state"})
CITY_LAYERS: frozenset[Layer] = frozenset({"city", "office"})


class RuleError(ValueError):
    """Rules that cannot be used; the message names the file, the key and what is allowed."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule with its layer, its sources and where it stands."""

    layer: Layer
    jurisdiction: str
    file: str
    sources: tuple[Source, ...]
    text: RuleText

    @property
    def id(self) -> str:
        return self.text.id

    @property
    def citation(self) -> str:
        return "; ".join(source.citation for source in self.sources)

    @property
    def status(self) -> str:
        """``verified`` only when the file says so and every source was read in full; else ``draft``. Both protect."""
        return self.text.status if all(source.verified for source in self.sources) else "draft"

    def in_effect(self, day: date) -> bool:
        return (self.text.from_ is None or self.text.from_ <= day) and (self.text.to is None or day <= self.text.to)

    def applies_to(self, purpose: Purpose, action: Action, channel: str) -> bool:
        """By what is asked alone. The purpose is one of notices; an act outside has none."""
        return any(
            action in to.action
            and (action is not Action.NOTICE or not to.purpose or purpose in to.purpose)
            and (not to.channel or channel in to.channel)
            for to in self.text.applies
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "rule", "layer": self.layer, "jurisdiction": self.jurisdiction, "file": self.file,
            **self.text.model_dump(mode="json", by_alias=True, exclude_defaults=True), "status": self.status,
            "citation": self.citation, "confidence": [source.confidence for source in self.sources],
        }  # fmt: skip


@dataclass(frozen=True)
class Texts:
    """All that the files of one city hold."""

    rules: tuple[Rule, ...]
    requirements: tuple[NoticeRequirement, ...]
    duties: tuple[Duty, ...]


def read_texts(city: City, law: Path = LAW) -> Texts:
    """Every rule of a city's four layers. Raises ``RuleError`` with one line a fault."""
    sources = read_sources(law / SOURCES)
    files = sorted(((path, read_file(path)) for path in _paths(city, law)), key=lambda one: LAYERS.index(one[1].layer))
    faults = [fault for path, file in files for fault in (*_misplaced(path, file, law), *_uncited(path, file, sources))]
    if faults:
        raise RuleError("\n".join(faults))

    def cited(path: Path, file: RuleFile, text: Dated) -> tuple[Layer, str, str, tuple[Source, ...]]:
        return file.layer, file.jurisdiction, path.name, tuple(sources[name] for name in (text.source, *text.also))

    texts = Texts(
        tuple(Rule(*cited(path, file, text), text) for path, file in files for text in file.rule),
        tuple(NoticeRequirement(*cited(path, file, text), text) for path, file in files for text in file.requirement),
        tuple(Duty(*cited(path, file, text), text) for path, file in files for text in file.duty),
    )
    if faults := [*_services(city, texts.rules), *_overlaps(texts.rules)]:
        raise RuleError("\n".join(faults))
    return texts


def _misplaced(path: Path, file: RuleFile, law: Path) -> Iterator[str]:
    if path.name == EVERYWHERE:
        return
    allowed = SHARED_LAYERS if path.parent == law else CITY_LAYERS
    if file.layer not in allowed:
        yield f"{path}: layer: {file.layer!r} does not belong in this folder; allowed: {', '.join(sorted(allowed))}"


def _uncited(path: Path, file: RuleFile, sources: Mapping[str, Source]) -> Iterator[str]:
    for kind in ("rule", "requirement", "duty"):
        for text in getattr(file, kind):
            if unknown := [name for name in (text.source, *text.also) if name not in sources]:
                yield (
                    f"{path}: {kind}.{text.id}.source: {', '.join(unknown)} is not in the register; allowed: an id "
                    f"of {SOURCES}"
                )


def _paths(city: City, law: Path) -> Iterator[Path]:
    yield from (law / "federal.toml", law / f"{city.state.lower()}.toml", law / EVERYWHERE)
    own = sorted((city.folder / "rules").glob("*.toml"))
    if not own:
        raise RuleError(
            f"{city.folder / 'rules'}: no rules of the city's own; add a file such as office.toml "
            "(copy cities/kent-oh/rules/office.toml and change it): without one, no contact is allowed."
        )
    yield from own


def read_file(path: Path) -> RuleFile:
    """One rule file, checked."""
    stored = _toml(path)
    try:
        return RuleFile.model_validate(stored)
    except ValidationError as error:
        raise RuleError("\n".join(_fault(path, stored, problem) for problem in error.errors())) from None


def read_sources(path: Path) -> dict[str, Source]:
    """The register of sources by id."""
    stored = _toml(path)
    found: dict[str, Source] = {}
    for number, given in enumerate(stored.get("source", [])):
        try:
            source = Source.model_validate(given)
        except ValidationError as error:
            raise RuleError("\n".join(_fault(path, stored, one, "source", number) for one in error.errors())) from None
        if source.id in found:
            raise RuleError(f"{path}: source.{source.id}: stands twice; give each source an id of its own")
        found[source.id] = source
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RuleError(f"{path}: is missing; every city needs it (docs/rules.md lists the files)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: not readable as TOML: {error}") from None
    except OSError as error:
        said = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise RuleError(f"{path}: {said}; allowed: a TOML file that comms may read (docs/rules.md)") from None


def _fault(path: Path, stored: Any, problem: ErrorDetails, *within: str | int) -> str:
    """One line: the file, the key (a rule by its id, not by its place), what is wrong and what is allowed."""
    keys: list[str] = []
    here = stored
    for part in (*within, *problem["loc"]):
        here = _step(here, part)
        if isinstance(part, int) and isinstance(here, dict) and "id" in here:
            keys.append(str(here["id"]))
        elif isinstance(part, int):
            keys.append(str(part + 1))
        else:
            keys.append(str(part))
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "is not a word of the rule vocabulary; check the spelling (docs/rules.md lists every key)"
    elif problem["type"] == "missing":
        said = "is missing; add it (docs/rules.md lists every key)"
    elif problem["type"] in ("literal_error", "enum"):
        said = f"{problem['input']!r} is not known; allowed: {problem['ctx']['expected']}"
    elif problem["type"] == "string_pattern_mismatch":
        said = f"{problem['input']!r} does not fit; allowed: letters, digits, dots and hyphens"
    return f"{path}: {'.'.join(keys)}: {said}"


def _step(here: Any, part: str | int) -> Any:
    """What stands under a key or at a place; None where nothing does."""
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return here.get(part) if isinstance(here, dict) else None


def _services(city: City, rules: Sequence[Rule]) -> Iterator[str]:
    """A city's own rule that names a service it does not bill is a slip of the pen."""
    known = set(city.service_labels)
    for rule in rules:
        named = {service for to in rule.text.applies for service in to.service}
        if rule.layer in CITY_LAYERS and (unknown := sorted(named - known)):
            yield (
                f"{city.folder / 'rules' / rule.file}: rule.{rule.id}.applies.service: {', '.join(unknown)} is not "
                f"billed here; allowed: {', '.join(sorted(known))}"
            )


def _overlaps(rules: Sequence[Rule]) -> Iterator[str]:
    """Rules of one id are versions of one rule: no two may bear on the same act on the same day."""
    for number, one in enumerate(rules):
        for other in rules[number + 1 :]:
            if one.id == other.id and _same_days(one.text, other.text) and _same_acts(one.text, other.text):
                yield (
                    f"{other.file}: rule.{one.id}: stands already in {one.file} for the same act and time; give it "
                    "another id, or dates (from, to) that do not overlap"
                )


def _same_days(one: RuleText, other: RuleText) -> bool:
    starts = max(one.from_ or date.min, other.from_ or date.min)
    return starts <= min(one.to or date.max, other.to or date.max)


def _same_acts(one: RuleText, other: RuleText) -> bool:
    def shared(these: tuple[Any, ...], those: tuple[Any, ...]) -> bool:
        return not these or not those or bool(set(these) & set(those))

    return any(
        shared(a.action, b.action)
        and shared(a.channel, b.channel)
        and shared(a.purpose, b.purpose)
        and shared(a.service, b.service)
        for a in one.applies
        for b in other.applies
    )

"""``comms rules``: what protects a customer, where it comes from, and whether the files hold."""

from collections import Counter
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import click

from comms.city import City, CityError, load_city
from comms.cli.opening import Refused, echo_json, read_settings
from comms.clock import clock_from
from comms.rules import Duty, NoticeRequirement, Rule, Rulebook, RuleError, words
from comms.rules.loading import read_texts
from comms.rules.rulebook import build
from comms.rules.sources import CONFIDENCE_IN_WORDS

Entry = Rule | NoticeRequirement | Duty
DAY = click.DateTime(["%Y-%m-%d"])
WIDTH = 24


@click.group()
def rules() -> None:
    """What protects a customer: statutes, the city's decisions, the office's policy, each with its source."""


@rules.command("list")
@click.option("--on", "day", type=DAY, help="Only what stands on this day; left out: today.")
@click.option("--all", "everything", is_flag=True, help="Also what stands no more, or not yet.")
@click.option("--layer", type=click.Choice(["federal", "state", "city", "office"]), help="Only one layer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def list_(day: datetime | None, everything: bool, layer: str | None, as_json: bool) -> None:
    """The rules of this city, layer by layer."""
    book, today = _opened()
    on = day.date() if day else today
    chosen = [one for one in _entries(book) if (everything or _stands(one, on)) and (not layer or one.layer == layer)]
    if as_json:
        echo_json({"city": book.city.slug, "on": on, "digest": book.digest, "rules": [one.as_json() for one in chosen]})
        return
    said = ""
    for one in chosen:
        if one.layer != said:
            said = one.layer
            click.echo(f"\n{said.capitalize()}")
        draft = "  [draft]" if one.status == "draft" else ""
        dates = "" if not (one.text.from_ or one.text.to) else f"  ({words.dates(one.text)})"
        click.echo(f"  {one.id:<{WIDTH}} {_protects(one)}{dates}{draft}")
    click.echo(f"\n{len(chosen)} entries stand. In full: comms rules explain ID")


@rules.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def check(as_json: bool) -> None:
    """Whether the files can be read, what is only a draft, and what nobody of the city has signed.

    Exit 1 when a file calls a rule verified whose source was not read in full: it is treated as a draft.
    """
    book, _ = _opened()
    entries = _entries(book)
    drafts = [one for one in entries if one.status == "draft"]
    overruled = [one for one in drafts if one.text.status == "verified"]
    unsigned = [one for one in entries if not one.text.reviewed_by]
    layers = Counter(one.layer for one in entries)
    if as_json:
        echo_json({
            "city": book.city.slug, "digest": book.digest, "entries": len(entries), "layers": dict(layers),
            "drafts": [one.id for one in drafts], "overruled": [one.id for one in overruled],
            "not_reviewed": [one.id for one in unsigned],
        })  # fmt: skip
    else:
        counted = ", ".join(f"{count} {layer}" for layer, count in layers.items())
        click.echo(f"The rules of {book.city.name} can be read: {len(entries)} entries ({counted}).")
        for one in drafts:
            click.echo(f"  draft: {one.id} in {one.file}: {_why_draft(one)}")
        click.echo("Drafts protect like the rest; a notice that cites one cannot be approved as a legal notice.")
        if unsigned:
            click.echo(f"Reviewed by nobody of the city yet: {len(unsigned)}. Next step: the city attorney reads them,")
            click.echo('and reviewed_by = "name, date" is written to each.')
    if overruled:
        raise SystemExit(1)


@rules.command()
@click.argument("rule_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def explain(rule_id: str, as_json: bool) -> None:
    """What the rule ID protects, when it stands, where it comes from and how well that is known."""
    book, _ = _opened()
    found = [one for one in _entries(book) if one.id == rule_id]
    if not found:
        near = get_close_matches(rule_id, {one.id for one in _entries(book)}, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise Refused(f"No rule {rule_id} in {book.city.name}. {hint}All of them: comms rules list --all")
    if as_json:
        echo_json([
            one.as_json() | {"sources": [source.model_dump() for source in one.sources]} for one in found
        ])  # fmt: skip
        return
    click.echo("\n\n".join("\n".join(_explained(one)) for one in found))


def _opened() -> tuple[Rulebook, date]:
    settings = read_settings()
    try:
        city: City = load_city(settings.comms_city)
        return build(city, read_texts(city)), city.local_date(clock_from(settings.comms_clock).now())
    except (CityError, RuleError) as error:
        raise Refused(str(error)) from None


def _entries(book: Rulebook) -> list[Entry]:
    found: list[Entry] = [*book.rules, *book.requirements, *book.duties]
    order = {"federal": 0, "state": 1, "city": 2, "office": 3}
    return sorted(found, key=lambda one: order[one.layer])


def _stands(one: Entry, day: date) -> bool:
    return (one.text.from_ is None or one.text.from_ <= day) and (one.text.to is None or day <= one.text.to)


def _protects(one: Entry) -> str:
    if isinstance(one, Rule):
        return one.text.protects
    return one.text.says


def _why_draft(one: Entry) -> str:
    unread = [source for source in one.sources if not source.verified]
    if not unread:
        return "its file calls it a draft"
    return "; ".join(f"{source.citation} is {CONFIDENCE_IN_WORDS[source.confidence]}" for source in unread)


def _explained(one: Entry) -> list[str]:
    lines: list[tuple[str, str]] = [("Protects" if isinstance(one, Rule) else "Says", _protects(one))]
    lines += _particulars(one)
    lines.append(("In force", words.dates(one.text)))
    lines.append(("Layer", f"{one.layer}, {one.jurisdiction} ({one.file})"))
    status = one.status if one.status == "verified" else f"draft: {_why_draft(one)}"
    lines.append(("Status", f"{status}; reviewed by {one.text.reviewed_by or 'nobody of the city yet'}"))
    for source in one.sources:
        lines.append(("Source", f"{source.citation}: {CONFIDENCE_IN_WORDS[source.confidence]}"))
        lines.append(("", source.says))
    if one.text.note:
        lines.append(("Note", one.text.note))
    return [one.id, *(f"  {label:<11} {value}" for label, value in lines)]


def _particulars(one: Entry) -> list[tuple[str, Any]]:
    """What only this kind of entry has."""
    if isinstance(one, Rule):
        text = one.text
        found = [("About", words.about(text.applies)), ("Stands when", words.condition(text.when))]
        found.append(("Then", words.effect(text)))
        return [*found, ("First", text.establish)] if text.establish else found
    found = []
    if one.text.season:
        found.append(("When", words.season(one.text.season)))
    if isinstance(one, NoticeRequirement):
        needs = (
            ("Clock", words.clock(one.text)),
            ("Packet", "; ".join(one.text.packet)),
            ("Copies", words.copies(one.text)),
        )
        found += [(label, value) for label, value in needs if value]
    return [*found, ("Establish", "; ".join(one.text.establish))] if one.text.establish else found

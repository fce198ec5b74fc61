"""``comms notice``: list the notices, check them, look at one."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click

from comms.city import City, CityError, Language, load_city
from comms.notices import (
    Catalogue,
    FieldError,
    Notice,
    NoticeError,
    NoticeFields,
    Renderer,
    TemplateError,
    letter_page,
    sample_fields,
)
from comms.notices.checking import check
from comms.notices.letters import LetterError, typeset_one
from comms.settings import ROOT, Settings

FINDINGS = 1

_CITY = click.option("--city", "city_name", help="A city under cities/, or a path. Default: COMMS_CITY.")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def notice() -> None:
    """What we say: list, check and preview the notices."""


def _city(name: str | None) -> City:
    try:
        return load_city(name or Settings().comms_city)
    except CityError as error:
        raise click.UsageError(str(error)) from None


def _catalogue(city: City) -> Catalogue:
    try:
        return Catalogue.load(ROOT, city)
    except TemplateError as error:
        click.echo(str(error), err=True)
        raise SystemExit(FINDINGS) from None


def _described(one: Notice) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.title("en"),
        "purpose": one.purpose,
        "category": one.category,
        "channels": list(one.channels),
        "languages": list(one.languages),
        "requires": list(one.requires),
        "version": one.version,
        "unverified_citations": [citation.source for citation in one.unverified],
    }


@notice.command("list")
@_CITY
@_JSON
def list_notices(city_name: str | None, as_json: bool) -> None:
    """Every notice of the city: purpose, channels, languages, version."""
    catalogue = _catalogue(_city(city_name))
    if as_json:
        click.echo(json.dumps([_described(one) for one in catalogue], indent=2))
        return
    width = max(len(one.name) for one in catalogue)
    for one in catalogue:
        channels, languages = ",".join(one.channels), ",".join(one.languages)
        click.echo(f"{one.name:{width}}  {one.purpose:14}  {channels:16}  {languages:5}  {one.short_version}")
        for citation in one.unverified:
            click.echo(f"{'':{width}}  to be verified ({citation.confidence}): {citation.source}")


@notice.command("check")
@_CITY
@_JSON
def check_notices(city_name: str | None, as_json: bool) -> None:
    """Render everything with the worst data; exit 1 when something must be mended."""
    city = _city(city_name)
    catalogue = _catalogue(city)
    found = check(catalogue, city)
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        for finding in found:
            click.echo(str(finding))
        renderings = sum(len(one.sources) for one in catalogue)
        click.echo(f"{city.name}: {len(catalogue)} notices, {renderings} texts, {len(found)} findings")
    if found:
        raise SystemExit(FINDINGS)


@notice.command("preview")
@click.argument("name")
@click.option("--channel", type=click.Choice(["sms", "email", "letter"]), required=True)
@click.option("--lang", "language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@click.option("--worst", is_flag=True, help="With the longest names and largest amounts.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML or PDF here.")
@_CITY
@_JSON
def preview(
    name: str, channel: str, language: str, worst: bool, out: Path | None, city_name: str | None, as_json: bool
) -> None:
    """One notice with invented data. A letter's PDF goes to --out; an email's HTML too."""
    city = _city(city_name)
    renderer = Renderer(_catalogue(city), city)
    fields = sample_fields(city, worst=worst)
    shown = {"sms": _preview_sms, "email": _preview_email, "letter": _preview_letter}[channel]
    try:
        shown(renderer, name, cast(Language, language), fields, out, as_json)
    except NoticeError as error:
        raise click.UsageError(str(error)) from None
    except (TemplateError, FieldError, LetterError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(FINDINGS) from None


def _preview_sms(
    renderer: Renderer, name: str, language: Language, fields: NoticeFields, out: Path | None, as_json: bool
) -> None:
    text = renderer.sms(name, language, fields)
    if out:
        out.write_text(text.text, "utf-8")
    if as_json:
        click.echo(json.dumps(vars(text), ensure_ascii=False))
        return
    click.echo(text.text)
    click.echo(f"{text.encoding}, {text.units} units, {text.segments} segments", err=True)


def _preview_email(
    renderer: Renderer, name: str, language: Language, fields: NoticeFields, out: Path | None, as_json: bool
) -> None:
    email = renderer.email(name, language, fields)
    if out:
        out.write_text(email.html, "utf-8")
    if as_json:
        click.echo(json.dumps(vars(email), ensure_ascii=False))
    elif out:
        click.echo(f"{out}: {len(email.html)} bytes of HTML")
    else:
        click.echo(f"Subject: {email.subject}\n\n{email.text}", nl=False)


def _preview_letter(
    renderer: Renderer, name: str, language: Language, fields: NoticeFields, out: Path | None, as_json: bool
) -> None:
    content = renderer.letter(name, language, fields)
    if as_json:
        click.echo(json.dumps(content.as_json(), ensure_ascii=False))
    if out:
        office = renderer.city.office
        town = f"{office.city} {office.state} {office.zip}"
        page = letter_page(content, [fields.name, fields.service_address, town])
        noon = datetime.combine(fields.notice_date, datetime.min.time(), UTC)
        pdf = typeset_one(page, noon, renderer.city)
        out.write_bytes(pdf)
        if not as_json:
            click.echo(f"{out}: {len(pdf)} bytes of PDF")
    elif not as_json:
        raise click.UsageError("A letter is a PDF: add --out FILE.pdf, or --json for its words.")

"""``comms doctor``: what is configured, what answers, and what to do about what does not."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
import urllib3
from pydantic import ValidationError
from sqlalchemy import select

from comms.bundled_redis import answers, url_of
from comms.campaigns.schema import Night
from comms.city.profile import CityError
from comms.cli.opening import echo_json
from comms.clock import ClockError
from comms.desk.access.permissions import ROLES
from comms.desk.access.provider import Provider, SignOnError
from comms.desk.access.single_sign_on import roles_unknown
from comms.migrating import newest_version, version_of
from comms.office import Office
from comms.outbox.daily import UNIT, shares
from comms.rules import rulebook_of
from comms.settings import (
    Mode,
    Settings,
    faults,
)
from comms.weather import weather_for

LIMIT_SETTING = {"sms": "TWILIO_SEGMENTS_PER_DAY", "email": "SENDGRID_MESSAGES_PER_DAY"}


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report. ``state``: ``good``, ``mind`` (works, but look) or ``bad``."""

    what: str
    state: str
    says: str
    next_step: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def doctor(as_json: bool) -> None:
    """What is configured, what answers, and what to do about what does not. Exit code 1 when something is bad."""
    found = list(_findings())
    if as_json:
        echo_json([asdict(one) for one in found])
    else:
        marks = {
            "good": click.style("ok  ", "green"),
            "mind": click.style("mind", "yellow"),
            "bad": click.style("BAD ", "red"),
        }
        for one in found:
            click.echo(f"{marks[one.state]}  {one.what:<12} {one.says}")
            if one.next_step:
                click.echo(f"{'':<19}-> {one.next_step}")
    raise SystemExit(1 if any(one.state == "bad" for one in found) else 0)


def _findings() -> Iterator[Finding]:
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in faults(error):
            yield Finding("settings", "bad", fault, "Mend it in .env or the environment; see .env.example")
        return
    lacking = settings.missing()
    who = {Mode.SANDBOX: "local carriers only", Mode.REHEARSAL: "only the allow-list", Mode.LIVE: "real customers"}
    yield Finding("mode", "good", f"{settings.comms_mode}: {who[settings.comms_mode]} are written to")
    for sentence in lacking:
        yield Finding("settings", "bad", sentence, "Set it in .env or the environment; see .env.example")
    try:
        at = Office.open(settings)
    except CityError as error:
        yield Finding("city", "bad", str(error), "Set COMMS_CITY to a folder under cities/, or to a path")
        return
    yield Finding("city", "good", f"{at.city.name}, {at.city.time_zone}")
    clock, base = _clock(at), _database(at)
    yield clock
    yield base
    yield _redis(settings)
    if base.state == "good" and clock.state != "bad":
        yield from _day(at)
        yield _night(at)
        yield _weather(at)
    yield from _carriers(settings)
    yield _webhook_key(settings)
    yield _replies(settings)
    yield _proxies(settings)
    yield _single_sign_on(settings)
    yield _mailhouse(settings)
    at.close()


def _clock(at: Office) -> Finding:
    """What time everything goes by."""
    named = at.settings.comms_clock
    if not named:
        return Finding("clock", "good", "this machine's own")
    leave = "Leave COMMS_CLOCK empty for this machine's own clock"
    try:
        now = at.clock.now().astimezone(at.city.zone)
    except ClockError as error:
        what, _, next_step = str(error).partition(" Next step: ")
        return Finding("clock", "bad", what, next_step[:1].upper() + next_step[1:] or leave)
    says = f"COMMS_CLOCK names the clock file {named}; by it it is {now:%Y-%m-%d %H:%M}"
    if at.settings.comms_mode is Mode.SANDBOX:
        return Finding("clock", "good", says)
    return Finding("clock", "mind", f"{says}, and real customers live by another", leave)


def _database(at: Office) -> Finding:
    where = at.database.url.render_as_string(hide_password=True)
    if not at.database.answers():
        if at.database.is_sqlite:
            next_step = "Is the disk full, may you write there, is it a database? Mend that, or DATABASE_URL"
            return Finding("database", "bad", f"{where} cannot be opened", next_step)
        return Finding("database", "bad", f"{where} does not answer", "Start it, or mend DATABASE_URL")
    version = version_of(at.database)
    if version is None:
        return Finding("database", "bad", f"{where} answers and is empty", "comms migrate")
    if version != (newest := newest_version()):
        return Finding("database", "bad", f"{where} is at {version}, the service needs {newest}", "comms migrate")
    return Finding("database", "good", f"{where}, at {version}")


def _day(at: Office) -> Iterator[Finding]:
    """How much of the carriers' day is used; nothing for a channel without a limit."""
    with at.database.read() as session:
        found = shares(session, at.settings.day_limits, at.clock.now())
    for share in found:
        says = f"{share.used:,} of {share.limit:,} {UNIT[share.channel]} used ({share.per_cent} %)"
        if share.notices_wait:
            yield Finding(
                "day's limit", "mind", f"{says}; notices wait for the next day, answers still leave",
                f"Have the carrier raise it and set {LIMIT_SETTING[share.channel]}, or spread runs over more days",
            )  # fmt: skip
        else:
            yield Finding("day's limit", "good", says)


def _weather(at: Office) -> Finding:
    """How old the alerts are that the rules rest on."""
    today = at.city.local_date(at.clock.now())
    asking = [rule.text.when.weather for rule in rulebook_of(at.city).in_effect(today) if rule.text.when.weather]
    if not asking:
        return Finding("weather", "good", f"no rule of {at.city.name} asks for the weather")
    with at.database.read() as session:
        found = weather_for(session, at.city, at.clock.now())
    if found.issued_at is None:
        return Finding(
            "weather", "mind", "no feed of alerts was ever read; nobody is disconnected until one is",
            "Set WEATHER_FEED to a file that is kept fresh, or run comms weather import FILE",
        )  # fmt: skip
    age = at.clock.now() - found.issued_at
    says = f"the feed is {age.total_seconds() / 3600:.1f} hours old: {', '.join(found.alerts) or 'no alert in force'}"
    if age > timedelta(hours=min(one.stale_after_hours for one in asking)):
        return Finding("weather", "mind", f"{says}; nobody is disconnected on it", "Look why the file is not renewed")
    return Finding("weather", "good", says)


def _night(at: Office) -> Finding:
    """The night's run by the clock, and how the last one ended."""
    if at.settings.night is None:
        return Finding("night", "good", "no run by the clock; comms plan makes one")
    hour = f"{at.settings.comms_night} in {at.city.time_zone}"
    with at.database.read() as session:
        last = session.scalars(select(Night).order_by(Night.on.desc()).limit(1)).first()
    if last is None:
        return Finding("night", "good", f"planned at {hour}, for the first time tonight")
    says = f"planned at {hour}; {last.on} {last.state}: {last.words}"
    if last.state in ("missed", "stopped"):
        return Finding("night", "mind", says, "comms campaign nights")
    return Finding("night", "good", says)


def _redis(settings: Settings) -> Finding:
    if answers(url_of(settings)):
        return Finding("redis", "good", "answers" if settings.redis_url else "the bundled one answers")
    if settings.redis_url:
        return Finding("redis", "bad", "REDIS_URL does not answer", "Start it, mend REDIS_URL, or leave it empty")
    return Finding("redis", "mind", "the bundled one is not running", "comms serve or comms worker starts it")


def _carriers(settings: Settings) -> Iterator[Finding]:
    sid, token = settings.twilio_account_sid, (settings.twilio_tokens or ("",))[0]
    basic = base64.b64encode(f"{sid}:{token}".encode()).decode()
    yield _ask(
        "twilio", f"{settings.twilio_url}/2010-04-01/Accounts/{sid}.json", {"Authorization": f"Basic {basic}"}, settings
    )
    key = settings.sendgrid_api_key.get_secret_value()
    yield _ask("sendgrid", f"{settings.sendgrid_url}/v3/scopes", {"Authorization": f"Bearer {key}"}, settings)


def _ask(name: str, url: str, headers: dict[str, str], settings: Settings) -> Finding:
    base = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    try:
        answer = urllib3.request("GET", url, headers=headers, timeout=5, retries=False)
    except urllib3.exceptions.HTTPError:
        if settings.comms_mode is Mode.SANDBOX:
            return Finding(name, "mind", f"the local carrier at {base} is not running", "comms serve starts it")
        return Finding(name, "bad", f"{base} does not answer", "Check the network and the firewall")
    if answer.status == 401:
        return Finding(name, "bad", f"{base} refuses the credentials", "Check the key or token; see .env.example")
    if answer.status >= 400:
        return Finding(
            name, "bad", f"{base} answers {answer.status}: {_reason(answer.data)}", "Look it up at the carrier"
        )
    return Finding(name, "good", f"{base} answers and knows the credentials")


def _reason(body: bytes) -> str:
    try:
        parsed = json.loads(body)
    except ValueError:
        return "no reason given"
    return str(parsed.get("message") or parsed.get("errors") or "no reason given")[:200]


def _webhook_key(settings: Settings) -> Finding:
    made = settings.var / "sandbox-sendgrid.pub"
    if settings.sendgrid_webhook_public_key or (settings.comms_mode is Mode.SANDBOX and made.exists()):
        return Finding("webhooks", "good", f"carriers call {settings.public_url}/webhooks/…, signatures are checked")
    if settings.comms_mode is Mode.SANDBOX:
        return Finding("webhooks", "mind", "the local carriers have not made their key yet", "comms serve makes it")
    return Finding("webhooks", "bad", "no key to check SendGrid's events with", "Set SENDGRID_WEBHOOK_PUBLIC_KEY")


def _replies(settings: Settings) -> Finding:
    if settings.email_reply_to:
        return Finding("replies", "good", f"emails are answered to {settings.email_reply_to}")
    says = f"emails are answered to {settings.email_from or 'the sender of the sandbox'}"
    if settings.comms_mode is Mode.SANDBOX:
        return Finding("replies", "good", says)
    return Finding(
        "replies", "mind", f"{says}, and read here only if Inbound Parse has that address's mail",
        "Set EMAIL_REPLY_TO to an address whose MX record points at SendGrid, unless EMAIL_FROM is one",
    )  # fmt: skip


def _proxies(settings: Settings) -> Finding:
    """Whose address a sign-in is counted under."""
    if settings.comms_proxies == 0 and settings.public_url.startswith("https://"):
        return Finding(
            "proxies", "mind", "no proxy is expected, yet PUBLIC_URL is https, which our server does not speak: "
            "guessing of passwords is counted under the proxy's address for everybody",
            "Set COMMS_PROXIES to the number of proxies that add to X-Forwarded-For",
        )  # fmt: skip
    says = "none" if settings.comms_proxies == 0 else f"{settings.comms_proxies}, each adding to X-Forwarded-For"
    return Finding("proxies", "good", f"in front of the web server: {says}")


def _single_sign_on(settings: Settings) -> Finding:
    """Whether staff can sign in at the city's identity provider."""
    if not settings.oidc_issuer and not settings.oidc_client_id:
        return Finding("sign-on", "good", "user names and passwords; no identity provider is set")
    if not settings.single_sign_on:
        return Finding("sign-on", "bad", "OIDC_ISSUER and OIDC_CLIENT_ID belong together", "Set both, or neither")
    if unknown := roles_unknown(settings):
        return Finding("sign-on", "bad", f"OIDC_ROLES names no role of ours: {', '.join(unknown)}",
                       f"The roles are: {', '.join(ROLES)}")  # fmt: skip
    try:
        Provider(settings).start(datetime.now(UTC))
    except SignOnError as error:
        return Finding("sign-on", "bad", f"{settings.oidc_issuer} is no identity provider we can use: {error.detail}",
                       "Look at OIDC_ISSUER, the network and the firewall")  # fmt: skip
    roles = f"roles by {settings.oidc_role_claim}" if settings.sso_roles else "roles as given at the desk"
    return Finding("sign-on", "good", f"{settings.oidc_issuer} answers; {roles}")


def _mailhouse(settings: Settings) -> Finding:
    where = settings.mailhouse
    if not where.startswith("file:"):
        return Finding("mail house", "bad", f"{where} cannot be used yet", "Use a folder: MAILHOUSE_URL=file:/path")
    folder = Path(where.removeprefix("file:"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding("mail house", "bad", f"{folder} cannot be written: {error.strerror}", "Mend MAILHOUSE_URL")
    return Finding("mail house", "good", f"{folder} can be written")

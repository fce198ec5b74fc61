"""Typed settings from the environment; every name is documented in ``.env.example`` and by ``comms doctor``."""

import fcntl
import os
import re
import secrets
from datetime import time, timedelta
from email.utils import parseaddr
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: ``cities/``, ``templates/`` and ``migrations/`` are found here."""

SANDBOX_TWILIO_SID = "AC" + "5a" * 16
SANDBOX_TWILIO_TOKEN = "sandbox-twilio-auth-token"  # noqa: S105 - the local carrier's, opens nothing else
SANDBOX_SENDGRID_KEY = "SG.sandbox-key"
SANDBOX_TWILIO_NUMBER = "+12185550100"
SANDBOX_TWILIO_SERVICE = "MG" + "5a" * 16
SANDBOX_INBOUND_SECRET = "sandbox-inbound"  # noqa: S105

UNVETTED_SEGMENTS_PER_DAY = 2000
"""T-Mobile's daily cap for a 10DLC brand by default (facts 3c: Twilio support 1260804800549)."""

KINDS = {
    "database_url": ("sqlite", "postgresql", "postgresql+psycopg", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
}
"""How the addresses of the two stores may begin."""


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _keep_key(path: Path) -> None:
    """Make a key, whole or not at all: a full disk must not leave an empty one, which anybody could sign with."""
    scratch = path.with_suffix(".part")
    try:
        scratch.touch(0o600)
        scratch.write_text(secrets.token_hex(32), "ascii")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def faults(error: ValidationError) -> list[str]:
    """What is wrong with the settings: the variable's name and a sentence for each. Values, which may be secret, are
    left out."""
    return [f"{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()]


def _seconds(value: Any) -> Any:
    try:
        return timedelta(seconds=float(value))
    except (TypeError, ValueError):
        return value


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
"""A span of time; in the environment a number of seconds."""


def _is_twilios(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "twilio.com" or host.endswith(".twilio.com")


def _pair(part: str) -> tuple[str, str]:
    """``group=role``; a group may hold equals signs itself, as names of a directory do."""
    group, _, role = part.rpartition("=")
    return group.strip(), role.strip()


class Mode(StrEnum):
    """Who may be written to."""

    SANDBOX = "sandbox"
    REHEARSAL = "rehearsal"
    LIVE = "live"


class Settings(BaseSettings):
    """The service's settings. Secrets never print."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("COMMS_ENV_FILE", ".env"),
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    comms_city: str = "duluth-mn"
    comms_mode: Mode = Mode.SANDBOX
    comms_allow_list: str = ""
    comms_clock: str = ""
    comms_var: Path = Path("var")
    comms_processes: int = Field(default=1, ge=1, le=16)
    comms_threads: int = Field(default=64, ge=1, le=512)
    comms_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: str = ""
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    public_url: str = "http://127.0.0.1:8000"
    comms_proxies: int = Field(default=0, ge=0, le=9)
    """Proxies in front of the web server, each of which adds to ``X-Forwarded-For`` where it had a request from."""

    twilio_account_sid: str = SANDBOX_TWILIO_SID
    twilio_auth_token: SecretStr = SecretStr(SANDBOX_TWILIO_TOKEN)
    twilio_messaging_service_sid: str = ""
    twilio_from_number: str = ""
    twilio_api_url: str = ""
    twilio_accounts_url: str = ""
    twilio_messages_per_second: float = Field(default=0, ge=0)
    twilio_segments_per_day: int | None = Field(default=None, ge=0)

    sendgrid_api_key: SecretStr = SecretStr(SANDBOX_SENDGRID_KEY)
    sendgrid_api_url: str = ""
    sendgrid_webhook_public_key: str = ""
    sendgrid_inbound_secret: SecretStr = SecretStr(SANDBOX_INBOUND_SECRET)
    sendgrid_messages_per_second: float = Field(default=0, ge=0)
    sendgrid_messages_per_day: int = Field(default=0, ge=0)
    email_from: str = ""
    email_reply_to: str = ""

    comms_night: str = ""
    """The local hour at which the night's run is planned, ``HH:MM``; empty: nobody plans by the clock."""
    comms_night_release: Literal["ask", "auto"] = "ask"

    comms_sweep_seconds: float = Field(default=30.0, ge=0.5, le=60)
    comms_lease: Seconds = timedelta(seconds=120)

    unknown_first_ask: Seconds = timedelta(seconds=15)
    unknown_sure: Seconds = timedelta(seconds=60)
    unknown_events: Seconds = timedelta(minutes=15)

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid profile email"
    oidc_role_claim: str = "groups"
    oidc_roles: str = ""
    oidc_label: str = "city account"

    mailhouse_url: str = ""
    weather_feed: Path | None = None
    """The file that a script keeps fresh with the alerts of the weather service; read again whenever it changes."""
    sandbox_url: str = "http://127.0.0.1:8010"

    @field_validator("comms_night")
    @classmethod
    def _an_hour(cls, value: str) -> str:
        if value and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("it is no hour of the day; give HH:MM, such as 02:30, or leave it empty")
        return value

    @field_validator("database_url", "redis_url")
    @classmethod
    def _of_a_known_kind(cls, value: str, info: ValidationInfo) -> str:
        kinds = KINDS[info.field_name or ""]
        if value and not value.startswith(tuple(f"{kind}:" for kind in kinds)):
            raise ValueError(f"it begins with none of: {', '.join(f'{kind}:' for kind in kinds)}")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _a_safe_issuer(cls, value: str) -> str:
        here = urlsplit(value).hostname in ("127.0.0.1", "localhost", "::1")
        if value and not value.startswith("https://") and not (here and value.startswith("http://")):
            raise ValueError("it is no https address; give the issuer as the provider's own document spells it")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _groups_and_roles(cls, value: str) -> str:
        if any(part.strip() and not all(side.strip() for side in _pair(part)) for part in value.split(";")):
            raise ValueError("it names no role for a group; give group=role; group=role")
        return value

    @field_validator("email_reply_to")
    @classmethod
    def _an_address(cls, value: str) -> str:
        name, at, domain = parseaddr(value)[1].partition("@")
        if value and not (name and at and domain):
            raise ValueError("it is no email address; give name@domain, or Words <name@domain>")
        return value

    @field_validator("public_url", "twilio_api_url", "twilio_accounts_url", "sendgrid_api_url", "sandbox_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @cached_property
    def var(self) -> Path:
        """The folder for what the service writes: database, Redis, keys, mail files. Absolute."""
        path = self.comms_var if self.comms_var.is_absolute() else ROOT / self.comms_var
        path.mkdir(parents=True, exist_ok=True)
        return path

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL: ``DATABASE_URL``, or SQLite in ``var``."""
        return self.database_url or f"sqlite:///{self.var / 'comms.db'}"

    @cached_property
    def night(self) -> time | None:
        """The local hour of the night's run; None when nobody plans by the clock."""
        return time.fromisoformat(self.comms_night) if self.comms_night else None

    @cached_property
    def secret(self) -> bytes:
        """The key that signs tokens and hashes identifiers in logs: ``SECRET_KEY``, or one made at first start."""
        if given := self.secret_key.get_secret_value():
            return given.encode()
        path = self.var / "secret_key"
        if not _holds_something(path):
            with (self.var / "secret_key.lock").open("w") as alone:
                fcntl.flock(alone, fcntl.LOCK_EX)
                if not _holds_something(path):
                    _keep_key(path)
        return path.read_text("ascii").encode()

    @cached_property
    def twilio_tokens(self) -> tuple[str, ...]:
        """Auth tokens, newest first; more than one while they are being rotated."""
        raw = self.twilio_auth_token.get_secret_value()
        return tuple(part.strip() for part in raw.split(",") if part.strip())

    @cached_property
    def twilio_sender(self) -> str:
        """The messaging service or number that texts leave from."""
        given = self.twilio_messaging_service_sid or self.twilio_from_number
        return given or (SANDBOX_TWILIO_SERVICE if self.comms_mode is Mode.SANDBOX else "")

    @cached_property
    def day_limits(self) -> dict[str, int]:
        """What each channel may send a day (texts in segments), where there is a limit. For texts T-Mobile's for a
        brand that was not vetted, unless ``TWILIO_SEGMENTS_PER_DAY`` says otherwise; the sandbox has none by itself."""
        texts = self.twilio_segments_per_day
        if texts is None:
            texts = 0 if self.comms_mode is Mode.SANDBOX else UNVETTED_SEGMENTS_PER_DAY
        limits = {"sms": texts, "email": self.sendgrid_messages_per_day}
        return {channel: limit for channel, limit in limits.items() if limit}

    @cached_property
    def twilio_url(self) -> str:
        """The base URL of Twilio's API: the sandbox's own in sandbox mode."""
        default = self.sandbox_url if self.comms_mode is Mode.SANDBOX else "https://api.twilio.com"
        return self.twilio_api_url or default

    @cached_property
    def twilio_consents_url(self) -> str:
        """The base URL of Twilio's Accounts API, which keeps opt-outs. Who stands in for the one API stands in for the
        other, so that no test or trial tells Twilio itself."""
        default = "https://accounts.twilio.com" if _is_twilios(self.twilio_url) else self.twilio_url
        return self.twilio_accounts_url or default

    @cached_property
    def sendgrid_url(self) -> str:
        """The base URL of SendGrid's API: the sandbox's own in sandbox mode."""
        default = self.sandbox_url if self.comms_mode is Mode.SANDBOX else "https://api.sendgrid.com"
        return self.sendgrid_api_url or default

    @cached_property
    def mailhouse(self) -> str:
        """Where mail-house batches go."""
        return self.mailhouse_url or f"file:{self.var / 'mailhouse'}"

    @cached_property
    def sso_roles(self) -> dict[str, str]:
        """Which role the members of a group of the identity provider have; empty: roles are given at the desk."""
        return dict(_pair(part) for part in self.oidc_roles.split(";") if part.strip())

    @cached_property
    def single_sign_on(self) -> bool:
        """Whether staff may sign in at the city's identity provider."""
        return bool(self.oidc_issuer and self.oidc_client_id)

    @cached_property
    def allow_list(self) -> frozenset[str]:
        """Numbers and addresses that may be written to in ``rehearsal``."""
        return frozenset(part.strip().lower() for part in self.comms_allow_list.split(",") if part.strip())

    def missing(self) -> list[str]:
        """What ``rehearsal`` and ``live`` need and these settings lack, a sentence each; nothing in sandbox mode."""
        if self.comms_mode is Mode.SANDBOX:
            return []
        wrong = []
        if self.twilio_account_sid == SANDBOX_TWILIO_SID:
            wrong.append("TWILIO_ACCOUNT_SID is missing.")
        if SANDBOX_TWILIO_TOKEN in self.twilio_tokens or not self.twilio_tokens:
            wrong.append("TWILIO_AUTH_TOKEN is missing.")
        if not self.twilio_sender:
            wrong.append("TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBER is missing.")
        if self.sendgrid_api_key.get_secret_value() in ("", SANDBOX_SENDGRID_KEY):
            wrong.append("SENDGRID_API_KEY is missing.")
        if not self.sendgrid_webhook_public_key:
            wrong.append("SENDGRID_WEBHOOK_PUBLIC_KEY is missing: without it no delivery event can be believed.")
        if self.sendgrid_inbound_secret.get_secret_value().startswith("sandbox"):
            wrong.append("SENDGRID_INBOUND_SECRET is missing: make one with: openssl rand -hex 24")
        if not self.email_from:
            wrong.append("EMAIL_FROM is missing.")
        if not self.public_url.startswith("https://"):
            wrong.append("PUBLIC_URL must be the https address that carriers call.")
        if not self.secret_key.get_secret_value():
            wrong.append("SECRET_KEY is missing: make one with: openssl rand -hex 32")
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            wrong.append("OIDC_ISSUER and OIDC_CLIENT_ID belong together: set both, or neither.")
        if self.comms_mode is Mode.REHEARSAL and not self.allow_list:
            wrong.append("COMMS_ALLOW_LIST is empty: in rehearsal nobody else is written to.")
        return wrong

"""The city's identity provider, spoken to as OpenID Connect Core 1.0 says: the code flow with PKCE, state and nonce.

Authlib writes the requests and checks the claims. What must hold besides, and is checked here: the provider is spoken
to over https (over http only on this machine), its document names the issuer of our settings, the ID token is signed
with one of its published keys and never with a shared secret, and the answer comes back to the browser that asked.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from comms.settings import Settings

RETURN = "/sign-in/sso/back"
PATIENCE = 5
"""Seconds to wait for the provider."""
REMEMBERED = timedelta(hours=1)
"""How long the provider's document and keys are taken as they were read. An unknown key makes us read them again."""
UNDER_WAY = timedelta(minutes=10)
"""How long somebody may take at the provider."""
LEEWAY = 60
"""Seconds that the provider's clock may differ from ours."""
SIGNED_WITH = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures with a key pair only. An ID token "signed" with none, or with the client secret, is refused."""


class SignOnError(Exception):
    """Why somebody could not sign in with their city account; the message says what to do. ``detail`` is for the log
    and for whoever runs the service."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


@dataclass(frozen=True)
class Start:
    """A sign-in on its way: where to send the browser, and what its cookie remembers until it is back."""

    address: str
    pending: dict[str, str]


class Provider:
    """The identity provider of the settings; one an application, its keys remembered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._about: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at: datetime | None = None

    def start(self, now: datetime) -> Start:
        """Begin a sign-in. Raises ``SignOnError`` when the provider does not answer."""
        about = self._document(now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(about) as client:
            address, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        pending = {"state": state, "nonce": nonce, "verifier": verifier, "at": now.isoformat()}
        return Start(address, pending)

    def finish(self, pending: Mapping[str, str], answer: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """What the provider says of the person, checked. ``pending``: what the cookie remembers; ``answer``: the
        parameters that the browser came back with. Raises ``SignOnError``."""
        _check_return(pending, answer, self._settings.oidc_issuer, now)
        about = self._document(now)
        try:
            with self._client(about) as client:
                token = client.fetch_token(
                    about["token_endpoint"], code=answer.get("code", ""), code_verifier=pending["verifier"],
                    grant_type="authorization_code", timeout=PATIENCE, allow_redirects=False,
                )  # fmt: skip
                claims = self._claims(token, about, pending["nonce"], now)
                return claims | self._more(client, about, claims)
        except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError, TypeError) as error:
            raise SignOnError(
                "Your city account could not be confirmed. Try again; if it stays, tell the administrator.",
                _named(error),
            ) from None

    def leaving(self, now: datetime) -> str | None:
        """Where the browser signs out of the provider too (OpenID Connect RP-Initiated Logout 1.0, section 2); None
        where the provider has no such page, or does not answer. It names us and asks for no way back: without the ID
        token, which is not kept, the provider asks the person, and many refuse an address of return that nobody
        registered."""
        try:
            address = str(self._document(now)["end_session_endpoint"])
            _safe(address)
        except (SignOnError, KeyError, ValueError):
            return None
        more = urlencode({"client_id": self._settings.oidc_client_id})
        return f"{address}{'&' if urlsplit(address).query else '?'}{more}"

    def _client(self, about: Mapping[str, Any]) -> OAuth2Session:
        secret = self._settings.oidc_client_secret.get_secret_value()
        known = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        return OAuth2Session(
            self._settings.oidc_client_id, secret or None, token_endpoint_auth_method=method if secret else "none",
            scope=self._settings.oidc_scopes, redirect_uri=self._settings.public_url + RETURN,
            code_challenge_method="S256", default_timeout=PATIENCE,
        )  # fmt: skip

    def _document(self, now: datetime) -> dict[str, Any]:
        """What the provider publishes about itself (OpenID Connect Discovery 1.0, section 4)."""
        if self._read_at is not None and now - self._read_at < REMEMBERED:
            return self._about
        issuer = self._settings.oidc_issuer
        try:
            about = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if about.get("issuer") != issuer:
                raise ValueError(f"the document names the issuer {about.get('issuer')!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _safe(about[name])
        except (RequestException, ValueError, KeyError, TypeError) as error:
            raise SignOnError(
                "The city's sign-in service does not answer as it should. Try again in a minute, or sign in with a "
                "user name and password if you have them.",
                _named(error),
            ) from None
        self._about, self._keys, self._read_at = about, None, now
        return about

    def _claims(self, token: Mapping[str, Any], about: Mapping[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of the ID token, its signature and every claim that says whom it is for checked
        (OpenID Connect Core, section 3.1.3.7)."""
        offered = set(about.get("id_token_signing_alg_values_supported") or ["RS256"])
        registry = JWSRegistry(algorithms=sorted(offered & SIGNED_WITH), strict_check_header=False)
        try:
            read = jwt.decode(token["id_token"], self._key_set(about), registry=registry)
        except InvalidKeyIdError:
            self._keys = None
            read = jwt.decode(token["id_token"], self._key_set(about), registry=registry)
        client_id = self._settings.oidc_client_id
        options = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
        }
        params = {"nonce": nonce, "client_id": client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, options, params)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        return dict(claims)

    def _key_set(self, about: Mapping[str, Any]) -> KeySet:
        if self._keys is None:
            self._keys = KeySet.import_key_set(_read(about["jwks_uri"]))  # type: ignore[arg-type]
        return self._keys

    def _more(self, client: OAuth2Session, about: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the userinfo endpoint adds, where the ID token lacks what we need (section 5.3)."""
        wanted = {"email"} | (
            {self._settings.oidc_role_claim.partition(".")[0]} if self._settings.oidc_roles else set()
        )
        if wanted <= claims.keys() or not about.get("userinfo_endpoint"):
            return {}
        _safe(about["userinfo_endpoint"])
        found = client.get(about["userinfo_endpoint"], timeout=PATIENCE, allow_redirects=False)
        found.raise_for_status()
        more: dict[str, Any] = found.json()
        if more.get("sub") != claims["sub"]:
            raise ValueError("the userinfo endpoint speaks of somebody else")
        return {name: value for name, value in more.items() if name not in claims}


def _check_return(pending: Mapping[str, str], answer: Mapping[str, str], issuer: str, now: datetime) -> None:
    ours = pending.get("state", "")
    if not ours or not hmac.compare_digest(ours.encode(), answer.get("state", "").encode()):
        raise SignOnError("This sign-in was begun in another window, or was used already. Sign in again.")
    if now - datetime.fromisoformat(pending["at"]) > UNDER_WAY:
        raise SignOnError("This sign-in has taken longer than ten minutes. Sign in again.")
    if answer.get("iss", issuer) != issuer:
        raise SignOnError("This answer comes from another sign-in service (RFC 9207). Sign in again.")
    if "error" in answer:
        raise SignOnError(
            "The city's sign-in service did not let you in. Ask whoever looks after city accounts.",
            answer["error"][:80],
        )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _read(address: str) -> dict[str, Any]:
    _safe(address)
    with OAuth2Session(default_timeout=PATIENCE) as plain:
        found = plain.get(address, withhold_token=True, allow_redirects=False)
    if found.status_code != 200 or not isinstance(found.json(), dict):
        raise ValueError(f"{address} answers {found.status_code}")
    return dict(found.json())


def _safe(address: str) -> None:
    parts = urlsplit(address)
    here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        raise ValueError(f"{address} is not an https address")

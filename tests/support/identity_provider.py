"""A small identity provider for tests: OpenID Connect with the code flow, on the loopback, by the test's own clock.

It is strict where ours must be right: it asks for PKCE with S256, checks the verifier, the client's secret and the
redirect address, and gives a code out once. ``person`` is who is signed in there; ``spoil`` changes the claims of the
next token, so that a test can hand out one that must not be believed.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT, SECRET = "desk", "a secret between the two"
MARIA = {"sub": "8f1e", "name": "Maria Berg", "preferred_username": "m.berg", "email": "m.berg@city.example"}


class IdentityProvider:
    """The provider and what it remembers of a test."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.person: dict[str, Any] = dict(MARIA)
        self.spoil: dict[str, Any] = {}
        self.refuses = ""
        self.alg = "RS256"
        self.from_userinfo: tuple[str, ...] = ()
        self.asked: list[str] = []
        self.leaving: str | None = "/leave?theme=city"
        self.issuer = ""
        self._now = now
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key()

    def new_key(self) -> None:
        """Sign with another key from now on, as providers do every few weeks."""
        self._key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        paths: dict[str, Callable[[Request], Response]] = {
            "/.well-known/openid-configuration": self._document,
            "/keys": lambda _: _json({"keys": [self._key.as_dict(private=False)]}),
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return paths[request.path](request) if request.path in paths else Response("no such page", 404)

    def _document(self, _: Request) -> Response:
        here = "" if ":" in (self.leaving or "") else self.issuer
        leaving = {"end_session_endpoint": f"{here}{self.leaving}"} if self.leaving else {}
        return _json(
            leaving
            | {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def _authorize(self, request: Request) -> Response:
        """The person has a session here already: straight back with a code."""
        asked = request.args
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            back |= {"error": self.refuses}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = {"redirect_uri": asked["redirect_uri"], "nonce": asked["nonce"],
                                 "challenge": asked["code_challenge"]}  # fmt: skip
            back |= {"code": code}
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def _token(self, request: Request) -> Response:
        form, client = request.form, request.authorization
        known = self._codes.pop(form["code"], None)
        proven = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        secret_right = client is not None and hmac.compare_digest(client.password or "", SECRET)
        if known is None or not secret_right or known["challenge"] != proven:
            return _json({"error": "invalid_grant"}, 400)
        assert form["redirect_uri"] == known["redirect_uri"]
        now = int(self._now())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": known["nonce"]}
        told = {name: value for name, value in self.person.items() if name not in self.from_userinfo}
        return _json(
            {"access_token": "at", "token_type": "Bearer", "id_token": self._signed(claims | told | self.spoil)}
        )  # fmt: skip

    def _signed(self, claims: dict[str, Any]) -> str:
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.alg == "RS256":
            return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)
        parts = [_part({"alg": self.alg, "kid": self._key.kid}), _part(claims)]
        digest = hmac.new(SECRET.encode(), ".".join(parts).encode(), "sha256").digest()
        return ".".join([*parts, _b64(digest) if self.alg == "HS256" else ""])

    def _userinfo(self, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer at"
        return _json(self.person)


def _part(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value).encode())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


@contextmanager
def identity_provider(now: Callable[[], float]) -> Iterator[IdentityProvider]:
    """A provider on a free port of the loopback, whose clock is ``now`` (seconds since 1970)."""
    provider = IdentityProvider(now)
    server = make_server("127.0.0.1", 0, Request.application(provider.answer), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(10)


def visit(address: str) -> dict[str, str]:
    """Follow a browser's way to the provider: the parameters that it comes back with."""
    import urllib3

    answer = urllib3.request("GET", address, redirect=False, retries=False, timeout=5)
    assert answer.status == 302, answer.data
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

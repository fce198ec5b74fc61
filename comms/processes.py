"""The processes of the service besides the workers, as children of a supervisor."""

import sys
from urllib.parse import urlsplit

from comms.settings import Settings
from comms.supervisor import Child


def web(host: str, port: int, workers: int = 1) -> Child:
    """The web server: granian, chosen by measurement (docs/performance.md)."""
    options = [
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers),
        "--blocking-threads", "8", "--backlog", "512", "--log-level", "error", "--no-ws", "--respawn-failed-workers",
    ]  # fmt: skip
    return Child("web", [sys.executable, "-m", "granian", *options, "comms.wsgi:app"])


def carriers(settings: Settings) -> Child:
    """The local carriers, on the address that ``SANDBOX_URL`` names."""
    where = urlsplit(settings.sandbox_url)
    options = ["--port", str(where.port or 80), "--var", str(settings.var), "--public-url", settings.public_url]
    if settings.comms_clock:
        options += ["--clock", settings.comms_clock]
    return Child("carriers", [sys.executable, "-m", "comms.sandbox", *options])

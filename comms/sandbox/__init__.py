"""Local carriers for the demonstration, the tests and the measurements: processes of their own that speak the real
HTTP of Twilio's Messages API and SendGrid's v3/mail/send, post signed webhooks, go wrong on request, and keep a ledger
of everything they accepted.

``python -m comms.sandbox --port 8010 --var DIR`` runs them; ``start(var)`` does so from Python. They import nothing of
the service but its settings' sandbox constants and its clock. See docs/sandbox.md.
"""

from comms.sandbox.process import Sandbox, SandboxError, start
from comms.sandbox.signing import PUBLIC_KEY_FILE, sendgrid_public_key

__all__ = ["PUBLIC_KEY_FILE", "Sandbox", "SandboxError", "sendgrid_public_key", "start"]

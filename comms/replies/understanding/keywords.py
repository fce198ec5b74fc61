"""The words that mean something all by themselves.

The carriers' own opt-out words always are a revocation (47 CFR 64.1200(a)(10): stop, quit, end, revoke, opt out,
cancel, unsubscribe; Twilio adds STOPALL and OPTOUT), and so are their Spanish counterparts.
"""

from .wordlists import words

CARRIER_WORDS = words(
    "stop stopall unsubscribe cancel end quit revoke optout alto parar detener para pare basta baja remove"
)
"""Alone, with or without punctuation or a polite word, always an opt-out."""

POLITE = words("please thanks thank you por favor gracias ok okay now it this all sir maam yes just")

OPT_IN_WORDS = words("start unstop subscribe resume optin reactivate restart resubscribe comenzar iniciar reanudar")

HELP_WORDS = words("help info ayuda informacion information")

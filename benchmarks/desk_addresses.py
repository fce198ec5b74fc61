"""Addresses of the desk to be walked: for each rule of the application, of which accounts, runs, batches and lists."""

# ruff: noqa: E501 - statements and tables of addresses

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from benchmarks.desk_office import OLD_WORDS
from benchmarks.desk_town import LONGEST
from comms import reports
from comms.db import Database
from comms.desk.worklists.lists import LISTS

SEARCHES = (
    "A4711", "218-555-4417", "(218) 200-4711", "2004711", "customer10@example.com", "customer10", "larson", "maria larson",
    "larson superior", "1427 e superior", "st", "ma", "j", "zebra", "xylophone", "leaking basement", "friday", "account",
    "duluth utilities", "meter 412", "the", "pay",
)  # fmt: skip
"""What is typed into the search box: what jumps, what is in one place, in many, in every message, and nowhere."""


def addresses(database: Database, rule: str) -> list[str]:
    """What is walked of a rule; nothing when the city has nothing for it."""
    if rule == "/find":
        found = [f"/find?q={quote(words)}" for words in SEARCHES]
    elif "<slug>" in rule:
        found = [rule.replace("<slug>", each.slug) for each in LISTS]
    elif rule.startswith("/reports/<name>"):
        found = [rule.replace("<name>", name) for name in reports.REPORTS]
    else:
        found = list(dict.fromkeys(_filled(database, rule)))
    return [path + asked for path in found for asked in _ASKED.get(rule, ("",))]


def _filled(database: Database, rule: str) -> Iterator[str]:
    names = re.findall(r"<(?:\w+:)?(\w+)>", rule)
    if not names and not rule.startswith(_CHOSEN):
        yield rule
        return
    for row in _rows(database, rule, names):
        path = rule
        for name in names:
            path = re.sub(rf"<(?:\w+:)?{name}>", quote(str(row[name])), path)
        yield path + row.get("chosen", "")


def _rows(database: Database, rule: str, names: list[str]) -> list[dict[str, Any]]:
    found = next((sql for beginning, sql in _VALUES if rule.startswith(beginning)), "")
    if not found or any(f" {name}" not in found for name in names):
        return []
    with database.read() as session:
        return [dict(row) for row in session.execute(text(found)).mappings()]


_SOME = f"(SELECT id, number FROM account WHERE id IN ({LONGEST}, 10, 15, 4711, 31415, 60000, 99995)) AS a"
_VALUES = (
    ("/accounts/<number>/holds", "SELECT a.number AS number, h.id AS hold_id FROM hold h JOIN account a ON a.id = h.account_id LIMIT 5"),
    ("/accounts/<number>/promises", "SELECT a.number AS number, p.id AS promise_id FROM promise p JOIN account a ON a.id = p.account_id "
     "WHERE p.status = 'open' LIMIT 5"),
    ("/accounts/<number>/messages", "SELECT number AS number, id AS message_id, 1 AS sheet FROM (SELECT a.number, m.id, row_number() OVER "
     "(PARTITION BY m.channel ORDER BY b.manifest ->> 'files' IS NULL, m.id DESC) AS place FROM message m JOIN account a ON a.id = m.account_id "
     "LEFT JOIN mail_batch b ON b.id = m.batch_id) AS sent WHERE place < 4"),
    ("/accounts/<number>", f"SELECT a.number AS number FROM {_SOME}"),
    ("/campaigns/policies/<name>", "SELECT policy AS name, version AS version FROM policy_version ORDER BY version DESC, policy LIMIT 4"),
    ("/campaigns/moves", "SELECT id AS move_id FROM policy_move LIMIT 3"),
    ("/campaigns/shutoff/lists", "SELECT name AS name, json_object_keys(CAST(manifest -> 'files' AS json)) AS file FROM field_list"),
    ("/campaigns/<int:run_id>", "SELECT r.id AS run_id, n AS number, 1 AS sheet FROM campaign_run r, "
     "generate_series(0, 11) AS n WHERE CAST(counts AS text) <> '{}'"),
    ("/mail/batches/<name>/letters", "SELECT b.name AS name, seq AS seq, 1 AS sheet FROM mail_batch b, "
     "(VALUES (1), (7), (300)) AS v (seq) WHERE b.manifest ->> 'files' IS NOT NULL AND pieces > seq"),
    ("/mail/batches", "SELECT name AS name, id AS batch_id, seq AS seq, 1 AS sheet FROM mail_batch b, "
     "(VALUES (1), (7), (300)) AS v (seq) WHERE pieces > 1000 OR state = 'handed_over'"),
    ("/notices/<name>", "SELECT * FROM (VALUES ('past-due-reminder', 'en', 1), ('disconnect-notice', 'es', 1)) "
     "AS v ( name, language, sheet)"),
    ("/reports/log/", "SELECT id AS number FROM export"),
    ("/tasks/snooze", "SELECT '?task=' || id AS chosen FROM task WHERE state = 'open' ORDER BY id DESC LIMIT 3"),
    ("/staff", "SELECT username AS username FROM staff_user"),
)  # fmt: skip
"""Where the values of an address come from, by its beginning."""
_CHOSEN = ("/tasks/snooze",)
"""Addresses that say nothing of their matter themselves."""
_ASKED = {
    "/accounts/<number>": ("", "?before=6000", "?show=texts", "?about=failed", "?about=money", "?steps=all",
                           "?words=xylophone", "?words=meter", "?from=2025-11-01&to=2025-12-01"),
    "/accounts/<number>/newer": ("?seen=0",),
    "/accounts/<number>/notice": ("", "?notice=past-due-reminder"),
    "/accounts/<number>/notice/checks": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/email": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/letter.pdf": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/letter.png": ("?notice=past-due-reminder",),
    "/accounts/<number>/audit": ("", "?show=changes"),
    "/campaigns/<int:run_id>/accounts": ("?outcome=contact", "?outcome=protected", "?outcome=waiting", "?outcome=nothing"),
    "/campaigns/<int:run_id>/accounts/excel": ("?outcome=contact",),
    "/campaigns/<int:run_id>/differences": ("", "?change=new", "?change=gone", "?change=step", "?part=1"),
    "/reports/<name>": ("", "?from=2025-10-01&to=2026-11-22", "?from=2026-11-01&to=2026-11-22&policy=residential"),
    "/worklists/<slug>": ("", "?who=mine", "?who=nobody", "?who=user:osei", "?state=aside"),
    "/worklists/promises-due": ("", "?when=week", "?when=grace"),
    "/worklists/holds-ending": ("", "?when=week", "?when=month"),
    "/campaigns/policies/<name>/<int:version>/compare": ("?with=1",),
    "/campaigns/moves/<int:move_id>": ("", "?from=500"),
    "/mail/batches/<name>": ("", "?after=1000", "?state=returned", "?state=mailed"),
    "/mail/batches/<name>/proof": ("", "?draw=2", "?piece=300"),
    "/mail": ("", "?before=200"),
    "/notices/<name>/compare": ("?with=" + OLD_WORDS,),
    "/campaigns/shutoff/propose": ("", "?kind=shutoff&day=2026-12-01"),
    "/mail/returned/find": ("?q=larson", "?q=P00000001"),
}  # fmt: skip
"""What is asked of an address besides, where that makes another page of it."""

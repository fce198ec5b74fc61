"""What a clerk waits for after pressing a button: each act through the real application, up to its answer.

Each is done for some accounts, letters or matters of its own. What workers do afterwards (sending, planning, writing a
long log) is not in it.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from comms.campaigns.preview import preview
from comms.desk.campaigns import run_words
from comms.office import Office

EACH = 20
_POST = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"}
Form = dict[str, str]

_REPLIES = """SELECT t.id, a.number, (SELECT max(m.id) FROM inbound_message m WHERE m.account_id = a.id)
    FROM task t JOIN account a ON a.id = t.account_id WHERE t.state = 'open' AND t.kind = 'reply' AND EXISTS (
        SELECT 1 FROM contact_point p LEFT JOIN consent c ON c.address = p.value
        WHERE p.account_id = a.id AND p.kind = 'phone' AND c.allowed IS NOT FALSE)
    AND a.id % 1000 > 40 ORDER BY t.id DESC LIMIT :each"""
_OWING = (
    "SELECT number FROM account a WHERE past_due_cents BETWEEN 6000 AND 20000 AND id % 7 = 3 AND status = 'active' AND "
    "NOT EXISTS (SELECT 1 FROM promise p WHERE p.account_id = a.id AND p.status = 'open') ORDER BY id DESC LIMIT :each"
)
_TASKS = "SELECT id FROM task WHERE state = 'open' AND kind <> 'reply' ORDER BY id LIMIT :each"
_LETTERS = (
    "SELECT piece_id FROM mail_piece p JOIN message m ON m.id = p.message_id WHERE m.state = 'mailed' "
    "ORDER BY p.id DESC LIMIT :each"
)
_RUN = "SELECT id, brakes FROM campaign_run WHERE state = 'planned' ORDER BY id DESC LIMIT 1"


@dataclass
class Done:
    """Milliseconds of each time that an act was done, and of a processor in all."""

    times: list[float] = field(default_factory=list)
    cpu: float = 0.0


def perform(office: Office, client: Any, processor: Callable[[], float]) -> dict[str, Done]:
    """Do every act; ``processor``: the seconds that this process and the database's server have used."""
    token = _token(client)
    done: dict[str, Done] = {}
    for name, address, form in _acts(office):
        spent, began = processor(), time.perf_counter()
        answer = client.post(address, base_url="https://localhost", data={"csrf_token": token, **form}, headers=_POST)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != 303:
            raise SystemExit(f"{name}: {address} was answered with {answer.status_code}\n{_problem(answer)}")
        one = done.setdefault(name, Done())
        one.times.append(took)
        one.cpu += (processor() - spent) * 1000
    return done


def _acts(office: Office) -> Iterator[tuple[str, str, Form]]:
    for task, number, seen in _rows(office, _REPLIES):
        yield "answer a text and resolve", f"/accounts/{number}/text", {
            "text": "Thank you, we have your message.", "seen": str(seen), "later": "1", "task": str(task),
            "resolve": "1",
        }  # fmt: skip
    owing = [number for (number,) in _rows(office, _OWING)]
    for number in owing:
        promised = {"amount-1": "50.00", "day-1": "2026-12-01", "in-writing": "first", "source": "phone"}
        yield "record a promise", f"/accounts/{number}/promise", promised
    for number in owing:
        held = {"hold-kind": "office", "note": "asked for by the supervisor", "ends-on": "2026-12-15"}
        yield "place a hold", f"/accounts/{number}/hold", held
    for number in owing:
        yield "write a note", f"/accounts/{number}/note", {"text": "Called, nobody was there."}
    for (task,) in _rows(office, _TASKS):
        yield "resolve, and the next", f"/tasks/{task}/resolve", {"how": "Called back", "then": "next"}
    for (piece,) in _rows(office, _LETTERS):
        yield "scan a returned letter", "/mail/returned/scan", {"piece": piece, "reason": "VAC"}
    for number in owing[:3]:
        log = {"from": "2026-09-01", "to": "2026-11-22", "account": number, "what": "said", "form": "xlsx"}
        yield "take out the log of an account", "/reports/log", log
    for month in (7, 8, 9):
        log = {"from": f"2026-{month:02}-01", "to": f"2026-{month:02}-28", "account": "", "what": "said", "form": "csv"}
        yield "ask for a month of everybody's log", "/reports/log", log
    yield from _of_a_run(office)


def _of_a_run(office: Office) -> Iterator[tuple[str, str, Form]]:
    for run, pulled in _rows(office, _RUN):
        for brake in pulled:
            if not brake.get("lifted_by"):
                lifted = {"brake": brake["brake"], "because": "It is measured."}
                yield "lift a brake of a run", f"/campaigns/{run}/lift", lifted
        yield "approve a run", f"/campaigns/{run}/approve", {}
        with office.database.read() as session:
            words = run_words.phrase(preview(session, run))
        yield "let a run go", f"/campaigns/{run}/release", {"typed": words}
        yield "pause a run", f"/campaigns/{run}/pause", {}
        yield "go on with a run", f"/campaigns/{run}/resume", {}
        yield "stop a run", f"/campaigns/{run}/stop", {"because": "It was measured."}
    yield "plan a run", "/campaigns/plan", {}


def _rows(office: Office, statement: str) -> list[Any]:
    with office.database.read() as session:
        given = {"each": EACH} if ":each" in statement else {}
        return list(session.execute(text(statement), given))


def _token(client: Any) -> str:
    page = client.get("/campaigns", base_url="https://localhost").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _problem(answer: Any) -> str:
    words = re.sub(r"<[^>]+>|\s+", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", words)[:2000]

"""Every look at a customer and every change is in the audit: shown for each address of the desk, new ones too.

Whether an address writes a line of the audit is followed in the code, from the function that answers to the one that
writes. An address that does not is named here with the reason; a new one is in neither, and fails.
"""

import ast
import importlib
import inspect
from functools import cache
from types import ModuleType

import pytest
from sqlalchemy import select

from comms import desk
from comms.accounts import finding
from comms.desk.access.gate import Route, Visit
from comms.desk.schema import AuditEvent
from tests.desk import story
from tests.desk.conftest import Browser
from tests.desk.mail import mail_story

WRITES = {"note_down"}
"""The one function that writes a line of the audit."""
NO_CUSTOMER = "it shows figures, words or settings, and no customer"
WITH_THE_RECORD = "an open record asks for it by itself, and says nothing of the customer but that something is new"
TO_GET_IN = "nobody is signed in yet; coming in is written down"
CHATTY = "0000555-50"
UNWRITTEN = {
    "GET /sign-in": TO_GET_IN, "GET /sign-in/code": TO_GET_IN, "GET /sign-in/sso": TO_GET_IN,
    "GET /sign-in/sso/signed-out": NO_CUSTOMER,
    "GET /me": NO_CUSTOMER, "GET /me/codes": NO_CUSTOMER, "GET /staff": NO_CUSTOMER,
    "GET /staff/<username>": NO_CUSTOMER,
    "GET /": NO_CUSTOMER, "GET /worklists": NO_CUSTOMER, "GET /tasks/snooze": NO_CUSTOMER,
    "POST /accounts/<number>/redraw": "it changes nothing: what was typed comes back in a box of the other kind",
    "GET /accounts/<number>/newer": WITH_THE_RECORD, "GET /accounts/<number>/others": WITH_THE_RECORD,
    "GET /accounts/<number>/notice/checks": NO_CUSTOMER,
    "GET /campaigns": NO_CUSTOMER, "GET /campaigns/<int:run_id>": NO_CUSTOMER,
    "GET /campaigns/<int:run_id>/progress": NO_CUSTOMER, "GET /campaigns/policies": NO_CUSTOMER,
    "GET /campaigns/policies/<name>/<int:version>": NO_CUSTOMER,
    "GET /campaigns/policies/<name>/<int:version>/timeline.svg": NO_CUSTOMER,
    "GET /campaigns/policies/<name>/<int:version>/compare": NO_CUSTOMER,
    "GET /campaigns/policies/<name>/experiment": NO_CUSTOMER,
    "GET /campaigns/shutoff": NO_CUSTOMER,
    "GET /reports": NO_CUSTOMER, "GET /reports/<name>": NO_CUSTOMER, "GET /reports/log": NO_CUSTOMER,
    "GET /reports/log/files": NO_CUSTOMER,
    "GET /notices": NO_CUSTOMER, "GET /notices/<name>": NO_CUSTOMER, "GET /notices/<name>/checks": NO_CUSTOMER,
    "GET /notices/<name>/compare": NO_CUSTOMER, "GET /notices/<name>/<language>/email": NO_CUSTOMER,
    "GET /notices/<name>/<language>/letter.pdf": NO_CUSTOMER, "GET /notices/<name>/<language>/letter": NO_CUSTOMER,
    "GET /notices/<name>/<language>/letter-<int:sheet>.png": NO_CUSTOMER,
    "GET /mail": NO_CUSTOMER, "GET /mail/batches/by-number/<int:batch_id>": "it leads to the batch's page",
    "GET /mail/returned/scan": "what was just scanned, by whoever scanned it",
}  # fmt: skip
"""Addresses that write no line, and why."""


def desk_routes() -> list[Route]:
    return list(desk.ROUTES)


@cache
def source(module: str) -> tuple[ModuleType, dict[str, ast.AST]]:
    loaded = importlib.import_module(module)
    functions = [node for node in ast.walk(ast.parse(inspect.getsource(loaded))) if isinstance(node, ast.FunctionDef)]
    return loaded, {node.name: node for node in functions}


def calls(function) -> set[str]:
    """The names of all functions of the desk that a function calls, itself or through others."""
    reached, waiting = set(), [(function.__module__, function.__name__)]
    while waiting:
        at = waiting.pop()
        if at in reached:
            continue
        reached.add(at)
        loaded, functions = source(at[0])
        nodes = list(ast.walk(functions[at[1]])) if at[1] in functions else []
        bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
        for node in nodes:
            found = None
            if isinstance(node, ast.Name) and node.id not in bound:
                found = vars(loaded).get(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                room = Visit if node.value.id in ("visit", "self") else vars(loaded).get(node.value.id)
                found = vars(room).get(node.attr) if room is Visit or type(room) is ModuleType else None
            if inspect.isfunction(found) and found.__module__.startswith("comms.desk"):
                waiting.append((found.__module__, found.__name__))
    return {name for _, name in reached}


@pytest.mark.parametrize("route", desk_routes(), ids=lambda route: f"{route.methods[0]} {route.rule}")
def test_every_address_writes_a_line_of_the_audit_or_says_why_not(route):
    written = bool(WRITES & calls(route.view))
    assert written != (f"{route.methods[0]} {route.rule}" in UNWRITTEN)


def test_no_reason_is_left_of_an_address_that_is_gone():
    assert {f"{route.methods[0]} {route.rule}" for route in desk_routes()} >= UNWRITTEN.keys()


def test_nothing_but_a_look_goes_unwritten():
    assert [one for one in UNWRITTEN if one.startswith("POST")] == ["POST /accounts/<number>/redraw"]


def views_of(office, account_id) -> list[AuditEvent]:
    with office.database.read() as session:
        found = select(AuditEvent).where(AuditEvent.account_id == account_id, AuditEvent.action == "account.viewed")
        return list(session.scalars(found.order_by(AuditEvent.id)))


def id_of(office, number: str) -> int:
    with office.database.read() as session:
        return finding.by_number(session, number).id


@pytest.mark.parametrize(
    "part", ["stage", "notice/letter.pdf?notice=past-due-reminder", "notice/letter.png?notice=past-due-reminder"]
)
def test_a_part_that_is_asked_for_alone_is_written_down_as_a_view(afternoon, clerk, part):
    account_id = id_of(afternoon, CHATTY)
    for _ in range(2):
        assert clerk.get(f"/accounts/{CHATTY}/{part}").status_code == 200
    (one,) = views_of(afternoon, account_id)
    assert (one.username, one.facts) == ("park", {"page": "a part"})


def test_a_part_that_its_page_brings_is_not_written_down_again(afternoon, app, clerk, clock):
    account_id = id_of(afternoon, story.MARIA)
    clerk.get(f"/accounts/{story.MARIA}")
    clerk.get(f"/accounts/{story.MARIA}/stage")
    assert len(views_of(afternoon, account_id)) == 1
    other = Browser(app)
    other.sign_in("vera")
    other.get(f"/accounts/{story.MARIA}/stage")
    assert [one.username for one in views_of(afternoon, account_id)] == ["park", "vera"]


def test_a_letter_of_a_batch_that_is_looked_at_alone_is_a_view_of_its_customer(afternoon, clerk, tmp_path):
    mail_story.handed_over(afternoon.database, afternoon.city, tmp_path)
    assert clerk.get(f"/mail/batches/{mail_story.FRESH}/letters/2-1.png").status_code == 200
    with afternoon.database.read() as session:
        (seen,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.viewed"))
    assert seen.username == "park"


def test_what_one_does_with_ones_own_sign_ins_and_codes_is_written_down(afternoon, clerk, app):
    Browser(app).sign_in()
    page = clerk.get("/me").get_data(as_text=True)
    clerk.post(page.partition('action="/me/sign-ins/')[2].join(["/me/sign-ins/", ""]).partition('"')[0], page="/me")
    clerk.post("/me/codes/begin", page="/me/codes")
    clerk.post("/sign-out", page="/")
    with afternoon.database.read() as session:
        done = set(session.scalars(select(AuditEvent.action).where(AuditEvent.username == "park")))
    assert done == {"user.signed_in", "user.signed_out_there", "user.codes_begun", "user.signed_out"}

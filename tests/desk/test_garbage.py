"""Whatever is asked of any address, by anybody: words come back, never a fault of ours.

Every rule of the whole application's URL map is asked for what makes no sense, on both databases (PostgreSQL refuses
more than SQLite), and hypothesis makes up more of it for each role.
"""

import re
from collections import Counter
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from comms.app import create_app
from comms.desk.access.users import add_user
from comms.office import Office
from comms.settings import ROOT
from tests.desk import story
from tests.desk.campaigns import told
from tests.desk.conftest import COMPILED, Browser, RememberingDoorbell
from tests.desk.mail import mail_story
from tests.support import policies

USERS = {"viewer": "vera", "collector": "park", "supervisor": "osei", "administrator": "admin"}
ENDS_THE_SESSION = {"/sign-out", "/me/sign-out-everywhere", "/me/password", "/me/codes/begin", "/me/codes/confirm"}
"""What would only make the next question one of somebody who is not signed in."""
SOUND = {
    "number": (story.MARIA, "0000666-13", "0003103-03", mail_story.INGRID), "username": ("coda",), "deed": ("disable",),
    "slug": ("replies", "unmatched"), "language": ("en", "es"), "file": ("orders.csv",), "digest": ("1",),
    "name": (mail_story.MAILED, "past-due-reminder", "residential-past-due", "delivery"), "token": ("1",),
    "secret": ("1",),
}  # fmt: skip
"""Parts of addresses that lead somewhere, so that the fields behind them are read."""
NUMBERS = ("0", "1", "2", "2147483648", f"{2**63 - 1}", f"{2**63}", "1" + "0" * 30, "9" * 4301, "-1", "٣")
WORDS = (
    "%00", "%FF%FE", "..%2F..%2Fetc%2Fpasswd", "..", "a" * 2000, quote("\U0001f600"), quote("\u202egnp.exe"),
    "%0d%0aX: y", "'%20OR%201=1--", "{{7*7}}", "9999-12-31",
)  # fmt: skip
VALUES = (
    "", "\0", "words \0 words", "0", "-1", f"{2**63}", "9" * 5000, "1e309", "NaN", "٣", "²", "9999-12-31", "0000-00-00",
    "0001-01-01", "2026-02-30", "2026-W05-1", "25:61", "x" * 20_000, "\U0001f600" * 200, "\u202eevil", "<script>",
    "{{7*7}}", "../../etc/passwd", "%s%n", "\x1b[31m", "=1+1", "[]", "$99,999,999,999,999,999.99", "0.001", "-5.00",
    "//evil.example", "/\\evil.example", "+1", "1.2", "1-2", "'", "\r\n", "\u2028", "2026-12-04", "50.00", "Some words",
)  # fmt: skip
FIELDS = sorted(
    {
        name
        for folder, kind in (("comms/desk", "*.py"), ("templates/desk", "*.html"))
        for path in (ROOT / folder).rglob(kind)
        for name in re.findall(r'(?:\bname=|\bget\(|\bgetlist\(|form\[|query\[)"([a-z-]+)"', path.read_text())
    }
)
"""Every name that a page reads or a form has."""


class Bell(RememberingDoorbell):
    def answers(self):
        return True

    def ask_for_export(self, export_id):
        return self.ring("mail", [export_id])


@pytest.fixture
def whole(settings, database, clock, city, tmp_path):
    """The whole application over an office with customers, a run that was let go, one that waits, and letters."""
    office = Office(settings, database, clock, city, Bell())
    clock.set(story.NOW - told.WEEKS_AGO)
    with database.begin() as session:
        policies.activate(session, city)
    told.customers(office, 8)
    told.files(office)
    told.let_go(office, told.plan(office))
    told.arrive(office)
    clock.set(story.NOW)
    told.files(office)
    told.plan(office)
    with database.begin() as session:
        story.whole(session, story.NOW)
        add_user(session, username="coda", name="Coda", role="viewer", password=story.PASSWORD, at=story.NOW)
    mail_story.mailed(database, city)
    mail_story.handed_over(database, city, tmp_path / "house")
    app = create_app(office)
    app.jinja_env.bytecode_cache = COMPILED
    return app


class Pest(Browser):
    """Somebody who is signed in and asks for anything."""

    def __init__(self, app, role: str) -> None:
        super().__init__(app)
        self.asked = [
            (rule, method)
            for rule in app.url_map.iter_rules()
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
            if rule.rule not in ENDS_THE_SESSION or method == "GET"
        ]
        self.sign_in(USERS[role])
        self.token = re.search(r'name="csrf_token" value="([^"]*)"', self.get("/me").get_data(as_text=True))[1]

    def ask(self, method: str, path: str, fields: list[tuple[str, str]]) -> int:
        """Ask, look at the answer, and give its status."""
        if method == "GET":
            answer = self.get(f"{path}?{urlencode(fields)}")
        else:
            data = {"csrf_token": self.token}
            for name, value in fields:
                data.setdefault(name, value)
            answer = self.client.open(path, method=method, base_url="https://localhost", data=data)
        self.answered(answer, f"{method} {path[:200]} {fields!r:.400}")
        return int(answer.status_code)

    def answered(self, answer, what: str) -> None:
        """In words, and nobody is led to another site."""
        assert answer.status_code < 500, what
        if answer.status_code >= 400:
            assert len(answer.get_data(as_text=True).split()) >= 4, what
        assert re.fullmatch(r"(/([^/\\].*)?)?", answer.headers.get("Location", ""), re.DOTALL), what


def filled(rule, part) -> str:
    """The address of a rule, with ``part(name, is_number)`` in place of each of its parts."""
    return re.sub(r"<(\w+:)?(\w+)>", lambda found: part(found[2], found[1] == "int:"), rule.rule)


def test_every_address_answers_what_makes_no_sense(whole):
    pest = Pest(whole, "administrator")
    senseless, sound = Counter(), Counter()
    for at, (rule, method) in enumerate(pest.asked):
        for turn in range(3 if "<" in rule.rule else 1):
            path = filled(rule, lambda _, number, n=at * 3 + turn: (NUMBERS if number else WORDS)[n % 10])
            senseless[pest.ask(method, path, [])] += "<" in rule.rule
        path = filled(rule, lambda name, number: "1" if number else SOUND[name][0])
        fields = [(name, VALUES[(at + n) % len(VALUES)]) for n, name in enumerate(FIELDS[:45])]
        sound[pest.ask(method, path, fields)] += 1
    assert max(*senseless, *sound) < 500
    assert senseless[404] > senseless.total() / 2, "most of these things are not there"
    assert sound[200] > 20 and sound.total() == len(pest.asked), "and the pages themselves were come to"


def test_every_address_answers_other_methods(afternoon):
    """No method but those that a page has does anything."""
    afternoon.doorbell.answers = lambda: True
    pest = Pest(create_app(afternoon), "administrator")
    before = _rows(afternoon)
    for rule in {rule.rule: rule for rule, _ in pest.asked}.values():
        path = filled(rule, lambda name, number: "1" if number else SOUND[name][0])
        for method in ("HEAD", "OPTIONS", "PUT", "TRACE", "NONSENSE"):
            status = pest.client.open(path, method=method, base_url="https://localhost").status_code
            assert status < 500 and (status in (404, 405) or method in ("HEAD", "OPTIONS")), (method, path)
    assert _rows(afternoon) == before


def _rows(office) -> list[int]:
    tables = ("message", "task", "contact_event", "hold", "promise", "staff_user", "user_session")
    with office.database.read() as session:
        return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_whatever_anybody_makes_up_is_answered(whole):
    pests = {role: Pest(whole, role) for role in USERS}
    anything = st.one_of(st.sampled_from(VALUES), st.text(max_size=30))
    asked = st.sampled_from(pests["viewer"].asked)

    @settings(max_examples=240, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.sampled_from(list(USERS)),
        asked,
        st.lists(st.tuples(st.sampled_from(FIELDS), anything), max_size=8),
        st.data(),
    )
    def asks(role, asked, fields, data):
        rule, method = asked

        def part(name: str, number: bool) -> str:
            wild = data.draw(st.booleans())
            if number:
                return data.draw(st.sampled_from(NUMBERS if wild else ("1", "2", "3")))
            return data.draw(st.sampled_from(WORDS if wild else SOUND[name]))

        pests[role].ask(method, filled(rule, part), fields)

    asks()
    assert [pest.get("/me").status_code for pest in pests.values()] == [200] * len(USERS)

"""Nothing that a customer, a clerk or the billing system wrote runs in a spreadsheet, whichever file it is in.

Every list that the desk gives as Excel and every log is taken out of an office in which all names, addresses and words
are hostile; an address that gives a spreadsheet and is not here fails.
"""

import csv
import io
import re
import shutil
import zipfile
from datetime import date
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from comms import desk, reports
from comms.accounts.schema import Account, Hold
from comms.channels.mail_house.data_file import safe_cell
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.desk.frame import sheets
from comms.desk.frame.sheets import Column
from comms.desk.schema import User
from comms.office import Office
from comms.outbox import Message
from comms.outbox.returned_mail import CameBack, take_in
from comms.promises.schema import Promise, PromisePart
from comms.settings import Settings
from comms.worklist.schema import Task
from tests.desk import story
from tests.desk.campaigns import told
from tests.desk.conftest import Browser, RememberingDoorbell, make_app
from tests.desk.mail import mail_story
from tests.support import month

HOSTILE = ("=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.test","y")', "%0A=1")
STARTS = tuple("=+-@\t\r\n")
NOVEMBER = "from=2026-11-01&to=2026-11-30"
FILES = {
    "/find/excel": "/find/excel?q=superior",
    "/worklists/<slug>/excel": "/worklists/replies/excel",
    "/worklists/promises-due/excel": "/worklists/promises-due/excel",
    "/worklists/holds-ending/excel": "/worklists/holds-ending/excel",
    "/campaigns/<int:run_id>/accounts/excel": "/campaigns/2/accounts/excel?outcome=contact",
    "/campaigns/<int:run_id>/differences/excel": "/campaigns/2/differences/excel",
    "/campaigns/moves/<int:move_id>/excel": "/campaigns/moves/1/excel",
    "/campaigns/shutoff/propose/excel": "/campaigns/shutoff/propose/excel?kind=shutoff&day=2026-12-22",
    "/campaigns/shutoff/lists/<name>/excel": "/campaigns/shutoff/lists/shutoff-2026-12-22/excel",
    "/reports/<name>.xlsx": f"/reports/aging.xlsx?{NOVEMBER}",
    "/mail/returned/excel": "/mail/returned/excel",
}
"""An address for each rule that gives a workbook."""
MAY_BE_EMPTY = {
    "/campaigns/moves/<int:move_id>/excel", "/campaigns/shutoff/lists/<name>/excel", "/campaigns/shutoff/propose/excel",
}  # fmt: skip
"""What this office has none of; it is written by the same two functions, which the last tests are about."""
HAS_NO_WORDS = {"/reports/<name>.xlsx", "/campaigns/<int:run_id>/differences/excel"}
"""It holds figures, account numbers and words of the policy."""


@pytest.fixture(scope="module")
def hostile(sqlite_template, tmp_path_factory):
    """Nights of campaigns, an afternoon, a month, letters that came back; then all words are made hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    path, city = folder / "desk.db", load_city("duluth-mn")
    path.write_bytes(sqlite_template.read_bytes())
    shutil.copytree(city.folder, folder / city.slug)
    settings = Settings(_env_file=None, comms_var=folder / "var", secret_key="test-key")
    office = Office(
        settings, Database(f"sqlite:///{path}"), FixedClock(story.NOW),
        city.model_copy(update={"folder": folder / city.slug}), RememberingDoorbell(),
    )  # fmt: skip
    told.tell(office)
    with office.database.begin() as session:
        story.customers(session, story.NOW)
        month.whole(session)
    mail_story.mailed(office.database, office.city)
    reports.count(office.database, office.city, office.clock)
    with office.database.begin() as session:
        session.execute(update(PromisePart).values(due_on=date(2026, 11, 23), state="waiting"))
        session.execute(update(Promise).values(status="open"))
        session.execute(update(Hold).values(ends_on=date(2026, 11, 25)))
        take_in(session, office.city, office.clock, [CameBack(mail_story.FIRST, "NSN")], by="user:park")
        poison(session)
    yield office
    office.database.dispose()


def poison(session) -> None:
    """Every name, address and reason becomes something that a spreadsheet would run."""
    for place, account in enumerate(session.scalars(select(Account))):
        words = HOSTILE[place % len(HOSTILE)]
        account.name = words
        account.service_address = f"{words} Superior St"
        account.mailing_address = dict(account.mailing_address or {}, line1=words, city=words)
    for place, task in enumerate(session.scalars(select(Task))):
        task.reason = HOSTILE[place % len(HOSTILE)]
    for place, message in enumerate(session.scalars(select(Message))):
        message.recipient_name = message.error_text = HOSTILE[place % len(HOSTILE)]
    session.execute(update(User).values(name=HOSTILE[0]))


@pytest.fixture(scope="module")
def boss(hostile):
    browser = Browser(make_app(hostile))
    assert browser.sign_in("admin").status_code == 303
    return browser


def cells_of(workbook: bytes) -> list[str]:
    """The texts of a workbook, which must hold nothing that runs."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as book:
        names = book.namelist()
        parts = [book.read(name).decode() for name in names if name.endswith((".xml", ".rels"))]
    assert not [name for name in names if "externalLink" in name or "vba" in name.lower()]
    whole = "".join(parts)
    for running in ("<f>", "<f ", "<hyperlink", "ddeLink", 'TargetMode="External"'):
        assert running not in whole
    return [unescape(text) for text in re.findall(r"<t[^>]*>([^<]*)</t>", whole)]


def test_every_address_that_gives_a_spreadsheet_is_tried():
    rules = {route.rule for route in desk.ROUTES}
    assert {rule for rule in rules if rule.endswith(("excel", ".xlsx", ".csv"))} == FILES.keys()


@pytest.mark.parametrize("rule", FILES)
def test_a_list_as_excel_holds_hostile_words_as_words(boss, rule):
    answer = boss.get(FILES[rule])
    if rule in MAY_BE_EMPTY:
        assert answer.status_code in (200, 404)
        return
    assert (answer.status_code, answer.mimetype) == (200, sheets.EXCEL_TYPE)
    cells = cells_of(answer.get_data())
    assert rule in HAS_NO_WORDS or [cell for cell in cells if cell.lstrip().startswith(STARTS)]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_log_holds_hostile_words_as_words(boss, form):
    wish = {"from": "2026-10-01", "to": "2026-11-30", "account": "", "what": "everything", "notes": "1", "form": form}
    assert boss.post("/reports/log", wish, page="/reports/log").status_code == 303
    page = boss.get("/reports/log").get_data(as_text=True)
    file = boss.get(re.search(r'href="(/reports/log/\d+)" download>Download', page)[1]).get_data()
    if form == "xlsx":
        assert "=cmd|' /C calc'!A0" in cells_of(file)
        return
    rows = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
    cells = [cell for row in rows for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert [cell for cell in cells if cell.startswith(STARTS) and not re.fullmatch(r"-?\d+(\.\d+)?", cell)] == []


def would_run(cell: str) -> bool:
    """Whether a spreadsheet might take it for a formula (OWASP: CSV injection), also behind what has no shape."""
    return cell.startswith(STARTS) or cell.strip(" \t\r\n\u00a0\u200b\ufeff").startswith(tuple("=+-@"))


ANY = st.text(max_size=40) | st.builds("{}{}{}".format, st.sampled_from(["", " ", "\t", "\u00a0", "\ufeff"]),
                                       st.sampled_from(STARTS), st.text(max_size=20))  # fmt: skip


def _without_escapes(cell: str) -> str:
    """As a spreadsheet reads it: ``_x0001_`` is the character (ECMA-376, 22.9.2.19 ST_Xstring)."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), cell)


@given(ANY)
def test_no_text_runs_in_a_workbook(text):
    with sheets.workbook([(text, text)], [Column("A"), Column("B", "long")], "Log", ZoneInfo("UTC")) as book:
        cells = [_without_escapes(cell) for cell in cells_of(book.read())]
    kept = re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert [cell for cell in cells if cell] == [cell for cell in ("A", "B", kept, kept) if cell], "its words, no more"


@given(ANY)
def test_no_text_begins_like_a_formula_in_csv(text):
    made = b"".join(sheets.csv_stream([(text, "x")], [Column("A"), Column(text)], ZoneInfo("UTC")))
    for row in csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")):
        assert len(row) == 2
        assert not [cell for cell in row if would_run(cell)]


@given(ANY)
def test_no_text_begins_like_a_formula_in_the_files_of_the_mail_house_and_the_field(text):
    cell = safe_cell(text)
    assert not would_run(cell) and "\n" not in cell and "\r" not in cell

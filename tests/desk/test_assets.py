"""The style sheets, scripts and fonts: as published, kept by browsers, and light."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from comms.desk.frame.assets import FOLDER
from tests.desk import story

FIRST_VISIT, LATER = 150_000, 30_000
"""Bytes on the wire for a page: the first time, and when the files are known already."""


@pytest.mark.parametrize("folder", [FOLDER / "vendor", Path(__file__).parent / "vendor"])
def test_the_files_of_others_are_as_published(folder):
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split(maxsplit=1)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_a_file_is_compressed_and_kept_for_a_year(browser):
    page = browser.get("/sign-in").get_data(as_text=True)
    for path in re.findall(r'(?:href|src)="(/assets/[^"]+)"', page):
        answer = browser.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
        plain = browser.get(path)
        if "Content-Encoding" in answer.headers:
            assert gzip.decompress(answer.data) == plain.data


def test_the_address_of_an_older_version_is_served_but_not_kept(browser):
    assert browser.get("/assets/000000000000/app.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "../gate.py", "vendor/VENDOR.md", "%2e%2e/schema.py"])
def test_nothing_else_is_served(browser, name):
    assert browser.get(f"/assets/000000000000/{name}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/find?q=larson", f"/accounts/{story.MARIA}", "/accounts/0000555-50", "/worklists/replies"]
)  # fmt: skip
def test_a_page_is_light(clerk, path):
    headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
    answer = clerk.get(path, headers=headers)
    page = gzip.decompress(answer.data).decode()
    named = set(re.findall(r'(?:href|src)="(/assets/[^"#]+)', page))
    files = {name: len(clerk.get(name, headers=headers).data) for name in named}
    overhead = 600 * (len(files) + 1)
    assert len(answer.data) <= LATER
    assert len(answer.data) + sum(files.values()) + overhead <= FIRST_VISIT, files


def test_every_file_that_a_style_sheet_of_a_page_may_ask_for_is_there():
    sheet = FOLDER / "vendor/uswds-3.14.0/css/uswds.min.css"
    missing = {
        name
        for name in re.findall(r"url\((\.\./[^)]+)\)", sheet.read_text())
        if not (sheet.parent / name).resolve().is_file()
    }
    assert all("merriweather" in name or "roboto-mono" in name or "hero" in name for name in missing), missing

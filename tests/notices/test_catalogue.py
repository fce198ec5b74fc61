"""Which notices there are, and how a version follows the words."""

import shutil

import pytest

from comms.city import load_city
from comms.notices import Catalogue, NoticeError, TemplateError
from comms.settings import ROOT

REQUIRED = {
    "past-due-reminder", "disconnect-notice", "final-notice", "promise-confirmation", "promise-reminder",
    "payment-received", "payment-arrangement-offer", "returned-mail-address-request", "cold-weather-notice",
}  # fmt: skip
CONVERSATION = {
    "promise-readback", "promise-opened", "promise-declined", "promise-counter-offer", "opt-out-confirmation",
    "opt-in-confirmation", "help-answer", "reply-received", "staff-reply",
}  # fmt: skip


@pytest.fixture
def copied(tmp_path):
    """A checkout of the templates that a test may change."""
    shutil.copytree(ROOT / "templates" / "notices", tmp_path / "templates" / "notices")
    return tmp_path


def versions(root, city):
    return {notice.name: notice.version for notice in Catalogue.load(root, city)}


def test_duluth_has_every_notice_complete_in_both_languages(renderer):
    catalogue = renderer.catalogue
    assert {notice.name for notice in catalogue} >= REQUIRED | CONVERSATION
    for notice in catalogue:
        assert notice.languages == ("en", "es"), notice.name
        assert set(notice.channels) >= {"sms", "email"}
        assert ("letter" in notice.channels) == (notice.purpose != "conversational"), notice.name


def test_the_cold_weather_notice_is_minnesotas(renderer, kent_renderer):
    here, there = ({notice.name for notice in one.catalogue} for one in (renderer, kent_renderer))
    assert here - there == {"cold-weather-notice"}


def test_a_notice_that_is_not_there_names_those_that_are(renderer):
    with pytest.raises(NoticeError, match="past-due-reminder"):
        renderer.catalogue.get("past-due")


def test_a_legal_notice_cites_what_is_verified_and_says_what_is_not(renderer):
    notice = renderer.catalogue.get("disconnect-notice")
    assert notice.purpose == "legal"
    assert any("436 U.S. 1" in citation.source for citation in notice.citations)
    assert [citation.source for citation in notice.unverified] == ["Minn. Stat. 216B.097 subd. 3"]


def test_kents_notices_do_not_cite_minnesota(kent_renderer):
    for notice in kent_renderer.catalogue:
        assert not [one for one in notice.citations if "Minn." in one.source], notice.name


def test_loading_twice_gives_the_same_versions(copied, duluth):
    assert versions(copied, duluth) == versions(ROOT, duluth)


def test_line_endings_do_not_make_a_version(copied, duluth):
    path = copied / "templates/notices/help-answer/en/sms.txt"
    before = versions(copied, duluth)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert versions(copied, duluth) == before


@pytest.mark.parametrize(
    ("path", "changes", "keeps"),
    [
        ("_partials/es/winter.md", {"disconnect-notice", "final-notice"}, {"past-due-reminder"}),
        ("_partials/en/charges.md", {"past-due-reminder", "final-notice"}, {"payment-received"}),
        ("past-due-reminder/es/sms.txt", {"past-due-reminder"}, {"final-notice"}),
        ("past-due-reminder/notice.toml", {"past-due-reminder"}, {"final-notice"}),
        ("_partials/en/email-foot.md", REQUIRED | CONVERSATION, set()),
        ("_layout/email.html", REQUIRED | CONVERSATION, set()),
    ],
)
def test_a_version_changes_with_any_file_its_words_come_from(copied, duluth, path, changes, keeps):
    before = versions(copied, duluth)
    file = copied / "templates/notices" / path
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    after = versions(copied, duluth)
    changed = {name for name in before if before[name] != after[name]}
    assert changes <= changed
    assert not keeps & changed


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("help-answer/notice.toml", 'purpose = "conversational"', 'purpose = "chat"', "purpose"),
        ("help-answer/notice.toml", "requires = []", 'requires = ["shoe_size"]', "no field shoe_size"),
        ("help-answer/notice.toml", "[sms]\nsegments = 2", "", r"\[sms\] table"),
        (
            "disconnect-notice/notice.toml",
            '["sms", "email", "letter"]\nrequires',
            '["sms"]\nrequires',
            "letter channel",
        ),
        ("help-answer/en/email.md", "---\n", "", "between two lines of ---"),
        ("past-due-reminder/en/body.md", "charges.md", "changes.md", "includes 'changes.md'"),
    ],
)
def test_a_wrong_notice_is_refused_with_its_file(copied, duluth, path, old, new, said):
    file = copied / "templates/notices" / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(TemplateError, match=said):
        Catalogue.load(copied, load_city(duluth.slug))

"""``notice check`` finds what an author got wrong."""

import shutil

import pytest

from comms.notices import Catalogue
from comms.notices.checking import check
from comms.settings import ROOT


@pytest.fixture
def only(tmp_path, duluth):
    """Checks one notice after a change to one of its files."""

    def after(notice, path="", old="", new="", remove=False):
        templates = tmp_path / "templates" / "notices"
        source = ROOT / "templates" / "notices"
        for folder in ("_partials", "_layout", notice):
            shutil.copytree(source / folder, templates / folder)
        if path:
            file = templates / path
            text = file.read_text("utf-8")
            if remove:
                file.unlink()
            else:
                assert old in text
                file.write_text(text.replace(old, new), "utf-8")
        return [str(finding) for finding in check(Catalogue.load(tmp_path, duluth), duluth)]

    return after


def test_the_notices_of_both_cities_are_in_order(renderer, kent_renderer):
    for one in (renderer, kent_renderer):
        assert [str(finding) for finding in check(one.catalogue, one.city)] == []


@pytest.mark.parametrize(
    ("notice", "path", "old", "new", "said"),
    [
        ("help-answer", "help-answer/en/sms.txt", "Call", "Call " + "now " * 60, "the budget is 2"),
        ("help-answer", "help-answer/en/sms.txt", "Reply STOP", "漢 Reply STOP", "not GSM-7 because of '漢'"),
        ("help-answer", "help-answer/en/sms.txt", "Reply STOP", "Bye", "'how to stop' is missing"),
        ("help-answer", "help-answer/en/sms.txt", "Call", "https://bit.ly/x", "https://bit.ly/x is off"),
        ("help-answer", "help-answer/es/email.md", "{{ city.utility }}", "{{ shoe_size }}", "unknown field shoe_size"),
        ("help-answer", "help-answer/es/email.md", "{{ city.utility }}", "{{ city.shoes }}", "shoes"),
        ("help-answer", "help-answer/es/email.md", "{{ city.utility }}", "{{ due_date }}", "without a value"),
        ("promise-readback", "promise-readback/en/sms.txt", "{{ promise | installments }}", "it", "not show promise"),
        ("promise-readback", "promise-readback/en/email.md", "account {{", "{{ text }} {{", "without a value"),
        ("final-notice", "_partials/es/dispute.md", "derecho a disputar", "gusto de", "436 U.S. 1"),
        ("final-notice", "_partials/en/winter.md", "rights and responsibilities", "life", "216B.097"),
        ("promise-reminder", "promise-reminder/en/body.md", "If you have", "Lorem ipsum. " * 400, "the budget is 1"),
        ("promise-reminder", "promise-reminder/en/body.md", "Dear {{ name }}", "Dear {{ nmae }}", "unknown field nmae"),
    ],
)
def test_what_is_wrong_is_found(only, notice, path, old, new, said):
    findings = only(notice, path, old, new)
    assert any(said in finding for finding in findings), findings


def test_a_language_without_its_counterpart_is_found(only):
    findings = only("help-answer", "help-answer/es/sms.txt", remove=True)
    assert findings == ["help-answer/es: sms.txt is missing; the other language has it"]

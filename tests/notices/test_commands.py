"""The notice and sms commands."""

import json

import pytest
from click.testing import CliRunner

from comms.cli.notice import notice
from comms.cli.sms import sms


def run(group, *arguments, text=None):
    return CliRunner().invoke(group, [str(one) for one in arguments], input=text)


def test_list_names_every_notice_with_its_version():
    done = run(notice, "list", "--city", "kent-oh")
    assert done.exit_code == 0
    assert "disconnect-notice" in done.output
    described = json.loads(run(notice, "list", "--json", "--city", "duluth-mn").output)
    assert {one["purpose"] for one in described} == {"informational", "dunning", "legal", "conversational"}
    assert all(len(one["version"]) == 64 for one in described)


def test_check_says_that_all_is_well():
    done = run(notice, "check", "--city", "kent-oh")
    assert done.exit_code == 0
    assert "0 findings" in done.output


@pytest.mark.parametrize("arguments", [["list", "--city", "atlantis"], ["preview", "nothing", "--channel", "sms"]])
def test_what_is_not_there_is_a_usage_error(arguments):
    assert run(notice, *arguments).exit_code == 2


def test_preview_shows_each_channel(tmp_path):
    city = ("--city", "duluth-mn")
    text = run(notice, "preview", "promise-readback", "--channel", "sms", "--lang", "es", *city)
    assert "Usted promete $50.00" in text.output
    email = run(notice, "preview", "final-notice", "--channel", "email", "--worst", *city)
    assert email.output.startswith("Subject: Final notice")
    page, pdf = tmp_path / "a.html", tmp_path / "a.pdf"
    assert run(notice, "preview", "final-notice", "--channel", "email", "--out", page, *city).exit_code == 0
    assert "<h1" in page.read_text("utf-8")
    assert run(notice, "preview", "final-notice", "--channel", "letter", "--out", pdf, *city).exit_code == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    assert run(notice, "preview", "final-notice", "--channel", "letter", *city).exit_code == 2
    words = run(notice, "preview", "final-notice", "--channel", "letter", "--json", *city)
    assert json.loads(words.output)["title"] == "Final notice before disconnection"


def test_segments_is_a_plain_filter():
    lines = [{"id": 1, "text": "a" * 161}, {"id": 2, "text": "Hola García"}, {"id": 3, "text": ""}]
    done = run(sms, "segments", text="\n".join(json.dumps(line) for line in lines) + "\n")
    assert done.exit_code == 0
    assert [json.loads(line) for line in done.output.splitlines()] == [
        {"id": 1, "encoding": "GSM-7", "segments": 2, "units": 161},
        {"id": 2, "encoding": "UCS-2", "segments": 1, "units": 11},
        {"id": 3, "encoding": "GSM-7", "segments": 1, "units": 0},
    ]


def test_segments_may_make_a_text_plain_first():
    line = json.dumps({"text": "“García” – sí…"})
    done = run(sms, "segments", "--plain", "--fold-accents", text=line)
    assert json.loads(done.output)["encoding"] == "GSM-7"


def test_bad_lines_are_answered_one_by_one():
    done = run(sms, "segments", text='nonsense\n{"text": 5}\n{}\n[1]\n{"text": "ok"}\n')
    assert done.exit_code == 1
    answers = [json.loads(line) for line in done.output.splitlines()]
    assert ["error" in answer for answer in answers] == [True, True, True, True, False]

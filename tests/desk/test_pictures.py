"""The pictures of the README: each is there, is taken by the tool, and says in words what it shows."""

import re

from comms.settings import ROOT

README = (ROOT / "README.md").read_text("utf-8")
SIX = {"home", "replies", "account", "campaign", "mail", "reports"}


def test_the_six_main_pages_are_in_the_readme_and_are_taken_by_the_tool():
    shown = dict(reversed(each) for each in re.findall(r"!\[([^\]]+)\]\(docs/pictures/([\w-]+)\.png\)", README))
    taken = set(re.findall(r'take\(\w+, "([\w-]+)"\)', (ROOT / "tools" / "pictures.py").read_text("utf-8")))
    kept = {path.stem for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert set(shown) >= SIX
    assert set(shown) <= taken and taken == kept
    assert all(" " in words for words in shown.values())

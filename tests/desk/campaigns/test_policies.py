"""Policies at the desk: in sentences, handed in, approved by somebody else, used, compared, and moved to."""

import re
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select

from comms.campaigns import Episode
from comms.campaigns.policies import versions
from comms.campaigns.schema import PolicyMove
from comms.desk.campaigns import tables
from comms.desk.schema import AuditEvent
from tests.desk.campaigns.conftest import open_office, words
from tests.support.workbooks import rows

NAME = "residential-past-due"
V2 = f"/campaigns/policies/{NAME}/2"
V1 = f"/campaigns/policies/{NAME}/1"
MEMO = "City attorney Lind has read it, memo 12."


@pytest.fixture
def office(told_file, tmp_path):
    """The office with files of its own, in which a second version lies as a draft."""
    path = tmp_path / "desk.db"
    path.write_bytes(told_file.read_bytes())
    opened = open_office(path, tmp_path / "var")
    folder = tmp_path / opened.city.slug
    shutil.copytree(opened.city.folder, folder)
    text = (folder / "policies" / f"{NAME}.toml").read_text().replace("version = 1", "version = 2")
    changed = text.replace("due_days = 5 }", "due_days = 6 }", 1)
    assert changed != text
    (folder / "policies" / f"{NAME}.v2.toml").write_text(changed)
    yield replace(opened, city=opened.city.model_copy(update={"folder": folder}))
    opened.database.dispose()


def state(office, version=2) -> str:
    with office.database.read() as session:
        return versions.get(session, NAME, version).state


def in_use(supervisor, second) -> None:
    supervisor.post(f"{V2}/submit", page=V2)
    second.post(f"{V2}/approve", page=V2)
    answer = second.post(f"{V2}/activate", {"acknowledge": MEMO}, page=V2)
    assert answer.status_code == 303, words(answer)


def test_the_list_names_drafts_versions_in_use_and_files_that_are_no_policy(supervisor, office):
    (office.city.folder / "policies" / "broken.toml").write_text("policy = ")
    page = words(supervisor.get("/campaigns/policies"))
    assert f"{NAME}, version 2 2 a draft in its file" in page
    assert f"{NAME}, version 1 2 in use" in page
    assert "The file broken.toml is no policy" in page


def test_a_version_reads_as_sentences_with_its_picture_and_its_golden_cases(supervisor):
    page = words(supervisor.get(V1))
    assert "An account comes in when it is residential, is active, owes $25.00 or more past due" in page
    assert "All 26 came out as expected" in page
    picture = supervisor.get(f"{V1}/timeline.svg")
    assert (picture.mimetype, b"<title" in picture.get_data()) == ("image/svg+xml", True)
    assert supervisor.get(f"/campaigns/policies/{NAME}/9").status_code == 404


def test_a_version_is_handed_in_by_one_approved_by_another_and_used(supervisor, second, office):
    supervisor.post(f"{V2}/submit", page=V2)
    assert "You handed it in, so somebody else approves it." in words(supervisor.get(V2))
    own = supervisor.post(f"{V2}/approve", page=V2)
    assert (own.status_code, "somebody else approves it" in words(own)) == (409, True)
    second.post(f"{V2}/approve", page=V2)
    page = words(second.get(V2))
    assert "It sends legal notices that rest on sources nobody has read in full" in page
    bare = second.post(f"{V2}/activate", page=V2)
    assert (bare.status_code, "comms " in words(bare)) == (409, False)
    second.post(f"{V2}/activate", {"acknowledge": MEMO}, page=V2)
    assert (state(office, 2), state(office, 1)) == ("active", "retired")
    page = words(second.get(V2))
    assert f"Put in use by S. Lee with the note: {MEMO}" in page
    with office.database.read() as session:
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.action.startswith("policy.")))
        assert list(acts) == ["policy.submitted", "policy.approved", "policy.activated"]


def test_what_stands_against_a_version_is_said_before_anybody_tries(supervisor, second, office):
    supervisor.post(f"{V2}/submit", page=V2)
    second.post(f"{V2}/approve", page=V2)
    file = office.city.folder / "policies" / f"{NAME}.v2.toml"
    file.write_text(file.read_text() + "\n# changed\n")
    page = words(second.get(V2))
    assert "Something stands against it" in page
    assert "was changed after it was submitted" in page
    assert "Put it in use" not in page


def test_a_version_is_refused_with_a_reason(supervisor, second, office):
    supervisor.post(f"{V2}/submit", page=V2)
    short = second.post(f"{V2}/refuse", {"why": "no"}, page=V2)
    assert (short.status_code, "Say why it is refused" in words(short)) == (409, True)
    second.post(f"{V2}/refuse", {"why": "Six days are too many."}, page=V2)
    assert state(office) == "refused"
    assert "It was refused. lee: Six days are too many." in words(second.get(V2))


def test_two_versions_are_held_together_sentence_by_sentence(supervisor):
    answer = supervisor.get(f"{V2}/compare?with=1")
    assert "<del>5</del>" in answer.get_data(as_text=True)
    assert "<ins>6</ins>" in answer.get_data(as_text=True)
    assert "Who comes in The same in both." in words(answer)
    assert supervisor.get(f"{V2}/compare?with=9").status_code == 404


def test_only_the_words_that_were_read_are_handed_in(supervisor, office):
    old = re.search(r'name="read" value="(\w+)"', supervisor.get(V2).get_data(as_text=True))[1]
    file = office.city.folder / "policies" / f"{NAME}.v2.toml"
    file.write_text(file.read_text().replace("past_due_at_least = 25.00", "past_due_at_least = 26.00"))
    answer = supervisor.post(f"{V2}/submit", {"read": old}, page=V2)
    assert (answer.status_code, "The file was changed since you opened this page." in words(answer)) == (409, True)
    assert supervisor.post(f"{V2}/submit", page=V2).status_code == 303, "the page came back with what it says now"


def test_a_list_of_moves_is_read_page_by_page_as_excel_and_by_whom(supervisor, second, office, monkeypatch):
    monkeypatch.setattr("comms.desk.campaigns.views.policy_moves.PER_PAGE", 5)
    in_use(supervisor, second)
    path = second.post(f"{V2}/move", page=V2).headers["Location"]
    page = supervisor.get(path).get_data(as_text=True)
    assert 'rel="next" href="?from=5">Next 5<' in page
    assert "Back to the first ones" in words(supervisor.get(f"{path}?from=5"))
    heading, *found = rows(supervisor.get(f"{path}/excel").get_data())
    listed = int(re.search(r"(\d+) accounts are under way", page)[1])
    assert (heading["A"], len(found)) == ("Account", listed)
    assert "Nothing else comes next for anybody." in words(supervisor.get(path))
    with office.database.begin() as session:
        session.scalars(select(PolicyMove)).one().changing = 3
    assert "Something else comes next for 3; for the others nothing changes." in words(supervisor.get(path))
    monkeypatch.setattr(tables, "AT_ONCE", listed - 1)
    assert f'href="{path}/excel?part=2"' in supervisor.get(path).get_data(as_text=True)
    assert rows(supervisor.get(f"{path}/excel?part=2").get_data())[1:] == found[-1:]
    with office.database.read() as session:
        seen = [one.facts for one in session.scalars(select(AuditEvent).where(AuditEvent.action == "list.viewed"))]
    assert [len(facts["accounts"]) for facts in seen if facts["list"] == "move 1"][:1] == [5]


def test_running_accounts_are_moved_by_a_list_that_somebody_else_approves(supervisor, second, office):
    in_use(supervisor, second)
    page = words(second.get(V2))
    assert "accounts are under way by another version" in page
    path = second.post(f"{V2}/move", page=V2).headers["Location"]
    listed = words(second.get(path))
    assert "You proposed it, so somebody else approves it." in listed
    assert second.post(f"{path}/approve", page=path).status_code == 409
    assert supervisor.post(f"{path}/approve", page=path).status_code == 303
    assert "episodes moved." in words(supervisor.get(path))
    with office.database.read() as session:
        open_ones = select(Episode.policy_version).where(Episode.closed_at.is_(None), Episode.policy == NAME)
        assert 2 in set(session.scalars(open_ones))
    again = supervisor.post(f"{path}/refuse", page=path)
    assert (again.status_code, "is done already" in words(again)) == (409, True)


def test_a_move_that_is_not_there_and_a_policy_that_compares_nothing(supervisor):
    assert supervisor.get("/campaigns/moves/99").status_code == 404
    page = words(supervisor.get(f"/campaigns/policies/{NAME}/experiment"))
    assert "sends everybody the same way, so there is nothing to compare" in page


def test_a_policy_is_taken_out_of_use(supervisor, office):
    supervisor.post(f"{V1}/retire", page=V1)
    assert state(office, 1) == "retired"


def test_a_collector_reads_and_changes_nothing(collector):
    assert collector.get(V1).status_code == 200
    for act in ("submit", "approve", "activate", "refuse", "retire", "move"):
        assert collector.post(f"{V2}/{act}", page=V1).status_code == 403

"""Policies as versions: words that never change, approval by somebody else, and what stands against using one."""

import shutil
from datetime import date, timedelta

import pytest

from comms.campaigns.policies import PolicyError, declared_order, versions
from comms.campaigns.policies.activating import activate, readiness
from comms.campaigns.policies.versions import VersionError
from comms.city import City
from comms.notices import Catalogue
from tests.support import policies

NAME = "residential-past-due"
MEMO = "The city attorney has read the subdivision; memo 12."


@pytest.fixture
def city(city, tmp_path) -> City:
    """The city with files of its own, which a test may change."""
    shutil.copytree(city.folder, tmp_path / city.slug)
    return city.model_copy(update={"folder": tmp_path / city.slug})


@pytest.fixture
def session(database):
    with database.begin() as opened:
        yield opened


@pytest.fixture
def catalogue(renderer) -> Catalogue:
    return renderer.catalogue


def rewrite(city: City, old: str, new: str, *, name: str = NAME, to: str = "") -> None:
    """Change the words of a policy's file, or write them changed into another."""
    folder = city.folder / "policies"
    text = (folder / f"{name}.toml").read_text()
    assert old in text
    (folder / f"{to or name}.toml").write_text(text.replace(old, new))


def second_version(city: City, old: str = "version = 1", new: str = "version = 2") -> str:
    rewrite(city, "version = 1", "version = 2", to=f"{NAME}.v2")
    if old != "version = 1":
        rewrite(city, old, new, name=f"{NAME}.v2")
    return f"{NAME}.v2"


def approved(session, city, clock, name=NAME, version=1) -> None:
    """Submitted by Ana, approved by Ben."""
    versions.submit(session, city, name, by="ana", at=clock.now())
    versions.approve(session, name.split(".")[0], version, by="ben", role="supervisor", at=clock.now())


def use(session, city, clock, catalogue, version=1, **more):
    return activate(
        session, city, catalogue, NAME, version, by="ben", at=clock.now(), acknowledge=more.pop("acknowledge", MEMO)
    )


def test_a_version_is_submitted_approved_and_used_and_every_hand_is_kept(session, city, clock, catalogue):
    submitted = versions.submit(session, city, NAME, by="ana", at=clock.now())
    assert (submitted.state, submitted.author, submitted.version) == ("submitted", "ana", 1)
    assert submitted.content == (city.folder / "policies" / f"{NAME}.toml").read_text()
    assert "[[case]]" in submitted.cases
    assert versions.active(session, city, date(2026, 11, 23)) == []
    versions.approve(session, NAME, 1, by="ben", role="supervisor", at=clock.now())
    stored = use(session, city, clock, catalogue)
    assert (stored.state, stored.activated_by, stored.activated_at) == ("active", "ben", clock.now())
    assert [(each["by"], each["role"]) for each in stored.approvals] == [("ben", "supervisor"), ("ben", "acknowledged")]
    assert [policy.policy for policy in versions.active(session, city, date(2026, 11, 23))] == [NAME]


def test_nobody_approves_what_they_wrote_however_they_spell_themselves(session, city, clock):
    versions.submit(session, city, NAME, by="Ana", at=clock.now())
    with pytest.raises(VersionError, match=r"somebody else approves it"):
        versions.approve(session, NAME, 1, by="ANA", role="supervisor", at=clock.now())
    assert versions.get(session, NAME, 1).state == "submitted"


def test_only_the_roles_that_the_policy_names_approve_it(session, city, clock):
    versions.submit(session, city, NAME, by="ana", at=clock.now())
    with pytest.raises(VersionError, match=r"A collector does not approve .* It names: supervisor"):
        versions.approve(session, NAME, 1, by="ben", role="collector", at=clock.now())


def test_each_role_wants_a_person_of_its_own(session, city, clock, catalogue):
    rewrite(city, 'approved_by = ["supervisor"]', 'approved_by = ["supervisor", "administrator"]')
    approved(session, city, clock)
    assert versions.get(session, NAME, 1).state == "submitted"
    with pytest.raises(VersionError, match=r"ben has approved .* already"):
        versions.approve(session, NAME, 1, by="ben", role="administrator", at=clock.now())
    with pytest.raises(VersionError, match=r"is submitted. Next step: .*--role administrator"):
        use(session, city, clock, catalogue)
    versions.approve(session, NAME, 1, by="cy", role="administrator", at=clock.now())
    assert versions.get(session, NAME, 1).state == "approved"


def test_the_words_of_a_submitted_version_never_change(session, city, clock):
    versions.submit(session, city, NAME, by="ana", at=clock.now())
    rewrite(city, "past_due_at_least = 25.00", "past_due_at_least = 35.00")
    with pytest.raises(VersionError, match=r"make it version 2, in residential-past-due\.v2\.toml"):
        versions.submit(session, city, NAME, by="ana", at=clock.now())


def test_its_author_may_hand_in_better_cases_until_somebody_has_approved(session, city, clock):
    versions.submit(session, city, NAME, by="ana", at=clock.now())
    cases = city.folder / "policies" / f"{NAME}.cases.toml"
    cases.write_text(cases.read_text().replace("Twelve days", "A dozen days"))
    with pytest.raises(VersionError, match=r"is submitted already"):
        versions.submit(session, city, NAME, by="ben", at=clock.now())
    assert "A dozen days" in versions.submit(session, city, NAME, by="ana", at=clock.now()).cases
    versions.approve(session, NAME, 1, by="ben", role="supervisor", at=clock.now())
    with pytest.raises(VersionError, match=r"is approved already"):
        versions.submit(session, city, NAME, by="ana", at=clock.now())


def test_a_policy_is_not_used_while_a_golden_case_fails(session, city, clock, catalogue):
    rewrite(city, 'first_of = ["sms", "email", "letter"]', 'first_of = ["email", "letter"]')
    approved(session, city, clock)
    with pytest.raises(VersionError, match=r'The golden case "Twelve days.*" fails: expected by text message, but'):
        use(session, city, clock, catalogue)


def test_a_policy_is_not_used_while_its_cases_cannot_be_read(session, city, clock, catalogue):
    (city.folder / "policies" / f"{NAME}.cases.toml").write_text("[[case]]\nname = 'half a case'\n")
    approved(session, city, clock)
    with pytest.raises(VersionError, match=r"case 'half a case': on: is missing; add it"):
        use(session, city, clock, catalogue)


@pytest.mark.parametrize(
    ("effective", "said"),
    [
        ("{ from = 2026-12-01 }", "in effect from 2026-12-01, and today is 2026-11-23"),
        ("{ from = 2026-10-01, to = 2026-11-22 }", "was in effect until 2026-11-22"),
    ],
)
def test_a_policy_is_used_only_within_its_dates(session, city, clock, catalogue, effective, said):
    rewrite(city, "{ from = 2026-10-01 }", effective)
    approved(session, city, clock)
    with pytest.raises(VersionError, match=said):
        use(session, city, clock, catalogue)


def test_a_policy_is_not_used_when_its_file_says_something_else_than_what_was_approved(session, city, clock, catalogue):
    approved(session, city, clock)
    rewrite(city, "past_due_at_least = 25.00", "past_due_at_least = 5.01")
    with pytest.raises(VersionError, match=r"residential-past-due\.toml was changed after it was submitted"):
        use(session, city, clock, catalogue)
    rewrite(city, "past_due_at_least = 5.01", "past_due_at_least = 25.00")
    cases = city.folder / "policies" / f"{NAME}.cases.toml"
    cases.write_text(cases.read_text() + "# one more line\n")
    with pytest.raises(VersionError, match=r"cases\.toml was changed after"):
        use(session, city, clock, catalogue)


def test_a_legal_notice_on_a_source_nobody_read_in_full_wants_a_name_and_a_note(session, city, clock, catalogue):
    approved(session, city, clock)
    with pytest.raises(VersionError, match=r"disconnect-notice cites Minn. Stat. 216B.097 subd. 3. .*--acknowledge"):
        use(session, city, clock, catalogue, acknowledge="  ")
    stored = use(session, city, clock, catalogue)
    assert stored.approvals[-1]["note"] == MEMO
    assert "216B.097" in stored.approvals[-1]["notices"][0]


def test_a_disconnection_is_not_announced_sooner_than_the_winter_rule_allows(session, city, clock, catalogue):
    rewrite(city, "disconnect_after_days = 38", "disconnect_after_days = 15")
    approved(session, city, clock)
    with pytest.raises(VersionError, match=r'"Disconnect notice" would announce a disconnection on .*cwr-packet'):
        use(session, city, clock, catalogue)


def test_a_step_names_a_notice_that_there_is_on_channels_it_is_written_for(session, city, clock, catalogue):
    rewrite(city, 'notice = "final-notice"', 'notice = "last-warning"')
    versions.submit(session, city, NAME, by="ana", at=clock.now())
    ready = readiness(city, catalogue, versions.get(session, NAME, 1), date(2026, 11, 23))
    assert any("last-warning, which the catalogue does not have" in said for said in ready.obstacles)


def test_the_next_version_retires_the_one_before_which_running_episodes_keep(session, city, clock, catalogue):
    approved(session, city, clock)
    use(session, city, clock, catalogue)
    later = second_version(city, "cool_down_days = 7", "cool_down_days = 7 # as before")
    clock.advance(timedelta(days=1))
    approved(session, city, clock, later, 2)
    use(session, city, clock, catalogue, version=2)
    assert [policy.version for policy in versions.active(session, city, date(2026, 11, 24))] == [2]
    assert versions.get(session, NAME, 1).state == "retired"
    assert set(versions.frozen(session)) == {(NAME, 1), (NAME, 2)}
    use(session, city, clock, catalogue, version=1)
    assert versions.active_version(session, NAME).version == 1, "what was approved once may be taken up again"


def test_what_was_refused_stays_refused_and_what_is_used_cannot_be(session, city, clock, catalogue):
    approved(session, city, clock)
    versions.refuse(session, NAME, 1, by="ben", why="too early in the month")
    assert versions.get(session, NAME, 1).refused == "ben: too early in the month"
    with pytest.raises(VersionError, match=r"is refused. A better one is the next version"):
        use(session, city, clock, catalogue)
    with pytest.raises(VersionError, match=r"cannot be refused"):
        versions.refuse(session, NAME, 1, by="ben", why="again")


def test_policies_are_in_use_in_the_declared_order_and_only_within_their_dates(session, city):
    policies.activate(session, city)
    assert [policy.policy for policy in versions.active(session, city, date(2026, 11, 23))] == list(
        declared_order(city)
    )
    assert versions.active(session, city, date(2026, 9, 30)) == []


def test_a_draft_that_lies_about_stops_no_night(session, city):
    policies.activate(session, city)
    (city.folder / "policies" / "not-finished.toml").write_text("policy = 'not-finished")
    assert len(versions.active(session, city, date(2026, 11, 23))) == 4


def test_a_policy_is_used_only_when_the_order_says_where_it_stands(session, city, clock, catalogue):
    approved(session, city, clock)
    (city.folder / "policies" / "order.toml").write_text('order = ["small-balances"]')
    with pytest.raises(VersionError, match=r"order\.toml does not say where residential-past-due stands"):
        use(session, city, clock, catalogue)


def test_retiring_lets_nobody_new_in(session, city, clock):
    policies.activate(session, city, NAME)
    versions.retire(session, NAME, at=clock.now())
    assert versions.active(session, city, date(2026, 11, 23)) == []
    assert (NAME, 1) in versions.frozen(session)
    with pytest.raises(VersionError, match=r"No version of residential-past-due is active"):
        versions.retire(session, NAME, at=clock.now())


def test_what_was_never_submitted_is_told_with_the_next_step(session, city):
    with pytest.raises(
        VersionError, match=r"Version 3 of late-bills was not submitted. Next step: comms policy submit"
    ):
        versions.get(session, "late-bills", 3)
    with pytest.raises(PolicyError, match=r"No policy 'late-bills' for City of Duluth"):
        versions.draft(city, "late-bills")

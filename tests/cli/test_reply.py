"""``comms reply``: look at a reply, give it to an account, write out what staff said replies mean."""

import json
import stat

import pytest

from comms import replies
from comms.city import load_city
from comms.notices import Catalogue, Renderer
from comms.replies import Inbound, Instalment
from comms.replies.labels import correct
from comms.settings import ROOT, Settings
from tests.support import build

STRANGER = "+12185550177"


@pytest.fixture
def arrive(database, clock, tmp_path):
    """A text comes in and is handled; its number."""
    city = load_city("duluth-mn")
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    settings = Settings(_env_file=None, comms_var=tmp_path / "var", secret_key="k")

    def act(text, sender=STRANGER, provider_id="SM1"):
        inbound = Inbound("sms", provider_id, sender, "+12185550100", text, clock.now())
        with database.begin() as session:
            inbound_id = replies.receive(session, inbound, clock)
            replies.handle(session, inbound_id, city=city, clock=clock, renderer=renderer, settings=settings)
        return inbound_id

    return act


@pytest.fixture
def maria(database):
    with database.begin() as session:
        return build.account(session, number="0000123-47", phone="+12185550148").number


@pytest.fixture
def labelled(database, clock, arrive):
    def act(text, intent, *instalments, **more):
        inbound_id = arrive(text, **more)
        with database.begin() as session:
            correct(session, load_city("duluth-mn"), clock, inbound_id, intent=intent, instalments=instalments,
                    by="user:park")  # fmt: skip
        return inbound_id

    return act


def test_the_replies_that_wait_and_one_of_them(comms, arrive, maria):
    inbound_id = arrive("i can pay 50 friday")
    assert f"{inbound_id:>6}  no account     {STRANGER}: i can pay 50 friday" in comms("reply", "show").out
    said = comms("reply", "show", str(inbound_id))
    assert said.code == 0
    assert "i can pay 50 friday" in said.out
    assert "Understood as: a promise to pay $50.00 on 2026-11-27" in said.out
    assert said.out.endswith(f"Next step: comms reply assign {inbound_id} ACCOUNT\n")
    assert comms("reply", "show", "--json").json[0]["account"] is None


def test_given_to_an_account(comms, arrive, maria):
    inbound_id = arrive("i can pay 50 friday")
    said = comms("reply", "assign", str(inbound_id), "123-47", "--by", "park")
    assert (said.code, said.out) == (
        0, f"Reply {inbound_id} is account {maria}'s now: a promise to pay, answered.\n",
    )  # fmt: skip
    assert "No reply waits for a person." in comms("reply", "show").out
    assert "i can pay 50 friday" in comms("history", maria).out
    again = comms("reply", "assign", str(inbound_id), maria)
    assert (again.code, "belongs to account 0000123-47 already" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "4711"), "There is no reply 4711"),
        (("assign", "4711", "0000123-47"), "There is no reply 4711"),
        (("assign", "1", "0009999-99"), "No account 0009999-99"),
    ],
)
def test_what_is_not_there(comms, maria, arguments, says):
    said = comms("reply", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_labels_are_written_for_their_owner_only_and_can_be_scored(comms, labelled, tmp_path):
    labelled("i can pay 50 friday", "promise", Instalment(5000, None), provider_id="SM1")
    labelled("please stop texting me", "opt_out", provider_id="SM2")
    out = tmp_path / "labels.jsonl"
    said = comms("reply", "export", "--out", str(out))
    assert (said.code, said.out) == (0, "")
    assert "2 labelled replies" in said.err and "personal data" in said.err
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [json.loads(line)["intent"] for line in out.read_text("utf-8").splitlines()] == ["promise", "opt_out"]
    scored = comms("reply", "score", str(out), "--json").json
    assert (scored["examples"], scored["accuracy"], scored["promises"]["whole"]) == (2, 1.0, 0.0)


def test_on_standard_output_and_since_a_day(comms, labelled):
    labelled("i can pay 50 friday", "paid")
    assert json.loads(comms("reply", "export").out)["intent"] == "paid"
    assert comms("reply", "export", "--since", "2026-11-23").out.count("\n") == 1
    assert comms("reply", "export", "--since", "2026-11-24").out == ""


def test_its_help_warns_that_it_is_personal_data(comms):
    assert "personal data" in comms("reply", "export", "--help").out


def test_a_label_is_shown_with_who_said_it(comms, labelled):
    inbound_id = labelled("i can pay 50 friday", "paid")
    assert "Means: already paid (said by park, 2026-11-23 10:00)" in comms("reply", "show", str(inbound_id)).out


def test_a_file_that_cannot_be_written(comms, database, tmp_path):
    said = comms("reply", "export", "--out", str(tmp_path / "nowhere" / "labels.jsonl"))
    assert (said.code, "cannot be written" in said.err) == (2, True)

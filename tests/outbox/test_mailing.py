"""Letters are handed over once, wherever the hand-off stops."""

from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from comms.notices import Catalogue, Renderer
from comms.notices import letters as typesetting
from comms.outbox import Message, enqueue, facts_for, letter_address, recall, sweep, write
from comms.outbox.mailing import hand_over_letters
from comms.outbox.schema import MailBatch
from comms.settings import ROOT
from comms.worklist import open_tasks
from tests.support import build

MAILING = import_module("comms.outbox.mailing")


@pytest.fixture(scope="module")
def renderers():
    return {}


@pytest.fixture
def letters(database, clock, city, tmp_path, renderers):
    """Queues letters and hands over what is due; remembers the accounts."""
    renderer = renderers.setdefault("one", Renderer(Catalogue.load(ROOT, city), city))

    class Letters:
        house = tmp_path / "mailhouse"
        accounts: list[int] = []  # noqa: RUF012

        def queue(self, count=1):
            with database.begin() as session:
                for _ in range(count):
                    account = build.account(session)
                    fields = facts_for(city, clock, account, due_date=date(2026, 12, 4))
                    draft = write(
                        renderer, account, channel="letter", notice="past-due-reminder", fields=fields,
                        recipient=letter_address(account), dedupe_key=f"letter:{account.id}", facts_version=1,
                    )  # fmt: skip
                    enqueue(session, [draft], clock)
                    self.accounts.append(account.id)

        def hand_over(self):
            return hand_over_letters(database, city, clock, f"file:{self.house}")

        def folders(self):
            return sorted(folder.name for folder in Path(self.house).iterdir() if not folder.name.startswith("."))

        def states(self):
            with database.read() as session:
                return list(session.scalars(select(Message.state).order_by(Message.id)))

    found = Letters()
    found.accounts = []
    return found


def dies(*_, **__):
    raise SystemExit("killed")


@pytest.mark.parametrize("at", ["_publish", "publish"])
def test_a_hand_off_that_died_is_gone_on_with_and_can_no_longer_be_recalled(database, clock, letters, monkeypatch, at):
    letters.queue(2)
    with monkeypatch.context() as patched:
        if at == "publish":  # the folder has its name, the database does not know it
            real = MAILING.BatchResult.publish
            patched.setattr(MAILING.BatchResult, "publish", lambda self: (real(self), dies()))
        else:
            patched.setattr(MAILING, at, dies)
        with pytest.raises(SystemExit):
            letters.hand_over()
    with database.begin() as session:
        recalled = recall(session, letters.accounts, clock, reason="a payment was posted")
        assert (recalled.cancelled, len(recalled.too_late)) == ([], 2)
    (done,) = letters.hand_over()
    assert (done.pieces, letters.folders(), letters.states()) == (2, [done.batch], ["handed_over"] * 2)
    assert letters.hand_over() == []


def test_a_batch_that_cannot_be_finished_keeps_no_other_letter_from_leaving(database, letters, monkeypatch):
    letters.queue()
    with monkeypatch.context() as patched:
        patched.setattr(MAILING, "_publish", dies)
        with pytest.raises(SystemExit):
            letters.hand_over()
    with database.read() as session:
        stuck = session.scalar(select(MailBatch.name))
    (letters.house / stuck).mkdir()
    (letters.house / stuck / "letters.pdf").write_text("something else")
    letters.queue(2)
    (done,) = letters.hand_over()
    assert done.pieces == 2 and letters.folders() == [stuck, done.batch]
    with database.read() as session:
        (task,) = open_tasks(session, ["mail_batch"])
    assert stuck in task.reason and "move" in task.reason


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_full_disk_loses_no_letter_and_tells_staff(database, letters, monkeypatch):
    """Nor does it keep the next batch from leaving, which goes when the first cannot."""
    letters.queue(2)
    with monkeypatch.context() as patched:
        patched.setattr("comms.channels.folders.write_hidden", full)
        assert letters.hand_over() == []
    assert letters.states() == ["batched"] * 2
    with database.read() as session:
        (task,) = open_tasks(session, ["mail_batch"])
    assert "No space left on device. Make room there" in task.reason
    letters.queue()
    assert [batch.pieces for batch in letters.hand_over()] == [2, 1]
    assert letters.states() == ["handed_over"] * 3


def test_without_its_font_no_letter_is_set_and_none_is_lost(database, letters, monkeypatch, tmp_path):
    letters.queue(2)
    with monkeypatch.context() as patched:
        (tmp_path / "nothing").mkdir()
        patched.setattr(
            typesetting.importlib, "import_module", lambda _: SimpleNamespace(__file__=tmp_path / "nothing")
        )
        typesetting._compiler.cache_clear()
        assert letters.hand_over() == []
    assert letters.states() == ["batched"] * 2
    with database.read() as session:
        (task,) = open_tasks(session, ["mail_batch"])
    assert "the font Source Sans 3 is not installed" in task.reason and "uv sync" in task.reason
    assert [batch.pieces for batch in letters.hand_over()] == [2]


def test_the_sweep_rings_for_a_batch_that_was_left_half_way(database, clock, letters, monkeypatch):
    letters.queue()
    with monkeypatch.context() as patched:
        patched.setattr(MAILING, "_finish", dies)
        with pytest.raises(SystemExit):
            letters.hand_over()
    with database.begin() as session:
        assert sweep(session, clock).due == {}, "it may still be set"
    clock.advance(timedelta(minutes=11))
    with database.begin() as session:
        assert sweep(session, clock).due == {"mail": []}
    letters.hand_over()
    with database.begin() as session:
        assert sweep(session, clock).due == {}

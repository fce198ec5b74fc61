"""The words of every version that was sent can be read later, whatever became of the files."""

from sqlalchemy import select

from comms.notices import Catalogue, keep_versions
from comms.notices.schema import NoticeVersion
from comms.settings import ROOT


def test_a_version_keeps_its_words_and_is_kept_once(database, clock, city):
    catalogue = Catalogue.load(ROOT, city)
    for _ in range(2):
        with database.begin() as session:
            keep_versions(session, catalogue, clock.now())
    with database.read() as session:
        kept = {row.notice: row for row in session.scalars(select(NoticeVersion))}
    reminder = catalogue.get("past-due-reminder")
    assert set(kept) == {notice.name for notice in catalogue}
    assert kept["past-due-reminder"].version == reminder.version
    assert kept["past-due-reminder"].sources["es/sms"]["body"] == reminder.source("sms", "es").body

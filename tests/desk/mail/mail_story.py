"""Letters at the desk: two batches with the mail house, one mailed on Friday and one of this morning."""

from datetime import date, timedelta

from comms.clock import FixedClock
from comms.notices import Catalogue, Renderer
from comms.outbox import enqueue, facts_for, letter_address, write
from comms.outbox.mailing import hand_over_letters
from comms.settings import ROOT
from tests.desk import story
from tests.support import build, post

MAILED, FRESH = "duluth-mn-20261118-01", "duluth-mn-20261123-01"
INGRID, KARL = "0000810-01", "0000811-01"
FIRST = f"{MAILED}-00001"
SECOND = f"{MAILED}-00002"
LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh, Maximiliana Theodora"


def mailed(database, city, number=2):
    """A batch of last Wednesday that was mailed the same day: letters to Ingrid and Karl, and to others."""
    then = FixedClock(story.NOW - timedelta(days=5))
    with database.begin() as session:
        accounts = [
            build.account(session, number=INGRID, name="Ingrid Halvorsen", phone="+12185557001"),
            build.account(session, number=KARL, name=LONG, service_address="2210 W Third St Apt 14"),
        ]
        accounts += [build.account(session, name=f"Customer {count}") for count in range(2, number)]
        post.hand_over(session, then, *accounts, name=MAILED, mailed_at=then.now(), notice="past-due-reminder")


def handed_over(database, city, folder, number=3):
    """A batch of this morning as the service makes it, with its files in ``folder``."""
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    clock = FixedClock(story.NOW - timedelta(hours=1))
    with database.begin() as session:
        for _ in range(number):
            account = build.account(session, name="Astrid Lund")
            draft = write(
                renderer, account, channel="letter", notice="past-due-reminder", recipient=letter_address(account),
                fields=facts_for(city, clock, account, due_date=date(2026, 12, 4)), dedupe_key=f"l:{account.id}",
                facts_version=1,
            )  # fmt: skip
            enqueue(session, [draft], clock)
    return hand_over_letters(database, city, clock, f"file:{folder}")

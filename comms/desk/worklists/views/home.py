"""The first page: what waits for a person, for oneself first."""

from flask.typing import ResponseReturnValue

from comms import worklist
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame.pages import page
from comms.desk.worklists import agendas, approvals, standing
from comms.desk.worklists.agendas import DUE, ENDING
from comms.desk.worklists.lists import APPROVALS
from comms.desk.worklists.standing import Standing


def home(visit: Visit) -> ResponseReturnValue:
    """The lists that have something, with how much of it is one's own and how long the oldest has waited."""
    hour = visit.now.astimezone(visit.office.city.zone).hour
    greeting = "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"
    return _lists(visit, "home.html", greeting=greeting)


def worklists(visit: Visit) -> ResponseReturnValue:
    """All worklists with their counts."""
    return _lists(visit, "worklists.html", greeting="")


def _lists(visit: Visit, template: str, greeting: str) -> ResponseReturnValue:
    city, today = visit.office.city, visit.today
    with visit.office.database.read() as session:
        piles = worklist.piles(session)
        agenda = [(DUE, agendas.promised_today(session, today)), (ENDING, agendas.ending_soon(session, today))]
        awaiting = len(approvals.awaiting(session, today)) if visit.by.may(APPROVALS.needs) else 0
    stand = [each for each in standing.standings(piles, visit.by.username) if visit.by.may(each.list.needs)]

    def late(each: Standing) -> str:
        return standing.late(city, each.list, 5, each.oldest, visit.now) if each.oldest else ""

    return page(
        visit, template, standing.open_counts(piles), greeting=greeting, standings=stand, agenda=agenda,
        awaiting=awaiting, approvals=APPROVALS, late=late, mine=sum(each.mine for each in stand),
        waiting=sum(each.open for each in stand), back_at=min((s.back_at for s in stand if s.back_at), default=None),
        my_aside=sum(each.my_aside for each in stand),
    )  # fmt: skip


ROUTES = (
    Route("/", home, Permission.SIGNED_IN, section="Home"),
    Route("/worklists", worklists, Permission.SEE_ACCOUNTS, section="Lists"),
)

"""Champion against challenger: how an experiment of a policy stands."""

from flask.typing import ResponseReturnValue

from comms import worklist
from comms.campaigns.experimenting import NothingComparedError, compare
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words


def experiment(visit: Visit, name: str) -> ResponseReturnValue:
    """Champion and challenger of a policy: cures, days to pay, contacts, cost, and whether chance explains it."""
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        try:
            found = compare(session, visit.office.city, name, visit.now)
        except NothingComparedError as error:
            return page(visit, "experiment.html", counts, found=None, name=name, problem=in_words(error))
    return page(visit, "experiment.html", counts, found=found, name=name, problem="")


ROUTES = (Route("/campaigns/policies/<name>/experiment", experiment, Permission.SEE_CAMPAIGNS),)

"""Messages of a planned run as they would leave: read here before the run is let go."""

from datetime import timedelta
from functools import partial

from flask import Response, abort
from flask.typing import ResponseReturnValue

from comms import worklist
from comms.campaigns.samples import Sample, samples
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words
from comms.desk.campaigns.views import run
from comms.desk.frame import pictures
from comms.desk.frame.headers import FRAMED
from comms.desk.frame.pages import page
from comms.desk.frame.remembering import Remembered
from comms.notices import LetterContent, letter_page
from comms.notices.letters import LetterError, typeset_one

EACH = 1
MOST_EACH = 5
_SAMPLES: Remembered[list[Sample]] = Remembered(16, timedelta(minutes=10))
_LETTERS: Remembered[bytes] = Remembered(64, timedelta(minutes=10))
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(64, timedelta(minutes=10))


def show(visit: Visit, run_id: int) -> ResponseReturnValue:
    """One message of every step, channel and language, or up to five of each."""
    each = _each(visit)
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        found = run.get(session, run_id)
    written = _written(visit, run_id, each)
    with visit.office.database.begin() as session:
        visit.note_down(
            session, "samples.viewed", facts={"run": run_id, "accounts": sorted({one.account for one in written})}
        )
    return page(
        visit, "run_samples.html", counts, run=found, samples=written, each=each, more=MOST_EACH, said=run_words
    )


def email(visit: Visit, run_id: int, number: int) -> ResponseReturnValue:
    """The page of one email, for a frame that runs nothing."""
    draft = _one(visit, run_id, number).draft
    if draft is None or not draft.body_html:
        abort(404)
    visit.saw_part(draft.account_id)
    return Response(draft.body_html, headers=FRAMED, mimetype="text/html")


def letter(visit: Visit, run_id: int, number: int) -> ResponseReturnValue:
    """One letter as it would be printed."""
    return Response(_pdf(visit, run_id, number), mimetype="application/pdf")


def picture(visit: Visit, run_id: int, number: int, sheet: int) -> ResponseReturnValue:
    """A page of a letter as a picture, from 1."""
    asked = (_asked(visit, run_id, _each(visit)), number)
    if (draft := _one(visit, run_id, number).draft) is not None:
        visit.saw_part(draft.account_id)
    drawn = _PICTURES.get(asked, visit.now, lambda: pictures.pages(_pdf(visit, run_id, number)))
    if not 1 <= sheet <= len(drawn):
        abort(404)
    return Response(drawn[sheet - 1], mimetype="image/png")


def _pdf(visit: Visit, run_id: int, number: int) -> bytes:
    draft = _one(visit, run_id, number).draft
    if draft is None or not draft.letter:
        abort(404)
    visit.saw_part(draft.account_id)
    content = LetterContent.from_json(draft.letter)
    address = [draft.recipient_name, *draft.recipient.split("\n")]
    setting = partial(typeset_one, letter_page(content, address), visit.now, visit.office.city)
    try:
        return _LETTERS.get((_asked(visit, run_id, _each(visit)), number), visit.now, setting)
    except LetterError as error:
        abort(404, str(error))


def _one(visit: Visit, run_id: int, number: int) -> Sample:
    found = _written(visit, run_id, _each(visit))
    if number >= len(found):
        abort(404)
    return found[number]


def _written(visit: Visit, run_id: int, each: int) -> list[Sample]:
    """The samples, written once for the page and its frames and pictures."""
    office = visit.office

    def write() -> list[Sample]:
        with office.database.read() as session:
            return samples(session, office.city, office.clock, office.renderer, run_id, each=each)

    return _SAMPLES.get(_asked(visit, run_id, each), visit.now, write)


def _asked(visit: Visit, run_id: int, each: int) -> tuple[str, int, str, int]:
    """What samples are remembered by: once a run is planned, let go or stopped it has others, or none."""
    with visit.office.database.read() as session:
        state = run.get(session, run_id).state
    return (str(visit.office.database.engine.url), run_id, state, each)


def _each(visit: Visit) -> int:
    return min(MOST_EACH, max(1, positive(visit.query.get("each", "")) or EACH))


ROUTES = (
    Route("/campaigns/<int:run_id>/samples", show, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/samples/<int:number>/email", email, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/samples/<int:number>/letter.pdf", letter, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/samples/<int:number>/page-<int:sheet>.png", picture, Permission.SEE_CAMPAIGNS),
)

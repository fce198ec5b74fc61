"""Two weeks go by: letters are mailed and some come back, payments are posted, promises come due, and on some mornings
a night is planned, until the first disconnect notices are due ten business days after the reminders."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select, true

from comms import campaigns, replies
from comms.accounts.importing import ImportSummary, import_payments
from comms.outbox import Message, State, returned_mail
from comms.outbox.returned_mail import CameBack
from comms.outbox.schema import MailPiece
from comms.promises.schema import Promise

from .billing import Billing
from .nights import follow, let_go, mailed, morning, pay, plan, tell_diff, tell_night
from .opening import Files, control
from .paying import After
from .paying import pay as pay_after
from .people import CLERK
from .stage import Stage
from .waiting import hear_back, send
from .words import bar, day, heading, many, say

NIGHTS = (7, 16)
"""Days after the first night on which the demonstration plans; an office does so every night."""
COME_BACK = 9
LAST = 16
REASONS = ("ANK", "NSN", "MLNA")
PAYING = {
    date(2026, 11, 30): After("reminder", whole=45, part=10, on=date(2026, 11, 29)),
    date(2026, 12, 9): After("second-reminder", whole=45, part=10, on=date(2026, 12, 8)),
}
LATER = time(11, 0)


def pass_by(on: Stage, billing: Billing, first: date) -> None:
    """The days after the second night, to the one on which disconnect notices are due."""
    heading("6. Two weeks go by")
    for ahead in range(2, LAST + 1):
        today = first + timedelta(days=ahead)
        if ahead in NIGHTS:
            if today in PAYING:
                pay_after(on, billing, PAYING[today])
            morning(on, billing, today)
            _tell_mailed(on, today)
            say(f"{day(today)}, a night is planned:")
            run_id = plan(on)
            tell_night(on, run_id)
            if ahead == LAST:
                tell_diff(on, run_id, examples=0)
            let_go(on, run_id)
        elif on.office.city.is_business_day(today):
            on.move_to(datetime.combine(today, time(10, 0), on.office.city.zone))
            pay(on, billing, today)
            _tell_mailed(on, today)
            if ahead == COME_BACK:
                _come_back(on)
        _at_eleven(on, today)
    hear_back(on)


def _tell_mailed(on: Stage, today: date) -> None:
    letters = mailed(on)
    if letters:
        say(f"{day(today)}, the mail house: {many(letters, 'letter')} mailed; they count from now.")


def _come_back(on: Stage) -> None:
    """Some letters could not be delivered."""
    at = on.office
    with at.database.read() as session:
        pieces = list(
            session.scalars(
                select(MailPiece.piece_id)
                .join(Message, Message.id == MailPiece.message_id)
                .where(Message.state == State.MAILED, Message.copy_of_id.is_(None))
                .order_by(MailPiece.id)
                .limit(len(REASONS))
            )
        )
    rows = [CameBack(piece, reason) for piece, reason in zip(pieces, REASONS, strict=False)]
    done = at.database.run(lambda session: returned_mail.take_in(session, at.city, at.clock, rows, by=CLERK.actor))
    follow(on, done.account_ids)
    say(
        f"{many(done.taken, 'letter')} came back undeliverable: no letter goes to those addresses any more, their "
        "notices do not count, and staff are asked to find a better one."
    )


def _at_eleven(on: Stage, today: date) -> None:
    """What got no answer is asked again, and promises are reminded of the day before."""
    at = on.office
    on.move_to(datetime.combine(today, LATER, at.city.zone))
    asked = at.database.run(lambda session: replies.follow_up(session, at.city, at.clock, at.renderer))
    reminded = at.database.run(lambda session: campaigns.remind(session, at.city, at.clock, at.renderer))
    for lane in {*asked.lanes, *reminded.lanes}:
        at.doorbell.ring(lane)
    if asked.lanes or reminded.lanes:
        send(on, "Sending reminders of promises")


def settle(on: Stage, files: Files) -> ImportSummary:
    """The fortnight's payments once more, as one file: nothing is counted twice, and no promise is left undecided."""
    at = on.office
    with bar("The payments of two weeks") as update:
        summary = import_payments(
            at.database, at.city, at.clock, files.payments, progress=lambda _phase, done, of: update(done, of)
        )
    follow(on, summary.touched)
    on.office.doorbell.ring("mail")
    send(on, "Sending what that brought about", letters=true())
    hear_back(on)
    say("The billing system's file of the whole two weeks comes in as well; nothing is counted twice:")
    control(summary, "Payments")
    say(f"Of the rows taken {summary.unchanged:,} were known from the mornings' files, {summary.new:,} are new.")
    with at.database.read() as session:
        counted = dict(session.execute(select(Promise.status, func.count()).group_by(Promise.status)).all())
    counted.pop("proposed", None)
    counted.pop("refused", None)
    words = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(counted.items()))
    say(f"Promises decided by the payments: {words}.")
    return summary

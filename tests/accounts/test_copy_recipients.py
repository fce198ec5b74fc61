"""Third parties and landlords who get copies: with why they may be told, and somewhere for a copy to go."""

from datetime import date, timedelta

import pytest

from comms.accounts import Account, copy_recipients
from comms.accounts.copy_recipients import CopyRecipientError
from comms.history.timeline import timeline
from tests.support import build

MONDAY = date(2026, 11, 23)
SISTER = {
    "kind": "third_party", "name": "Ann  Jensen", "authority": "Signed request of Nov 2, 2026", "starts_on": MONDAY,
    "by": "user:park", "at": build.NOW, "email": "Ann@Example.com",
}  # fmt: skip


@pytest.fixture
def account_id(database):
    with database.begin() as session:
        return build.account(session).id


def test_a_recipient_is_in_force_from_a_day_to_a_day(database, account_id):
    with database.begin() as session:
        other = build.account(session)
        copy_recipients.add(session, account_id, **SISTER | {"ends_on": date(2026, 12, 31)})
        landlord = {"kind": "landlord", "email": "", "address": {
            "line1": "9 Oak St", "line2": "", "city": "Duluth", "state": "mn", "zip": "55804",
        }, "starts_on": date(2026, 12, 1)}  # fmt: skip
        copy_recipients.add(session, account_id, **SISTER | landlord)
    with database.read() as session:

        def names(on):
            found = copy_recipients.of(session, [account_id, other.id], on)
            return {key: [one.kind for one in those] for key, those in found.items()}

        assert names(MONDAY - timedelta(days=1)) == {}
        assert names(MONDAY) == {account_id: ["third_party"]}
        assert names(date(2026, 12, 31)) == {account_id: ["third_party", "landlord"]}
        assert names(date(2027, 1, 1)) == {account_id: ["landlord"]}
        sister, owner = copy_recipients.ever(session, account_id)
        assert (sister.name, sister.email, owner.mailing_address["state"]) == ("Ann Jensen", "ann@example.com", "MN")
        assert session.get(Account, account_id).facts_version == 3
        assert [event.kind for event in timeline(session, account_id)] == ["copies.added", "copies.added"]


def test_a_recipient_who_ended_gets_nothing_from_that_day_on(database, account_id):
    with database.begin() as session:
        key = copy_recipients.add(session, account_id, **SISTER)
        later = MONDAY + timedelta(days=9)
        assert copy_recipients.end(session, key, on=later, by="user:lee", at=build.NOW)
        assert not copy_recipients.end(session, key, on=later, by="user:lee", at=build.NOW)
        assert not copy_recipients.end(session, 999, on=later, by="user:lee", at=build.NOW)
        assert copy_recipients.of(session, [account_id], later) == {}
        assert account_id in copy_recipients.of(session, [account_id], later - timedelta(days=1))
        assert timeline(session, account_id)[-1].summary == "No more copies of notices to Ann Jensen (third party)"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "neighbour"}, "allowed: third_party, landlord"),
        ({"authority": "yes"}, "why they may be told"),
        ({"email": ""}, "needs somewhere to go"),
        ({"email": "ann at example"}, "cannot be written to"),
        ({"address": {"line1": "9 Oak St"}}, "has no city and no state and no ZIP code"),
        ({"language": "de"}, "allowed: en, es"),
        ({"ends_on": date(2026, 11, 1)}, "before it starts"),
    ],
)
def test_what_cannot_be_is_refused(database, account_id, given, says):
    with database.begin() as session:
        with pytest.raises(CopyRecipientError, match=says):
            copy_recipients.add(session, account_id, **SISTER | given)
        assert copy_recipients.ever(session, account_id) == []

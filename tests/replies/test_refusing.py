"""An offer that waits for YES or NO is refused in words that could be about the bill."""

import pytest

from .conftest import customer, holds_of, notices, promise_of


@pytest.mark.parametrize(
    "words",
    [
        "no thats too much", "too high", "es demasiado", "No, that's too soon for me!", "I can't pay that much",
        "sorry i cant afford that", "no puedo pagar tanto",
    ],
)  # fmt: skip
def test_an_offer_that_is_refused_is_declined_and_nothing_is_held(small_office, words):
    account_id = customer(small_office)
    small_office.text("can i pay 5 on friday")
    small_office.text(words)
    assert notices(small_office) == ["promise-counter-offer", "promise-declined"]
    assert promise_of(small_office, account_id).status == "withdrawn_customer"
    assert holds_of(small_office, account_id) == []


def test_so_is_an_arrangement(small_office):
    account_id = customer(small_office)
    small_office.text("can i get a payment plan")
    small_office.text("no thats too much")
    assert notices(small_office) == ["arrangement-offer", "promise-declined"]
    assert holds_of(small_office, account_id) == []


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([], "no thats too much"),
        (["can i pay 5 on friday"], "this bill is too much, i never used that much water"),
        (["i will pay friday"], "thats too much"),
    ],
    ids=["nothing was offered", "the bill is named", "only a day and an amount were asked for"],
)
def test_without_an_offer_or_with_the_bill_named_it_is_a_dispute(small_office, before, words):
    account_id = customer(small_office)
    for one in (*before, words):
        small_office.text(one)
    assert [kind for kind, *_ in holds_of(small_office, account_id)] == ["dispute"]

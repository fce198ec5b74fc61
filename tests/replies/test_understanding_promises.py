"""Which amounts and which days a promise names, in many wordings."""

from datetime import date

import pytest

from .conftest import WEDNESDAY, meant


def promised(text, at=WEDNESDAY, past_due=12000):
    found = meant(text, at, past_due)
    assert found.intent == "promise", (text, found)
    return [(one.amount_cents, one.date) for one in found.instalments]


D = date
PROMISES = [
    ("i can pay 50 friday", [(5000, D(2026, 11, 20))]),
    ("$50 on 11/27", [(5000, D(2026, 11, 27))]),
    ("will pay the full amount tomorrow", [("full", D(2026, 11, 19))]),
    ("45 sunday", [(4500, D(2026, 11, 22))]),
    ("paying it today", [(None, D(2026, 11, 18))]),
    ("i'll pay $45.50 tonight", [(4550, D(2026, 11, 18))]),
    ("tmrw 60 bucks", [(6000, D(2026, 11, 19))]),
    ("day after tomorrow, 30", [(3000, D(2026, 11, 20))]),
    ("in 5 days ill send 40", [(4000, D(2026, 11, 23))]),
    ("i will pay in a couple of days", [(None, D(2026, 11, 20))]),
    ("ill pay 45 in a few days", [(4500, D(2026, 11, 21))]),
    ("100 in two weeks", [(10000, D(2026, 12, 2))]),
    ("im paying 40 within 3 business days", [(4000, D(2026, 11, 23))]),
    ("ill pay wednesday", [(None, D(2026, 11, 25))]),
    ("i will pay 20 this coming monday", [(2000, D(2026, 11, 23))]),
    ("next friday i will pay 75", [(7500, D(2026, 11, 27))]),
    ("75 friday of next week", [(7500, D(2026, 11, 27))]),
    ("el proximo viernes pago 40", [(4000, D(2026, 11, 20))]),
    ("pago 40 el viernes que viene", [(4000, D(2026, 11, 20))]),
    ("el lunes de la proxima semana les pago 30", [(3000, D(2026, 11, 23))]),
    ("two weeks from friday ill pay 90", [(9000, D(2026, 12, 4))]),
    ("a week from monday ill have 60 for you", [(6000, D(2026, 11, 30))]),
    ("the friday after next i will pay 50", [(5000, D(2026, 12, 4))]),
    ("this weekend ill pay 25", [(2500, D(2026, 11, 21))]),
    ("ill pay 25 next weekend", [(2500, D(2026, 11, 28))]),
    ("paying 30 by the end of the week", [(3000, D(2026, 11, 20))]),
    ("ill pay 30 next week", [(3000, D(2026, 11, 27))]),
    ("beginning of next week i will pay 30", [(3000, D(2026, 11, 23))]),
    ("i will pay 80 on the 3rd", [(8000, D(2026, 12, 3))]),
    ("ill pay 80 on the 18th", [(8000, D(2026, 12, 18))]),
    ("el 29 pago 50", [(5000, D(2026, 11, 29))]),
    ("june 26th i'll pay it all", [("full", D(2027, 6, 26))]),
    ("el 26 de noviembre deposito 70", [(7000, D(2026, 11, 26))]),
    ("25/11 i pay 40", [(4000, D(2026, 11, 25))]),
    ("i'll pay 50 on the first of the month", [(5000, D(2026, 12, 1))]),
    ("end of the month ill pay it in full", [("full", D(2026, 11, 30))]),
    ("pago todo a fin de mes", [("full", D(2026, 11, 30))]),
    ("ill pay 60 by the end of next month", [(6000, D(2026, 12, 31))]),
    ("mid december ill pay 60", [(6000, D(2026, 12, 15))]),
    ("first friday of december i will pay 60", [(6000, D(2026, 12, 4))]),
    ("i'll pay 60 the day after thanksgiving", [(6000, D(2026, 11, 27))]),
    ("black friday ill pay 60", [(6000, D(2026, 11, 27))]),
    ("60 by christmas eve", [(6000, D(2026, 12, 24))]),
    ("after the 20th ill pay 60", [(6000, D(2026, 11, 21))]),
    ("before friday ill send 45", [(4500, D(2026, 11, 19))]),
    ("no later than friday 45", [(4500, D(2026, 11, 20))]),
    ("after work on friday ill pay 45", [(4500, D(2026, 11, 20))]),
    ("after i get paid friday ill pay 45", [(4500, D(2026, 11, 20))]),
    ("friday the 27th ill pay 45", [(4500, D(2026, 11, 27))]),
    ("friday or saturday ill pay 45", [(4500, D(2026, 11, 21))]),
    ("i will pay when i get paid", [(None, None)]),
    ("i get paid friday so ill send you 50", [(5000, D(2026, 11, 20))]),
    ("ill pay 1,450 on friday", [(145000, D(2026, 11, 20))]),
    ("1.4k friday", [(140000, D(2026, 11, 20))]),
    ("forty five dollars and 10 cents friday", [(4510, D(2026, 11, 20))]),
    ("couple hundred on friday", [(20000, D(2026, 11, 20))]),
    ("three thirty five friday", [(33500, D(2026, 11, 20))]),
    ("ill pay about 45 friday", [(4500, D(2026, 11, 20))]),
    ("30 or 35 on friday", [(3000, D(2026, 11, 20))]),
    ("setenta y cinco el viernes", [(7500, D(2026, 11, 20))]),
    ("ill pay half friday and the rest on the 1st", [("half", D(2026, 11, 20)), ("half", D(2026, 12, 1))]),
    ("50 friday and 70 on the 1st", [(5000, D(2026, 11, 20)), (7000, D(2026, 12, 1))]),
    ("ill pay 40 friday and 40 the following friday", [(4000, D(2026, 11, 20)), (4000, D(2026, 11, 27))]),
    ("la mitad el viernes y la otra mitad el lunes", [("half", D(2026, 11, 20)), ("half", D(2026, 11, 23))]),
    ("$30 every friday for 2 weeks", [(3000, D(2026, 11, 20)), (3000, D(2026, 11, 27))]),
    ("sixty ate dollars Wens day", [(6800, D(2026, 11, 25))]),
    ("my mom will pay 40 friday", [(4000, D(2026, 11, 20))]),
    ("lost my job but ill pay 20 friday", [(2000, D(2026, 11, 20))]),
    ("god willing ill pay 20 friday", [(2000, D(2026, 11, 20))]),
    ("cant do 100 but i can do 40 friday", [(4000, D(2026, 11, 20))]),
    ("give me till friday and ill pay 50", [(5000, D(2026, 11, 20))]),
    ("yes 50 friday", [(5000, D(2026, 11, 20))]),
    ("voy a pagar 50 el viernes", [(5000, D(2026, 11, 20))]),
    ("puedo pagar 50 el viernes", [(5000, D(2026, 11, 20))]),
    ("les pago mañana", [(None, D(2026, 11, 19))]),
    ("pasado mañana deposito 80", [(8000, D(2026, 11, 20))]),
    ("mi esposo paga 60 el viernes", [(6000, D(2026, 11, 20))]),
    ("ill bring 45 cash to the office friday", [(4500, D(2026, 11, 20))]),
    ("please dont shut me off ill pay 50 friday", [(5000, D(2026, 11, 20))]),
    ("my payment is scheduled for friday for 88.12", [(8812, D(2026, 11, 20))]),
    ("account 1234567 ill pay 50 friday", [(5000, D(2026, 11, 20))]),
    ("ill pay 50 friday at 5pm", [(5000, D(2026, 11, 20))]),
    ("ok 60 sat no wait sunday", [(6000, D(2026, 11, 22))]),
    ("ill pay 50 actually 60 friday", [(6000, D(2026, 11, 20))]),
]


@pytest.mark.parametrize(("text", "instalments"), PROMISES)
def test_amounts_and_dates_of_promises(text, instalments):
    assert promised(text) == instalments

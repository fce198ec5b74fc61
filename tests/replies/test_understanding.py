"""What replies mean, by the office's conventions: each row of each table in several wordings, in both languages."""

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from comms.replies import understand

CHICAGO = "America/Chicago"
WEDNESDAY = datetime(2026, 11, 18, 10, 0, tzinfo=ZoneInfo(CHICAGO))


def meant(text, at=WEDNESDAY, past_due=12000):
    return understand(text, at, CHICAGO, past_due, past_due + 3000)


def promised(text, at=WEDNESDAY, past_due=12000):
    found = meant(text, at, past_due)
    assert found.intent == "promise", (text, found)
    return [(one.amount_cents, one.date) for one in found.instalments]


INTENTS = {
    "emergency": """
        i smell gas
        my CO alarm is going off
        theres a water main break on 4th street
        the hydrant on my corner is gushing water
        sewage is backing up into my basement
        no heat and my mother is 87 and sick
        power line down in the alley
        she is on oxygen dont shut it off
        i want to kill myself
        huele a gas en mi cocina
        no tenemos calefaccion y hay un bebe
        se rompio la tuberia en la calle
        he needs dialysis every other day, i can pay 40 friday
    """,
    "opt_out": """
        STOP
        Stop.
        stop please
        stop all
        STOPALL
        unsubscribe
        Unsubcribe
        CANCEL
        end
        QUIT
        revoke
        opt out
        optout
        ALTO
        parar
        detener por favor
        stop texting me
        quit texting
        please stop sending me these
        dont text me anymore
        do not contact me again
        leave me alone
        remove my number from your list
        take me off this list
        lose my number
        i no longer wish to receive these messages
        i revoke my consent
        no more texts please
        no mas mensajes
        dejen de mandarme textos
        ya no me escriban
        quiten mi numero de su lista
        quiero darme de baja
        no quiero recibir mas mensajes
        i'll pay 50 friday but stop texting me
        wrong number stop texting
        already paid no more texts
        please email me instead of texting
        no texts, send letters
        unsubscribe me from this crap
        enough with the messages
        stp texting me
    """,
    "opt_in": """
        START
        unstop
        subscribe
        sign me back up for texts
        i want the text reminders again
        you can start texting me again
        i didnt mean to send stop
        quiero recibir los mensajes otra vez
    """,
    "wrong_number": """
        wrong number
        you have the wrong person
        this isnt her phone anymore
        i dont know who that is
        no one by that name here
        i moved out of there 2 years ago
        we sold that house in march
        my father passed away in june
        numero equivocado
        no conozco a esa persona
        ya no vivo ahi
        se equivoco de numero
    """,
    "abuse_or_threat": """
        you people are thieves
        you suck
        i aint paying shit
        not paying you a dime
        my lawyer will call you
        i am filing bankruptcy
        see you in court
        i know where you work
        chinguen a su madre
        no les voy a pagar nada
    """,
    "paid": """
        i already paid
        paid it yesterday
        just paid online
        i sent a check last week
        my husband paid this on monday
        did you get my payment
        did my payment go through
        check is in the mail
        payment was made on the 3rd
        ya pague
        pague ayer en linea
        ya mande el pago
        le llego mi pago?
    """,
    "dispute": """
        this bill is wrong
        why is my bill so high
        i dont owe that much
        my meter is broken
        you charged me twice
        that is my landlords responsibility
        i had a leak and its been fixed
        take off the late fee
        i will pay when you fix the bill
        el recibo esta mal
        por que me cobran tanto
        no debo eso
        yo no use tanta agua
    """,
    "hardship": """
        i lost my job
        im on disability and cant afford this
        i have no money
        my hours got cut
        just got out of the hospital
        are there any programs that can help
        i cant pay this bill
        salvation army is going to pay it
        no tengo dinero
        me quede sin trabajo
        estoy enfermo y no puedo pagar
        hay algun programa de ayuda
    """,
    "arrangement_request": """
        can i make payments
        can i get an extension
        i need more time
        can i pay half friday and half next month
        would 50 on friday work
        i might be able to pay friday
        ill try to pay something next week
        if i get paid friday ill pay 50
        maybe 40 on the 3rd
        hopefully friday
        cant pay until the 1st
        i get paid on the 15th
        i wont have it friday after all
        what if i pay 30 a week
        give me until friday
        necesito mas tiempo
        puedo pagar la mitad el viernes?
        puedo hacer un plan de pagos
        tal vez el viernes
        no puedo pagar hasta el lunes
        me pagan el viernes
    """,
    "balance_question": """
        how much do i owe
        whats my balance
        when is it due
        when are you shutting me off
        how do i pay
        where do i send the payment
        can i pay by phone
        do you take credit cards
        what time do you close
        whats the least i can pay to keep it on
        what is my account number
        cuanto debo
        cuando vence
        donde puedo pagar
        aceptan tarjeta
    """,
    "help": """
        HELP
        info
        who is this
        what is this about
        is this a scam
        is this real
        can i talk to a person
        please call me
        the link doesnt work
        i cant log in
        the website is down
        ayuda
        quien es
        quiero hablar con alguien
        no funciona la pagina
    """,
    "language_request": """
        español
        spanish
        en español por favor
        do you have this in somali
        hablan español?
        i dont speak english
        no hablo ingles
    """,
    "confirm_yes": """
        yes
        Y
        yep
        ok
        k
        ok thanks
        sure
        correct
        that's right
        sounds good
        👍
        si
        sí
        claro que si
        está bien
        yes please
    """,
    "confirm_no": """
        no
        N
        nope
        no thats wrong
        wrong day
        that is not what i said
        👎
        no es correcto
        i never promised that
    """,
    "other": """
        thank you
        gracias
        good morning
        hello
        lol
        i will call you tomorrow
        ill stop by the office friday
        please stop service im moving
        i want to start service at a new address
        cancel my autopay
        i need to change my mailing address
        when is trash pickup
        Liked "Your account is past due"
        texts are fine, just don't call
        can i stop by to drop off a form
        you can stop by anytime
        please dont stop the texts
        i already have an arrangement
    """,
}


@pytest.mark.parametrize(
    ("intent", "text"),
    [(intent, line.strip()) for intent, lines in INTENTS.items() for line in lines.strip().splitlines()],
)
def test_every_intent_in_several_wordings(intent, text):
    assert meant(text).intent == intent


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


HERE = Path(__file__).parent
DEV = [json.loads(line) for line in (HERE / "dev.jsonl").read_text("utf-8").splitlines()]


def test_the_labelled_sample_is_understood():
    wrong = []
    for row in DEV:
        found = understand(
            row["text"],
            datetime.fromisoformat(row["received_at"]),
            row["tz"],
            row["past_due_cents"],
            row["total_cents"],
        )
        instalments = [one.as_json() for one in found.instalments]
        if found.intent != row["intent"] or instalments != row["instalments"]:
            wrong.append((row["text"], row["intent"], found.intent, instalments))
    assert len(wrong) <= len(DEV) // 50, wrong
    assert not [one for one in wrong if "promise" in one[1:3] or "opt_out" in one[1:3]], wrong


WORDINGS = [line.split("|") for line in (HERE / "wordings.txt").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("intent", "text"), WORDINGS)
def test_more_wordings(intent, text):
    assert meant(text).intent == intent


@pytest.mark.parametrize("text", (HERE / "everyday.txt").read_text("utf-8").splitlines())
def test_everyday_texts_are_neither_promises_nor_opt_outs(text):
    assert meant(text).intent not in ("promise", "opt_out", "emergency", "paid")

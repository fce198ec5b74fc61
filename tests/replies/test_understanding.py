"""What replies mean, by the office's conventions: each row of each table in several wordings, in both languages."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from comms.replies import understand

from .conftest import meant

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

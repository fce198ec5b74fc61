"""What a customer says in an email, among everything that mail programs put around it."""

import time

import pytest

from comms.notices.fields import sample_fields
from comms.replies.mail_text import new_subject, said

OUR_FOOT = """> You receive this email because it is about your utility account with the City of Duluth. You may
> reply to it; a person will answer. To get optional reminders another way, or not at all, reply with
> the word STOP. Notices that the law requires will still come by mail."""

HEAD = "On Mon, Nov 23, 2026 at 10:00 AM Duluth Utilities <u@duluth.example> wrote:"
HEAD_ES = "El lun, 23 nov 2026 a las 10:00, Duluth Utilities (<u@duluth.example>) escribió:"

SHAPES = {
    "nothing around it": ("I will pay $50 on Friday.", "I will pay $50 on Friday."),
    "Gmail": (
        f"I will pay $50 on Friday.\n\n{HEAD}\n\n> Your account is past due.\n" + OUR_FOOT,
        "I will pay $50 on Friday.",
    ),
    "Gmail, the head on two lines": (
        "ok friday\n\nOn Mon, Nov 23, 2026 at 10:00 AM Duluth Utilities <\nu@duluth.example> wrote:\n" + OUR_FOOT,
        "ok friday",
    ),
    "a head whose last word stands alone": (
        "ok friday\n\nOn Mon, Nov 23, 2026 at 10:00 AM Duluth Utilities <u@duluth.example>\nwrote:\n\n" + OUR_FOOT,
        "ok friday",
    ),
    "Gmail in Spanish": (
        f"Pago 60 el viernes\n\n{HEAD_ES}\n\n> Responda ALTO para no recibir más.",
        "Pago 60 el viernes",
    ),
    "Gmail in Spanish, the head on two lines": (
        "Pago 60 el viernes\n\nEl lun, 23 nov 2026 a las 10:00, Duluth Utilities (<\nu@duluth.example>) escribió:"
        "\n\n> Responda ALTO.",
        "Pago 60 el viernes",
    ),
    "Yahoo in Spanish, nothing marked": (
        "ya pagué ayer\n\nEl lunes, 23 de noviembre de 2026, 10:00:00 GMT-6, Duluth Utilities <u@duluth.example>"
        " escribió:\n\nSu saldo está vencido. Responda ALTO.",
        "ya pagué ayer",
    ),
    "Yahoo on a phone": (
        "I already paid\n\nSent from Yahoo Mail on Android\n\n  On Mon, Nov 23, 2026 at 10:00 AM, Duluth Utilities"
        "<u@duluth.example> wrote:   Your account is past due. Reply STOP",
        "I already paid",
    ),
    "an iPhone": (
        "Can I have until the 5th?\n\nSent from my iPhone\n\n> On Nov 23, 2026, at 10:00 AM, Duluth Utilities"
        " <u@duluth.example> wrote:\n> \n> ﻿Your account is past due.",
        "Can I have until the 5th?",
    ),
    "an iPhone in Spanish": (
        "No puedo pagar este mes\n\nEnviado desde mi iPhone\n\n> El 23 nov 2026, a la(s) 10:00, Duluth Utilities"
        " <u@duluth.example> escribió:\n> \n> Su cuenta",
        "No puedo pagar este mes",
    ),
    "Samsung": (
        "This bill is wrong.\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Duluth Utilities"
        " <u@duluth.example> \nDate: 11/23/26  10:00 AM  (GMT-06:00) \nTo: maria@example.com"
        "\nSubject: Past due \n\nReply STOP",
        "This bill is wrong.",
    ),
    "Outlook": (
        "My meter was read wrong.\r\n\r\nMaria\r\n\r\n________________________________\r\nFrom: Duluth Utilities"
        " <u@duluth.example>\r\nSent: Monday, November 23, 2026 10:00 AM\r\nTo: Maria Jensen <maria@example.com>\r\n"
        "Subject: Past due\r\n\r\nReply with the word STOP.",
        "My meter was read wrong.\n\nMaria",
    ),
    "Outlook without underscores": (
        "My meter was read wrong.\n\nFrom: Duluth Utilities <u@duluth.example>\nSent: Monday, November 23, 2026\n"
        "To: Maria\nSubject: Past due\n\nReply STOP.",
        "My meter was read wrong.",
    ),
    "Outlook in bold": (
        "call me\n\n*From:* Duluth Utilities <u@duluth.example>\n*Sent:* Monday, November 23, 2026\n*To:* Maria\n"
        "*Subject:* Past due\n\nReply STOP.",
        "call me",
    ),
    "Outlook in Spanish": (
        "llámenme por favor\n\nDe: Duluth Utilities <u@duluth.example>\nEnviado el: lunes, 23 de noviembre de 2026\n"
        "Para: Maria\nAsunto: Saldo vencido\n\nResponda ALTO.",
        "llámenme por favor",
    ),
    "the old Outlook": (
        "who is this\n\n-----Original Message-----\nFrom: Duluth Utilities\nSent: Monday\n\nReply STOP",
        "who is this",
    ),
    "Outlook's advertisement": (
        "I paid at the counter.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n",
        "I paid at the counter.",
    ),
    "Outlook's advertisement in Spanish": (
        "Pagué en la oficina.\n\nObtener Outlook para Android<https://aka.ms/x>\n",
        "Pagué en la oficina.",
    ),
    "a signature": (
        "I will pay Friday.\n\n-- \nMaria Jensen\n1417 E Superior St\n218-555-0123",
        "I will pay Friday.",
    ),
    "a signature above the quotation": (
        "I will pay Friday.\n\n--\nMaria\n\nOn Mon, Nov 23, 2026 Duluth Utilities wrote:\n> Reply STOP",
        "I will pay Friday.",
    ),
    "a company's notice": (
        "Our landlord pays this.\n\nCONFIDENTIALITY NOTICE: This e-mail is for the intended recipient. If you are not"
        " the intended recipient, please stop and delete it.",
        "Our landlord pays this.",
    ),
    "forwarded with a word": (
        "Is this real?\n\n---------- Forwarded message ---------\nFrom: Duluth Utilities <u@duluth.example>\n"
        "Date: Mon, Nov 23, 2026\nSubject: Past due\nTo: <maria@example.com>\n\nReply STOP",
        "Is this real?",
    ),
    "an answer below the quotation": (
        f"{HEAD}\n> Your account is past due.\n> Reply STOP\n\nI will pay $50 on Friday.",
        "I will pay $50 on Friday.",
    ),
    "an answer below the quotation, in Spanish": (
        f"{HEAD_ES}\n\n> Responda ALTO\n\nPago el viernes.",
        "Pago el viernes.",
    ),
    "answers between the quoted lines": (
        f"See below.\n\n{HEAD}\n> Past due: $120.00\nI will pay 60 on Friday\n> Questions?\nnone, thanks",
        "See below.\nI will pay 60 on Friday\nnone, thanks",
    ),
    "quoted lines that were broken again": (
        f"ok, friday\n\n{HEAD}\n"
        "> To get optional reminders another way, or not at all, please do reply with the\nword STOP.\n> Thank you",
        "ok, friday",
    ),
    "a web page made text": (
        f"ok friday works {HEAD} Your account is past due. Reply STOP",
        "ok friday works",
    ),
    "a signature first": (
        "Sent from my iPhone\n\nI will pay on Friday",
        "I will pay on Friday",
    ),
    # what looks like it and is not
    "a sentence that begins as a signature does": (
        "Sent from my bank on Friday, the whole 50 dollars, with confirmation 8812",
        "Sent from my bank on Friday, the whole 50 dollars, with confirmation 8812",
    ),
    "a sentence that ends as a head does": ("On the form I wrote:\n50 dollars", "On the form I wrote:\n50 dollars"),
    "a line that begins as a field does": (
        "De: mi cuenta del banco pagué 50\ngracias",
        "De: mi cuenta del banco pagué 50\ngracias",
    ),
    "a list with dashes": ("I can pay\n- 50 on Friday\n- 70 on Dec 4", "I can pay\n- 50 on Friday\n- 70 on Dec 4"),
    "thanks, and more": (
        "I paid half.\nThanks,\nand I will pay the rest on Friday",
        "I paid half.\nThanks,\nand I will pay the rest on Friday",
    ),
    "el, but no head": ("El viernes pago 60, ya le escribió mi esposo", "El viernes pago 60, ya le escribió mi esposo"),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_customers_own_words_are_what_is_left(shape):
    text, own = SHAPES[shape]
    assert said(text) == own


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_line_ends_of_either_kind_change_nothing(shape):
    text, own = SHAPES[shape]
    assert said(text.replace("\r\n", "\n").replace("\n", "\r\n")) == own


@pytest.mark.parametrize("language", ["en", "es"])
def test_our_own_email_quoted_whole_says_nothing_of_the_customers(renderer, city, language):
    ours = renderer.email("past-due-reminder", language, sample_fields(city)).text
    quoted = "\n".join(f"> {line}" for line in ours.splitlines())
    assert said(f"Yes please\n\n{HEAD}\n{quoted}") == "Yes please"
    assert said(f"{HEAD}\n{quoted}\n\nYes please") == "Yes please"


@pytest.mark.parametrize(
    ("text", "subject", "words"),
    [
        ("", "STOP", "STOP"),
        ("Sent from my iPhone", "please stop emailing me", "please stop emailing me"),
        ("> Past due", "I paid yesterday", "I paid yesterday"),
        ("", "Re: Your account is past due", ""),
        ("", None, ""),
    ],
)
def test_where_the_body_is_empty_the_subject_speaks_unless_it_is_ours(text, subject, words):
    assert said(text, subject) == words


@pytest.mark.parametrize(
    "text",
    [
        "---------- Forwarded message ---------\nFrom: a@b.example\nSubject: bill\n\nI will pay Friday",
        "From: Maria <maria@example.com>\nSubject: bill\n\nI will pay Friday",
        "-- \nI will pay Friday",
        "This message is confidential. I will pay Friday",
    ],
)
def test_where_everything_would_be_cut_the_whole_is_kept(text):
    assert said(text, "Re: Your account") == text


@pytest.mark.parametrize(
    "text", [f"{HEAD}\n{OUR_FOOT}", OUR_FOOT, f"{HEAD_ES}\n\n> Responda ALTO\n\nSent from my iPhone"]
)
def test_our_own_words_sent_back_say_nothing(text):
    """They tell how to opt out, and nobody has."""
    assert said(text, "Re: Your account") == ""


@pytest.mark.parametrize(
    ("subject", "own"),
    [("unsubscribe", "unsubscribe"), ("Re: Your bill", ""), ("RV: Su cuenta", ""), ("FWD: Bill", ""), (None, "")],
)
def test_a_subject_that_answers_ours_is_not_the_customers(subject, own):
    assert new_subject(subject) == own


@pytest.mark.parametrize(
    "hostile",
    [
        "On " + "a " * 200_000,
        "On a\n" * 20_000,
        "From: " * 50_000,
        "From: x\n" * 30_000,
        "\n" * 200_000 + "x",
        "> " * 200_000,
        ">\nx\n" * 30_000,
        "Warning: mail " * 20_000,
        "El " + "x escribió " * 30_000,
        "- \n" * 60_000,
        "a <b@c " * 40_000,
    ],
    ids=lambda text: text[:14].strip() or "blank lines",
)
def test_no_email_takes_long_to_read(hostile):
    began = time.process_time()
    assert said("I will pay Friday\n\n" + hostile).startswith("I will pay Friday")
    assert time.process_time() - began < 2

"""What a reply quotes is cut off, and nothing else."""

import time

import pytest

from hexdesk_email.quotes import without_quotes

NEW = "Thank you!\n\nStill broken."


@pytest.mark.parametrize(
    "quote",
    [
        "On Mon, Nov 2, 2026 at 3:00 PM Support <s@desk.test> wrote:\n> hi\n> there",
        "On Mon, Nov 2, 2026 at 3:00 PM Support Team With A Long Name <\ns@desk.test> wrote:\n> hi",
        "Am 22.11.2026 um 22:00 schrieb Support <s@desk.test>:\n> Erledigt.",
        "Le lun. 2 nov. 2026 à 15:00, Support <s@desk.test> a écrit :\n> salut",
        "El lun, 2 nov 2026 a las 15:00, Support (<s@desk.test>) escribió:\n> hola",
        "Il giorno lun 2 nov 2026 alle ore 15:00 Support <s@desk.test> ha scritto:\n> ciao",
        "Op ma 2 nov. 2026 om 15:00 schreef Support <s@desk.test>:\n> hoi",
        "2026年11月2日(月) 15:00 Support <s@desk.test> のメール:\n> やあ",
        "-----Original Message-----\nFrom: Support\nSent: Monday\nTo: Bob\nSubject: x\n\nhi",
        "-----Ursprüngliche Nachricht-----\nVon: Support\nGesendet: Montag\nBetreff: x\n\nhi",
        "____________________\nFrom: Support <s@desk.test>\nSent: Monday\nTo: Bob\n\nold",
        "*From:* Support\n*Sent:* Monday\n*To:* Bob\n*Subject:* x\n\nold",
        "> hi\n> there",
    ],
)
def test_a_quote_is_cut_off(quote: str) -> None:
    assert without_quotes(f"{NEW}\n\n{quote}") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "See inline:\n> q1?\nanswer 1\n> q2?\nanswer 2",
        "On Monday I wrote:\n> q1?\nanswer 1\n> q2?\nanswer 2",
        "Hi\n-- \nBob\nACME Inc",
        "From: the beginning it was broken.\nI tried to restart.",
        "On my 3 screens it says:\nError",
        "____________\nName      Price",
        "Do I have to pay 5 EUR:\nyes or no?",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    assert without_quotes(text) == text


def test_of_a_mail_that_only_quotes_all_is_kept() -> None:
    quoted = "On Mon, Nov 2, 2026 at 3:00 PM Support <s@desk.test> wrote:\n> hi"
    assert without_quotes(quoted) == quoted
    assert without_quotes("> hi") == "> hi"
    assert without_quotes(" \n ") == ""


@pytest.mark.parametrize(
    "part",
    [
        "On x wrote ",
        "> quoted line\n",
        "\n",
        "-",
        "_",
        "From: x\n",
        "From: ",
        "On 1@ wrote\n",
        " \t",
    ],
)
def test_no_text_takes_long(part: str) -> None:
    begun = time.perf_counter()
    without_quotes(part * (1_000_000 // len(part)))
    assert time.perf_counter() - begun < 2

"""Slack's way of writing, and the desk's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk.core.model.channels import ShownTicket
from hexdesk_slack.markdown import FENCE, finished, pieces, quiet, with_tickets
from hexdesk_slack.plain_text import mentions, plain, without_mention


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("&quot;", "&quot;"),
        ("<@U1> and <@U2|ben>", "@U1 and @ben"),
        ("in <#C1|general> or <#C2>", "in #general or #C2"),
        ("<!here> <!channel|@channel>", "@here @channel"),
        ("<!subteam^S1|@support> <!subteam^S1>", "@support @group"),
        ("<!date^1764072000^{date}|25 Nov>", "25 Nov"),
        ("<http://x.example/?a=1&amp;b=2|the page>", "the page (http://x.example/?a=1&b=2)"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("<http://x.example|x.example>", "x.example"),
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("<tel:+491234|+491234>", "+491234"),
        (
            "<https://evil.example/bank.example|bank.example>",
            "bank.example (https://evil.example/bank.example)",
        ),
        ("&lt;@U1&gt;", "<@U1>"),
        ("a < b > c", "a  b  c"),
        ("<>", ""),
    ],
)
def test_escapes_become_what_people_see(written: str, shown: str) -> None:
    assert plain(written) == shown


def test_the_app_is_taken_out_of_what_is_said_to_it() -> None:
    assert without_mention("<@U0APP>, where? <@U0APP|hexdesk> <@U1>", "U0APP") == "where? <@U1>"
    assert without_mention("<@U0APP> x", None) == "<@U0APP> x"
    assert mentions("see <@U0APP|hexdesk>", "U0APP")
    assert not mentions("see <@U0APP2>", "U0APP")
    assert not mentions("see <@U0APP>", None)


@pytest.mark.parametrize(
    "text",
    ["<!channel>", "<!here|x>", "<!EVERYONE>", "<!subteam^S1>", "<!group>", "<@U123>", "<@W1|x>"],
)
def test_no_text_of_a_model_calls_anybody(text: str) -> None:
    assert text not in quiet(f"hello {text}")
    assert quiet(text).replace("\N{ZERO WIDTH SPACE}", "") == text


@pytest.mark.parametrize("text", ["a < b", "<!-- x -->", "<!DOCTYPE html>", "<b>", "x <@ y"])
def test_what_calls_nobody_stays_as_it_is(text: str) -> None:
    assert quiet(text) == text


@pytest.mark.parametrize("text", ["say <", "say <!", "say <!chan", "say <@"])
def test_what_may_become_a_call_is_not_shown_yet(text: str) -> None:
    assert finished(text) == "say "


@given(st.text(alphabet="<!@channelU1 >", max_size=40), st.integers(0, 40))
def test_a_call_is_quiet_wherever_the_text_is_cut(text: str, cut: int) -> None:
    ready = finished(text[:cut])
    assert quiet(ready) + quiet(text[len(ready) :]) == quiet(text)


def test_a_short_text_is_one_piece() -> None:
    assert list(pieces("It has shipped.")) == ["It has shipped."]
    assert list(pieces("")) == []
    assert list(pieces("\n \n")) == []


def test_a_long_text_is_cut_between_paragraphs() -> None:
    first, second = "a" * 70, "b" * 70
    assert list(pieces(f"{first}\n\n{second}", 100)) == [first, second]


def test_a_text_without_any_break_is_cut_all_the_same() -> None:
    assert "".join(pieces("x" * 1_000, 100)) == "x" * 1_000


def test_a_block_of_code_that_is_cut_is_one_in_both_pieces() -> None:
    code = "\n".join(f"line {number}" for number in range(40))
    cut = list(pieces(f"Run:\n{FENCE}sh\n{code}\n{FENCE}\nThat is all.", 200))
    assert len(cut) > 1
    assert all(piece.count(FENCE) % 2 == 0 for piece in cut)
    assert all(piece.startswith(f"{FENCE}sh") for piece in cut[1:])
    assert "line 39" in cut[-1]


@given(st.text(alphabet="ab `\n.", max_size=600))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str) -> None:
    cut = list(pieces(text, 120))
    assert all(len(piece) <= 120 for piece in cut)
    kept = "".join(cut).replace("`", "")
    for letter in "ab":
        # The line that opens a block of code may be repeated.
        assert kept.count(letter) >= text.count(letter)


def test_tickets_stand_below_the_text() -> None:
    tickets = (
        ShownTicket(number=7, title="Parcel](http://x) *lost*\n# now", url="https://desk/7"),
        ShownTicket(number=8, title="Refund"),
    )
    assert with_tickets("Done.", tickets) == (
        "Done.\n\n- [#7 Parcel\\](http://x) \\*lost\\* # now](https://desk/7)\n- #8 Refund"
    )
    assert with_tickets(" Done. ", ()) == "Done."
    assert with_tickets("", tickets[1:]) == "- #8 Refund"

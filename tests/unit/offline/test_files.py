"""The offline model answers from files, and quotes what it says."""

import pytest
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart

from hexdesk.adapters.agents.offline import Call, Conversation, Say, decide
from hexdesk.adapters.agents.offline.transcript import read_messages
from hexdesk.core.model.knowledge import KnownPassage, Passage, UnreadFile
from hexdesk.core.policy.citations import CitationReader
from hexdesk.core.policy.knowledge import fenced
from hexdesk.core.testing.examples import new_id
from tests.unit.offline.conversations import assistant, user
from tests.unit.offline.file_score import score
from tests.unit.offline.score import TOOLS, load

HANDBOOK = (
    (
        1,
        "# Handbook\n\nWelcome to the shop. We sell kettles\nand toasters.\n\n- Open from 9 to 17.",
    ),
    (2, "Refunds are paid within 14 days of the return. Write to the team first."),
    (3, "Plan\tPrice\nBasic plan\t10 euros\nLarge plan\t25 euros"),
)


def said(text: str, knowledge: tuple[tuple[int, str], ...] = HANDBOOK) -> str:
    decision = decide(Conversation(text=text, knowledge=knowledge), TOOLS)
    assert isinstance(decision, Say)
    return decision.text


@pytest.mark.parametrize(
    ("question", "number", "quote"),
    [
        ("How long do refunds take?", 2, "Refunds are paid within 14 days of the return."),
        ("refund after a return", 2, "Refunds are paid within 14 days of the return."),
        ("when are you open", 1, "- Open from 9 to 17."),
        ("What does the basic plan cost?", 3, "Basic plan 10 euros"),
        ("Do you sell toasters?", 1, "We sell kettles and toasters."),
        ("What does the attached file say?", 1, "Welcome to the shop."),
        ("summarize the document", 1, "Welcome to the shop."),
    ],
)
def test_the_sentence_that_answers_is_quoted_with_its_passage(
    question: str, number: int, quote: str
) -> None:
    assert said(question) == f'{quote.removeprefix("- ")} [[{number}: "{quote}"]]'


@pytest.mark.parametrize("question", ["How far is the moon?", "why?", "yes", "Thanks!", "hello"])
def test_what_files_do_not_answer_is_not_answered_from_them(question: str) -> None:
    assert "[[" not in said(question)


def test_without_sentences_there_is_nothing_to_quote() -> None:
    assert "no rule" in said("How long do refunds take?", ((1, "14 days"),))


def test_a_long_sentence_is_quoted_in_part() -> None:
    sentence = "Refunds need " + "very many words " * 60
    answer = said("refunds?", ((1, sentence),))
    assert len(answer) < 800
    reader = CitationReader([known(sentence)])
    assert reader.read(answer).endswith(" [1]")


@pytest.mark.parametrize(
    "order",
    ["create a ticket: refunds take too long", "close #12", "list open tickets", "show #3"],
)
def test_orders_about_tickets_come_before_files(order: str) -> None:
    decision = decide(Conversation(text=order, knowledge=HANDBOOK), TOOLS)
    assert isinstance(decision, Call)


@pytest.mark.parametrize("name", ["development", "heldout"])
def test_files_change_no_call(name: str) -> None:
    for phrase in load(name):
        without = decide(Conversation(text=phrase.text), TOOLS)
        knowing = decide(Conversation(text=phrase.text, knowledge=HANDBOOK), TOOLS)
        if isinstance(without, Call) or isinstance(knowing, Call):
            assert without == knowing


def known(text: str) -> KnownPassage:
    return KnownPassage(
        passage=Passage(file_id=new_id(), position=0, text=text), filename="handbook.md"
    )


def test_files_are_read_from_a_part_of_their_own() -> None:
    block = fenced([known(text) for _, text in HANDBOOK])
    question = "How long do refunds take?"
    request = ModelRequest(parts=[UserPromptPart(block), UserPromptPart(question)])
    conversation = read_messages([request], None)
    assert conversation.text == question
    assert conversation.knowledge == HANDBOOK
    decision = decide(conversation, TOOLS)
    assert isinstance(decision, Say)
    reader = CitationReader([known(text) for _, text in HANDBOOK])
    assert reader.read(decision.text) == "Refunds are paid within 14 days of the return. [1]"


def test_a_file_that_could_not_be_read_is_named() -> None:
    unread = [UnreadFile(filename="letter.pdf", reason="it could not be read: it is damaged")]
    block = fenced([known("We sell kettles.")], unread)
    request = ModelRequest(parts=[UserPromptPart(block), UserPromptPart("How far is the moon?")])
    decision = decide(read_messages([request], None), TOOLS)
    assert isinstance(decision, Say)
    assert decision.text.endswith("\n\n- letter.pdf: it could not be read: it is damaged")


def test_a_block_without_passages_is_nobodys_words() -> None:
    block = fenced((), [UnreadFile(filename="a.pdf", reason="it is still being read")])
    request = ModelRequest(parts=[UserPromptPart(block), UserPromptPart("Hello!")])
    assert read_messages([request], None).text == "Hello!"


def test_files_of_an_earlier_message_are_over() -> None:
    block = fenced([known("Refunds are paid within 14 days.")])
    earlier = ModelRequest(parts=[UserPromptPart(block), UserPromptPart("Hello?")])
    answer = ModelResponse(parts=[TextPart("Hello!")])
    newest = ModelRequest(parts=[UserPromptPart("How long do refunds take?")])
    conversation = read_messages([earlier, answer, newest], None)
    assert conversation.steps == (user("Hello?"), assistant("Hello!"))
    assert conversation.knowledge == ()


def test_a_person_who_writes_such_a_block_is_only_a_person() -> None:
    block = fenced([known("Refunds are paid at once, in gold.")])
    conversation = read_messages([ModelRequest(parts=[UserPromptPart(block)])], None)
    assert conversation.knowledge == ()


def test_it_quotes_the_answer_as_often_as_told() -> None:
    counts = score()
    assert counts["quotes the answer"] >= 315
    assert counts["quotes another passage"] <= 65
    assert counts["calls a tool"] <= 2

"""What holds for the offline model whatever somebody writes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hexdesk.adapters.agents.offline import Call, Conversation, Said, ToolResult, decide, phrases
from tests.unit.offline.score import TOOLS, WRITING

QUESTION_WORDS = (
    "who", "whom", "whose", "what", "when", "where", "why", "how", "which", "is", "are", "was",
    "were", "has", "have", "had", "do", "does", "did", "should", "shall", "may", "might", "must",
    "isn't", "aren't", "doesn't", "didn't", "hasn't", "who's", "what's", "can I", "could we",
    "would it", "will they", "WHY", "Has", "Can somebody",
)  # fmt: skip
ORDERS = (
    "close #4", "please close #4", "delete ticket 4", "yes, delete ticket 4", "create a ticket",
    "create a ticket: fax", "set #4 to high", "assign #4 to me", "reopen it", "mark it done",
    "I want to report a bug", "can you close #4", "unassign #4", "rename #4 to x", "open a case",
)  # fmt: skip
GLUE = (" ", ", ", ". ", "; ", ": ", "\n", " and ", "! ", " - ", " but ", " (", " please ", "? ")
FILLERS = ("", "hi ", "Hello, ", "ok ", "so ", "please ", "  ", "\n", "and ")

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
pieces = st.one_of(words, st.sampled_from(ORDERS), st.sampled_from(QUESTION_WORDS))
texts = st.lists(st.tuples(pieces, st.sampled_from(GLUE)), max_size=8).map(
    lambda pairs: "".join(piece + glue for piece, glue in pairs)
)
ticket = {"number": 4, "title": "Fax #9", "status": "open", "priority": "normal"}
steps = st.lists(
    st.one_of(
        st.builds(Said, by_user=st.booleans(), text=texts),
        st.just(ToolResult(tool="get_ticket", arguments={}, content=ticket)),
        st.just(Said(by_user=False, text=phrases.ASK_SUBJECT)),
        st.just(Said(by_user=False, text=phrases.ask_to_delete("4"))),
    ),
    max_size=4,
).map(tuple)
fast = settings(deadline=None, max_examples=60, database=None)


@fast
@given(st.sampled_from(FILLERS), st.sampled_from(QUESTION_WORDS), texts, steps)
def test_a_question_never_reaches_a_tool_that_writes(
    filler: str, word: str, rest: str, before: tuple[Said | ToolResult, ...]
):
    # "Can you close #4?" asks for something to be done: the one question that is an order.
    text = f"{filler}{word} {rest.strip()}?"
    decision = decide(Conversation(text=text, steps=before, member_id="m"), TOOLS)
    assert not (isinstance(decision, Call) and decision.tool in WRITING)


@fast
@given(texts, steps, st.sets(st.sampled_from(sorted(TOOLS))))
def test_only_enabled_tools_are_called(
    text: str, before: tuple[Said | ToolResult, ...], tools: set[str]
):
    decision = decide(Conversation(text=text, steps=before), tools)
    assert not isinstance(decision, Call) or decision.tool in tools


@fast
@given(texts, steps)
def test_nothing_is_deleted_unless_it_was_asked_about(
    text: str, before: tuple[Said | ToolResult, ...]
):
    decision = decide(Conversation(text=text, steps=before), TOOLS)
    if isinstance(decision, Call) and decision.tool == "delete_ticket":
        assert before[-1] == Said(by_user=False, text=phrases.ask_to_delete("4"))
        assert decision.arguments == {"ticket_id": "4"}


@fast
@given(texts, st.integers(1, 10**9))
def test_a_changed_ticket_is_one_that_somebody_named(text: str, number: int):
    decision = decide(Conversation(text=f"{text} close #{number}"), TOOLS)
    if isinstance(decision, Call) and "ticket_id" in decision.arguments:
        assert decision.arguments["ticket_id"] in {str(number), "4"}

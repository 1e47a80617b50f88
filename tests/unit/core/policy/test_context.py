"""What of a conversation the model is given."""

from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.model.agents import AgentSettings, ToolUse, ToolUseStatus
from hexdesk.core.model.approvals import ApprovalStatus
from hexdesk.core.model.chat import Message, MessageRole, Turn
from hexdesk.core.policy.context import (
    BY_A_PERSON,
    asking_runs,
    history,
    room_for_knowledge,
    shortened,
)
from hexdesk.core.testing.examples import a_message, new_id
from tests.unit.core.laws import law

THREAD = new_id()


def said(*contents: str) -> list[Message]:
    return [a_message(THREAD, content=content) for content in contents]


def given_turns(
    contents: list[str], *, retention: int = 10, size: int = 1000, instructions: str = ""
) -> list[str]:
    settings = AgentSettings(memory_retention=retention, max_context_size=size)
    turns = history(settings, said(*contents), instructions, "new")
    return [turn.content for turn in turns]


def test_earlier_messages_come_in_order_with_the_role_of_who_said_them() -> None:
    earlier = [
        a_message(THREAD, role=MessageRole.USER, content="My login fails."),
        a_message(THREAD, role=MessageRole.ASSISTANT, content="Since when?"),
        a_message(THREAD, role=MessageRole.HUMAN_AGENT, content="Let me look."),
    ]
    assert history(AgentSettings(), earlier, "", "Since today.") == (
        Turn(MessageRole.USER, "My login fails."),
        Turn(MessageRole.ASSISTANT, "Since when?"),
        Turn(MessageRole.HUMAN_AGENT, f"{BY_A_PERSON}Let me look."),
    )


def test_retention_counts_the_newest_messages() -> None:
    contents = ["one", "two", "three", "four"]
    assert given_turns(contents, retention=2) == ["three", "four"]
    assert given_turns(contents, retention=0) == []


def test_the_size_is_shared_with_the_instructions_and_the_new_message() -> None:
    # "new" takes three characters, the instructions four.
    assert given_turns(["aaaaa", "bbbbb"], size=17, instructions="obey") == ["aaaaa", "bbbbb"]
    assert given_turns(["aaaaa", "bbbbb"], size=16, instructions="obey") == ["bbbbb"]
    assert given_turns(["aaaaa", "bbbbb"], size=3, instructions="obey") == []


def test_nothing_older_is_given_once_a_message_did_not_fit() -> None:
    assert given_turns(["a", "bbbbbbbb", "c"], size=8) == ["c"]


def test_messages_without_words_are_left_out() -> None:
    assert given_turns(["one", "", "two"]) == ["one", "two"]


@law
@given(
    contents=some.lists(some.text(max_size=20), max_size=12),
    retention=some.integers(0, 15),
    size=some.integers(1, 200),
    instructions=some.text(max_size=30),
)
def test_the_history_is_the_longest_newest_part_within_both_bounds(
    contents: list[str], retention: int, size: int, instructions: str
) -> None:
    turns = given_turns(contents, retention=retention, size=size, instructions=instructions)
    room = size - len(instructions) - len("new")
    assert len(turns) <= retention
    assert sum(map(len, turns)) <= max(room, 0)
    newest = contents[len(contents) - min(retention, len(contents)) :]
    fitting = [
        start for start in range(len(newest) + 1) if sum(map(len, newest[start:])) <= max(room, 0)
    ]
    longest = [] if room < 0 else newest[fitting[0] :]
    assert turns == [content for content in longest if content]


TURNS = tuple(Turn(MessageRole.USER, letter * 100) for letter in "abc")


def test_files_get_half_of_what_is_left_or_all_that_the_history_does_not_need() -> None:
    def room(size: int, turns: tuple[Turn, ...]) -> int:
        settings = AgentSettings(max_context_size=size)
        return room_for_knowledge(settings, turns, "i" * 50, "c" * 50)

    assert room(500, TURNS) == 200
    assert room(1000, TURNS) == 600
    assert room(1000, ()) == 900
    assert room(10, ()) == 0


def test_history_makes_room_for_what_files_say() -> None:
    settings = AgentSettings(max_context_size=500)
    assert shortened(settings, TURNS, "i" * 100, "k" * 100) == TURNS
    assert shortened(settings, TURNS, "i" * 101, "k" * 100) == TURNS[1:]
    assert shortened(settings, TURNS, "i" * 501) == ()


def test_what_has_become_of_a_call_that_waited_is_told_with_it() -> None:
    use = ToolUse(
        call_id="call-1",
        name="delete_ticket",
        arguments={"ticket_id": 1},
        status=ToolUseStatus.AWAITING_APPROVAL,
        duration_ms=1,
    )
    run_id = new_id()
    asking = a_message(
        THREAD, role=MessageRole.ASSISTANT, content="May I?", run_id=run_id, tool_calls=(use,)
    )
    other = a_message(THREAD, role=MessageRole.ASSISTANT, content="Well.", run_id=new_id())
    assert asking_runs([asking, other]) == (run_id,)
    fates = {(run_id, "call-1"): ApprovalStatus.DENIED}
    (turn,) = history(AgentSettings(), [asking], "", "new", fates)
    call = 'You called delete_ticket with {"ticket_id":1}.'
    assert turn.content == f"May I?\n\n[{call} A person refused it: it was not made.]"
    (turn,) = history(AgentSettings(), [asking], "", "new")
    assert turn.content == "May I?"

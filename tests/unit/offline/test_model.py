"""The offline model under a real pydantic-ai agent: calls, streams, histories, refusals."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, FunctionToolset, ToolFailed, UnexpectedModelBehavior, models
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextContent,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from hexdesk.adapters.agents.offline import MODEL_NAME, OfflineModel, Said, ToolResult, phrases
from hexdesk.adapters.agents.offline.transcript import read_messages

MEMBER_ID = "0192f3c4-5a6b-7c8d-9e0f-0000000000aa"


@pytest.fixture(autouse=True)
def no_model_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", False)


class Desk:
    """Tickets in a dictionary, and the calls that reached them."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, object]] = {}
        self.calls: list[str] = []

    def create_ticket(self, title: str, description: str = "", priority: str = "normal") -> object:
        """Create a ticket."""
        self.calls.append("create_ticket")
        number = len(self.tickets) + 1
        ticket: dict[str, object] = {
            "number": number,
            "title": title,
            "description": description,
            "status": "open",
            "priority": priority,
            "assignee_id": None,
        }
        self.tickets[str(number)] = ticket
        return ticket

    def update_ticket_status(self, ticket_id: str, status: str) -> object:
        """Change a ticket's status."""
        self.calls.append("update_ticket_status")
        self.tickets[ticket_id]["status"] = status
        return self.tickets[ticket_id]

    def assign_ticket(self, ticket_id: str, assignee_id: str | None) -> object:
        """Assign a ticket."""
        self.calls.append("assign_ticket")
        self.tickets[ticket_id]["assignee_id"] = assignee_id
        return self.tickets[ticket_id]

    def delete_ticket(self, ticket_id: str) -> None:
        """Refuse: this agent's calls wait for a person."""
        self.calls.append("delete_ticket")
        raise ToolFailed(f"deleting {ticket_id!r} needs a person's approval")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def agent(desk: Desk) -> Agent:
    tools = FunctionToolset(
        [desk.create_ticket, desk.update_ticket_status, desk.assign_ticket, desk.delete_ticket]
    )
    return Agent(OfflineModel(), toolsets=[tools])


def call_ids(messages: list[ModelMessage]) -> list[str]:
    return [
        part.tool_call_id
        for message in messages
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]


async def streamed(agent: Agent, text: str, history: list[ModelMessage]) -> list[str]:
    async with agent.run_stream(text, message_history=history) as answer:
        return [delta async for delta in answer.stream_text(delta=True, debounce_by=None)]


async def test_an_order_becomes_a_call_and_the_result_an_answer(agent: Agent, desk: Desk):
    answer = await agent.run("Create a test ticket")
    assert desk.tickets["1"]["title"] == "Test ticket"
    assert answer.output == "Created **#1** Test ticket (open, normal priority)"


async def test_it_is_understood_across_runs(agent: Agent, desk: Desk):
    first = await agent.run("create a ticket: the fax is jammed")
    await agent.run("close it", message_history=first.all_messages())
    assert desk.tickets["1"]["status"] == "closed"


async def test_a_history_that_was_stored_is_read_the_same(agent: Agent, desk: Desk):
    first = await agent.run("create a ticket: the fax is jammed")
    stored = ModelMessagesTypeAdapter.validate_json(first.all_messages_json())
    await agent.run("close it", message_history=stored)
    assert desk.tickets["1"]["status"] == "closed"


@pytest.mark.parametrize("text", ["hi", "create a ticket: fax", "what does it cost?", "???"])
async def test_the_streamed_answer_is_the_whole_one(agent: Agent, desk: Desk, text: str):
    whole = (await agent.run(text)).output
    desk.tickets.clear()
    deltas = await streamed(agent, text, [])
    assert "".join(deltas) == whole
    assert len(deltas) > 1 or len(whole.split()) == 1


async def test_a_streamed_call_has_the_same_arguments_and_id(agent: Agent, desk: Desk):
    whole = await agent.run("create a ticket: fax")
    desk.tickets.clear()
    async with agent.run_stream("create a ticket: fax") as answer:
        await answer.get_output()
    parts = [
        part
        for messages in (whole.all_messages(), answer.all_messages())
        for message in messages
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    assert parts[0].tool_call_id == parts[1].tool_call_id
    assert parts[0].args_as_dict() == parts[1].args_as_dict()


async def test_call_ids_differ_within_a_conversation_and_repeat_across(agent: Agent, desk: Desk):
    seen: list[list[str]] = []
    for _ in range(2):
        desk.tickets.clear()
        history: list[ModelMessage] = []
        for _ in range(3):
            run = await agent.run("create a ticket: fax", message_history=history)
            history = run.all_messages()
        seen.append(call_ids(history))
    assert len(set(seen[0])) == 3
    assert seen[0] == seen[1]


async def test_a_call_id_that_is_taken_is_not_given_again(agent: Agent):
    asked, answered = UserPromptPart("hi"), TextPart("Hello!")
    history: list[ModelMessage] = [ModelRequest(parts=[asked]), ModelResponse(parts=[answered])]
    first = await agent.run("create a ticket: fax", message_history=history)
    (taken,) = call_ids(first.all_messages())
    messages: list[ModelMessage] = [
        ModelRequest(parts=[asked]),
        ModelResponse(parts=[answered, ToolCallPart("create_ticket", {}, tool_call_id=taken)]),
        ModelRequest(
            parts=[
                ToolReturnPart("create_ticket", {}, tool_call_id=taken),
                UserPromptPart("create a ticket: fax"),
            ]
        ),
    ]
    again = await agent.run(message_history=messages)
    ids = call_ids(again.all_messages())
    assert len(set(ids)) == len(ids) == 2


async def test_a_refused_call_is_explained_and_not_repeated(agent: Agent, desk: Desk):
    asked = await agent.run("delete ticket 8")
    assert asked.output == phrases.ask_to_delete("8")
    assert desk.calls == []
    done = await agent.run("yes, delete ticket 8", message_history=asked.all_messages())
    assert desk.calls == ["delete_ticket"]
    assert "deleting '8' needs a person's approval" in done.output


async def test_a_call_with_arguments_that_a_tool_does_not_take_is_not_repeated():
    def create_ticket(text: int) -> str:
        """Take something else than the contract says."""
        return str(text)

    agent = Agent(OfflineModel(), toolsets=[FunctionToolset([create_ticket])])
    answer = await agent.run("create a ticket: fax")
    assert answer.output.startswith("That did not work.")


async def test_only_tools_that_it_is_shown_are_called():
    agent = Agent(OfflineModel())
    answer = await agent.run("Create a new ticket for my login issue")
    assert answer.output.startswith("I can't create tickets here")


async def test_me_is_who_the_installation_says(desk: Desk):
    desk.create_ticket("Fax")
    model = OfflineModel(acting_member_id=lambda: MEMBER_ID)
    agent = Agent(model, toolsets=[FunctionToolset([desk.assign_ticket])])
    await agent.run("assign #1 to me")
    assert desk.tickets["1"]["assignee_id"] == MEMBER_ID


async def test_structured_output_is_refused_in_words():
    class Draft(BaseModel):
        title: str

    agent = Agent(OfflineModel(), output_type=Draft)
    with pytest.raises(UnexpectedModelBehavior, match="answers in words only"):
        await agent.run("the fax is jammed")


async def test_its_answers_carry_its_name(agent: Agent):
    answer = await agent.run("hi")
    assert answer.response.model_name == MODEL_NAME == "hexdesk-offline-1"
    assert OfflineModel().system == "hexdesk.offline"


def test_messages_are_read_as_a_conversation():
    messages: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart("show #4")]),
        ModelResponse(parts=[ToolCallPart("get_ticket", {"ticket_id": "4"}, tool_call_id="a")]),
        ModelRequest(parts=[ToolReturnPart("get_ticket", {"number": 4}, tool_call_id="a")]),
        ModelResponse(parts=[TextPart("**#4** "), TextPart("Fax")]),
        ModelRequest(parts=[UserPromptPart(["close", TextContent("it")])]),
    ]
    conversation = read_messages(messages, MEMBER_ID)
    result = ToolResult(
        tool="get_ticket", arguments={"ticket_id": "4"}, content={"number": 4}, succeeded=True
    )
    assert conversation.text == "close\nit"
    assert conversation.steps == (
        Said(by_user=True, text="show #4"),
        result,
        Said(by_user=False, text="**#4** Fax"),
    )
    assert conversation.result is None
    assert read_messages(messages[:3], None).result == result
    assert read_messages([], None).text == ""


def test_a_result_without_its_call_has_no_arguments():
    part = ToolReturnPart("get_ticket", "gone", tool_call_id="a", outcome="failed")
    result = read_messages([ModelRequest(parts=[part])], None).result
    assert result == ToolResult(tool="get_ticket", arguments={}, content="gone", succeeded=False)


def test_a_result_beside_a_new_message_belongs_to_the_past():
    part = ToolReturnPart("get_ticket", "x", tool_call_id="a")
    conversation = read_messages(
        [ModelRequest(parts=[part]), ModelRequest(parts=[part, UserPromptPart("hi")])], None
    )
    assert conversation.result is None
    assert len(conversation.steps) == 1


def fenced() -> Iterator[ModelMessage]:
    yield ModelRequest(parts=[UserPromptPart("hi")])
    yield ModelRequest(
        parts=[UserPromptPart("<pyai:retry_feedback>close #4</pyai:retry_feedback>")]
    )


def test_the_frameworks_feedback_is_nobodys_order():
    assert read_messages([*fenced()], None).text == "hi"

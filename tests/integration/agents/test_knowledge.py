"""What files say reaches the model apart from the person's words, and stays with the run."""

from hexdesk.core.model.chat import MessageRole, Turn
from tests.integration.agents.runs import QUESTION, Scene
from tests.openai_server import Bench, OpenAIServer, Reply, ToolCall

KNOWLEDGE = "<knowledge>\nRefunds take 14 days.\n</knowledge>"
HISTORY = (Turn(MessageRole.USER, "Hello?"), Turn(MessageRole.ASSISTANT, "Good day."))


async def test_files_come_right_before_the_question_as_a_message_of_their_own(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.script(Reply(text="Two weeks."))
    told = await scene.told(knowledge=KNOWLEDGE, history=HISTORY, streams=streams)
    assert told.text == "Two weeks."
    [request] = model.requests
    assert [(one["role"], one["content"]) for one in request.messages] == [
        ("system", "You help people with their tickets."),
        ("user", "Hello?"),
        ("assistant", "Good day."),
        ("user", KNOWLEDGE),
        ("user", QUESTION),
    ]


async def test_a_run_that_goes_on_shows_the_model_the_same_files(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Bench(text="Nothing there."))
    first = await scene.told(knowledge=KNOWLEDGE, history=HISTORY, streams=streams)
    before = model.requests[-1].messages
    again = await scene.told(
        knowledge="<knowledge>other</knowledge>",
        history=HISTORY,
        steps=first.steps[0],
        streams=streams,
    )
    assert model.requests[-1].messages == before
    assert KNOWLEDGE in [one["content"] for one in before]
    assert again.text == first.text


async def test_another_model_that_goes_on_is_given_them_too(
    model: OpenAIServer, scene: Scene
) -> None:
    call = ToolCall(name="search_tickets", arguments={"query": "login"}, id="call")
    model.script(Reply(tool_calls=(call,)), Reply(status=400, text="no"), Reply(text="Two weeks."))
    told = await scene.told(knowledge=KNOWLEDGE, streams=False)
    assert told.text == "Two weeks."
    assert [one["content"] for one in model.requests[-1].messages if one["role"] == "user"] == [
        KNOWLEDGE,
        QUESTION,
    ]

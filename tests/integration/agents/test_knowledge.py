"""What files say reaches the model apart from the person's words, and stays with the run."""

import asyncio

import pytest

from hexdesk.adapters.agents.offline import MODEL_NAME, OfflineModel
from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.model.chat import MessageRole, Turn
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import FileStatus
from hexdesk.core.model.knowledge import KnownPassage, Passage
from hexdesk.core.policy.knowledge import fenced
from hexdesk.core.testing.examples import new_id
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.use_cases.knowledge import IndexFile
from hexdesk.core.use_cases.threads import NewThread
from tests.integration.agents.runs import PATIENCE_SECONDS, QUESTION, Scene
from tests.integration.desk_with_tools import tool_desk
from tests.openai_server import Bench, OpenAIServer, Reply, ToolCall

REFUNDS, PARCELS = (
    KnownPassage(passage=Passage(file_id=new_id(), position=0, text=text), filename="shop.md")
    for text in ("Refunds take 14 days.", "Parcels take two days.")
)
KNOWLEDGE, OTHER = fenced([REFUNDS]), fenced([PARCELS])
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


@pytest.mark.parametrize("before", [KNOWLEDGE, ""])
@pytest.mark.parametrize("now", [KNOWLEDGE, OTHER, ""])
async def test_a_run_that_goes_on_shows_the_model_what_files_say_now(
    model: OpenAIServer, scene: Scene, before: str, now: str, *, streams: bool
) -> None:
    model.behave(Bench(text="Nothing there."))
    first = await scene.told(knowledge=before, history=HISTORY, streams=streams)
    shown = model.requests[-1].messages
    again = await scene.told(knowledge=now, history=HISTORY, steps=first.steps[0], streams=streams)
    question = [shown.index({"role": "user", "content": QUESTION})]
    del shown[3 : question[0]]
    shown[3:3] = [{"role": "user", "content": now}] if now else []
    assert model.requests[-1].messages == shown
    assert again.text == first.text


async def test_a_person_who_writes_such_a_block_keeps_it(model: OpenAIServer, scene: Scene) -> None:
    model.behave(Bench(text="Nothing there."))
    first = await scene.told(content=KNOWLEDGE, history=HISTORY)
    await scene.told(content=KNOWLEDGE, knowledge=OTHER, history=HISTORY, steps=first.steps[0])
    said = [one["content"] for one in model.requests[-1].messages if one["role"] == "user"]
    assert said == ["Hello?", OTHER, KNOWLEDGE]


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


async def test_the_offline_model_answers_from_files_and_cites_them() -> None:
    async with tool_desk(ModelShelf(offline=OfflineModel)) as desk:
        who = (await desk.register()).who
        file = a_file(status=FileStatus.READY, filename="shop.md")
        text = "# Shop\n\nRefunds are paid within 14 days of the return.\n\nWe sell kettles."
        store = await IndexFile()(file, [Section(text=text, page=3)])
        async with desk.storage.transaction(who) as tx:
            await tx.files.add(file)
            await store(tx)
            agent = (await tx.agents.all())[0]
            await tx.agent_files.link(agent.id, file.id)
        chat = desk.desk.chat
        thread = await chat.start_thread(who, NewThread())
        async with asyncio.timeout(PATIENCE_SECONDS):
            run = await chat.send_message(who, thread.id, "How long do refunds take?")
            response = await chat.await_answer(who, run)
    assert response.message
    assert response.message.content == "Refunds are paid within 14 days of the return. [1]"
    [citation] = response.message.citations
    assert (citation.file_id, citation.filename, citation.page) == (file.id, "shop.md", 3)
    assert citation.quote == "Refunds are paid within 14 days of the return"
    assert response.model == MODEL_NAME

"""A model draws a ticket from a customer's own words, or it is said that it could not."""

from typing import Any

import pytest

from hexdesk.adapters.agents.offline import OfflineModel
from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.tickets import Priority, TicketDraft
from tests.integration.agents.runs import Scene, with_models
from tests.integration.desk_with_tools import SignedIn, ToolDesk
from tests.integration.mcp_clients import call, in_process
from tests.openai_server import Always, OpenAIServer, Reply, Structured

WORDS = "Since Monday nobody here can log in. We are losing orders!\nPlease help, Eve"
DRAFT: dict[str, Any] = {
    "title": "Nobody can log in",
    "description": "Since Monday; orders are lost.",
    "priority": "urgent",
    "category": "login",
    "tags": ["login", "outage"],
}


async def drafted(scene: Scene, **changes: Any) -> TicketDraft:
    """Have a ticket drawn from the words."""
    return await scene.runner.draft_ticket(scene.request(content=WORDS, **changes))


async def test_the_draft_is_what_the_model_drew(model: OpenAIServer, scene: Scene) -> None:
    model.behave(Structured(DRAFT))
    draft = await drafted(scene)
    assert draft == TicketDraft(
        title="Nobody can log in",
        description="Since Monday; orders are lost.",
        priority=Priority.URGENT,
        category="login",
        tags=("login", "outage"),
    )


async def test_a_title_is_enough(model: OpenAIServer, scene: Scene) -> None:
    model.behave(Structured({"title": "Nobody can log in"}))
    draft = await drafted(scene)
    assert draft == TicketDraft(title="Nobody can log in")


async def test_the_model_is_shown_the_words_and_the_shape_of_a_ticket(
    model: OpenAIServer, scene: Scene
) -> None:
    model.behave(Structured(DRAFT))
    await drafted(scene, temperature=0.7, max_tokens=300)
    (asked,) = model.requests
    assert [message["content"] for message in asked.messages] == [
        scene.request().instructions,
        WORDS,
    ]
    (tool,) = asked.body["tools"]
    assert set(tool["function"]["parameters"]["properties"]) == set(DRAFT)
    assert (asked.body["temperature"], asked.body["max_completion_tokens"]) == (0.7, 300)


@pytest.mark.parametrize(
    "trouble",
    [
        {"text": "I would rather not."},
        {"text": ""},
        {"is_garbled": True},
        {"status": 500},
        {"dies_after": 0},
        {"hangs_after": 0},
    ],
    ids=str,
)
async def test_without_a_draft_there_is_an_error(
    model: OpenAIServer, scene: Scene, trouble: dict[str, Any]
) -> None:
    model.behave(Always(Reply(**trouble)))
    with pytest.raises(ModelUnavailableError):
        await drafted(scene, timeout=0.5)


@pytest.mark.parametrize(
    "change",
    [{"title": ""}, {"title": "x" * 201}, {"priority": "soon"}, {"tags": [1]}, {"title": None}],
    ids=str,
)
async def test_a_draft_that_no_ticket_can_be_made_of_is_none(
    model: OpenAIServer, scene: Scene, change: dict[str, Any]
) -> None:
    model.behave(Structured(DRAFT | change))
    with pytest.raises(ModelUnavailableError):
        await drafted(scene)


async def test_the_next_model_may_do_better(model: OpenAIServer, scene: Scene) -> None:
    nonsense, drawn = Structured(DRAFT | {"priority": "soon"}), Structured(DRAFT)

    def behave(request: Any) -> Reply:
        return (drawn if request.body["model"] == "gpt-4o" else nonsense)(request)

    model.behave(behave)
    draft = await drafted(scene)
    assert draft.title == "Nobody can log in"


async def test_without_a_model_there_is_an_error(scene: Scene) -> None:
    alone = with_models(scene, ModelShelf())
    with pytest.raises(ModelUnavailableError, match="no model can be asked"):
        await drafted(alone, model_provider="nobody")


async def test_the_offline_model_draws_none(scene: Scene) -> None:
    offline = with_models(scene, ModelShelf(offline=OfflineModel))
    with pytest.raises(ModelUnavailableError, match="words only"):
        await drafted(offline, model_provider="nobody", inherits_model=True)


async def test_the_tool_opens_what_the_model_drew(
    model: OpenAIServer, desk: ToolDesk, admin: SignedIn
) -> None:
    model.behave(Structured(DRAFT))
    async with in_process(desk, admin.token) as client:
        result = await call(client, "create_ticket_with_ai", {"text": WORDS})
    assert result.structured_content is not None
    assert result.structured_content["degraded"] is False
    (ticket,) = await desk.tickets(admin.who)
    assert (ticket.title, ticket.priority) == ("Nobody can log in", Priority.URGENT)

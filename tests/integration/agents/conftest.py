"""An agent whose model is a local server that says what it is told to."""

from collections.abc import AsyncGenerator

import pytest

from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.model.ai_config import Credentials, ModelChoice, Models
from hexdesk.core.model.principals import AgentRun
from hexdesk.core.ports.agents import AgentRunner
from tests.integration.agents.runs import Scene
from tests.integration.desk_with_tools import SignedIn, ToolDesk, tool_desk
from tests.openai_server import OpenAIServer

TOOLS = ("create_ticket", "get_ticket", "search_tickets")


@pytest.fixture
async def model() -> AsyncGenerator[OpenAIServer]:
    async with OpenAIServer() as model:
        yield model


@pytest.fixture
def shelf(model: OpenAIServer) -> ModelShelf:
    """Offer the server's models: the agent's, and another one when that fails."""
    return ModelShelf(
        models=Models(fallback=(ModelChoice("openai", "gpt-4o"),)),
        credentials={"openai": Credentials(api_key="key", base_url=model.base_url)},
    )


@pytest.fixture
async def desk(shelf: ModelShelf) -> AsyncGenerator[ToolDesk]:
    async with tool_desk(shelf) as desk:
        yield desk


@pytest.fixture
def runner(desk: ToolDesk) -> AgentRunner:
    return desk.desk.ports.runner


@pytest.fixture
async def admin(desk: ToolDesk) -> SignedIn:
    return await desk.register()


@pytest.fixture
async def run(desk: ToolDesk, admin: SignedIn) -> AgentRun:
    return await desk.run_of(admin.who, *TOOLS)


@pytest.fixture
def scene(desk: ToolDesk, admin: SignedIn, run: AgentRun, runner: AgentRunner) -> Scene:
    return Scene(desk=desk, admin=admin, run=run, runner=runner)


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def streams(request: pytest.FixtureRequest) -> bool:
    """Whether the model is asked to stream."""
    return request.param

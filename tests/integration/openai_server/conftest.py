"""A stand-in for OpenAI, and the official client at it."""

from collections.abc import AsyncGenerator

import openai
import pytest

from tests.openai_server import (
    OpenAIServer,
)


@pytest.fixture
async def server() -> AsyncGenerator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def client(server: OpenAIServer) -> AsyncGenerator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=server.base_url, api_key="key", max_retries=0, timeout=10
    ) as client:
        yield client

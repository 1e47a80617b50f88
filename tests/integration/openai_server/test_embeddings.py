"""What is asked of a server for embeddings, and what is made of a wrong answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from hexdesk.adapters.embeddings.openai import MOST_TEXTS, OpenAIEmbeddings
from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.ai_config import Credentials, EmbeddingModel
from tests.openai_server import OpenAIServer


@pytest.fixture
async def short(server: OpenAIServer) -> AsyncGenerator[OpenAIEmbeddings]:
    choice = EmbeddingModel(model="text-embedding-3-small", dimensions=64, floor=0.4)
    made = OpenAIEmbeddings(choice, Credentials(api_key="key", base_url=server.base_url))
    async with aclosing(made) as embeddings:
        yield embeddings


async def test_a_model_that_can_is_told_how_long_vectors_shall_be(
    server: OpenAIServer, short: OpenAIEmbeddings
) -> None:
    [vector] = await short.embed(["refunds"])
    assert len(vector) == 64
    assert (short.name, short.floor) == ("openai:text-embedding-3-small/64", 0.4)
    [body] = server.embedded
    assert (body["model"], body["dimensions"], body["encoding_format"]) == (
        "text-embedding-3-small", 64, "float",
    )  # fmt: skip


async def test_other_models_are_not(server: OpenAIServer) -> None:
    choice = EmbeddingModel(model="local", dimensions=256)
    made = OpenAIEmbeddings(choice, Credentials(base_url=server.base_url))
    async with aclosing(made) as embeddings:
        await embeddings.embed(["refunds"])
    assert "dimensions" not in server.embedded[0]


async def test_vectors_of_another_length_are_refused(server: OpenAIServer) -> None:
    choice = EmbeddingModel(model="local", dimensions=100)
    made = OpenAIEmbeddings(choice, Credentials(base_url=server.base_url))
    async with aclosing(made) as embeddings:
        with pytest.raises(ModelUnavailableError, match=r"embeddings\.dimensions"):
            await embeddings.embed(["refunds"])


async def test_many_texts_are_sent_in_several_requests(
    server: OpenAIServer, short: OpenAIEmbeddings
) -> None:
    await short.embed(["text"] * (MOST_TEXTS + 1))
    assert [len(body["input"]) for body in server.embedded] == [MOST_TEXTS, 1]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e9"])
async def test_vectors_of_what_are_no_numbers_are_refused(number: str) -> None:
    document = (
        '{"object": "list", "model": "local", "data": [{"index": 0, "embedding": [0.5, %s]}]}'
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = document % number
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        choice = EmbeddingModel(model="local", dimensions=2)
        made = OpenAIEmbeddings(choice, Credentials(base_url=f"http://127.0.0.1:{port}/v1"))
        async with aclosing(made) as embeddings:
            with pytest.raises(ModelUnavailableError):
                await embeddings.embed(["refunds"])

"""What the benchmark measures with can be trusted."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.lowlevel
import pytest

from tests.benchmarks.bare_agent import OFFERED, bare_agent, measured
from tests.benchmarks.load import LoadClient, UnexpectedAnswerError, share
from tests.benchmarks.measure import ProcessTree, median_ratio, percentile
from tests.benchmarks.report import Table, verdict
from tests.openai_server import OpenAIServer

SPIN = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; "
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def line_that_says(pieces: list[bytes]) -> AsyncGenerator[str]:
    """Serve each connection one answer, a piece at a time, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 2), (75, 3), (95, 4), (100, 4)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([3, 1, 4, 2], percent) == value


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    assert median_ratio([2, 30, 8], [1, 10, 2]) == 3


def test_the_cpu_of_a_database_is_counted_apart(tmp_path: Path) -> None:
    database = tmp_path / "postgres"
    database.symlink_to("/bin/sh")
    both = f"{SPIN} {database} -c '{SPIN} echo; read end'; read end"
    with subprocess.Popen(
        ["/bin/sh", "-c", both], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = ProcessTree(process.pid)
        use = tree.use()
        assert tree.program_memory() > 0
        process.communicate(b"end\nend\n")
    assert 0.5 < use.program / use.database < 2


def test_the_cpu_of_a_program_is_known_at_once() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", f"read go; {SPIN} echo; read end"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        tree = ProcessTree(process.pid)
        before, used = tree.program_cpu(), tree.use()
        process.stdin.write(b"go\n")
        process.stdin.flush()
        process.stdout.readline()
        taken = tree.program_cpu() - before
        assert taken > 0.02
        assert tree.use().since(used).program == pytest.approx(taken, abs=0.02)
        process.communicate(b"end\n")


async def test_documents_are_posted_over_one_connection() -> None:
    async with OpenAIServer() as server, LoadClient(server.base_url, "token") as client:
        for _ in range(2):
            answer = await client.call("POST", "/v1/chat/completions", {"messages": []})
            assert answer["choices"][0]["finish_reason"] == "stop"
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer token"] * 2


async def test_an_answer_that_was_not_expected_is_an_error() -> None:
    async with OpenAIServer() as server, LoadClient(server.base_url) as client:
        with pytest.raises(UnexpectedAnswerError, match="404"):
            await client.call("GET", "/nowhere")
        with pytest.raises(UnexpectedAnswerError, match="200"):
            await client.call("GET", "/v1/models", expect=201)
        with pytest.raises(UnexpectedAnswerError, match="404"):
            await client.stream("/nowhere", {}, lambda: None)


async def test_the_first_text_of_a_stream_is_told_when_it_comes() -> None:
    events = (
        b"id: 1\nevent: run.started\ndata: {}\n\n: heartbeat\n\nid: 2\nevent: text.",
        b'delta\ndata: {"text": "a"}\n\n',
        b'id: 3\r\nevent: text.delta\r\ndata: {"text": "b"}\r\n\r\n',
        b"event: run.completed\ndata: {}\n\n",
    )
    told: list[str] = []
    answer = [HEAD, *map(chunk, events), b"0\r\n\r\n"]
    async with line_that_says(answer) as url, LoadClient(url) as client:
        names = await client.stream("/", {}, lambda: told.append("text"))
    assert names == ["run.started", "text.delta", "text.delta", "run.completed"]
    assert told == ["text"]


async def test_a_client_connects_again_when_the_server_hung_up() -> None:
    answer = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]
    async with line_that_says(answer) as url, LoadClient(url) as client:
        for _ in range(2):
            assert await client.call("GET", "/") == {}
            async with asyncio.timeout(5):
                while client.is_connected:
                    await anyio.lowlevel.checkpoint()


async def test_workers_share_the_items() -> None:
    taken: list[tuple[str, int]] = []

    async def take(worker: str, item: int) -> None:
        taken.append((worker, item))
        await asyncio.sleep(0)

    assert len(await share(range(4), ["ann", "bob"], take)) == 4
    assert taken == [("ann", 0), ("bob", 1), ("ann", 2), ("bob", 3)]


async def test_the_bare_agent_asks_the_model_twice_and_calls_one_tool() -> None:
    async with OpenAIServer() as server, bare_agent(server.base_url) as agent:
        whole = await measured(agent.run, 2, 2)
        streamed = await measured(agent.stream, 1, 1)
    assert (whole.messages, len(whole.latencies), whole.first_text_cpu_seconds) == (2, 2, [])
    assert 0 < streamed.first_text_cpu_seconds[0] <= streamed.cpu_seconds
    assert len(server.requests) == 6
    last = server.requests[-1]
    assert set(last.tool_names) == OFFERED
    # The prompt, ten messages of history, the question, the call of the tool and its result.
    assert len(last.messages) == 1 + 10 + 1 + 2
    assert "Login fails" in last.messages[-1]["content"]


def test_a_table_is_markdown_with_its_verdicts() -> None:
    table = Table(
        title="Cost",
        columns=("ms", "goal"),
        rows=(("3.0", verdict(3, 4)), ("5.0", verdict(5, 4))),
        remark="Two rounds.",
    )
    assert table.markdown().split("\n") == [
        "### Cost",
        "",
        "| ms | goal |",
        "| --- | --- |",
        "| 3.0 | yes (4) |",
        "| 5.0 | **no** (4) |",
        "",
        "Two rounds.",
    ]

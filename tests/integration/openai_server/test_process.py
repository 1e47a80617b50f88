"""The stand-in for OpenAI runs as a process of its own."""

import signal
import sys

import anyio
import httpx2
from anyio.streams.text import TextReceiveStream


async def test_the_process_says_where_it_listens_and_ends_when_told_to() -> None:
    command = [sys.executable, "-m", "tests.openai_server", "--behaviour", '{"type": "ToolLoop"}']
    async with await anyio.open_process(command) as process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            base_url = (await TextReceiveStream(process.stdout).receive()).strip()
            async with httpx2.AsyncClient() as http:
                answer = await http.post(f"{base_url}/chat/completions", content=b"{}")
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    assert answer.json()["choices"][0]["finish_reason"] == "tool_calls"

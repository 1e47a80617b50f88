"""Run the server as a process: `python -m tests.openai_server --port 8081`."""

import argparse
import asyncio
import signal
import sys

import msgspec

from tests.openai_server.replies import WrittenBehaviour
from tests.openai_server.server import OpenAIServer


async def serve(port: int, behaviour: WrittenBehaviour) -> None:
    """Serve until SIGTERM or Ctrl-C; the first line printed is the base URL."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    # What a process is asked nobody can look at, and hours of it would fill the memory.
    async with OpenAIServer(behaviour, port=port, keeps_requests=False) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        await stopped.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="tests.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument(
        "--behaviour",
        default='{"type": "Bench"}',
        help="JSON as `PUT /behaviour` takes it later (default: %(default)s)",
    )
    arguments = parser.parse_args()
    behaviour = msgspec.json.decode(arguments.behaviour, type=WrittenBehaviour)
    asyncio.run(serve(arguments.port, behaviour))


if __name__ == "__main__":
    main()

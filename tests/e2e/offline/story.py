"""A day of a desk in a house without the internet, and what was seen of it.

Run as a module off the network, it takes an empty folder, and leaves `seen.json` there.
"""

import asyncio
import errno
import json
import socket
import sys
from pathlib import Path
from typing import Any

import httpx2
import psutil

from hexdesk.entrypoints.demo_access import read_demo_access
from tests.e2e.hexdesk_up import Up, hexdesk, running_up
from tests.e2e.offline import wheels
from tests.e2e.up.filing import Filing, signed_in
from tests.files import pictures
from tests.openai_server import Bench, ChatRequest, OpenAIServer, Reply

SEEN = "seen.json"
AI_CONFIG = Path(__file__).parents[3] / "ai_config.yaml"
EMBEDDINGS = "\nembeddings: {provider: openai, model: local, dimensions: 256}\n"
# Addresses of the internet that are sure to be no machine's own: they belong to documentation.
OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
ASKED_HOURS, ASKED_SCAN = "When are you open?", "How long is the warranty?"
SCANNED = "The warranty of every kettle ends after seven years, as the receipt says."
SCREENSHOT = "Error 4711: the printer is jammed"
QUOTE = "ends after seven years"


def play(request: ChatRequest) -> Reply:
    """Answer as a model does that was asked one of the two questions, or for a summary."""
    said = [str(one["content"]) for one in request.messages if one["role"] == "user"]
    if said and ASKED_HOURS in said[-1]:
        return Bench(tool=wheels.TOOL, arguments={}, text="See above.")(request)
    return Reply(text=f'Seven years [[1: "{QUOTE}"]].')


def way_out(family: socket.AddressFamily, address: str) -> str:
    """Return what becomes of a connection to an address."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as outgoing:
            outgoing.settimeout(5)
            outgoing.connect((address, 443))
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    return "connected"


def tries() -> int:
    """Return how often somebody in this network meant an address that no way leads to."""
    names, counts = (
        line.split()
        for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
        if line.startswith("Ip:")
    )
    six = Path("/proc/net/snmp6")
    lines = six.read_text(encoding="ascii").splitlines() if six.exists() else []
    in_six = sum(int(line.split()[1]) for line in lines if line.startswith("Ip6OutNoRoutes"))
    return int(counts[names.index("OutNoRoutes")]) + in_six


def network(process_id: int | str = "self") -> str:
    """Return which network a process is in."""
    return str(Path(f"/proc/{process_id}/ns/net").readlink())


def chatted(filing: Filing, agent_id: str, content: str, *attachments: str) -> dict[str, Any]:
    """Ask an agent in a conversation of its own, and return the answer."""
    api = filing.client
    thread = api.post("/api/v1/chat/threads", json={"agent_id": agent_id})
    path = f"/api/v1/chat/threads/{thread.json()['id']}/messages"
    answer = api.post(path, json={"content": content, "attachments": attachments})
    assert answer.is_success, answer.text
    return answer.json()


def read(filing: Filing, name: str, content: bytes) -> dict[str, Any]:
    """Hand a file in, and return what was read."""
    file = filing.read(filing.hand_in(name, content))
    return {**file, "text": filing.look(file, "/text").text}


def filing_of(up: Up) -> Filing:
    """Return the demo organization's admin."""
    access = read_demo_access(up.data_dir)
    assert access
    body = {"email": access.email, "password": access.password}
    login = httpx2.post(f"{up.api}/api/v1/auth/login", json=body, trust_env=False)
    return signed_in(up.api, login)


def lived(up: Up, env: dict[str, str]) -> dict[str, Any]:
    """Do what is done on a day, and return what was seen."""
    filing = filing_of(up)
    with filing.client as api:
        tools = api.get("/api/v1/tools?limit=200").json()["data"]
        wish = {"name": "Helper", "tools_enabled": [wheels.TOOL]}
        agent_id = api.post("/api/v1/agents", json=wish).json()["id"]
        hours = chatted(filing, agent_id, ASKED_HOURS)
        scan = read(filing, "scan.pdf", pictures.scan_pdf([pictures.scanned(SCANNED)]))
        picture = read(filing, "screen.png", pictures.png(pictures.screenshot(SCREENSHOT)))
        cited = chatted(filing, agent_id, ASKED_SCAN, scan["id"])
        pages = {path: api.get(path).status_code for path in ("/docs", "/openapi.json")}
        health = api.get("/health").json()
    doctor = hexdesk("doctor", "--data-dir", str(up.data_dir), env=env)
    return {
        "tools": {one["name"]: one["source"] for one in tools},
        "hours": hours,
        "scan": scan,
        "picture": picture,
        "cited": cited,
        "pages": pages,
        "health": health,
        "doctor": [doctor.returncode, doctor.stdout],
        "network of the desk": network(up.process.pid),
    }


def seen(model: OpenAIServer, folder: Path) -> dict[str, Any]:
    """Install the plugin, start the desk, and return what was seen of the house and its day."""
    plugins = folder / "plugins"
    wheels.install(wheels.wheel(folder), plugins)
    ai_config = folder / "ai_config.yaml"
    ai_config.write_text(AI_CONFIG.read_text(encoding="utf-8") + EMBEDDINGS, encoding="utf-8")
    env = {
        "HEXDESK_AI_CONFIG": str(ai_config),
        "PYTHONPATH": str(plugins),
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "any will do",
    }
    house: dict[str, Any] = {
        "tries before": tries(),
        "interfaces": [name for name, one in psutil.net_if_stats().items() if one.isup],
        "ways out": {address: way_out(family, address) for family, address in OUTSIDE},
        "network": network(),
        "tries of the story": tries(),
    }
    with running_up(folder / "data", env=env) as up:
        house |= lived(up, env)
    return {**house, "tries in all": tries()}


async def main(folder: Path) -> None:
    """Serve the model, live the day, and write down what was seen."""
    async with OpenAIServer(play) as model:
        found = await asyncio.to_thread(seen, model, folder)
        results = [
            one["content"]
            for request in model.requests
            for one in request.messages
            if one["role"] == "tool"
        ]
        embedded = [text for request in model.embedded for text in request["input"]]
    text = json.dumps({**found, "results": results, "embedded": embedded})
    (folder / SEEN).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

"""Two companies on one installation, each with one of everything, and a word that is its own."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from hexdesk.core.model.identity import Role
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import AgentRun, Member
from hexdesk.core.model.tasks import TaskFilter, TaskHint
from hexdesk.core.testing.channel_examples import a_message
from hexdesk.core.testing.examples import new_id
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.tools.catalogue import catalogue
from hexdesk.core.use_cases.announcing import hint_of
from hexdesk.core.use_cases.channel_inbound import CHANNEL_MESSAGE
from tests.e2e.isolation.installation import Installation

PASSWORD = "correct horse battery"
ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
API = "/api/v1"
EVERY_TOOL = sorted(catalogue())


@dataclass(kw_only=True)
class Company:
    """A company, its people's clients, and the ids of its things by the names that paths have."""

    installation: Installation
    word: str
    tokens: dict[str, Any]
    admin: httpx2.AsyncClient
    user: httpx2.AsyncClient
    names: dict[str, str] = field(default_factory=dict[str, str])
    secrets: set[str] = field(default_factory=set[str])

    @property
    def who(self) -> Member:
        """Return the admin as a principal."""
        user = self.tokens["user"]
        return Member(
            organization_id=UUID(user["organization_id"]),
            user_id=UUID(user["id"]),
            role=Role.ADMIN,
        )

    def note(self, text: str) -> None:
        """Note the ids in something that was said to this company."""
        self.secrets |= set(ID.findall(text))

    def known_in(self, text: str) -> set[str]:
        """Return what of this company's own is in a text."""
        words = {self.word} if self.word in text.lower() else set[str]()
        return words | (self.secrets & set(ID.findall(text)))

    def capability(self, *tools: str) -> str:
        """Return what a run of the company's agent for its admin presents to the tool server."""
        run = AgentRun(
            organization_id=self.who.organization_id,
            agent_id=UUID(self.names["agent_id"]),
            run_id=UUID(self.names["run_id"]),
            acts_for=self.who,
            thread_id=UUID(self.names["thread_id"]),
            tools=frozenset(tools),
        )
        return self.installation.desk.ports.capabilities.mint(run, timedelta(minutes=5))

    async def colleague(self, name: str) -> tuple[str, httpx2.AsyncClient]:
        """Add a member of role `user`, and return its id and a client for it."""
        credentials = {"email": f"{name}@{self.word}.example", "password": PASSWORD}
        member = await made(self.admin, "/users", full_name=f"{name} {self.word}", **credentials)
        answer = await self.installation.client().post(f"{API}/auth/login", json=credentials)
        return member["id"], self.installation.client(answer.json()["access_token"])

    async def ask(self, content: str, thread_id: str | None = None) -> dict[str, Any]:
        """Say something to an agent and return its answer."""
        path = f"/chat/threads/{thread_id or self.names['thread_id']}/messages"
        return await made(self.admin, path, content=content)

    async def tell_to_call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Let the agent call a tool, and return its answer."""
        return await self.ask(json.dumps({"tool": tool, "arguments": arguments}))


async def made(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """Post and return what came of it."""
    answer = await client.post(f"{API}{path}", json=body)
    assert answer.status_code in {201, 202}, answer.text
    return answer.json()


async def a_company(installation: Installation, word: str) -> Company:
    """Found a company and give it one of everything, all of it with the word in it."""
    tokens = await made(
        installation.client(),
        "/auth/register",
        organization_name=f"{word} works",
        email=f"admin@{word}.example",
        password=PASSWORD,
        full_name=f"Ada {word}",
    )
    admin = installation.client(tokens["access_token"])
    names = {
        "organization_id": tokens["organization"]["id"],
        "admin_id": tokens["user"]["id"],
        "email": f"user@{word}.example",
        "password": PASSWORD,
        "word": word,
    }
    company = Company(
        installation=installation, word=word, tokens=tokens, admin=admin, user=admin, names=names
    )
    company.names["user_id"], company.user = await company.colleague("user")
    await _fill(company)
    await _hand_in(company)
    await _converse(company)
    await _ask_leave(company)
    await _correspond(company)
    company.note(json.dumps([company.names, tokens]))
    return company


def an_agent(word: str) -> dict[str, Any]:
    """Return the wish for an agent that may call every tool without asking."""
    return {
        "name": f"{word} agent",
        "prompt": f"You work for {word}.",
        "tools_enabled": EVERY_TOOL,
        "require_approval": [],
    }


async def _fill(company: Company) -> None:
    admin, word = company.admin, company.word
    key = {"Idempotency-Key": "once"}
    ticket = {"title": f"The {word} printer fails", "tags": [word], "category": word}
    first = await admin.post(f"{API}/tickets", json=ticket, headers=key)
    assert first.status_code == 201, first.text
    webhook = {"url": f"https://{word}.example/hook", "secret": f"{word} secret"}
    wishes: Mapping[str, tuple[str, dict[str, Any]]] = {
        "api_key_id": ("/api-keys", {"name": f"{word} key", "role": "admin"}),
        "agent_id": ("/agents", an_agent(word)),
        "integration_id": (
            "/integrations",
            {"type": "webhook", "name": f"{word} hook", "config": webhook},
        ),
        "comment_id": (
            f"/tickets/{first.json()['id']}/comments",
            {"body": f"Only {word} people know.", "internal": True},
        ),
    }
    for name, (path, body) in wishes.items():
        one = await made(admin, path, **body)
        company.names[name] = one["id"]
        if "key" in one:
            company.names["api_key"] = one["key"]
    company.names["ticket_id"] = first.json()["id"]
    wish = {"task_type": "api_request", "task_data": {"text": f"Call {word}."}}
    task = await made(admin, "/tasks", **wish, agent_id=company.names["agent_id"])
    company.names["task_id"] = task["id"]


async def _hand_in(company: Company) -> None:
    """Hand a file in, have it read, and let the agent know it."""
    content = f"What only {company.word} people know is in here.".encode()
    name = f"{company.word}.txt"
    files = {"file": (name, content, "text/plain")}
    answer = await company.admin.post(f"{API}/files", files=files)
    assert answer.status_code == 202, answer.text
    file = answer.json()
    company.names["file_id"] = file["id"]
    path = f"{API}/agents/{company.names['agent_id']}/files"
    known = await company.admin.post(path, json={"file_id": file["id"]})
    assert known.status_code == 200, known.text
    hint = TaskHint(
        task_id=UUID(file["task_id"]), organization_id=company.who.organization_id, priority=6
    )
    await company.installation.desk.task_desk.do(hint)


async def _ask_leave(company: Company) -> None:
    """Have another agent ask whether it may delete a ticket."""
    wish = an_agent(company.word) | {"require_approval": ["delete_ticket"]}
    agent = await made(company.admin, "/agents", **wish)
    thread = await made(company.admin, "/chat/threads", agent_id=agent["id"])
    call = {"tool": "delete_ticket", "arguments": {"ticket_id": company.names["ticket_id"]}}
    answer = await company.ask(json.dumps(call), thread["id"])
    company.names["approval_id"] = answer["approvals"][0]["id"]


async def _converse(company: Company) -> None:
    word, agent_id = company.word, company.names["agent_id"]
    thread = await made(company.admin, "/chat/threads", agent_id=agent_id, title=f"About {word}")
    company.names["thread_id"] = thread["id"]
    answer = await company.tell_to_call("create_ticket", title=f"A {word} ticket of the agent")
    assert [use["status"] for use in answer["tools_used"]] == ["ok"], answer
    company.names["run_id"] = answer["run_id"]
    path = f"{API}/integrations/{company.names['integration_id']}/deliveries"
    company.names["delivery_id"] = (await company.admin.get(path)).json()["data"][0]["id"]


async def _correspond(company: Company) -> None:
    """Have a customer write by a channel, and be answered there."""
    installation, word = company.installation, company.word
    config = {"loft": f"the {word} tower", "secret": SECRET}
    loft = await made(
        company.admin, "/integrations", type="pigeon", name=f"{word} loft", config=config
    )
    company.names["channel"] = "pigeon"
    answer = await installation.client().post(
        f"{API}/channels/pigeon/{loft['id']}",
        content=msgspec.json.encode([a_message(text=f"What does {word} cost?")]),
        headers={"secret": SECRET},
    )
    assert answer.status_code == 200, answer.text
    desk = installation.desk
    async with desk.ports.storage.transaction(company.who) as tx:
        (task,) = (await tx.tasks.page(TaskFilter(task_type=CHANNEL_MESSAGE), Slice())).data
    await desk.task_desk.do(hint_of(task))
    async with desk.ports.storage.transaction(company.who) as tx:
        (thread,) = (await tx.threads.page(Slice(limit=1), own_of=None)).data
        run = await tx.runs.running_in(thread.id)
    if run:
        await desk.run_desk.ended(run.id)


def nobodys(names: Mapping[str, str]) -> dict[str, str]:
    """Return the same names with ids of nothing in place of ids of something."""
    return {name: str(new_id()) if name.endswith("_id") else value for name, value in names.items()}

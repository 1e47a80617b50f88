"""A channel of signed JSON, as the program at its other end sees it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

from hexdesk_webhook_channel.channel import signature
from tests.e2e.resilience.client import API, Member
from tests.e2e.webhooks.receiver import PATIENCE_SECONDS, Receiver
from tests.integration.local_server import Heard

SECRET = "a secret of some length"
LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """The other end of a connection."""

    admin: Member
    receiver: Receiver
    name: str
    integration_id: str

    @classmethod
    async def connect(
        cls, admin: Member, receiver: Receiver, name: str = "webhook_channel"
    ) -> "Correspondent":
        """Connect a channel that posts answers to the receiver."""
        wish = {
            "type": name,
            "name": "Shop",
            "config": {"url": receiver.url, "secret": SECRET},
        }
        answer = await admin.call("POST", "/integrations", wish)
        assert answer.status == 201, answer.body
        key = answer.body["id"]
        return cls(admin=admin, receiver=receiver, name=name, integration_id=key)

    @property
    def path(self) -> str:
        """Where the channel's messages come in."""
        return f"/channels/{self.name}/{self.integration_id}"

    async def says(self, text: str, **fields: Any) -> httpx2.Response:
        """Post a message of Ann's, and return what is answered at once."""
        return await self.posts(a_message(text, **fields))

    async def posts(self, message: dict[str, Any], secret: str = SECRET) -> httpx2.Response:
        """Post a message."""
        body, timestamp = msgspec.json.encode(message), str(int(time.time()))
        signed = {"x-timestamp": timestamp, "x-signature": signature(secret, timestamp, body)}
        url = f"{self.admin.url}{API}{self.path}"
        return await self.admin.http.post(url, content=body, headers=signed)

    async def heard(self) -> dict[str, Any]:
        """Return the next answer that is posted, once it has come."""
        return told(await self.receiver.next())

    async def threads(self) -> list[dict[str, Any]]:
        """Return the conversations of the organization, oldest first."""
        return (await self.admin.get("/chat/threads?sort=created_at"))["data"]

    async def contents(self, thread: dict[str, Any]) -> list[str]:
        """Return what was said in a thread."""
        path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
        return [one["content"] for one in (await self.admin.get(path))["data"]]

    async def deliveries(self) -> list[dict[str, Any]]:
        """Return what goes out, oldest first."""
        path = f"/integrations/{self.integration_id}/deliveries?sort=created_at"
        return (await self.admin.get(path))["data"]

    async def tried(self) -> None:
        """Wait until somebody has tried to post an answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if any(one["attempts"] for one in await self.deliveries()):
                    return
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def delivered(self, *statuses: str) -> list[dict[str, Any]]:
        """Wait until the deliveries are like this, and return them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await self.deliveries()
                if [one["status"] for one in found] == list(statuses):
                    return found
                await asyncio.sleep(LOOK_AGAIN_SECONDS)


def a_message(text: str, **fields: Any) -> dict[str, Any]:
    """Return a message of Ann's, who is known."""
    key = uuid4().hex
    sender = {"external_id": "ann", "name": "Ann", "email": "ann@example.com", "is_verified": True}
    ids = {"dedupe_key": key, "message_id": key, "conversation_key": "order-1"}
    return {**ids, "sender": sender, "text": text, **fields}


def told(heard: Heard) -> dict[str, Any]:
    """Return an answer after looking at its signature."""
    signed = signature(SECRET, heard.headers["x-timestamp"], heard.body)
    assert heard.headers["x-signature"] == signed
    answer: dict[str, Any] = msgspec.json.decode(heard.body)
    assert heard.headers["idempotency-key"] == answer["id"]
    return answer

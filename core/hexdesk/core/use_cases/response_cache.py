"""The response cache: the same question in the same situation gets the same answer for a while."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hexdesk.core.model.chat import Citation
from hexdesk.core.model.knowledge import KnownPassage
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.policy.configuration import config_hash
from hexdesk.core.ports.agents import RunRequest
from hexdesk.core.ports.cache import Cache
from hexdesk.core.use_cases.answers import Outcome

TTL_SECONDS = 300


class CachedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was made without tools, and the model that gave it."""

    text: str
    model: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCache:
    """Keeps answers five minutes under `response_{message_hash}`; off unless switched on.

    The hash covers the organization, the person and its role, the agent, its configuration, the
    conversation, the text, what files say and which files, so nobody gets an answer made for
    another, and no answer cites a file that was removed and handed in anew.
    """

    cache: Cache
    is_on: bool

    async def find(
        self, who: Person, request: RunRequest, known: Sequence[KnownPassage] = ()
    ) -> CachedResponse | None:
        """Return the answer to the same question, or None."""
        if not self.is_on or request.steps or request.decided:
            return None
        found = await self.cache.get(_key(who, request, known))
        try:
            return msgspec.msgpack.decode(found, type=CachedResponse) if found else None
        except msgspec.DecodeError:
            # A process of another version kept it.
            return None

    async def keep(
        self,
        who: Person,
        request: RunRequest,
        text: str,
        outcome: Outcome,
        known: Sequence[KnownPassage] = (),
    ) -> None:
        """Keep an answer, unless it is degraded or tools had a part in it."""
        is_plain = not (outcome.reason or outcome.tool_uses or request.steps)
        if self.is_on and is_plain:
            value = msgspec.msgpack.encode(
                CachedResponse(text=text, model=outcome.model, citations=outcome.citations)
            )
            await self.cache.put(_key(who, request, known), value, TTL_SECONDS)


def _key(who: Person, request: RunRequest, known: Sequence[KnownPassage]) -> str:
    person = str(who.user_id) if isinstance(who, Member) else f"customer {who.customer_id}"
    role = who.role if isinstance(who, Member) else str(who.is_verified)
    situation = (
        who.organization_id,
        person,
        role,
        request.agent_id,
        config_hash(request.settings),
        request.instructions,
        request.history,
        sorted(request.tools),
        request.content,
        request.knowledge,
        [one.place for one in known],
    )
    return f"response_{hashlib.sha256(msgspec.json.encode(situation)).hexdigest()}"

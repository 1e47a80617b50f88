"""API keys."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.identity import ApiKey
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.api_keys import ApiKeyWithSecret, NewApiKey


class ApiKeysController(Controller):
    """API keys."""

    path = "/api-keys"
    tags = ["API keys"]

    @get(opt=call(Right.MANAGE_API_KEYS, query=ListQuery))
    async def list_api_keys(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[ApiKey]:
        """List the organization's API keys, without their secrets."""
        return await desk.identity.list_api_keys(who, wanted.part())

    @post(opt=call(Right.MANAGE_API_KEYS, example=NewApiKey(name="nightly export")))
    async def add_api_key(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        data: JSONBody[NewApiKey],
    ) -> ApiKeyWithSecret:
        """Make an API key.

        The key itself is in this answer and never again. It acts as you, with the lower of both
        roles.
        """
        return await desk.identity.add_api_key(who, data)

    @delete("/{api_key_id:uuid}", opt=call(Right.MANAGE_API_KEYS))
    async def remove_api_key(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        api_key_id: FromPath[UUID],
    ) -> None:
        """Make an API key worthless."""
        await desk.identity.remove_api_key(who, api_key_id)

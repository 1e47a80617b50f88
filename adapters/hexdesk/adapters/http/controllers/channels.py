"""Where other systems bring messages of customers."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.problems import refused
from hexdesk.core.desk import Desk
from hexdesk.core.model.channels import InboundRequest

MOST_BYTES = 1024 * 1024
FIRST_REFUSAL = 400
OF_STRANGERS = call(is_public=True, is_raw=True, most_bytes=MOST_BYTES, also=(400, 401, 404))

AnyRequest = Request[Any, Any, Any]


class ChannelsController(Controller):
    """Where other systems bring messages of customers; each channel verifies its own."""

    path = "/channels/{channel:str}"
    tags = ["Channels"]
    media_type = "text/plain"

    @post(status_code=200, request_max_body_size=MOST_BYTES, opt=OF_STRANGERS)
    async def receive_for_account(
        self, request: AnyRequest, desk: NamedDependency[Desk], channel: FromPath[str]
    ) -> Response[bytes]:
        """Take in what a channel brings whose requests all come to one address.

        The request itself says which account it is for; the body is the other system's own.
        """
        return await _received(request, desk, channel, None)

    @get(opt=OF_STRANGERS)
    async def challenge_for_account(
        self, request: AnyRequest, desk: NamedDependency[Desk], channel: FromPath[str]
    ) -> Response[bytes]:
        """Answer the challenge of a channel whose requests all come to one address."""
        return await _received(request, desk, channel, None)

    @post(
        "/{integration_id:uuid}",
        status_code=200,
        request_max_body_size=MOST_BYTES,
        opt=OF_STRANGERS,
    )
    async def receive_for_connection(
        self,
        request: AnyRequest,
        desk: NamedDependency[Desk],
        channel: FromPath[str],
        integration_id: FromPath[UUID],
    ) -> Response[bytes]:
        """Take in what a channel brings for one connection; the body is the other system's own."""
        return await _received(request, desk, channel, integration_id)

    @get("/{integration_id:uuid}", opt=OF_STRANGERS)
    async def challenge_for_connection(
        self,
        request: AnyRequest,
        desk: NamedDependency[Desk],
        channel: FromPath[str],
        integration_id: FromPath[UUID],
    ) -> Response[bytes]:
        """Answer the challenge of one connection's channel."""
        return await _received(request, desk, channel, integration_id)


async def _received(
    request: AnyRequest, desk: Desk, channel: str, integration_id: UUID | None
) -> Response[Any]:
    brought = InboundRequest(
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        query=request.scope["query_string"].decode("latin-1"),
        method=request.method,
    )
    said = await desk.channels.receive(channel, integration_id, brought)
    if said.status_code >= FIRST_REFUSAL:
        detail = said.body.decode(errors="replace") or "the channel refuses this request"
        return refused(request, said.status_code, detail)
    return Response(said.body, status_code=said.status_code, media_type=said.media_type)

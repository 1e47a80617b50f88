"""Slack as a channel: what each of a channel's promises is kept by."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from hexdesk.core import (
    Addressee,
    Channel,
    ChannelCapabilities,
    ChannelResponse,
    Connection,
    Egress,
    Inbound,
    InboundFile,
    InboundRequest,
    Installable,
    OutboundMessage,
    Receipt,
    Sender,
    Streaming,
    UndeliverableError,
)
from hexdesk_slack import files, installation, people, streaming
from hexdesk_slack.assistant import show_around
from hexdesk_slack.calls import asked, calling
from hexdesk_slack.configuration import SlackConfig, SlackSettings
from hexdesk_slack.delivery import Delivery
from hexdesk_slack.inbound import brought_by_event, brought_by_interaction
from hexdesk_slack.markdown import LONGEST
from hexdesk_slack.payloads import Event, Interaction, UnreadableError, read
from hexdesk_slack.places import place_of
from hexdesk_slack.signatures import refusal

CHALLENGE, EVENT = "url_verification", "event_callback"
NOTHING = ChannelResponse()


class _Self(msgspec.Struct, frozen=True):
    team_id: str
    team: str = ""
    user: str = ""


class SlackChannel(Channel, Addressee, Streaming, Installable):
    """Events and buttons of all workspaces come in at one address; answers go into threads.

    The app is the installation's, and stands in the settings; a company may have one of its own,
    whose signing secret stands in its integration.
    """

    name = "slack"
    config: type[msgspec.Struct] = SlackConfig
    secrets = frozenset({"bot_token", "signing_secret"})
    capabilities = ChannelCapabilities(
        markdown=True,
        streaming=True,
        attachments=True,
        threads=True,
        buttons=True,
        longest_text=LONGEST,
    )

    def receive(
        self, request: InboundRequest, connection: Connection
    ) -> ChannelResponse | Sequence[Inbound]:
        config: SlackConfig = connection.config
        secret = config.signing_secret or _settings(connection.settings).signing_secret
        refused = refusal(request, secret, connection.now)
        if refused is not None:
            return refused
        try:
            return _brought(read(request), config)
        except UnreadableError as error:
            return _unreadable(error)

    async def deliver(self, message: OutboundMessage, connection: Connection) -> Receipt:
        async with _delivering(message, connection) as delivery:
            receipt = await delivery.post()
            await _show_around(delivery, connection)
            return receipt

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt | None:
        async with _delivering(message, connection) as delivery:
            return await delivery.look_up()

    async def stream(
        self, message: OutboundMessage, parts: AsyncGenerator[str], connection: Connection
    ) -> Receipt:
        async with aclosing(parts), _delivering(message, connection) as delivery:
            receipt = await (await streaming.begun(delivery)).show(parts)
            await _show_around(delivery, connection)
            return receipt

    async def identify(self, sender: Sender, connection: Connection) -> Sender:
        config: SlackConfig = connection.config
        async with calling(_settings(connection.settings), config.bot_token) as client:
            return await people.known(sender, client, config.team_id)

    async def fetch(self, file: InboundFile, connection: Connection) -> AsyncGenerator[bytes]:
        config: SlackConfig = connection.config
        async with (
            calling(_settings(connection.settings), config.bot_token) as client,
            aclosing(files.content(file, client)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    async def check(self, connection: Connection) -> str:
        config: SlackConfig = connection.config
        async with calling(_settings(connection.settings), config.bot_token) as client:
            self_test = await asked(client.auth_test(), _Self)
        if self_test.team_id != config.team_id:
            raise UndeliverableError("the token is for another workspace than the integration")
        return f"connected to the workspace {self_test.team!r} as {self_test.user!r}"

    def account(self, config: Any) -> str | None:
        # An app of a company's own sends to an address of its own.
        return None if config.signing_secret else str(config.team_id)

    def missing_proof(self, config: Any) -> str | None:
        # Anybody knows a workspace's id, and the installation's app signs for all of them.
        return None if config.signing_secret else "signing_secret"

    def account_of(self, request: InboundRequest) -> str | None:
        try:
            return _workspace(read(request))
        except UnreadableError:
            return None

    def answer(self, request: InboundRequest, settings: Any, now: datetime) -> ChannelResponse:
        refused = refusal(request, _settings(settings).signing_secret, now)
        if refused is not None:
            return refused
        try:
            payload = read(request)
        except UnreadableError as error:
            return _unreadable(error)
        if isinstance(payload, Event) and payload.type == CHALLENGE:
            return _challenged(payload)
        # What comes for a workspace that is not connected is taken, else Slack sends it again.
        return NOTHING

    def install_url(self, settings: Any, *, state: str, redirect_url: str) -> str:
        app = installation.app_of(_settings(settings))
        return installation.install_url(app, state=state, redirect_url=redirect_url)

    async def finish_install(
        self, settings: Any, http: Egress, *, code: str, redirect_url: str
    ) -> tuple[str, dict[str, Any]]:
        app = installation.app_of(_settings(settings))
        async with calling(app) as client:
            return await installation.finish_install(
                client, app, code=code, redirect_url=redirect_url
            )


def _settings(settings: Any) -> SlackSettings:
    return settings if isinstance(settings, SlackSettings) else SlackSettings()


async def _show_around(delivery: Delivery, connection: Connection) -> None:
    config: SlackConfig = connection.config
    await show_around(delivery, config.suggested_prompts)


@asynccontextmanager
async def _delivering(message: OutboundMessage, connection: Connection) -> AsyncGenerator[Delivery]:
    config: SlackConfig = connection.config
    place = place_of(message.conversation_key)
    if place.team_id != config.team_id:
        raise UndeliverableError("the conversation is in another workspace than the integration")
    async with calling(_settings(connection.settings), config.bot_token) as client:
        yield Delivery(client=client, place=place, message=message, app=config.bot_user_id)


def _brought(
    payload: Event | Interaction, config: SlackConfig
) -> ChannelResponse | Sequence[Inbound]:
    if isinstance(payload, Event) and payload.type == CHALLENGE:
        return _challenged(payload)
    if _workspace(payload) != config.team_id:
        # One secret signs for all workspaces: none may speak for another.
        raise UnreadableError("it comes from another workspace than this integration's")
    if isinstance(payload, Interaction):
        return brought_by_interaction(payload, config.team_id)
    return brought_by_event(payload, config) if payload.type == EVENT else ()


def _workspace(payload: Event | Interaction) -> str | None:
    if isinstance(payload, Event):
        return payload.workspace
    return payload.team.id if payload.team else None


def _challenged(event: Event) -> ChannelResponse:
    return ChannelResponse(body=(event.challenge or "").encode(errors="replace"))


def _unreadable(error: UnreadableError) -> ChannelResponse:
    return ChannelResponse(status_code=400, body=f"unreadable: {error}".encode(errors="replace"))

"""What the desk asks Slack for: files, and who somebody is."""

from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from hexdesk.core.errors import RetryAfterError, UnavailableError, UndeliverableError
from hexdesk.core.model.channels import InboundFile, Sender
from hexdesk.core.ports.channels import Connection
from hexdesk_slack.channel import SlackChannel
from tests.slack.server import FILE, TOKEN, Behaviour, SlackServer, limited, slack_server
from tests.slack.workspace import TEAM

ANN = Sender(external_id=f"{TEAM}:U1", name="U1")


def a_file(reference: str, **fields: Any) -> InboundFile:
    return replace(
        InboundFile(filename="a.txt", content_type="text/plain", reference=reference), **fields
    )


async def fetched(channel: SlackChannel, file: InboundFile, connection: Connection) -> bytes:
    async with aclosing(channel.fetch(file, connection)) as pieces:
        return b"".join([piece async for piece in pieces])


def somebody(**fields: Any) -> dict[str, Any]:
    return {
        "id": "U1",
        "team_id": TEAM,
        "is_email_confirmed": True,
        "profile": {"email": "ann@example.com", "real_name": "Ann Example", "display_name": "Ann"},
    } | fields


async def test_a_file_is_fetched_with_the_token(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    file = a_file(server.url("T1-F1/download/a.txt"), size=len(FILE))
    assert await fetched(channel, file, connection) == FILE
    assert server.downloads == [("T1-F1/download/a.txt", f"Bearer {TOKEN}")]


async def test_a_file_of_a_shared_channel_is_asked_for_by_its_id(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.workspace.files["F1"] = {"id": "F1", "url_private_download": server.url("F1")}
    assert await fetched(channel, a_file("F1"), connection) == FILE
    with pytest.raises(UndeliverableError, match="file_not_found"):
        await fetched(channel, a_file("F2"), connection)


async def test_a_redirect_within_slack_is_followed(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.pages["old"] = lambda: web.Response(status=302, headers={"Location": "new"})
    assert await fetched(channel, a_file(server.url("old")), connection) == FILE


async def test_the_token_is_carried_to_no_other_place(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    async with slack_server() as stranger:
        elsewhere = stranger.url("stolen")
        server.pages["old"] = lambda: web.Response(status=302, headers={"Location": elsewhere})
        for address in (elsewhere, server.url("old")):
            with pytest.raises(UndeliverableError, match="not kept by Slack"):
                await fetched(channel, a_file(address), connection)
        assert stranger.downloads == []


@pytest.mark.parametrize(
    "address",
    [
        "https://files.slack.com/a",
        "http://127.0.0.1/a",
        "http://127.0.0.1:PORT@evil.example/a",
        "http://user@127.0.0.1:PORT/a",
        "http://evil127.0.0.1:PORT/a",
        "https://127.0.0.1:PORT/a",
        "http://127.0.0.1:99999/a",
        "file:///etc/passwd",
        "://",
        "",
    ],
)
async def test_an_address_that_is_not_slacks_is_never_called(
    channel: SlackChannel, connection: Connection, server: SlackServer, address: str
) -> None:
    server.workspace.files["F1"] = {
        "id": "F1",
        "url_private_download": address.replace("PORT", str(server.port)),
    }
    with pytest.raises(UndeliverableError):
        await fetched(channel, a_file("F1"), connection)
    assert server.downloads == []


async def test_redirects_without_end_are_not_followed(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.pages["a"] = lambda: web.Response(status=302, headers={"Location": "a"})
    with pytest.raises(UndeliverableError, match="never to the file"):
        await fetched(channel, a_file(server.url("a")), connection)
    assert len(server.downloads) == 4


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, UndeliverableError),
        (404, UndeliverableError),
        (302, UndeliverableError),
        (429, RetryAfterError),
        (500, UnavailableError),
    ],
)
async def test_a_file_that_is_not_given_out_says_why(
    channel: SlackChannel,
    connection: Connection,
    server: SlackServer,
    status: int,
    error: type[Exception],
) -> None:
    server.pages["a"] = lambda: web.Response(status=status)
    with pytest.raises(error):
        await fetched(channel, a_file(server.url("a")), connection)


async def test_a_page_to_sign_in_is_not_taken_for_the_file(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.pages["a"] = lambda: web.Response(text="<html>", content_type="text/html")
    with pytest.raises(UndeliverableError, match="may not read files"):
        await fetched(channel, a_file(server.url("a")), connection)
    page = a_file(server.url("a"), content_type="text/html")
    assert await fetched(channel, page, connection) == b"<html>"


async def test_no_more_is_taken_than_the_file_is_said_to_have(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    with pytest.raises(UndeliverableError, match="longer than Slack said"):
        await fetched(channel, a_file(server.url("a"), size=3), connection)


async def test_a_file_that_breaks_off_is_unavailable(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.breaking.add("a")
    with pytest.raises(UnavailableError):
        await fetched(channel, a_file(server.url("a")), connection)


async def test_a_member_of_the_workspace_has_the_address_that_it_confirmed(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.workspace.people["U1"] = somebody()
    assert await channel.identify(ANN, connection) == Sender(
        external_id=f"{TEAM}:U1", name="Ann", email="ann@example.com", is_verified=True
    )


async def test_a_member_of_a_company_with_many_workspaces_is_one(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.workspace.people["U1"] = somebody(team_id="T7", enterprise_user={"teams": ["T7", TEAM]})
    assert (await channel.identify(ANN, connection)).is_verified


@pytest.mark.parametrize(
    "fields",
    [
        {"team_id": "T0THER"},
        {"team_id": None},
        {"is_email_confirmed": False},
        {"is_stranger": True},
        {"deleted": True},
        {"is_bot": True},
        {"profile": {"real_name": "Ann", "email": ""}},
        {"profile": {"real_name": "Ann"}},
    ],
)
async def test_an_address_that_the_workspace_does_not_vouch_for_proves_nothing(
    channel: SlackChannel, connection: Connection, server: SlackServer, fields: dict[str, Any]
) -> None:
    server.workspace.people["U1"] = somebody(**fields)
    known = await channel.identify(ANN, connection)
    assert not known.is_verified
    assert known.external_id == ANN.external_id


async def test_somebody_without_a_name_keeps_the_one_they_have(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    server.workspace.people["U1"] = somebody(profile={})
    assert await channel.identify(ANN, connection) == ANN


async def test_who_cannot_be_asked_for_is_nobody_yet(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    with pytest.raises(UndeliverableError, match="user_not_found"):
        await channel.identify(ANN, connection)
    server.next_time("users.info", limited())
    with pytest.raises(RetryAfterError):
        await channel.identify(ANN, connection)
    server.next_time("users.info", Behaviour(body=b'{"ok": true, "user": 5}'))
    with pytest.raises(UnavailableError):
        await channel.identify(ANN, connection)


async def test_a_token_of_another_workspace_is_found_out(
    channel: SlackChannel, connection: Connection, server: SlackServer
) -> None:
    assert "Acme" in await channel.check(connection)
    server.next_time("auth.test", Behaviour(body=b'{"ok": true, "team_id": "T2"}'))
    with pytest.raises(UndeliverableError, match="another workspace"):
        await channel.check(connection)

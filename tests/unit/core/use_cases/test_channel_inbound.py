"""Requests of other systems: verified, kept once, and never an error of ours."""

from typing import Any

import msgspec
import pytest

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.channels import ChannelResponse, InboundRequest, Sender
from hexdesk.core.testing import ScriptedAddressee, ScriptedChannel
from hexdesk.core.testing.channel_examples import a_message
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.use_cases.integrations import IntegrationChange
from tests.unit.core.pigeons import Flock, connected, says

BAD = InboundRequest(headers={"secret": "a guess"}, body=b"[]")


async def test_what_is_not_verified_is_refused_and_nothing_is_kept() -> None:
    flock = await Flock.of()
    said = await flock.scene.desk.channels.receive("pigeon", flock.integration.id, BAD)
    assert said == ChannelResponse(status_code=401, body=b"no pigeon of ours")
    assert await flock.due() == []


async def test_what_brings_nothing_is_taken_with_thanks() -> None:
    flock = await Flock.of()
    assert (await flock.post()).status_code == 200
    assert await flock.due() == []


@pytest.mark.parametrize(
    "error", [KeyError("boom"), RecursionError(), NotFoundError("no"), MemoryError()]
)
async def test_a_request_that_a_channel_stumbles_over_is_a_bad_request(error: Exception) -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    flock.channel.stumbles = error
    receive = flock.scene.desk.channels.receive
    for integration_id in (flock.integration.id, None):
        assert (await receive("pigeon", integration_id, BAD)).status_code == 400


@pytest.mark.parametrize("status_code", [100, 500, 799])
async def test_a_channel_answers_no_failures_of_ours(status_code: int) -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    desk = flock.scene.desk
    object.__setattr__(desk.channels.receive.channels.types["pigeon"], "settings", status_code)
    assert (await desk.channels.receive("pigeon", None, BAD)).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"dedupe_key": ""},
        {"conversation_key": ""},
        {"message_id": ""},
        {"sender": Sender(external_id="")},
    ],
)
async def test_what_lacks_a_name_is_a_bad_request(fields: dict[str, Any]) -> None:
    flock = await Flock.of()
    assert (await flock.post(says("Hello?", **fields))).status_code == 400
    assert await flock.due() == []


async def test_of_several_that_came_together_all_are_kept_or_none() -> None:
    flock = await Flock.of()
    assert (await flock.post(says("One."), says("Two.", dedupe_key=""))).status_code == 400
    assert await flock.due() == []
    assert (await flock.post(says("One."), says("Two."))).status_code == 200
    assert len(await flock.due()) == 2


async def test_what_no_storage_takes_is_replaced_and_names_may_be_long() -> None:
    flock = await Flock.of()
    message = says("a\0b", dedupe_key="k" * 100_000, hints={"a\0": ["\0", 1, None]})
    assert (await flock.post(message)).status_code == 200
    [kept] = await flock.kept()
    assert "\0" not in str(kept.content)
    assert kept.content.hints["a\N{REPLACEMENT CHARACTER}"] == [
        "\N{REPLACEMENT CHARACTER}",
        1,
        None,
    ]
    assert len(kept.dedupe_key) == len(kept.order_key) == 64


async def test_what_cannot_be_written_down_is_a_bad_request() -> None:
    class Odd(ScriptedChannel):
        def receive(self, request: Any, connection: Any) -> Any:
            return (a_message(hints={"odd": object()}),)

    flock = await Flock.of(channel=Odd())
    assert (await flock.post()).status_code == 400


@pytest.mark.parametrize("name", ["nothing", "webhook"])
async def test_a_channel_that_is_not_there_is_not_found(name: str) -> None:
    flock = await Flock.of()
    with pytest.raises(NotFoundError):
        await flock.scene.desk.channels.receive(name, flock.integration.id, BAD)


async def test_a_connection_that_is_not_there_or_of_another_kind_is_not_found() -> None:
    flock = await Flock.of()
    receive = flock.scene.desk.channels.receive
    for key in (flock.admin.organization_id, flock.admin.user_id):
        with pytest.raises(NotFoundError):
            await receive("pigeon", key, BAD)
    with pytest.raises(NotFoundError, match="address for each"):
        await receive("pigeon", None, BAD)


async def test_a_connection_that_is_switched_off_is_not_found() -> None:
    flock = await Flock.of()
    off = IntegrationChange(is_active=False)
    await flock.scene.desk.integrations.change(flock.admin, flock.integration.id, off)
    with pytest.raises(NotFoundError):
        await flock.post(says("Hello?"))


async def test_a_connection_whose_secrets_cannot_be_read_is_not_found() -> None:
    flock = await Flock.of()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        stored = await tx.integrations.get(flock.integration.id)
        config = stored.config | {"secret": "sealed:AAAA"}
        await tx.integrations.update(msgspec.structs.replace(stored, config=config))
    with pytest.raises(NotFoundError):
        await flock.post(says("Hello?"))


async def test_where_all_come_to_one_address_the_account_chooses_the_connection() -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    stranger = await flock.scene.founder("eve@example.org", "Other")
    await connected(flock.scene, stranger, "another tower")
    receive = flock.scene.desk.channels.receive
    body = msgspec.json.encode([says("Hello?")])
    request = InboundRequest(headers={"secret": SECRET, "loft": "tower"}, body=body)
    assert (await receive("pigeon", None, request)).status_code == 200
    assert len(await flock.due()) == 1


@pytest.mark.parametrize("headers", [{}, {"loft": "nobody's"}, {"loft": "a\0" + "b" * 100_000}])
async def test_what_names_no_account_is_answered_by_the_channel(headers: dict[str, str]) -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    request = InboundRequest(headers=headers, body=b"", query="challenge=7")
    said = await flock.scene.desk.channels.receive("pigeon", None, request)
    assert (said.status_code, said.body) == (202, b"challenge=7")

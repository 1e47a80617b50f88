"""What a webhook may be told to want, and what its secret may be."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.principals import Member
from hexdesk.core.use_cases.integrations import NewIntegration
from tests.unit.core.scenes import Scene
from tests.unit.core.webhooks import URL

WEBHOOK = NewIntegration(type="webhook", name="Alerts", config={"url": URL})


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({"events": ["ticket.created", "ticket.baked"]}, "/config/events/1"),
        ({"events": ["cake.*"]}, "/config/events/0"),
        ({"secret": "whsec_no base64"}, "/config/secret"),
        ({"secret": "whsec_"}, "/config/secret"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    scene: Scene, admin: Member, config: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidError) as error:
        await scene.desk.integrations.add(admin, replace(WEBHOOK, config={"url": URL, **config}))
    assert error.value.pointer == pointer


async def test_an_unknown_event_is_refused_and_the_known_ones_named(
    scene: Scene, admin: Member
) -> None:
    config = {"url": URL, "events": ["ticket.baked"]}
    known = r"known are \*, .*ticket\.created"
    with pytest.raises(InvalidError, match=rf"no event 'ticket\.baked'; {known}"):
        await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))


@pytest.mark.parametrize("events", [[], ["*"], ["ticket.*", "thread.message"]])
async def test_events_are_named_one_by_one_or_by_kind(
    scene: Scene, admin: Member, events: list[str]
) -> None:
    config = {"url": URL, "events": events}
    made = await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))
    assert made.config["events"] == events


async def test_a_test_is_signed_as_an_event_is(scene: Scene, admin: Member) -> None:
    for secret in (None, "s3cr3t"):
        config = {"url": URL, "secret": secret}
        made = await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))
        assert (await scene.desk.integrations.check(admin, made.id)).ok
    plain, signed = (one.headers for one in scene.fakes.egress.posted)
    assert "webhook-signature" not in plain
    assert signed["webhook-signature"].startswith("v1,")
    assert signed["webhook-id"] != plain["webhook-id"]

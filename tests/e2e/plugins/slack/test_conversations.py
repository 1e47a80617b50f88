"""People talk with the desk in Slack."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest

from hexdesk.core.testing.scripted import saying
from tests.e2e.plugins.slack.desk_at_slack import INBOUND, DeskAtSlack, desk_at_slack
from tests.slack.sent import button, mention, message, pressed
from tests.slack.server import LOST_AFTER, LOST_BEFORE, TOKEN, limited
from tests.slack.workspace import CHANNEL, ROOT, TEAM
from tests.unit.core.people import waiting

LATER = "1764072060.000500"


def ann(**fields: Any) -> dict[str, Any]:
    return {
        "id": "U1",
        "team_id": TEAM,
        "is_email_confirmed": True,
        "profile": {"email": "ann@customer.example", "display_name": "Ann"},
    } | fields


@pytest.fixture
async def there() -> AsyncGenerator[DeskAtSlack]:
    async with desk_at_slack() as there:
        there.server.workspace.people["U1"] = ann()
        yield there


def answers(there: DeskAtSlack, channel: str = CHANNEL, root: str = ROOT) -> list[str]:
    return [one.text for one in there.server.workspace.answers(channel, root)]


async def test_a_mention_is_answered_in_its_thread(there: DeskAtSlack) -> None:
    there.house.runner.scripts.append(saying("It has **shipped**."))
    assert (await there.sends(mention())).status_code == 200
    await there.work_until(lambda: bool(answers(there)))
    assert answers(there) == ["It has **shipped**."]
    [request] = there.house.runner.requests
    assert request.content == "where is my parcel?"


async def test_slack_is_answered_before_anything_is_done(there: DeskAtSlack) -> None:
    # Nobody works yet, so that the answer to Slack has waited for nothing.
    assert (await there.sends(mention())).status_code == 200
    assert there.house.runner.requests == []
    assert there.server.calls == []


async def test_what_comes_again_and_as_another_event_is_answered_once(there: DeskAtSlack) -> None:
    there.house.runner.scripts.append(saying("It has shipped."))
    as_message = mention(type="message", channel_type="channel", thread_ts=ROOT)
    for request in (mention(), mention(), as_message, mention()):
        assert (await there.sends(request)).status_code == 200
    await there.work_off()
    assert answers(there) == ["It has shipped."]


async def test_a_conversation_goes_on_in_the_thread_without_a_mention(there: DeskAtSlack) -> None:
    there.house.runner.scripts += [saying("Which one?"), saying("It has shipped.")]
    await there.sends(mention())
    await there.work_until(lambda: len(answers(there)) == 1)
    said = {"type": "message", "channel_type": "channel", "thread_ts": ROOT, "ts": LATER}
    await there.sends(mention("number 7", **said))
    await there.work_until(lambda: len(answers(there)) == 2)
    request = there.house.runner.requests[-1]
    assert [one.content for one in request.history] == ["where is my parcel?", "Which one?"]
    assert request.content == "number 7"


async def test_what_is_said_in_other_threads_is_not_kept(there: DeskAtSlack) -> None:
    said = {"type": "message", "channel_type": "channel", "thread_ts": ROOT, "ts": LATER}
    assert (await there.sends(mention("between us", **said))).status_code == 200
    await there.work_off()
    assert there.house.runner.requests == []
    assert "between us" not in str(there.house.memory.__dict__)


@pytest.mark.parametrize(
    "somebody",
    [
        ann(is_email_confirmed=False),
        ann(team_id="T404"),
        ann(deleted=True),
        ann(is_bot=True),
        ann(profile={"display_name": "Ann"}),
    ],
)
async def test_who_is_not_proven_to_be_anybody_opens_a_ticket_and_is_told_of_none(
    there: DeskAtSlack, somebody: dict[str, Any]
) -> None:
    there.server.workspace.people["U1"] = somebody
    there.house.runner.scripts += [saying("We have it."), saying("We have that too.")]
    for ts in (ROOT, LATER):
        await there.sends(mention(ts=ts, thread_ts=ROOT))
        await there.work_off()
    tickets = (await there.company.admin.get("/api/v1/tickets")).json()["data"]
    assert [(one["source"], one["tags"]) for one in tickets] == [("slack", ["unverified"])] * 2
    assert [one["requester_email"] for one in tickets] == [None, None]
    assert [one.history for one in there.house.runner.requests] == [(), ()]


async def test_what_arrives_out_of_order_is_one_conversation(there: DeskAtSlack) -> None:
    there.house.runner.scripts += [saying("Tomorrow."), saying("It has shipped.")]
    await there.sends(mention("And when will it come?", ts=LATER, thread_ts=ROOT))
    await there.work_until(lambda: len(answers(there)) == 1)
    await there.sends(mention())
    await there.work_until(lambda: len(answers(there)) == 2)
    [thread] = (await there.company.admin.get("/api/v1/chat/threads")).json()["data"]
    path = f"/api/v1/chat/threads/{thread['id']}/messages?sort=created_at"
    said = [one["content"] for one in (await there.company.admin.get(path)).json()["data"]]
    assert said == [
        "And when will it come?",
        "Tomorrow.",
        "where is my parcel?",
        "It has shipped.",
    ]


async def test_messages_of_two_threads_are_two_conversations(there: DeskAtSlack) -> None:
    there.house.runner.scripts += [saying("One."), saying("Two.")]
    await there.sends(mention())
    await there.sends(message(channel="D1", ts=LATER))
    await there.work_until(lambda: bool(answers(there)) and bool(answers(there, "D1", LATER)))
    threads = (await there.company.admin.get("/api/v1/chat/threads")).json()["data"]
    assert [one["channel"] for one in threads] == ["slack", "slack"]


async def test_a_message_whose_arrival_is_unknown_is_looked_up_and_not_repeated(
    there: DeskAtSlack,
) -> None:
    there.house.runner.scripts.append(saying("It has shipped."))
    there.server.next_time("chat.postMessage", LOST_AFTER)
    await there.sends(mention())
    await there.work_off()
    assert answers(there) == ["It has shipped."]
    assert len(there.server.called("chat.postMessage")) == 1


@pytest.mark.parametrize("trouble", [LOST_BEFORE, limited("9")])
async def test_a_message_that_did_not_arrive_is_sent_again(
    there: DeskAtSlack, trouble: Any
) -> None:
    there.house.runner.scripts.append(saying("It has shipped."))
    there.server.next_time("chat.postMessage", trouble)
    await there.sends(mention())
    await there.work_off()
    assert answers(there) == ["It has shipped."]


async def test_a_removed_app_is_told_of_where_integrations_are(there: DeskAtSlack) -> None:
    there.house.runner.scripts.append(saying("It has shipped."))
    await there.sends(mention())
    there.server.revoked.add(TOKEN)
    await there.work_off()
    [integration] = (await there.company.admin.get("/api/v1/integrations")).json()["data"]
    assert "install it again" in integration["last_error"]


async def test_an_admin_decides_by_a_button(there: DeskAtSlack) -> None:
    admin = ann(id="U2", profile={"email": "acme@example.com", "display_name": "Boss"})
    there.server.workspace.people["U2"] = admin
    there.house.runner.scripts += [waiting("I may need to delete it."), saying("It is deleted.")]
    await there.sends(mention("delete it"))
    await there.work_until(lambda: bool(answers(there)))
    [posted] = there.server.workspace.answers()
    approval_id = posted.blocks[-1]["elements"][0]["value"]
    refused = await there.sends(pressed(button(UUID(approval_id))))
    assert refused.status_code == 200
    await there.work_off()
    assert len(answers(there)) == 1, "Ann is no admin"
    await there.sends(pressed(button(UUID(approval_id)), user={"id": "U2", "name": "boss"}))
    await there.work_until(lambda: len(answers(there)) == 2)
    approval = (await there.company.admin.get(f"/api/v1/approvals/{approval_id}")).json()
    assert approval["status"] == "approved"


async def test_nobody_speaks_for_a_workspace_that_is_not_theirs(there: DeskAtSlack) -> None:
    forged = mention()
    forged.headers["x-slack-signature"] = "v0=" + "0" * 64
    assert (await there.sends(forged)).status_code == 401
    assert (await there.sends(mention(team="T404"))).status_code == 400
    async with there.house.client() as slack:
        # At the address of all workspaces, one that is not connected is taken and left alone.
        for stranger in (mention(team="T404"), mention()):
            told = await slack.post(INBOUND, content=stranger.body, headers=stranger.headers)
            assert told.status_code == 200
    await there.work_off()
    assert there.house.runner.requests == []
    assert TEAM != "T404"

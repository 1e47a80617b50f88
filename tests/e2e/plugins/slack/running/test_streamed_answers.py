"""People see in Slack how an answer is made, whatever dies in between."""

import asyncio
from typing import Any

from tests.e2e.plugins.slack.running.conftest import Workspace
from tests.e2e.resilience.client import PATIENCE_SECONDS
from tests.e2e.resilience.model import Model, in_turn
from tests.e2e.resilience.processes import Hexdesk
from tests.openai_server import Reply
from tests.slack.workspace import CHANNEL, Posted

STATUS = "assistant.threads.setStatus"
WHOLE = " ".join(f"This is sentence number {number} of the answer." for number in range(40))


def posted(workspace: Workspace, root: str) -> list[Posted]:
    return workspace.server.workspace.answers(CHANNEL, root)


def streams(workspace: Workspace, root: str) -> bool:
    return any(one.is_streaming and one.text for one in posted(workspace, root))


async def delivered(workspace: Workspace) -> dict[str, Any]:
    """Wait until the one delivery there is has come to an end, and return it."""
    [integration] = (await workspace.admin.get("/integrations"))["data"]
    path = f"/integrations/{integration['id']}/deliveries"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = (await workspace.admin.get(path))["data"]
            if found and found[0]["status"] != "pending":
                [delivery] = found
                return delivery


async def the_answer(workspace: Workspace) -> str:
    """Return what the desk has stored as the answer."""
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    path = f"/chat/threads/{thread['id']}/messages?sort=created_at"
    _, answer = (await workspace.admin.get(path))["data"]
    return str(answer["content"])


async def test_an_answer_can_be_read_while_it_is_made(workspace: Workspace, model: Model) -> None:
    model.when("Tell me all.", lambda _: Reply(text=WHOLE, chunks=20, chunk_latency=0.1))
    root = workspace.ts()
    await workspace.sends(workspace.mention("Tell me all.", root))
    await workspace.until(lambda: streams(workspace, root))
    [beginning] = posted(workspace, root)
    assert len(beginning.text) < len(WHOLE)
    assert WHOLE.startswith(beginning.text.strip())
    mine = [one for one in workspace.server.called(STATUS) if one["thread_ts"] == root]
    assert [one["status"] for one in mine] == ["is thinking…"]
    assert (await delivered(workspace))["status"] == "delivered"
    [answer] = posted(workspace, root)
    assert (answer.text.strip(), answer.is_streaming) == (WHOLE, False)
    assert await the_answer(workspace) == WHOLE


async def test_a_desk_that_is_killed_while_an_answer_is_shown_leaves_one_whole_answer(
    workspace: Workspace, model: Model, desk: Hexdesk
) -> None:
    breaks_off = Reply(text=WHOLE, chunks=20, hangs_after=15)
    model.when("Tell me all.", in_turn(lambda _: breaks_off, lambda _: Reply(text=WHOLE)))
    root = workspace.ts()
    await workspace.sends(workspace.mention("Tell me all.", root))
    await workspace.until(lambda: streams(workspace, root))
    desk.kill()
    await desk.start()
    assert (await delivered(workspace))["status"] == "delivered"
    [answer] = posted(workspace, root)
    # What was said before cannot be unsaid: the desk adds that it could not go on.
    assert (answer.text, answer.is_streaming) == (await the_answer(workspace), False)
    assert WHOLE.startswith(answer.text[:256])


async def test_a_person_who_takes_over_while_an_answer_is_shown_is_heard_alone(
    workspace: Workspace, model: Model
) -> None:
    goes_on = Reply(text=WHOLE, chunks=20, chunk_latency=0.1)
    model.when("Tell me all.", lambda _: goes_on)
    root = workspace.ts()
    await workspace.sends(workspace.mention("Tell me all.", root))
    await workspace.until(lambda: streams(workspace, root))
    [thread] = (await workspace.admin.get("/chat/threads"))["data"]
    path = f"/chat/threads/{thread['id']}"
    await workspace.admin.call("POST", f"{path}/handoff")
    await workspace.admin.call("POST", f"{path}/reply", {"content": "I am Ada."})
    await workspace.until(lambda: workspace.answers(root) == ["I am Ada."])
    mine = [one for one in workspace.server.called(STATUS) if one["thread_ts"] == root]
    assert [one["status"] for one in mine] == ["is thinking…", ""]

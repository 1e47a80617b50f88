"""What everything does that knows who is there."""

from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.presence import Presence


class PresenceContract:
    """Define a fixture `presence`, and one `elsewhere`: the presence as another process has it.

    Where processes cannot know of each other, both are the same.
    """

    async def test_where_nobody_is_each_kind_is_none(self, presence: Presence) -> None:
        assert await presence.counts() == dict.fromkeys(ProcessKind, 0)

    async def test_whoever_is_there_is_counted_until_it_leaves(
        self, presence: Presence, elsewhere: Presence
    ) -> None:
        async with presence.here(ProcessKind.WORKER):
            assert (await elsewhere.counts())[ProcessKind.WORKER] == 1
            async with elsewhere.here(ProcessKind.WORKER):
                assert (await presence.counts())[ProcessKind.WORKER] == 2
            assert (await presence.counts())[ProcessKind.WORKER] == 1
        assert await elsewhere.counts() == dict.fromkeys(ProcessKind, 0)

    async def test_one_process_may_be_there_for_several_things(self, presence: Presence) -> None:
        async with presence.here(ProcessKind.API), presence.here(ProcessKind.WORKER):
            assert await presence.counts() == {
                ProcessKind.API: 1,
                ProcessKind.MCP: 0,
                ProcessKind.WORKER: 1,
            }

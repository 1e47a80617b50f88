"""How much a load asks, so that tests know what is under way when they disturb it."""

import asyncio

PATIENCE_SECONDS = 90


class Pace:
    """Lets members ask as much as a test allows, and tells when it was answered."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._allowed = 0
        self._answered = 0
        self._places = asyncio.Semaphore(0)
        self._changed = asyncio.Event()

    def allow(self, count: int) -> None:
        """Let members ask so much more."""
        self._allowed += count
        for _ in range(count):
            self._places.release()

    async def turn(self) -> None:
        """Wait until one may ask."""
        await self._places.acquire()

    def answered(self, failure: str | None = None) -> None:
        """Count an answer, and note it if it is not what it should be."""
        self._answered += 1
        if failure:
            self.failures.append(failure)
        self._changed.set()

    async def until(self, left: int = 0) -> None:
        """Wait until no more than `left` of what was allowed is unanswered, and nothing failed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._allowed - self._answered > left:
                self._changed.clear()
                await self._changed.wait()
                assert self.failures == []
        assert self.failures == []

"""How components that have to be asked show in health."""

import pytest

from hexdesk.adapters.health.probes import AskingProbe, PresenceProbe
from hexdesk.core.errors import StorageUnavailableError
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.testing.memory_presence import MemoryPresence


@pytest.mark.parametrize(
    ("count", "status", "detail"),
    [
        (0, HealthStatus.DEGRADED, "no worker is running"),
        (1, HealthStatus.OK, "1 worker"),
        (2, HealthStatus.OK, "2 workers"),
    ],
)
async def test_without_a_worker_the_installation_is_degraded(
    count: int, status: HealthStatus, detail: str
) -> None:
    presence = MemoryPresence()
    async with presence.here(ProcessKind.API):
        workers = [presence.here(ProcessKind.WORKER) for _ in range(count)]
        for worker in workers:
            await worker.__aenter__()
        found = await PresenceProbe(presence=presence).check()
        for worker in workers:
            await worker.__aexit__(None, None, None)
    assert (found.status, found.detail) == (status, detail)


async def test_where_nobody_can_tell_the_installation_is_degraded_too() -> None:
    presence = MemoryPresence()
    presence.is_gone = True
    probe = PresenceProbe(presence=presence)
    assert (await probe.check()).status is HealthStatus.DEGRADED
    assert not probe.is_vital


async def test_what_was_asked_for_its_problem_tells_it_or_its_note() -> None:
    async def none() -> str | None:
        return None

    async def one() -> str | None:
        return "vectors are off"

    fine = await AskingProbe(name="knowledge", problem=none, note="by words").check()
    assert (fine.status, fine.detail) == (HealthStatus.OK, "by words")
    worse = await AskingProbe(name="knowledge", problem=one).check()
    assert (worse.status, worse.detail) == (HealthStatus.DEGRADED, "vectors are off")


async def test_what_cannot_be_asked_is_degraded() -> None:
    async def gone() -> str | None:
        raise StorageUnavailableError("gone")

    found = await AskingProbe(name="knowledge", problem=gone).check()
    assert (found.status, found.detail) == (HealthStatus.DEGRADED, "nobody can tell")

"""Health: the installation does as well as its parts."""

import asyncio
from dataclasses import dataclass

import pytest

from hexdesk.core.model.health import ComponentHealth, HealthStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.health import Probe
from tests.unit.core.scenes import Scene
from tests.unit.core.scripts import Gate

OK, DEGRADED, DOWN = HealthStatus


@dataclass
class Telling(Probe):
    """Says what it was told to."""

    name: str
    status: HealthStatus
    is_vital: bool

    async def check(self) -> ComponentHealth:
        return ComponentHealth(status=self.status, detail=f"{self.name} is {self.status}")


@pytest.mark.parametrize(
    ("database", "model", "whole"),
    [
        (OK, OK, OK),
        (OK, DEGRADED, DEGRADED),
        (OK, DOWN, DEGRADED),
        (DEGRADED, OK, DEGRADED),
        (DOWN, OK, DOWN),
        (DOWN, DOWN, DOWN),
    ],
)
async def test_the_whole_is_down_only_with_a_vital_part(
    database: HealthStatus, model: HealthStatus, whole: HealthStatus
) -> None:
    probes = (
        Telling("database", database, is_vital=True),
        Telling("model", model, is_vital=False),
    )
    health = await Scene.of(probes=probes).desk.check_health()
    assert health.status is whole
    assert health.components == {
        "database": ComponentHealth(status=database, detail=f"database is {database}"),
        "model": ComponentHealth(status=model, detail=f"model is {model}"),
    }


@dataclass
class Slow(Probe):
    """Counts how often it was asked, and answers when its gate opens."""

    gate: Gate
    name: str = "database"
    is_vital: bool = True
    asked: int = 0

    async def check(self) -> ComponentHealth:
        self.asked += 1
        await self.gate()
        return ComponentHealth(status=OK)


async def test_all_who_ask_at_once_get_one_answer_even_if_the_first_goes_away() -> None:
    probe = Slow(Gate())
    check_health = Scene.of(probes=(probe,)).desk.check_health
    first, *others = [asyncio.create_task(check_health()) for _ in range(3)]
    await probe.gate.wait()
    first.cancel()
    probe.gate.open()
    answers = await asyncio.gather(*others)
    assert [one.status for one in answers] == [OK, OK]
    assert probe.asked == 1
    await check_health()
    assert probe.asked == 2


async def test_health_names_the_version() -> None:
    health = await Scene.of(settings=DeskSettings(version="1.2.3")).desk.check_health()
    assert (health.version, health.status, health.components) == ("1.2.3", OK, {})


async def test_all_who_ask_at_once_get_one_answer() -> None:
    counting = Counting()
    check = Scene.of(probes=(counting,)).desk.check_health
    await asyncio.gather(check(), check(), check())
    assert counting.asked == 1
    await check()
    assert counting.asked == 2


class Counting(Probe):
    """Counts how often it is asked."""

    name = "counting"
    is_vital = False

    def __init__(self) -> None:
        self.asked = 0

    async def check(self) -> ComponentHealth:
        self.asked += 1
        await asyncio.sleep(0)
        return ComponentHealth(status=OK)

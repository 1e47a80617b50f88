"""Health: the installation does as well as its parts."""

from dataclasses import dataclass

import pytest

from hexdesk.core.model.health import ComponentHealth, HealthStatus
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.health import Probe
from tests.unit.core.scenes import Scene

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


async def test_health_names_the_version() -> None:
    health = await Scene.of(settings=DeskSettings(version="1.2.3")).desk.check_health()
    assert (health.version, health.status, health.components) == ("1.2.3", OK, {})

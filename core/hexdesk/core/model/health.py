"""Health: what works and what does not."""

from enum import StrEnum

import msgspec


class HealthStatus(StrEnum):
    """How well something works."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class ComponentHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one part does; `detail` names no secrets and no organization."""

    status: HealthStatus
    latency_ms: float | None = None
    detail: str | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the installation does, part by part."""

    status: HealthStatus
    version: str
    components: dict[str, ComponentHealth]

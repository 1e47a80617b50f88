"""Health: what works and what does not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hexdesk.core.model.health import Health, HealthStatus
from hexdesk.core.ports.health import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Ask every component how it does."""

    probes: Sequence[Probe]
    version: str

    async def __call__(self) -> Health:
        """Return `down` if a vital component is down, `degraded` if any is not ok."""
        answers = await asyncio.gather(*(probe.check() for probe in self.probes))
        components = {
            probe.name: answer for probe, answer in zip(self.probes, answers, strict=True)
        }
        is_down = any(
            probe.is_vital and components[probe.name].status is HealthStatus.DOWN
            for probe in self.probes
        )
        is_ok = all(one.status is HealthStatus.OK for one in answers)
        status = HealthStatus.DOWN if is_down else HealthStatus.DEGRADED
        return Health(
            status=HealthStatus.OK if is_ok else status,
            version=self.version,
            components=components,
        )

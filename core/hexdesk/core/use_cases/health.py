"""Health: what works and what does not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hexdesk.core.model.health import Health, HealthStatus
from hexdesk.core.ports.health import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Ask every component how it does."""

    probes: Sequence[Probe]
    version: str
    _asking: list[asyncio.Task[Health]] = field(default_factory=list[asyncio.Task[Health]])

    async def __call__(self) -> Health:
        """Return `down` if a vital component is down, `degraded` if any is not ok.

        All who ask at once get one answer: whoever asks often does not cost more.
        """
        if not self._asking:
            asking = asyncio.create_task(self._ask())
            self._asking.append(asking)
            asking.add_done_callback(self._asking.remove)
        return await asyncio.shield(self._asking[0])

    async def _ask(self) -> Health:
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

"""How the desk learns what works."""

from abc import abstractmethod
from typing import Protocol

from hexdesk.core.model.health import ComponentHealth


class Probe(Protocol):
    """Checks one component; `name` is its key in `/health`."""

    name: str
    is_vital: bool

    @abstractmethod
    async def check(self) -> ComponentHealth:
        """Say how the component does, within two seconds; never raises."""

"""How passwords are kept."""

from abc import abstractmethod
from typing import Protocol


class Passwords(Protocol):
    """Hashes and checks passwords; slow on purpose, and never on the event loop."""

    @abstractmethod
    async def hash(self, password: str) -> str:
        """Return a salted hash that contains its own parameters."""

    @abstractmethod
    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password fits the hash.

        With `None` (nobody by that name) it works as long as for a real hash and returns False.
        """

    @abstractmethod
    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""

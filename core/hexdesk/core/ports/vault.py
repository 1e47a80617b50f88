"""How secrets are kept."""

from abc import abstractmethod
from typing import Protocol


class Vault(Protocol):
    """Seals secrets so that storage never sees them."""

    @abstractmethod
    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the secret, encrypted and authenticated for this purpose with the newest key."""

    @abstractmethod
    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the secret.

        Raise `ValueError` if it was sealed for something else, or by a key no longer known.
        """

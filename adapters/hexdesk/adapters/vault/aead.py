"""Secrets sealed with AES-256-GCM."""

import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hexdesk.core.ports.vault import Vault

FORMAT = b"\x01"
KEY_ID_BYTES = 6
NONCE_BYTES = 12
HEADER_BYTES = len(FORMAT) + KEY_ID_BYTES + NONCE_BYTES
MAX_PURPOSES = 64


class AeadVault(Vault):
    """Seals with the newest key of a purpose and opens with any of them.

    A sealed secret is one byte of format, the key's id, a random nonce, and the ciphertext with
    its tag; all of it is authenticated, together with the purpose.
    """

    def __init__(self, derive: Callable[[str], Sequence[bytes]]) -> None:
        """Take what gives the 32-byte keys of a purpose, newest first."""
        self._derive = derive
        # Purposes are names in our code, so there are few.
        self._keys = lru_cache(MAX_PURPOSES)(self._make_keys)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        name, key = next(iter(self._keys(purpose).items()))
        # With random nonces a key is good for 2^32 secrets; rotate before.
        header = FORMAT + name + secrets.token_bytes(NONCE_BYTES)
        return header + key.encrypt(header[-NONCE_BYTES:], plain, header + purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        header = sealed[:HEADER_BYTES]
        if len(header) < HEADER_BYTES or not header.startswith(FORMAT):
            raise ValueError(f"not a sealed secret of format {FORMAT[0]}")
        key = self._keys(purpose).get(header[len(FORMAT) : -NONCE_BYTES])
        if key is None:
            raise ValueError(f"sealed for something else than {purpose!r}, or by an unknown key")
        try:
            return key.decrypt(
                header[-NONCE_BYTES:], sealed[HEADER_BYTES:], header + purpose.encode()
            )
        except InvalidTag as error:
            raise ValueError(f"sealed for {purpose!r} and damaged since") from error

    def _make_keys(self, purpose: str) -> dict[bytes, AESGCM]:
        return {
            sha256(b"key id:" + key).digest()[:KEY_ID_BYTES]: AESGCM(key)
            for key in self._derive(f"vault: {purpose}")
        }

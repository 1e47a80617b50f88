"""Passwords hashed with Argon2id."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from hexdesk.core.ports.passwords import Passwords

P = ParamSpec("P")
T = TypeVar("T")


class Argon2Passwords(Passwords):
    """Hashes in threads of its own, so few that neither memory nor cores run out."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY, *, threads: int = 2) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._nobodys_hash = unmatchable_hash(parameters)
        # A pool bounds what a semaphore could not: a hash whose caller has hung up still runs.
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return await self._in_thread(self._fits, password, password_hash or self._nobodys_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _fits(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **named))


def unmatchable_hash(parameters: Parameters) -> str:
    """Return what looks like a hash by these parameters and fits no password."""
    # Random bytes in place of a digest: as slow to check as a real one, also the first time.
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (parameters.salt_len, parameters.hash_len)
    )
    costs = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${costs}${salt}${digest}"

"""Passwords, tokens and a vault that hide nothing: readable in a test's output, fast, unsafe."""

from datetime import timedelta
from typing import TypeVar

import msgspec

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.principals import AccessClaims, AgentRun, Capability
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.tokens import AccessTokens, Capabilities
from hexdesk.core.ports.vault import Vault

T = TypeVar("T", AccessClaims, Capability)


class PlainPasswords(Passwords):
    """Writes the password into its hash; those with an older `strength` are outdated."""

    def __init__(self, strength: int = 1) -> None:
        self.strength = strength

    async def hash(self, password: str) -> str:
        return f"plain:{self.strength}:{password}"

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return password_hash is not None and password_hash.split(":", 2)[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return int(password_hash.split(":", 2)[1]) < self.strength


class PlainTokens(AccessTokens):
    """Writes the claims into the token, unsigned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def issue(self, claims: AccessClaims) -> str:
        return _written("access", claims)

    def verify(self, token: str) -> AccessClaims:
        return _read("access", token, AccessClaims, self._clock)


class PlainCapabilities(Capabilities):
    """Writes the run into the capability, unsigned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def mint(self, run: AgentRun, lifetime: timedelta) -> str:
        return _written("capability", Capability(run=run, expires_at=self._clock.now() + lifetime))

    def verify(self, token: str) -> Capability:
        return _read("capability", token, Capability, self._clock)


def _written(kind: str, said: AccessClaims | Capability) -> str:
    return f"{kind}.{msgspec.json.encode(said).hex()}"


def _read(kind: str, token: str, said: type[T], clock: Clock) -> T:
    found_kind, _, text = token.partition(".")
    if found_kind != kind:
        raise UnauthenticatedError(f"this is no {kind} token")
    try:
        read = msgspec.json.decode(bytes.fromhex(text), type=said)
    except ValueError as error:
        raise UnauthenticatedError(f"this {kind} token cannot be read") from error
    if read.expires_at <= clock.now():
        raise UnauthenticatedError(f"this {kind} token has expired")
    return read


class PlainVault(Vault):
    """Seals by writing the purpose in front and writing both in hexadecimal digits."""

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        return (purpose.encode() + b"\0" + plain).hex().encode()

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        sealed_for, _, plain = bytes.fromhex(sealed.decode()).partition(b"\0")
        if sealed_for != purpose.encode():
            raise ValueError(f"this was not sealed for {purpose!r}")
        return plain

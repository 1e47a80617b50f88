"""Every adapter of the small ports, and every one in memory, keeps its port's promises."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import Parameters
from argon2.profiles import CHEAPEST

from hexdesk.adapters.cache import memory as cache_adapter
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.embeddings.openai import OpenAIEmbeddings
from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.adapters.journal.file import FileJournal
from hexdesk.adapters.limits.memory import MemoryLimiter
from hexdesk.adapters.passwords.argon2 import Argon2Passwords
from hexdesk.adapters.presence import memory as presence_adapter
from hexdesk.adapters.tokens.jwt import JwtAccessTokens, JwtCapabilities
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.vault.aead import AeadVault
from hexdesk.core.model.ai_config import Credentials, EmbeddingModel
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.presence import Presence
from hexdesk.core.ports.tokens import AccessTokens, Capabilities
from hexdesk.core.ports.vault import Vault
from hexdesk.core.testing import (
    CountingLimiter,
    MemoryCache,
    MemoryEvents,
    MemoryJournal,
    NgramEmbeddings,
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
    SteadyClock,
)
from hexdesk.core.testing.cache_contract import CacheContract, PassTime
from hexdesk.core.testing.clock_contract import ClockContract
from hexdesk.core.testing.embeddings_contract import EmbeddingsContract
from hexdesk.core.testing.events_contract import RunEventsContract
from hexdesk.core.testing.journal_contract import JournalContract
from hexdesk.core.testing.limits_contract import RateLimiterContract
from hexdesk.core.testing.memory_presence import MemoryPresence
from hexdesk.core.testing.passwords_contract import PasswordsContract
from hexdesk.core.testing.presence_contract import PresenceContract
from hexdesk.core.testing.tokens_contract import AccessTokensContract, CapabilitiesContract
from hexdesk.core.testing.vault_contract import VaultContract
from tests.openai_server import OpenAIServer

API_URL, MCP_URL = "http://localhost:8000", "http://localhost:8001/mcp"
LETTERS = EmbeddingModel(model="letters", dimensions=256, floor=0.25)
KEYS = SigningKeys("a secret that is long enough for a test")


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def pass_time(clock: SteadyClock) -> PassTime:
    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


class TestSteadyClock(ClockContract):
    """`clock` is steady everywhere in this file."""


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestCacheInMemory(CacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> Cache:
        return MemoryCache(clock)

    @pytest.fixture
    def elsewhere(self, cache: Cache) -> Cache:
        return cache


class TestMemoryCacheAdapter(CacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> Cache:
        return cache_adapter.MemoryCache(clock)

    @pytest.fixture
    def elsewhere(self, cache: Cache) -> Cache:
        return cache


class TestCountingLimiter(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: Clock) -> RateLimiter:
        return CountingLimiter(clock)

    @pytest.fixture
    def elsewhere(self, limiter: RateLimiter) -> RateLimiter:
        return limiter


class TestMemoryLimiter(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: Clock) -> RateLimiter:
        return MemoryLimiter(clock)

    @pytest.fixture
    def elsewhere(self, limiter: RateLimiter) -> RateLimiter:
        return limiter


class TestMemoryEvents(RunEventsContract):
    @pytest.fixture
    def run_events(self) -> RunEvents:
        return MemoryEvents()

    @pytest.fixture
    def elsewhere(self, run_events: RunEvents) -> RunEvents:
        return run_events


class TestMemoryRunEvents(RunEventsContract):
    @pytest.fixture
    def run_events(self, clock: Clock) -> RunEvents:
        return MemoryRunEvents(clock)

    @pytest.fixture
    def elsewhere(self, run_events: RunEvents) -> RunEvents:
        return run_events


class TestPresenceInMemory(PresenceContract):
    @pytest.fixture
    def presence(self) -> Presence:
        return MemoryPresence()

    @pytest.fixture
    def elsewhere(self, presence: Presence) -> Presence:
        return presence


class TestMemoryPresenceAdapter(PresenceContract):
    @pytest.fixture
    def presence(self) -> Presence:
        return presence_adapter.MemoryPresence()

    @pytest.fixture
    def elsewhere(self, presence: Presence) -> Presence:
        return presence


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    def journal(self) -> Journal:
        return MemoryJournal()

    @pytest.fixture
    async def full_journal(self) -> Journal:
        journal = MemoryJournal(bound=1)
        await journal.append(b"entry")
        return journal


class TestFileJournal(JournalContract):
    @pytest.fixture
    def journal(self, tmp_path: Path, clock: Clock) -> Journal:
        return FileJournal(tmp_path / "journal", AeadVault(KEYS.derive), clock)

    @pytest.fixture
    async def full_journal(self, tmp_path: Path, clock: Clock) -> Journal:
        vault = AeadVault(KEYS.derive)
        bound = len(vault.seal(b"entry", purpose="")) * 3 // 2
        journal = FileJournal(tmp_path / "full", vault, clock, max_bytes=bound)
        await journal.append(b"entry")
        return journal


class TestPlainVault(VaultContract):
    @pytest.fixture
    def vault(self) -> Vault:
        return PlainVault()


class TestAeadVault(VaultContract):
    @pytest.fixture
    def vault(self) -> Vault:
        return AeadVault(KEYS.derive)


class TestPlainTokens(AccessTokensContract, CapabilitiesContract):
    @pytest.fixture
    def tokens(self, clock: Clock) -> AccessTokens:
        return PlainTokens(clock)

    @pytest.fixture
    def capabilities(self, clock: Clock) -> Capabilities:
        return PlainCapabilities(clock)


class TestJwt(AccessTokensContract, CapabilitiesContract):
    @pytest.fixture
    def tokens(self, clock: Clock) -> AccessTokens:
        return JwtAccessTokens(KEYS, clock, api_url=API_URL, mcp_url=MCP_URL)

    @pytest.fixture
    def capabilities(self, clock: Clock) -> Capabilities:
        return JwtCapabilities(KEYS, clock, api_url=API_URL, mcp_url=MCP_URL)


class TestPlainPasswords(PasswordsContract):
    @pytest.fixture
    def passwords(self) -> Passwords:
        return PlainPasswords()

    @pytest.fixture
    def stronger_passwords(self) -> Passwords:
        return PlainPasswords(strength=2)


class TestArgon2Passwords(PasswordsContract):
    @pytest.fixture
    def passwords(self) -> Passwords:
        return Argon2Passwords(CHEAPEST)

    @pytest.fixture
    def stronger_passwords(self) -> Passwords:
        stronger: Parameters = replace(CHEAPEST, time_cost=CHEAPEST.time_cost + 1)
        return Argon2Passwords(stronger)


class TestNgramEmbeddings(EmbeddingsContract):
    @pytest.fixture
    def embeddings(self) -> Embeddings:
        return NgramEmbeddings()

    @pytest.fixture
    def broken_embeddings(self) -> Embeddings:
        broken = NgramEmbeddings()
        broken.is_down = True
        return broken


class TestOpenAIEmbeddings(EmbeddingsContract):
    @pytest.fixture
    async def embeddings(self) -> AsyncGenerator[Embeddings]:
        async with OpenAIServer() as server:
            credentials = Credentials(base_url=server.base_url)
            async with aclosing(OpenAIEmbeddings(LETTERS, credentials)) as embeddings:
                yield embeddings

    @pytest.fixture
    async def broken_embeddings(self) -> AsyncGenerator[Embeddings]:
        async with OpenAIServer() as server:
            server.embeds = False
            credentials = Credentials(base_url=server.base_url)
            async with aclosing(OpenAIEmbeddings(LETTERS, credentials)) as embeddings:
                yield embeddings

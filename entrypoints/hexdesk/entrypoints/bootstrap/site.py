"""What is known of an installation before anything is opened."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from hexdesk.adapters.agents.offline import MODEL_NAME, OfflineModel
from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.plugins import LoadedPlugins
from hexdesk.adapters.telemetry.prometheus import PrometheusTelemetry
from hexdesk.adapters.tokens.jwt import JwtAccessTokens
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.tools.catalogue import BUILTIN, catalogue
from hexdesk.entrypoints.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this process stands: its database, its secret, and a folder for what must last.

    On a laptop the offline model may stand in. Metrics are open where nobody else can ask. `kinds`
    is what this process is there for: what others see of it, and whether agents run here.
    """

    database_url: str
    secret_key: str
    data_dir: Path
    is_laptop: bool = False
    are_metrics_open: bool = False
    kinds: tuple[ProcessKind, ...] = ()

    @property
    def does_runs(self) -> bool:
        """Whether agents run here: a tool that ends the tool server must take no answer with it."""
        return self.kinds != (ProcessKind.MCP,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is known before anything is opened; `failed_starts` names plugins as it opens."""

    settings: Settings
    place: Place
    ai_config: AIConfig
    keys: SigningKeys
    clock: SystemClock
    plugins: LoadedPlugins
    shelf: ModelShelf
    telemetry: PrometheusTelemetry
    failed_starts: list[str] = field(default_factory=list[str])

    @classmethod
    def of(
        cls, settings: Settings, place: Place, ai_config: AIConfig, plugins: LoadedPlugins
    ) -> Self:
        """Return it; raise `SettingsError` for a secret key that cannot be used."""
        try:
            keys = SigningKeys(place.secret_key)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        return cls(
            settings=settings,
            place=place,
            ai_config=ai_config,
            keys=keys,
            clock=SystemClock(),
            plugins=plugins,
            shelf=ModelShelf(
                models=ai_config.models,
                credentials=ai_config.providers,
                plugins={one.name: one.make for one in plugins.additions.model_providers},
                offline=OfflineModel if place.is_laptop else None,
            ),
            telemetry=PrometheusTelemetry(
                tools=catalogue((*BUILTIN, *plugins.additions.tools)),
                models=_model_names(ai_config),
            ),
        )

    def access_tokens(self, audience: str) -> JwtAccessTokens:
        """Return the access tokens as the API or the tool server verifies them."""
        return JwtAccessTokens(
            self.keys,
            self.clock,
            api_url=self.settings.public_url,
            mcp_url=self.settings.mcp_public_url,
            audience=audience,
        )

    def model_problem(self) -> str | None:
        """Say why no agent could be answered, or None."""
        if self.shelf.chain(default_settings(self.ai_config), inherits_model=True):
            return None
        return "no model can be asked: no provider in the chain is known and has a key"

    def plugin_faults(self) -> str | None:
        """Name the plugins that do not work, in words that anybody may read; None if all do."""
        faults = dict.fromkeys(self.failed_starts, "hexdesk_start failed")
        faults |= self.plugins.faults()
        return "; ".join(f"{name}: {fault}" for name, fault in faults.items()) or None


def default_settings(ai_config: AIConfig) -> AgentSettings:
    """Return the settings of an agent for which nothing was decided."""
    return msgspec.convert(ai_config.agent.decided(), AgentSettings)


def models_of(ai_config: AIConfig) -> tuple[str, ...]:
    """Name the models that can be asked, in order, for an agent for which nothing was decided."""
    shelf = ModelShelf(models=ai_config.models, credentials=ai_config.providers)
    chain = shelf.chain(default_settings(ai_config), inherits_model=True)
    return tuple(one.name for one in chain)


def _model_names(ai_config: AIConfig) -> set[str]:
    values = default_settings(ai_config)
    return {
        f"{values.model_provider}:{values.model_name}",
        MODEL_NAME,
        *map(str, ai_config.models.fallback),
    }

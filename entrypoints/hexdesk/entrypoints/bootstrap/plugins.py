"""The plugins that are installed here: loaded as the settings say, and started and stopped."""

import asyncio
import logging
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from hexdesk.adapters.plugins import (
    HostOptions,
    LoadedPlugins,
    PluginAction,
    find_candidates,
    load_plugins,
)
from hexdesk.adapters.storage.postgres.backend import PostgresBackend
from hexdesk.core.additions import HostContext
from hexdesk.core.model.documents import FileType
from hexdesk.core.policy.file_types import EXTENSIONS
from hexdesk.core.ports.egress import Egress
from hexdesk.core.tools.catalogue import BUILTIN, RESERVED_NAMES
from hexdesk.core.use_cases.task_types import BUILTIN_TASK_TYPES
from hexdesk.entrypoints.settings import Settings, SettingsError
from hexdesk.entrypoints.version import VERSION

CORE = "hexdesk-core"
ACTION_SECONDS = 10
log = logging.getLogger("hexdesk.plugins")
BUILTIN_INTEGRATIONS = frozenset({"webhook", "mcp"})


def load_installed_plugins(settings: Settings) -> LoadedPlugins:
    """Return the plugins; raise `SettingsError` for a broken one where settings are strict."""
    loaded = _loaded(_Key(settings))
    problem = loaded.problem()
    if problem and settings.strict_plugins:
        raise SettingsError(f"a plugin is broken, and none may be: {problem}")
    return loaded


async def act(actions: Iterable[PluginAction], http: Egress) -> tuple[str, ...]:
    """Do what plugins want done, whatever of it fails; return the plugins whose actions failed."""
    failed: list[str] = []
    for one in actions:
        try:
            async with asyncio.timeout(ACTION_SECONDS):
                await one.action.run(HostContext(settings=one.settings, http=http))
        except (Exception, SystemExit):
            failed.append(one.plugin)
            log.exception("plugin's action failed", extra={"plugin": one.plugin})
    return tuple(failed)


class _Key:
    """What the loading of plugins depends on."""

    def __init__(self, settings: Settings) -> None:
        self.disabled = frozenset(settings.disabled_plugins)
        self.environment = dict(settings.environment)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(self.disabled)


@lru_cache(maxsize=1)
def _loaded(key: _Key) -> LoadedPlugins:
    return load_plugins(
        find_candidates(),
        HostOptions(
            core_version=_core_version(),
            environment=key.environment,
            disabled=key.disabled,
            taken={
                "tool": frozenset(one.name for one in BUILTIN) | RESERVED_NAMES,
                "task type": BUILTIN_TASK_TYPES,
                "integration type": BUILTIN_INTEGRATIONS,
                "scheme": PostgresBackend.schemes,
                "type of files": frozenset(EXTENSIONS) | frozenset(FileType),
            },
        ),
    )


def _core_version() -> str:
    try:
        return version(CORE)
    except PackageNotFoundError:  # a tree that was never installed
        return VERSION

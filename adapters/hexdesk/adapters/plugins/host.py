"""Loads plugins one by one; one that is broken in any way brings nothing, and is named."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pluggy

from hexdesk.adapters.plugins.entry_points import CORE, Candidate
from hexdesk.adapters.plugins.hooks import HOOKS, Hook
from hexdesk.adapters.plugins.plugin import Plugin, PluginStatus, ShownSetting
from hexdesk.adapters.plugins.settings import read_plugin_settings, shown_settings
from hexdesk.core import hookspecs
from hexdesk.core.additions import Additions, StartAction, StopAction

log = logging.getLogger("hexdesk.plugins")
NO_NAMES: Mapping[str, frozenset[str]] = {}


class QuarantineError(Exception):
    """A plugin cannot be used; the message says why, and `fault` in words that anybody may read."""

    def __init__(self, fault: str, reason: str | None = None) -> None:
        """Keep both; the reason is the fault itself if nothing more is to be said."""
        super().__init__(reason or fault)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """What the host goes by.

    `taken` are the names that the desk uses itself, by what they are the names of.
    """

    core_version: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    disabled: frozenset[str] = frozenset()
    taken: Mapping[str, frozenset[str]] = field(default_factory=lambda: NO_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginAction:
    """What a plugin wants done when a process opens or closes, with the plugin's settings."""

    plugin: str
    action: StartAction | StopAction
    settings: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugins:
    """All plugins that are installed, and what those that work add."""

    plugins: tuple[Plugin, ...] = ()
    additions: Additions = field(default_factory=Additions)
    starts: tuple[PluginAction, ...] = ()
    stops: tuple[PluginAction, ...] = ()

    def problem(self) -> str | None:
        """Name the plugins that are quarantined and why; None if none is."""
        broken = [one for one in self.plugins if one.status is PluginStatus.QUARANTINED]
        return "; ".join(f"{one.name}: {one.problem}" for one in broken) or None

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with those that are quarantined, without what their code says."""
        broken = (one for one in self.plugins if one.status is PluginStatus.QUARANTINED)
        return {one.name: one.fault or "" for one in broken}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A plugin that works, with what its hooks returned."""

    plugin: Plugin
    settings: Any
    brought: Mapping[str, Sequence[Any]]


def load_plugins(candidates: Iterable[Candidate], options: HostOptions) -> LoadedPlugins:
    """Load the plugins in their order; of two that bring the same, the later one is left out."""
    names = {space: set(taken) for space, taken in options.taken.items()}
    plugins: list[Plugin] = []
    taken: list[_Taken] = []
    for candidate in candidates:
        if candidate.name in options.disabled:
            plugins.append(_named(candidate, PluginStatus.DISABLED))
            continue
        try:
            one = _load(candidate, options, {one.name for one in plugins})
            _claim(one, names)
        except QuarantineError as error:
            log.error("plugin quarantined", extra={"plugin": candidate.name, "reason": str(error)})
            broken = _named(candidate, PluginStatus.QUARANTINED)
            plugins.append(msgspec.structs.replace(broken, fault=error.fault, problem=str(error)))
            continue
        plugins.append(one.plugin)
        taken.append(one)
    return LoadedPlugins(
        plugins=tuple(plugins),
        additions=_additions(taken),
        starts=_actions(taken, "start"),
        stops=_actions(taken, "stop"),
    )


def _named(candidate: Candidate, status: PluginStatus) -> Plugin:
    return Plugin(name=candidate.name, version=candidate.version, status=status)


def _load(candidate: Candidate, options: HostOptions, known: Collection[str]) -> _Taken:
    if candidate.name in known:
        raise QuarantineError("another plugin has the same name")
    misfit = candidate.misfit(options.core_version)
    if misfit:
        raise QuarantineError(f"it needs another version of {CORE}", misfit)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(candidate.load(), candidate.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        fault = "its hooks are not those of hexdesk"
        raise QuarantineError(fault, f"{fault}: {error}") from error
    except (Exception, SystemExit) as error:
        # Importing a plugin runs a stranger's code, and scripts like to exit.
        fault = "it cannot be imported"
        raise QuarantineError(fault, f"{fault}: {error!r}") from error
    brought = {name: _ask(manager, name) for name in HOOKS}
    settings, shown = _settings(candidate.name, brought["hexdesk_settings"], options)
    brings = {
        name: tuple(sorted(title for one in brought[name] for title in hook.names(one)))
        for name, hook in HOOKS.items()
        if brought[name]
    }
    plugin = _named(candidate, PluginStatus.LOADED)
    return _Taken(
        plugin=msgspec.structs.replace(plugin, brings=brings, settings=shown),
        settings=settings,
        brought=brought,
    )


def _ask(manager: pluggy.PluginManager, name: str) -> tuple[Any, ...]:
    """Return what the plugin's hook returns, once it is seen to be what it should be."""
    try:
        answers = [tuple(answer) for answer in getattr(manager.hook, name)()]
        records = answers[0] if answers else ()
        for one in records:
            _check(one, HOOKS[name])
    except (Exception, SystemExit) as error:
        fault = f"{name} failed"
        raise QuarantineError(fault, f"{fault}: {str(error) or repr(error)}") from error
    return records


def _check(record: Any, hook: Hook) -> None:
    # Ports are inherited by name, so that what is missing is seen when it is made.
    if hook.record not in type(record).__mro__:
        raise TypeError(f"it returned {type(record).__name__} where {hook.record.__name__} belongs")
    hook.check(record)
    for title in hook.names(record):
        if not hook.pattern.match(title):
            raise ValueError(f"the name {title!r} does not match {hook.pattern.pattern}")


def _settings(
    plugin: str, declared: Sequence[Any], options: HostOptions
) -> tuple[Any, tuple[ShownSetting, ...]]:
    if not declared:
        return None, ()
    if len(declared) > 1:
        raise QuarantineError("hexdesk_settings: it declares more than one Struct")
    try:
        settings = read_plugin_settings(plugin, declared[0], options.environment)
    except (Exception, SystemExit) as error:
        # Its Struct may have a `__post_init__`, which is a stranger's code, too.
        raise QuarantineError("its settings cannot be used", str(error)) from error
    return settings, shown_settings(plugin, declared[0], settings)


def _claim(one: _Taken, names: dict[str, set[str]]) -> None:
    """Take the names of what a plugin brings, all of them or none."""
    wanted: dict[str, set[str]] = {}
    for name, hook in HOOKS.items():
        for title in one.plugin.brings.get(name, ()) if hook.space else ():
            mine = wanted.setdefault(hook.space or "", set())
            if title in mine or title in names.get(hook.space or "", ()):
                fault = f"what it brings has the name of another {hook.space}"
                raise QuarantineError(fault, f"there is another {hook.space} named {title!r}")
            mine.add(title)
    for space, mine in wanted.items():
        names.setdefault(space, set()).update(mine)


def _of(one: _Taken, hook: str) -> Sequence[Any]:
    return one.brought[f"hexdesk_{hook}"]


def _actions(taken: Sequence[_Taken], hook: str) -> tuple[PluginAction, ...]:
    return tuple(
        PluginAction(plugin=one.plugin.name, action=action, settings=one.settings)
        for one in taken
        for action in _of(one, hook)
    )


def _additions(taken: Sequence[_Taken]) -> Additions:
    def all_of(hook: str) -> tuple[Any, ...]:
        return tuple(record for one in taken for record in _of(one, hook))

    return Additions(
        tools=tuple(_stamped(one, record) for one in taken for record in _of(one, "tools")),
        channels=all_of("channels"),
        storage_backends=all_of("storage_backends"),
        task_types=tuple(
            _stamped(one, record) for one in taken for record in _of(one, "task_types")
        ),
        integration_types=all_of("integration_types"),
        text_extractors=all_of("text_extractors"),
        model_providers=all_of("model_providers"),
        embedding_providers=all_of("embedding_models"),
        own_types={
            one.plugin.name: frozenset(
                record.name
                for hook in ("integration_types", "channels")
                for record in _of(one, hook)
            )
            for one in taken
        },
        channel_settings={
            record.name: one.settings for one in taken for record in _of(one, "channels")
        },
        storage_settings={
            scheme: one.settings
            for one in taken
            for record in _of(one, "storage_backends")
            for scheme in record.schemes
        },
    )


def _stamped(one: _Taken, record: Any) -> Any:
    """Return a tool or a type of task with the plugin that brings it."""
    return replace(record, source=one.plugin.name, settings=one.settings)

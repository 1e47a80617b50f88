"""A plugin as operators see it."""

from enum import StrEnum
from typing import Any

import msgspec


class PluginStatus(StrEnum):
    """Whether what a plugin brings is there."""

    LOADED = "loaded"
    DISABLED = "disabled"
    QUARANTINED = "quarantined"


class ShownSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of a plugin: the variable that sets it, and its value, masked if it is secret."""

    variable: str
    value: Any


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin: `brings` names what each of its hooks returned.

    `problem` says why it is quarantined, perhaps in words of its own code, which may hold secrets;
    `fault` says it to anybody.
    """

    name: str
    version: str
    status: PluginStatus
    problem: str | None = None
    fault: str | None = None
    brings: dict[str, tuple[str, ...]] = {}
    settings: tuple[ShownSetting, ...] = ()

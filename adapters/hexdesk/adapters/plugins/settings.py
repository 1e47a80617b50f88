"""The settings that a plugin declares, read from the environment."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hexdesk.adapters.plugins.plugin import ShownSetting
from hexdesk.core.additions import PluginSettings

MASK = "********"


def prefix_of(plugin: str) -> str:
    """Return how the names of a plugin's variables begin."""
    return f"HEXDESK_{plugin.upper().replace('-', '_')}_"


def read_plugin_settings(
    plugin: str, declared: PluginSettings, environment: Mapping[str, str]
) -> msgspec.Struct:
    """Return the plugin's Struct; raise `ValueError` that names what cannot be used.

    A field takes text, a number, `true` or `false`, or JSON where it takes more.
    """
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(declared.struct):
        variable = prefix_of(plugin) + field.name.upper()
        text = environment.get(variable, "").strip()
        if not text:
            if field.required:
                raise ValueError(f"{variable} is not set")
            continue
        try:
            given[field.name] = _converted(text, field.type)
        except msgspec.MsgspecError as error:
            shown = "what it is" if field.name in declared.secrets else repr(text)
            raise ValueError(f"{variable} cannot be {shown}: {error}") from error
    return declared.struct(**given)


def shown_settings(
    plugin: str, declared: PluginSettings, settings: msgspec.Struct
) -> tuple[ShownSetting, ...]:
    """Return the settings as operators see them."""
    return tuple(
        ShownSetting(
            variable=prefix_of(plugin) + field.name.upper(),
            value=MASK if field.name in declared.secrets and value else msgspec.to_builtins(value),
        )
        for field in msgspec.structs.fields(declared.struct)
        for value in (getattr(settings, field.name),)
    )


def _converted(text: str, kind: Any) -> Any:
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        if not text.startswith(("{", "[")):
            raise
        return msgspec.json.decode(text, type=kind)

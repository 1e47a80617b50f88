"""Plugins as the command line shows them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hexdesk.entrypoints.bootstrap.plugins import load_installed_plugins
from hexdesk.entrypoints.settings import Settings

PREFIX = "hexdesk_"
SETTINGS = "settings"


class InstalledPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin: `brings` are the names of what each hook returned, `settings` are masked."""

    name: str
    version: str
    status: str
    problem: str | None
    brings: dict[str, tuple[str, ...]]
    settings: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON would have it."""
        return msgspec.to_builtins(self)

    def summary(self) -> Iterator[str]:
        """Yield how much of what it brings."""
        for hook, names in self.brings.items():
            yield f"{hook}: {', '.join(names)}" if names else hook

    def as_text(self) -> str:
        """Return it line by line."""
        lines = [f"{self.name} {self.version}: {self.status}"]
        if self.problem:
            lines.append(f"  {self.problem}")
        lines += [f"  {line}" for line in self.summary() if line != SETTINGS]
        if self.settings:
            lines.append(f"  {SETTINGS}")
            lines += [f"    {name}={_told(value)}" for name, value in self.settings.items()]
        return "\n".join(lines)


def installed_plugins(settings: Settings) -> tuple[InstalledPlugin, ...]:
    """Return the plugins that are installed here, by name."""
    lenient = msgspec.structs.replace(settings, strict_plugins=False)
    return tuple(
        InstalledPlugin(
            name=one.name,
            version=one.version,
            status=one.status,
            problem=one.problem,
            brings={
                hook.removeprefix(PREFIX).replace("_", " "): names
                for hook, names in one.brings.items()
            },
            settings={shown.variable: shown.value for shown in one.settings},
        )
        for one in load_installed_plugins(lenient).plugins
    )


def _told(value: object) -> object:
    return "" if value is None else value

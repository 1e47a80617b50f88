"""Which plugins are installed: entry points of the group `hexdesk`."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hexdesk.core.hookspecs import PROJECT

CORE = "hexdesk-core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An installed plugin that was not loaded yet."""

    name: str
    version: str
    entry_point: EntryPoint

    def load(self) -> ModuleType | Any:
        """Import the plugin and return what holds its hooks; raise whatever its code raises."""
        return self.entry_point.load()

    def misfit(self, core_version: str) -> str | None:
        """Say why the plugin does not fit this version of the core; None if it does."""
        distribution = self.entry_point.dist
        for line in (distribution and distribution.requires) or ():
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue
            if canonicalize_name(requirement.name) != CORE:
                continue
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            if not requirement.specifier.contains(core_version, prereleases=True):
                return f"it needs {CORE}{requirement.specifier}, and {core_version} is installed"
        return None


def find_candidates() -> tuple[Candidate, ...]:
    """Return the plugins that are installed, by name; of two of one name, both."""
    return tuple(sorted(_candidates(), key=lambda one: one.name))


def _candidates() -> Iterator[Candidate]:
    for entry_point in entry_points(group=PROJECT):
        distribution = entry_point.dist
        yield Candidate(
            name=entry_point.name,
            version=distribution.version if distribution else "unknown",
            entry_point=entry_point,
        )

"""Writes a new plugin: a whole distribution to start from, with a test that passes."""

import re
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from hexdesk.entrypoints.version import VERSION

NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
LONGEST_NAME = 40
TAKEN = frozenset({"core", "test"})
"""What `hexdesk-` makes the name of something else of."""

SUFFIX = ".template"


class PluginKind(StrEnum):
    """What a new plugin brings."""

    TOOL = "tool"
    CHANNEL = "channel"
    STORAGE = "storage"


DESCRIBED = {
    PluginKind.TOOL: "Tools of {words}",
    PluginKind.CHANNEL: "A channel to {words}",
    PluginKind.STORAGE: "A storage on {words}",
}


def check_name(name: str) -> None:
    """Raise `ValueError` for a name that no plugin can have."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ValueError(
            f"{name!r} cannot be the name of a plugin: it is made of at most {LONGEST_NAME}"
            " small letters and digits, begins with a letter, and may have hyphens between words"
        )
    if name in TAKEN:
        raise ValueError(f"{name!r} is the name of a part of hexdesk")


def write_plugin(name: str, kind: PluginKind, place: Path) -> Path:
    """Write the plugin into a new folder of the place, and return the folder.

    Raise `ValueError` for a name that cannot be, and `FileExistsError` where the folder is there.
    """
    check_name(name)
    words = _words(name, kind)
    folder = place / words["distribution"]
    folder.mkdir(parents=True)
    root = files("hexdesk.entrypoints") / "plugin_templates"
    for part in ("every", kind.value):
        for path, template in _templates(root / part, Path()):
            target = folder / Template(str(path).replace("__module__", "$module")).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(template).substitute(words), encoding="utf-8")
    return folder


def _words(name: str, kind: PluginKind) -> dict[str, str]:
    major, minor, *_ = VERSION.split(".")
    parts = name.split("-")
    return {
        "name": name,
        "distribution": f"hexdesk-{name}",
        "module": f"hexdesk_{'_'.join(parts)}",
        "snake": "_".join(parts),
        "camel": "".join(part.capitalize() for part in parts),
        "words": " ".join(parts),
        "scheme": name,
        "described": DESCRIBED[kind].format(words=" ".join(parts)),
        "core": f"hexdesk-core>={major}.{minor},<{major}.{int(minor) + 1}",
    }


def _templates(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _templates(one, path / one.name)
        elif one.name.endswith(SUFFIX):
            yield path / one.name.removesuffix(SUFFIX), one.read_text(encoding="utf-8")

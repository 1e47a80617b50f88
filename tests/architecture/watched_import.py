"""Imports modules and prints, as JSON, what the import asked of the world.

A script of its own, so that nothing is imported yet: `python watched_import.py MODULE...`
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator, MutableMapping

environment: set[str] = set()
sockets: set[str] = set()


class WatchedEnvironment(MutableMapping[str, str]):
    """The environment, which notes what is read from it."""

    def __init__(self, real: MutableMapping[str, str]) -> None:
        self._real = real

    def __getitem__(self, name: str) -> str:
        environment.add(name)
        return self._real[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._real[name] = value

    def __delitem__(self, name: str) -> None:
        del self._real[name]

    def __iter__(self) -> Iterator[str]:
        environment.add("*")
        return iter(self._real)

    def __len__(self) -> int:
        return len(self._real)


def note_sockets(event: str, _: tuple[object, ...]) -> None:
    """Note each thing done with a socket; an audit hook sees C code too."""
    if event.startswith("socket."):
        sockets.add(event)


if __name__ == "__main__":
    setattr(os, "environ", WatchedEnvironment(os.environ))  # noqa: B010 (os forbids it by type)
    sys.addaudithook(note_sockets)
    for module in sys.argv[1:]:
        importlib.import_module(module)
    json.dump({"environment": sorted(environment), "sockets": sorted(sockets)}, sys.stdout)

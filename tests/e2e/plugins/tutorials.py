"""Tutorials of plugins, as they are read: files to write, and commands to type."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.beside import Beside
from tests.docs.pages import Page

STEP = re.compile(r"(?:`([\w./]+)`:\n\n)?```(console|python)\n(.*?)```", re.DOTALL)
# What uv does in the tutorials, in the environment of the test and without an index.
UV = """#!/bin/sh
set -e
case "$1" in
  run) shift; [ "$1" = --project ] && shift 2
       case "$1" in
         pytest) shift; exec {python} -m pytest "$@" ;;
         hexdesk) shift; exec {hexdesk} "$@" ;;
       esac ;;
  build) exec {python} -m hatchling build -t wheel -d dist ;;
  pip) exec {python} -m pip install -q --no-index --no-deps "$3" ;;
esac
exit 64
"""


def steps(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield each block of a page as path, language and text."""
    yield from STEP.findall(Page.read(page).text)


def typed(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block with the lines that the page shows."""
    for command, shown in Page(f"```console\n{block}```\n").exchanges():
        yield command, shown.splitlines()


def without_numbers(text: str) -> str:
    """Return a text in which all numbers are the same: some are times."""
    return re.sub(r"\d+(\.\d+)?", "N", text)


def unseen(shown: list[str], said: str) -> list[str]:
    """Return the lines that a page shows and the command has not said."""
    lines = without_numbers(said).splitlines()
    return [one for one in map(without_numbers, shown) if one not in lines]


def beside_with_uv(folder: Path) -> Beside:
    """Make an environment whose `uv` works in it alone."""
    beside = Beside.made(folder)
    uv = beside.folder / "bin" / "uv"
    uv.write_text(UV.format(python=beside.python, hexdesk=beside.hexdesk), encoding="utf-8")
    uv.chmod(0o755)
    return beside

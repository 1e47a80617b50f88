"""The tutorial of the first tool plugin, typed in as it is written."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beside import Beside, run
from tests.docs.pages import Page

PAGE = "docs/tutorials/your-first-tool-plugin.md"
STEP = re.compile(r"(?:`([\w./]+)`:\n\n)?```(console|python)\n(.*?)```", re.DOTALL)
# What uv does in the tutorial, in the environment of the test and without an index.
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


def steps() -> Iterator[tuple[str, str, str]]:
    """Yield each block as path, language and text."""
    yield from STEP.findall(Page.read(PAGE).text)


def typed(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block with the output that the page shows."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *output = part.rstrip("\n").split("\n")
        yield command, output


def without_numbers(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "N", text)


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    beside = Beside.made(tmp_path / "venv")
    uv = beside.folder / "bin" / "uv"
    uv.write_text(UV.format(python=beside.python, hexdesk=beside.hexdesk), encoding="utf-8")
    uv.chmod(0o755)
    return beside


def test_whoever_types_what_the_tutorial_says_gets_what_it_shows(
    beside: Beside, tmp_path: Path
) -> None:
    place = tmp_path / "clone"
    place.mkdir()
    path_to_uv = f"PATH={beside.folder / 'bin'}:$PATH"
    ran: list[str] = []
    for path, language, block in steps():
        if language == "python":
            assert (place / path).is_file(), path
            (place / path).write_text(block, encoding="utf-8")
            continue
        for command, shown in typed(block):
            if command.startswith("cd "):
                place /= command.removeprefix("cd ")
                continue
            said = without_numbers(run("sh", "-c", f"{path_to_uv}; {command}", cwd=place))
            lines = said.splitlines()
            assert [one for one in shown if without_numbers(one) not in lines] == [], said
            ran.append(command)

    assert ran[-1] == "uv run --project .. hexdesk plugins show parcels"

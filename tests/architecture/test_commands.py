"""Every command a person can type says what it is for."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import click

from hexdesk.entrypoints.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


class Recipe(TypedDict):
    """What `just --dump` tells of a recipe, as far as it matters here."""

    doc: str | None
    private: bool


def test_every_command_and_option_has_help() -> None:
    silent = [
        f"{path} {parameter.opts[0]}"
        for path, command in commands(main, "hexdesk")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert [path for path, command in commands(main, "hexdesk") if not command.help] == []
    assert silent == []


def test_every_recipe_has_one_line_of_help() -> None:
    assert [name for name, recipe in recipes().items() if not recipe["doc"]] == []


def test_the_recipes_that_people_are_told_about_exist() -> None:
    told = {"setup", "up", "test", "unit", "check", "lint", "format", "types", "contracts"}
    told |= {"cover", "bench", "db-migrate", "db-upgrade", "openapi", "core-alone"}
    assert told <= set(recipes())


def test_what_ci_runs_is_what_people_run() -> None:
    steps = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [step for step in steps if step.startswith("uv ")] == [
        "uv sync --locked",
        "uv run just check",
    ]


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, each with what one types to call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


def recipes() -> dict[str, Recipe]:
    just = Path(sys.executable).with_name("just")
    dump = subprocess.run(
        [just, "--dump", "--dump-format", "json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    found: dict[str, Recipe] = json.loads(dump.stdout)["recipes"]
    return found

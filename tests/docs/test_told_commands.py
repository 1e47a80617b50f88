"""What readers are told to type exists: commands, options, recipes, settings."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hexdesk.entrypoints.cli.main import main
from hexdesk.entrypoints.settings import read_settings
from hexdesk_email import EmailSettings
from hexdesk_remote_tickets.backend import RemoteTicketsSettings
from hexdesk_slack.configuration import SlackSettings
from tests.docs.pages import PAGES, ROOT, Page, name_of

SACRED = ("uv run hexdesk up", "uv run pytest")
OF_CLICK = {"HEXDESK_APP_PASSWORD", "HEXDESK_API_KEY", "HEXDESK_DATA_DIR"}
# Of the script that checks the requirements.
OF_SCRIPTS = {"HEXDESK_API", "HEXDESK_MCP", "HEXDESK_LOG"}
OF_PLUGINS = {
    f"HEXDESK_{plugin}_{name.upper()}"
    for plugin, settings in (
        ("EMAIL", EmailSettings),
        ("REMOTE_TICKETS", RemoteTicketsSettings),
        ("SLACK", SlackSettings),
    )
    for name in settings.__struct_fields__
}
ENDS = {"|", ">", "<", ";", "&&", "||", "&", "2>"}


@pytest.mark.parametrize("command", SACRED)
def test_the_readme_shows_the_two_commands(command: str) -> None:
    assert command in Page.read("README.md").commands()


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(Page.read("README.md").text.split()) < 1200


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_hexdesk_command_on_a_page_can_be_typed(page: Path) -> None:
    for command in Page.read(name_of(page)).commands():
        for arguments in calls_of("hexdesk", command):
            assert_is_known(arguments)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_recipe_on_a_page_exists(page: Path) -> None:
    told = {
        arguments[0]
        for command in Page.read(name_of(page)).commands()
        for arguments in calls_of("just", command)
        if arguments
    }
    assert told <= recipes()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_variable_on_a_page_exists(page: Path) -> None:
    text = Page.read(name_of(page)).text

    named = set(re.findall(r"HEXDESK_[A-Z_]*[A-Z]", text))

    known = OF_CLICK | OF_SCRIPTS | OF_PLUGINS | set(variables())
    # `HEXDESK_RATE_LIMIT_USER|ADDRESS|…` names several at once.
    assert {one for one in named if not any(name.startswith(one) for name in known)} == set()


def test_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises(AssertionError, match="down"):
        assert_is_known(["down"])
    with pytest.raises(AssertionError, match="--nowhere"):
        assert_is_known(["up", "--nowhere"])


def calls_of(program: str, command: str) -> list[list[str]]:
    """Return the arguments of each call of a program in a line for the shell."""
    words = shlex.split(command, comments=True)
    calls: list[list[str]] = []
    for place, word in enumerate(words):
        if word == program and words[place - 1 : place] in (["run"], ["uv"], []):
            rest = words[place + 1 :]
            end = next((at for at, one in enumerate(rest) if one in ENDS), len(rest))
            calls.append(rest[:end])
    return calls


def assert_is_known(arguments: list[str]) -> None:
    command: click.Command = main
    for word in arguments:
        if word.startswith("-"):
            options = {name for one in command.params for name in one.opts}
            assert word in options | {"-h", "--help"}, f"{command.name} has no option {word}"
        elif isinstance(command, click.Group):
            assert word in command.commands, f"{command.name} has no command {word}"
            command = command.commands[word]


def variables() -> list[str]:
    """Return the names of all settings."""
    return [
        f"HEXDESK_{name.upper()}"
        for name in read_settings({}).__struct_fields__
        if name != "environment"
    ]


def recipes() -> set[str]:
    just = Path(sys.executable).with_name("just")
    listed = subprocess.run(
        [just, "--summary"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return set(listed.stdout.split())

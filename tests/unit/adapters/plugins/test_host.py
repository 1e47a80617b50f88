"""Plugins are found and taken in, or kept out whole with the reason."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hexdesk.adapters.plugins import (
    HostOptions,
    LoadedPlugins,
    PluginStatus,
    find_candidates,
    load_plugins,
)
from tests.unit.adapters.plugins.installing import install, on_path

GREETING = """
    import msgspec
    from hexdesk.core import ToolContext, hookimpl, tool

    class Name(msgspec.Struct, frozen=True):
        name: str

    @tool(read_only=True)
    async def greet(context: ToolContext, arguments: Name) -> Name:
        '''Greet somebody.'''
        return arguments

    @hookimpl
    def hexdesk_tools():
        return (greet,)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with on_path(tmp_path):
        yield tmp_path


def loaded(**options: Any) -> LoadedPlugins:
    """Load what the tests have installed, and nothing that is installed here besides."""
    candidates = [
        one for one in find_candidates() if one.entry_point.value.startswith("hexdesk_test_")
    ]
    return load_plugins(candidates, HostOptions(core_version="0.1.0", **options))


def test_what_a_plugin_brings_is_taken_in_its_name(folder: Path) -> None:
    install(folder, "greeting", GREETING)

    found = loaded()

    [plugin] = found.plugins
    assert (plugin.name, plugin.version, plugin.status) == ("greeting", "1.0", "loaded")
    assert plugin.brings == {"hexdesk_tools": ("greet",)}
    [greet] = found.additions.tools
    assert (greet.name, greet.source, greet.read_only) == ("greet", "greeting", True)
    assert found.problem() is None


BROKEN = {
    "it cannot be imported: RuntimeError": "raise RuntimeError('no')",
    "it cannot be imported: SystemExit": "import sys; sys.exit('no')",
    "hexdesk_tools failed: no way": """
        import sys
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_tools():
            sys.exit("no way")
    """,
    "^no days": """
        import sys
        import msgspec
        from hexdesk.core import PluginSettings, hookimpl
        class Settings(msgspec.Struct):
            days: int = 3
            def __post_init__(self):
                sys.exit("no days")
        @hookimpl
        def hexdesk_settings():
            return (PluginSettings(struct=Settings),)
    """,
    "it cannot be imported: ModuleNotFoundError": "import no_such_module_anywhere",
    "its hooks are not those of hexdesk: unknown hook": """
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_toolz():
            return ()
    """,
    "(?s)its hooks are not those of hexdesk: .*can not be found in the hookspec": """
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_tools(desk):
            return ()
    """,
    "hexdesk_tools failed: ValueError|hexdesk_tools failed: no": """
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_tools():
            raise ValueError("no")
    """,
    "it returned str where Tool belongs": """
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_tools():
            return ("greet",)
    """,
    "the tool 'silent' has no docstring": GREETING.replace("'''Greet somebody.'''", "").replace(
        "greet", "silent"
    ),
    "is no Struct": GREETING.replace("arguments: Name", "arguments: dict"),
    "does not match": GREETING.replace("return (greet,)", "return (named,)").replace(
        "@hookimpl",
        "from dataclasses import replace\n    named = replace(greet, name='a b')\n\n    @hookimpl",
    ),
    "two underscores": GREETING.replace("greet", "shop__greet"),
    "there is another tool named 'create_ticket'": GREETING.replace("greet", "create_ticket"),
    "there is another tool named 'greet'": GREETING.replace("(greet,)", "(greet, greet)"),
    "Postcards.* where Channel belongs": """
        from hexdesk.core import hookimpl
        class Postcards:
            name = "postcards"
        @hookimpl
        def hexdesk_channels():
            return (Postcards(),)
    """,
    "Can't instantiate abstract class": """
        from hexdesk.core import Channel, hookimpl
        class Postcards(Channel):
            name = "postcards"
        @hookimpl
        def hexdesk_channels():
            return (Postcards(),)
    """,
    "'shop' has no fields .*'pin'": """
        import msgspec
        from hexdesk.core import IntegrationType, hookimpl
        class Config(msgspec.Struct):
            url: str
        class Shop(IntegrationType):
            name = "shop"
            config = Config
            secrets = frozenset({"pin"})
            def address(self, config):
                return None
            async def check(self, config, http):
                return 200, ""
        @hookimpl
        def hexdesk_integration_types():
            return (Shop(),)
    """,
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_plugin_is_kept_out_whole_with_the_reason(folder: Path, reason: str) -> None:
    install(folder, "broken", BROKEN[reason])
    install(folder, "good", GREETING.replace("greet", "welcome"))

    found = loaded(taken={"tool": frozenset({"create_ticket"})})

    broken, good = found.plugins
    assert broken.status is PluginStatus.QUARANTINED
    assert re.search(reason, broken.problem or "")
    assert (broken.brings, good.status) == ({}, PluginStatus.LOADED)
    assert [one.name for one in found.additions.tools] == ["welcome"]
    assert (found.problem() or "").startswith("broken: ")
    assert found.faults().keys() == {"broken"}


def test_of_two_plugins_with_one_tool_the_later_is_kept_out(folder: Path) -> None:
    install(folder, "first", GREETING)
    install(folder, "second", GREETING)

    found = loaded()

    assert [one.status for one in found.plugins] == ["loaded", "quarantined"]
    assert found.plugins[1].problem == "there is another tool named 'greet'"
    assert found.faults() == {"second": "what it brings has the name of another tool"}


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        ("hexdesk-core", True),
        ("hexdesk-core<0.2,>=0.1", True),
        ("HexDesk.Core>=0.2", False),
        ("hexdesk-core>=2; extra == 'x'", True),
        ("msgspec>=999", True),
    ],
)
def test_a_plugin_for_another_core_is_kept_out(folder: Path, requires: str, *, fits: bool) -> None:
    install(folder, "greeting", GREETING, requires=requires)

    [plugin] = loaded().plugins

    assert (plugin.status is PluginStatus.LOADED) == fits
    assert fits or plugin.problem == "it needs hexdesk-core>=0.2, and 0.1.0 is installed"
    assert fits or plugin.fault == "it needs another version of hexdesk-core"


def test_a_plugin_that_is_disabled_is_not_even_imported(folder: Path) -> None:
    install(folder, "greeting", "raise SystemExit('imported')")

    [plugin] = loaded(disabled=frozenset({"greeting"})).plugins

    assert (plugin.status, plugin.problem) == (PluginStatus.DISABLED, None)


SETTINGS = """
    import msgspec
    from hexdesk.core import PluginSettings, hookimpl

    class Settings(msgspec.Struct, frozen=True, kw_only=True):
        country: str = "se"
        days: int = 3
        limits: dict[str, int] = {}
        api_key: str

    @hookimpl
    def hexdesk_settings():
        return (PluginSettings(struct=Settings, secrets=frozenset({"api_key"})),)
"""
GIVEN = {
    "HEXDESK_MY_SHOP_API_KEY": "s3cret",
    "HEXDESK_MY_SHOP_DAYS": "5",
    "HEXDESK_MY_SHOP_LIMITS": '{"a": 1}',
}


def test_settings_come_from_the_environment_and_secrets_are_masked(folder: Path) -> None:
    install(folder, "my-shop", SETTINGS)

    [plugin] = loaded(environment=GIVEN).plugins

    assert {one.variable: one.value for one in plugin.settings} == {
        "HEXDESK_MY_SHOP_COUNTRY": "se",
        "HEXDESK_MY_SHOP_DAYS": 5,
        "HEXDESK_MY_SHOP_LIMITS": {"a": 1},
        "HEXDESK_MY_SHOP_API_KEY": "********",
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"HEXDESK_MY_SHOP_API_KEY": ""}, "HEXDESK_MY_SHOP_API_KEY is not set"),
        ({"HEXDESK_MY_SHOP_DAYS": "many"}, "HEXDESK_MY_SHOP_DAYS cannot be 'many'"),
    ],
)
def test_a_setting_that_cannot_be_used_keeps_the_plugin_out(
    folder: Path, change: dict[str, str], problem: str
) -> None:
    install(folder, "my-shop", SETTINGS)

    [plugin] = loaded(environment=GIVEN | change).plugins

    assert plugin.status is PluginStatus.QUARANTINED
    assert (plugin.problem or "").startswith(problem)


def test_settings_reach_the_tools_of_their_plugin(folder: Path) -> None:
    install(folder, "my-shop", SETTINGS + GREETING)

    [greet] = loaded(environment=GIVEN).additions.tools

    assert greet.settings.days == 5

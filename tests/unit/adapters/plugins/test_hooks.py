"""Every hook has an example that works, a line in the reference, and a test of its own."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from hexdesk.adapters.plugins import HostOptions, LoadedPlugins, find_candidates, load_plugins
from hexdesk.adapters.plugins.hooks import HOOKS
from hexdesk.core import hookspecs
from tests.docs.pages import Page
from tests.unit.adapters.plugins.installing import install, on_path

SPECS = {name: spec for name, spec in vars(hookspecs).items() if hasattr(spec, "hexdesk_spec")}
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with on_path(tmp_path):
        yield tmp_path


def test_every_hook_is_known_to_the_host_and_told_in_the_reference() -> None:
    assert set(HOOKS) == set(SPECS)
    assert set(SPECS) <= set(Page.read("docs/reference/plugins.md").first_cells())


def test_every_hook_takes_nothing_and_says_what_it_returns() -> None:
    for spec in SPECS.values():
        signature = inspect.signature(spec)
        assert not signature.parameters
        assert signature.return_annotation is not inspect.Signature.empty
        assert spec() == ()


def test_every_hook_has_a_test_named_for_it() -> None:
    here = vars(sys.modules[__name__])
    assert [name for name in SPECS if f"test_hook_{name}" not in here] == []


def from_example(folder: Path, hook: str) -> LoadedPlugins:
    """Load a plugin that is the example of a hook, to the letter."""
    [code] = EXAMPLE.findall(dedent(inspect.getdoc(SPECS[hook]) or ""))
    install(folder, "example", code)
    candidates = [one for one in find_candidates() if one.name == "example"]
    found = load_plugins(candidates, HostOptions(core_version="0.1.0"))
    assert found.problem() is None
    return found


def test_hook_hexdesk_tools(folder: Path) -> None:
    assert [one.name for one in from_example(folder, "hexdesk_tools").additions.tools] == [
        "find_parcel"
    ]


def test_hook_hexdesk_channels(folder: Path) -> None:
    found = from_example(folder, "hexdesk_channels").additions
    assert [one.name for one in found.channels] == ["postcards"]
    assert found.own_types == {"example": frozenset({"postcards"})}


def test_hook_hexdesk_storage_backends(folder: Path) -> None:
    [clay] = from_example(folder, "hexdesk_storage_backends").additions.storage_backends
    assert clay.schemes == {"clay"}


def test_hook_hexdesk_task_types(folder: Path) -> None:
    [task] = from_example(folder, "hexdesk_task_types").additions.task_types
    assert (task.name, task.source) == ("count_week", "example")


def test_hook_hexdesk_integration_types(folder: Path) -> None:
    found = from_example(folder, "hexdesk_integration_types").additions
    assert [one.name for one in found.integration_types] == ["shop"]
    assert found.own_types == {"example": frozenset({"shop"})}


def test_hook_hexdesk_text_extractors(folder: Path) -> None:
    [reader] = from_example(folder, "hexdesk_text_extractors").additions.text_extractors
    assert reader.extensions == ("srt",)


def test_hook_hexdesk_model_providers(folder: Path) -> None:
    [provider] = from_example(folder, "hexdesk_model_providers").additions.model_providers
    assert provider.name == "acme"


async def test_hook_hexdesk_embedding_models(folder: Path) -> None:
    [provider] = from_example(folder, "hexdesk_embedding_models").additions.embedding_providers
    assert provider.name == "acme"


def test_hook_hexdesk_settings(folder: Path) -> None:
    [plugin] = from_example(folder, "hexdesk_settings").plugins
    assert [one.value for one in plugin.settings] == ["se", None]


def test_hook_hexdesk_start(folder: Path) -> None:
    assert len(from_example(folder, "hexdesk_start").starts) == 1


def test_hook_hexdesk_stop(folder: Path) -> None:
    assert len(from_example(folder, "hexdesk_stop").stops) == 1

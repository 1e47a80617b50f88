"""A plugin as `hexdesk plugins new` writes it passes its test, and works beside hexdesk."""

import sys
from pathlib import Path

import pytest

from hexdesk.entrypoints.new_plugin import PluginKind
from tests.beside import Beside, run

BRINGS = {
    PluginKind.TOOL: "tools: find_in_new_tool",
    PluginKind.CHANNEL: "channels: new_channel",
    PluginKind.STORAGE: "storage backends: new-storage",
}
RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Beside:
    return Beside.made(tmp_path_factory.mktemp("beside") / "venv")


@pytest.mark.parametrize("kind", PluginKind)
def test_a_new_plugin_passes_its_test_and_is_loaded_from_its_wheel(
    beside: Beside, tmp_path: Path, kind: PluginKind
) -> None:
    name = f"new-{kind}"
    run(beside.hexdesk, "plugins", "new", name, "--kind", kind, cwd=tmp_path)
    project = tmp_path / f"hexdesk-{name}"

    beside.install(project)

    # From the wheel: the folder with the source is not on the path.
    tests = run(beside.python, "-m", "pytest", "-o", "pythonpath=", "-q", cwd=project)
    assert " passed" in tests
    shown = run(beside.hexdesk, "plugins", "show", name)
    assert f"{name} 0.1.0: loaded" in shown
    assert BRINGS[kind] in shown


@pytest.mark.parametrize("kind", PluginKind)
def test_a_new_plugin_is_written_as_linters_like_it(
    beside: Beside, tmp_path: Path, kind: PluginKind
) -> None:
    run(beside.hexdesk, "plugins", "new", "parcel", "--kind", kind, cwd=tmp_path)
    project = tmp_path / "hexdesk-parcel"

    rules = ("--select", "E,F,W,I,UP,B,SIM,RUF", "--line-length", "100")
    run(RUFF, "check", "--isolated", "--no-cache", *rules, ".", cwd=project)
    form = ("format", "--check", "--isolated", "--no-cache", "--line-length", "100")
    run(RUFF, *form, ".", cwd=project)

"""What a new plugin may be called, and that nothing is written over."""

import ast
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from hexdesk.entrypoints.cli.main import main
from hexdesk.entrypoints.new_plugin import PluginKind, write_plugin
from hexdesk.entrypoints.version import VERSION


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Parcel",
        "1parcel",
        "-parcel",
        "parcel-",
        "par--cel",
        "par_cel",
        "par cel",
        "../parcel",
        "parcel/x",
        "parcel\n",
        "p" * 41,
        "p\N{LATIN SMALL LETTER E WITH ACUTE}",
        "core",
        "test",
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be the name|part of hexdesk"):
        write_plugin(name, PluginKind.TOOL, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["p", "parcel", "parcel-2-go", "p" * 40, "class", "with-import"])
@pytest.mark.parametrize("kind", PluginKind)
def test_whatever_the_name_what_is_written_can_be_read(
    tmp_path: Path, kind: PluginKind, name: str
) -> None:
    folder = write_plugin(name, kind, tmp_path)

    written = [path for path in folder.rglob("*") if path.is_file()]
    for path in written:
        if path.suffix == ".py":
            ast.parse(path.read_text(encoding="utf-8"))
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (core,) = map(Requirement, project["dependencies"])
    assert (core.name, VERSION in core.specifier) == ("hexdesk-core", True)
    module = project["entry-points"]["hexdesk"][name]
    assert (folder / module / "__init__.py") in written
    assert (folder / module / "py.typed") in written
    assert not [path for path in written if path.suffix == ".template"]


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "hexdesk-parcel" / "pyproject.toml"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")

    ended = CliRunner().invoke(main, ["plugins", "new", "parcel", "--into", str(tmp_path)])

    assert ended.exit_code == 1
    assert "is there already: nothing written" in ended.output
    assert [path.name for path in mine.parent.iterdir()] == ["pyproject.toml"]
    assert mine.read_text(encoding="utf-8") == "mine"


def test_what_comes_next_is_told(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["plugins", "new", "parcel", "--into", str(tmp_path)])

    assert ended.exit_code == 0
    assert "uv run pytest" in ended.output
    assert "hexdesk plugins show parcel" in ended.output


@pytest.mark.parametrize("arguments", [["core"], ["parcel", "--kind", "sofa"]])
def test_what_cannot_be_written_is_said(tmp_path: Path, arguments: list[str]) -> None:
    ended = CliRunner().invoke(main, ["plugins", "new", *arguments, "--into", str(tmp_path)])

    assert ended.exit_code != 0
    assert "Error: " in ended.output
    assert list(tmp_path.iterdir()) == []

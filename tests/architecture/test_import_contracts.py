"""The import contracts of pyproject.toml hold, and each catches the import it forbids."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = ("core", "adapters", "entrypoints")
PLUGINS = tuple(
    sorted(
        one.parent.relative_to(ROOT).as_posix() for one in ROOT.glob("plugins/**/pyproject.toml")
    )
)
CONTRACTS: Mapping[str, str] = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}

# By contract: a module planted in a copy of the tree, what it says, and what the report names.
VIOLATIONS: Mapping[str, tuple[str, str, str]] = {
    "layers": (
        "core/hexdesk/core/model/planted.py",
        "import hexdesk.entrypoints",
        "hexdesk.core.model.planted -> hexdesk.entrypoints",
    ),
    "core-layers": (
        "core/hexdesk/core/model/planted.py",
        "import hexdesk.core.use_cases",
        "hexdesk.core.model.planted -> hexdesk.core.use_cases",
    ),
    "pure-core": (
        "core/hexdesk/core/policy/planted.py",
        "import socket",
        "hexdesk.core.policy.planted -> socket",
    ),
    "independent-adapters": (
        "adapters/hexdesk/adapters/planted.py",
        "import hexdesk.adapters.storage",
        "hexdesk.adapters.planted -> hexdesk.adapters.storage",
    ),
    "independent-technologies": (
        "adapters/hexdesk/adapters/tools/planted.py",
        "import hexdesk.adapters.tools.mcp_server",
        "hexdesk.adapters.tools.planted -> hexdesk.adapters.tools.mcp_server",
    ),
    "no-fakes-in-production": (
        "entrypoints/hexdesk/entrypoints/planted.py",
        "import hexdesk.core.testing",
        "hexdesk.entrypoints.planted -> hexdesk.core.testing",
    ),
    "one-composition-root": (
        "entrypoints/hexdesk/entrypoints/planted.py",
        "import hexdesk.adapters.storage",
        "hexdesk.entrypoints.planted -> hexdesk.adapters.storage",
    ),
    "plugins-know-the-core": (
        "plugins/examples/webhook_channel/hexdesk_webhook_channel/planted.py",
        "import hexdesk.adapters.storage",
        "hexdesk_webhook_channel.planted -> hexdesk.adapters.storage",
    ),
    "no-cycles": (
        "core/hexdesk/core/ports/planted/east.py",
        "import hexdesk.core.ports.planted.west",
        "hexdesk.core.ports.planted",
    ),
}


def test_the_tree_keeps_every_contract(linter_cache: Path) -> None:
    report = lint_imports(ROOT, linter_cache)
    assert report.returncode == 0, report.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in report.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert set(VIOLATIONS) == set(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_contract_catches_its_violation(
    contract: str, tree_copy: Path, linter_cache: Path
) -> None:
    file, statement, named = VIOLATIONS[contract]
    plant(tree_copy / file, statement)
    if contract == "no-cycles":
        plant(tree_copy / file.replace("east", "west"), statement.replace("west", "east"))
    report = lint_imports(tree_copy, linter_cache, "--contract", contract)
    assert report.returncode == 1, report.stdout
    assert f"{CONTRACTS[contract]} BROKEN" in report.stdout
    assert named in report.stdout


def test_a_module_the_core_layers_do_not_list_is_caught(
    tree_copy: Path, linter_cache: Path
) -> None:
    plant(tree_copy / "core/hexdesk/core/planted.py", "import msgspec")
    report = lint_imports(tree_copy, linter_cache, "--contract", "core-layers")
    assert report.returncode == 1
    assert "hexdesk.core.planted" in report.stdout


@pytest.fixture(scope="session")
def linter_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("linter-cache")


@pytest.fixture
def tree_copy(tmp_path: Path) -> Path:
    for member in (*MEMBERS, *PLUGINS):
        shutil.copytree(
            ROOT / member, tmp_path / member, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(file: Path, statement: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(f"{statement}\n", encoding="utf-8")


def lint_imports(root: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    search_path = os.pathsep.join(str(root / member) for member in (*MEMBERS, *PLUGINS))
    return subprocess.run(
        [command, "--no-logo", "--cache-dir", cache, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": search_path, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

"""Importing hexdesk asks nothing of the world, and the core asks nothing but its own kind."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

from tests.architecture import source_rules

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("watched_import.py")

# Everything the core may import. What computes may join the list; what touches the world may not.
CORE_MAY_IMPORT = frozenset(
    {
        "abc",
        "asyncio",
        "base64",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "enum",
        "fnmatch",
        "functools",
        "hashlib",
        "hexdesk.core",
        "hmac",
        "inspect",
        "logging",
        "math",
        "msgspec",
        "pluggy",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
        "uuid",
        "weakref",
    }
)
# The contract suites run under pytest, which the extra `testing` brings.
TESTING_MAY_IMPORT = CORE_MAY_IMPORT | {"operator", "pytest"}


class Asked(TypedDict):
    """What imports read from the environment and did with sockets."""

    environment: list[str]
    sockets: list[str]


def test_the_core_imports_only_what_computes() -> None:
    strangers = [
        f"{source.name}: {module}"
        for source in source_rules.python_files(ROOT)
        if source.name.startswith("core/")
        for module in imported_modules(source.syntax)
        if not belongs(
            module, TESTING_MAY_IMPORT if "/testing/" in source.name else CORE_MAY_IMPORT
        )
    ]
    assert strangers == []


def test_importing_the_core_reads_no_environment_and_opens_no_socket() -> None:
    modules = [name for name in modules_of("core") if ".testing" not in name]
    assert watched_import(*modules) == {"environment": [], "sockets": []}


def test_importing_hexdesk_reads_no_setting_and_opens_no_socket() -> None:
    asked = watched_import(*modules_of("adapters"), *modules_of("entrypoints"))
    assert [name for name in asked["environment"] if name.startswith("HEXDESK")] == []
    assert asked["sockets"] == []


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("import os\nos.environ.get('HEXDESK_X')", {"environment": ["HEXDESK_X"], "sockets": []}),
        ("import os\nos.getenv('HOME')", {"environment": ["HOME"], "sockets": []}),
        ("import os\ndict(os.environ)", {"environment": ["*"], "sockets": []}),
        ("import socket\nsocket.socket()", {"environment": [], "sockets": ["socket.__new__"]}),
    ],
)
def test_the_watch_sees_what_an_import_asks_for(tmp_path: Path, code: str, asked: Asked) -> None:
    (tmp_path / "curious.py").write_text(code, encoding="utf-8")
    seen = watched_import("curious", path=tmp_path)
    assert set(asked["environment"]) <= set(seen["environment"])
    assert seen["sockets"] == asked["sockets"]


def watched_import(*modules: str, path: Path | None = None) -> Asked:
    """Import the modules in a new interpreter and return what that asked for."""
    finished = subprocess.run(
        [sys.executable, SCRIPT, *modules],
        env={"PYTHONPATH": str(path)} if path else {},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    asked: Asked = json.loads(finished.stdout.splitlines()[-1])
    return asked


def modules_of(member: str) -> list[str]:
    """Return the names of a member's modules, but those that act when they are imported."""
    package = ROOT / member
    return [
        ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(package.rglob("*.py"))
        if path.name != "__main__.py" and "migrations" not in path.parts
    ]


def imported_modules(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def belongs(module: str, allowed: frozenset[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)

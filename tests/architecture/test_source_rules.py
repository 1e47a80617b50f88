"""The source keeps the rules of its own, and each rule catches what it is there for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import source_rules

ROOT = Path(__file__).resolve().parents[2]
RULES = (
    source_rules.vague_names,
    source_rules.long_modules,
    source_rules.long_functions,
    source_rules.stale_exceptions,
    source_rules.relative_imports,
    source_rules.mocks,
    source_rules.unexplained_suppressions,
    source_rules.namespace_breakers,
    source_rules.unmarked_packages,
    source_rules.machine_paths,
)
EXCEPTIONS = "tests/architecture/size_exceptions.toml"
UNEXPLAINED = "f()  # pyright: ignore[reportPrivateUsage]"
EXPLAINED = f"{UNEXPLAINED} (the library has no public way)"
LONG_MODULE = "x = 1\n" * 301
LONG_FUNCTION = "def think():\n" + "    x = 1\n" * 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule: Callable[[Path], Iterator[str]]) -> None:
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize(
    ("rule", "file", "content", "finding"),
    [
        (source_rules.vague_names, "core/hexdesk/core/utils.py", "", "'utils' says nothing"),
        (source_rules.vague_names, "tests/api_helpers.py", "", "'api_helpers' says nothing"),
        (source_rules.vague_names, "adapters/base/__init__.py", "", "'base' says nothing"),
        (source_rules.long_modules, "core/desk.py", LONG_MODULE, "301 lines, at most 300"),
        (source_rules.long_functions, "core/desk.py", LONG_FUNCTION, "core/desk.py::think: 41"),
        (source_rules.stale_exceptions, EXCEPTIONS, '[exceptions]\n"a.py" = "big"', "remove"),
        (source_rules.stale_exceptions, EXCEPTIONS, '[exceptions]\n"a.py" = ""', "its reason"),
        (source_rules.relative_imports, "core/a.py", "from . import b", "core/a.py:1: relative"),
        (source_rules.mocks, "tests/test_a.py", "from unittest import mock", "tests/test_a.py:1"),
        (source_rules.mocks, "tests/test_a.py", "import unittest.mock", "tests/test_a.py:1"),
        (source_rules.mocks, "tests/a.py", "from unittest.mock import Mock", "tests/a.py:1"),
        (source_rules.unexplained_suppressions, "core/a.py", EXPLAINED, "core silences nothing"),
        (source_rules.unexplained_suppressions, "tests/a.py", "f()  # noqa", "tests/a.py:1: name"),
        (source_rules.unexplained_suppressions, "tests/a.py", UNEXPLAINED, "then the reason"),
        (source_rules.namespace_breakers, "core/hexdesk/__init__.py", "", "hides the other"),
        (source_rules.unmarked_packages, "core/hexdesk/core/a/b.py", "", "core/hexdesk/core/a:"),
        (source_rules.machine_paths, "docs/a.md", "\nsee /" + "work/x", "docs/a.md:2: names"),
        (source_rules.machine_paths, ".ci/run", "cd /" + "home/ann/x", ".ci/run:1: names"),
        (source_rules.machine_paths, "core/a.py", "p = '/" + "root'", "core/a.py:1: names"),
    ],
)
def test_the_rule_catches_what_breaks_it(
    tmp_path: Path, rule: Callable[[Path], Iterator[str]], file: str, content: str, finding: str
) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(content, encoding="utf-8")
    assert any(finding in found for found in rule(tmp_path))


def test_what_gives_its_reason_is_let_be(tmp_path: Path) -> None:
    for file, content in {
        "core/desk.py": LONG_MODULE + LONG_FUNCTION,
        "tests/a.py": EXPLAINED,
        EXCEPTIONS: '[exceptions]\n"core/desk.py" = "a table"\n"core/desk.py::think" = "a list"',
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(content, encoding="utf-8")
    assert [finding for rule in RULES for finding in rule(tmp_path)] == []

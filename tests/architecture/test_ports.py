"""Ports stay small, say what they promise, and leave nothing to be forgotten."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Protocol

import pytest

import hexdesk.core.ports
from tests.architecture import source_rules

ROOT = Path(__file__).resolve().parents[2]
MAX_METHODS = 7


def ports() -> Iterator[type]:
    """Yield every port: each protocol that a module of `hexdesk.core.ports` defines."""
    for info in pkgutil.iter_modules(hexdesk.core.ports.__path__, "hexdesk.core.ports."):
        module = importlib.import_module(info.name)
        for _, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == info.name and Protocol in value.__mro__:
                yield value


def methods(port: type) -> list[FunctionType]:
    """Return what the port itself asks for, properties included."""
    members = [
        member.fget if isinstance(member, property) else member
        for name, member in vars(port).items()
        if not name.startswith("_")
    ]
    return [inspect.unwrap(member) for member in members if isinstance(member, FunctionType)]


PORTS = sorted(ports(), key=lambda port: port.__name__)


def test_there_are_ports_to_check() -> None:
    assert {"AgentRunner", "Clock", "Storage"} <= {port.__name__ for port in PORTS}


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_a_port_asks_for_few_things(port: type) -> None:
    assert len(methods(port)) <= MAX_METHODS
    assert methods(port) or port.__annotations__, "asks for nothing"


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_a_method_of_a_port_is_abstract_or_has_a_true_default(port: type) -> None:
    empty = [
        method.__name__
        for method in methods(port)
        if not getattr(method, "__isabstractmethod__", False) and is_empty(method)
    ]
    assert empty == [], f"{port.__name__} would let an adapter forget these"


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_a_method_of_a_port_says_what_it_promises(port: type) -> None:
    assert [method.__name__ for method in methods(port) if not method.__doc__] == []


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_a_port_has_an_adapter_that_says_so(port: type) -> None:
    known = bases_in("adapters") | bases_in("plugins")
    assert port.__name__ in known, "no class in adapters/ or plugins/ inherits from it"


def test_a_body_without_a_default_is_told_from_one_with_it() -> None:
    class Bell(Protocol):
        def ring(self) -> bool:
            """Ring."""
            ...

        def silence(self) -> bool:
            return False

    assert [method.__name__ for method in methods(Bell) if is_empty(method)] == ["ring"]


def is_empty(method: FunctionType) -> bool:
    definition = ast.parse(textwrap.dedent(inspect.getsource(method))).body[0]
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in definition.body
    )


@cache
def bases_in(folder: str) -> set[str]:
    """Return the names that classes of the folder inherit from, type arguments left off."""
    names: set[str] = set()
    for source in source_rules.python_files(ROOT):
        if source.name.startswith(f"{folder}/"):
            for node in ast.walk(source.syntax):
                if isinstance(node, ast.ClassDef):
                    names.update(name_of(base) for base in node.bases)
    return names


def name_of(base: ast.expr) -> str:
    if isinstance(base, ast.Subscript):
        return name_of(base.value)
    return ast.unparse(base).rpartition(".")[2]

"""The page of contract suites names each of them, and what it wants to be given."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

from hexdesk.core import testing
from tests.docs.pages import Page

PAGE = "docs/reference/contract-suites.md"
PARTS = re.compile(r"storage_(?!contract)\w+")
# Nobody who inherits from a suite gives these: the second is pytest's own.
NOT_GIVEN = {"self", "monkeypatch"}


def suites() -> Iterator[tuple[str, type]]:
    """Yield every suite of a whole port with the name of its module."""
    for module in pkgutil.iter_modules(testing.__path__):
        if module.name.endswith("_contract") and not PARTS.match(module.name):
            found = import_module(f"{testing.__name__}.{module.name}")
            for name, one in vars(found).items():
                if name.endswith("Contract") and one.__module__ == found.__name__:
                    yield module.name, one


def wanted(suite: type) -> set[str]:
    """Return the fixtures that a suite uses and does not define."""
    used: set[str] = set()
    for name, member in inspect.getmembers(suite):
        made = getattr(member, "_fixture_function", None)
        if made is None and not name.startswith("test_"):
            continue
        marks = getattr(member, "pytestmark", ())
        given = {word for mark in marks for word in re.findall(r"\w+", str(mark.args[0]))}
        used |= set(inspect.signature(made or member).parameters) - NOT_GIVEN - given
    return {name for name in used if not hasattr(suite, name)}


def test_every_suite_of_a_port_is_on_the_page_with_the_fixtures_that_it_wants() -> None:
    rows = Page.read(PAGE).first_cells()
    told = {
        name: (row[1].strip("`"), row[3])
        for cell, row in rows.items()
        for name in re.findall(r"\w+Contract", cell)
    }

    assert {name: module for name, (module, _) in told.items()} == {
        suite.__name__: module for module, suite in suites()
    }
    missing = {
        suite.__name__: left
        for _, suite in suites()
        if (left := wanted(suite) - set(re.findall(r"`(\w+)`", told[suite.__name__][1])))
    }
    assert missing == {}

"""A running desk for all tests that only talk to it: a start takes seconds.

What people do with a desk is tried on each kind of storage; see `ON_EACH_STORAGE`.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.hexdesk_up import Up, running_up
from tests.storages import POSTGRES, SQLITE

Desks = Callable[[str], Up]

ON_EACH_STORAGE = {"test_answers_from_files", "test_chat", "test_files", "test_tasks"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try the modules of `ON_EACH_STORAGE` on each kind of storage."""
    module = Path(str(metafunc.definition.path)).stem
    if "up" in metafunc.fixturenames and module in ON_EACH_STORAGE:
        metafunc.parametrize("up", [POSTGRES, SQLITE], indirect=True, scope="module")


@pytest.fixture(scope="session")
def desks() -> Iterator[Desks]:
    """Start a desk on a kind of storage, for the first who asks; it stays for the others."""
    started: dict[str, Up] = {}
    with ExitStack() as stack:

        def desk(kind: str) -> Up:
            if kind not in started:
                folder = Path(
                    stack.enter_context(tempfile.TemporaryDirectory(prefix="hexdesk-tests-"))
                )
                url = f"sqlite:///{folder / 'desk.sqlite'}"
                env = {"HEXDESK_DATABASE_URL": url} if kind == SQLITE else None
                started[kind] = stack.enter_context(running_up(folder / "data", env=env))
            return started[kind]

        yield desk


@pytest.fixture(scope="session")
def up(request: pytest.FixtureRequest, desks: Desks) -> Up:
    """Return a desk with its demo organization."""
    return desks(getattr(request, "param", POSTGRES))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder that root's embedded database may live in, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as path:
        yield Path(path)

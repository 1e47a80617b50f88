"""What a process is there for, and what follows from it."""

from pathlib import Path

import pytest

from hexdesk.core.model.presence import ProcessKind
from hexdesk.entrypoints.bootstrap.site import Place


@pytest.mark.parametrize(
    ("kinds", "does_runs"),
    [
        ((ProcessKind.API,), True),
        ((ProcessKind.WORKER,), True),
        (tuple(ProcessKind), True),
        ((ProcessKind.MCP,), False),
    ],
)
def test_agents_run_wherever_tools_are_not_alone(
    kinds: tuple[ProcessKind, ...], *, does_runs: bool
) -> None:
    place = Place(database_url="", secret_key="", data_dir=Path(), kinds=kinds)
    assert place.does_runs is does_runs

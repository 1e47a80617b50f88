"""Tasks for tests, with what the test does not care about filled in."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hexdesk.core.model.principals import System
from hexdesk.core.model.tasks import Task
from hexdesk.core.testing import examples


def a_task(organization_id: UUID, **changes: Any) -> Task:
    """Return a task of the desk itself that has been ready for long."""
    made = Task(
        id=examples.new_id(),
        organization_id=organization_id,
        task_type="note",
        task_data={"text": "Call back."},
        principal=System(organization_id=organization_id),
        created_at=examples.NOON,
        ready_at=examples.LONG_AGO,
    )
    return replace(made, **changes)

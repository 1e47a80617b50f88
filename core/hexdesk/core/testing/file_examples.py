"""Files for tests, with what the test does not care about filled in."""

from typing import Any

from msgspec.structs import replace

from hexdesk.core.model.files import File
from hexdesk.core.testing.examples import NOON, new_id


def a_file(**changes: Any) -> File:
    """Return a file that has been handed in."""
    key = new_id()
    made = File(
        id=key,
        filename="manual.pdf",
        content_type="application/pdf",
        size=1234,
        sha256=key.hex * 2,
        metadata={"pages": 3},
        created_at=NOON,
    )
    return replace(made, **changes)

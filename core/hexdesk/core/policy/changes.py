"""What a change gives."""

from typing import Any

import msgspec
from msgspec import UNSET


def given(change: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that were given, nulls too."""
    return {
        name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not UNSET
    }

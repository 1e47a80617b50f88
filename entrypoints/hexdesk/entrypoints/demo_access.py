"""How to sign in to the demo organization, kept in the data directory."""

import os
from pathlib import Path

import msgspec

NAME = "demo.json"


class DemoAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The demo admin's address and password."""

    email: str
    password: str


def read_demo_access(data_dir: Path) -> DemoAccess | None:
    """Return what was kept at the first start, or None if nothing was."""
    try:
        return msgspec.json.decode((data_dir / NAME).read_bytes(), type=DemoAccess)
    except (OSError, msgspec.MsgspecError):
        return None


def keep_demo_access(access: DemoAccess, data_dir: Path) -> None:
    """Keep it for its owner's eyes only (mode 0600)."""
    handle = os.open(data_dir / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(access))

"""The secret that `up` makes for itself: one file, for its owner's eyes only."""

import os
import secrets
from pathlib import Path


def secret_key(data_dir: Path) -> str:
    """Return the secret in the data directory, and make it at the first start (mode 0600)."""
    path = data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    return path.read_text().strip()

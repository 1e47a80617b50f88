"""Places that bytes can lie at: a folder, or a part of a bucket."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from obstore import (
    list_with_delimiter_async,  # pyright: ignore[reportUnknownVariableType] - of no use to us
)
from obstore.store import LocalStore, S3Store

OWNERS_FOLDER, OWNERS_FILE = 0o700, 0o600
# By their usual names; whatever else obstore finds for itself, as on a machine of Amazon's.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_DEFAULT_REGION": "region",
    "AWS_REGION": "region",
    "AWS_ENDPOINT_URL": "endpoint",
    "AWS_ENDPOINT_URL_S3": "endpoint",
}
DEFAULT_REGION = "us-east-1"
CONNECTING = timedelta(seconds=5)
SILENCE = timedelta(seconds=30)
WHOLE_REQUEST = timedelta(hours=1)
RETRYING = timedelta(seconds=10)
NOWHERE = "health-probe"


class Place(Protocol):
    """What is different between a folder and a bucket; what may block says so."""

    @property
    def store(self) -> LocalStore | S3Store:
        """The place as obstore knows it."""
        ...

    def is_there(self) -> bool:
        """Tell whether the place itself is there, as far as that can be told at once."""
        ...

    def make_room(self, key: str) -> None:
        """Prepare for something new; it may block."""

    def settle(self, key: str) -> None:
        """Complete what was written; it may block."""

    async def ping(self) -> None:
        """Raise unless something could be stored."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that belongs to one user of the machine."""

    root: Path
    store: LocalStore

    @classmethod
    def at(cls, root: Path) -> "Folder":
        """Make the folder, if need be."""
        root.mkdir(mode=OWNERS_FOLDER, parents=True, exist_ok=True)
        return cls(root, LocalStore(root))

    def is_there(self) -> bool:
        """Tell whether the folder is there."""
        return self.root.is_dir()

    def make_room(self, key: str) -> None:
        """Make the folders above a key."""
        folder = self.root
        # One by one: what `parents=True` makes is open to all. A root that is gone, and may be a
        # disk that comes back, is not made anew.
        for name in key.split("/")[:-1]:
            folder /= name
            folder.mkdir(mode=OWNERS_FOLDER, exist_ok=True)

    def settle(self, key: str) -> None:
        """Close a file to others, and see it to the disk."""
        path = self.root / key
        path.chmod(OWNERS_FILE)
        # Records of the file are going to outlive a power cut, so its bytes must.
        for one in (path, path.parent):
            opened = os.open(one, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)

    async def ping(self) -> None:
        """Raise unless the folder can be written to."""
        if not self.is_there() or not os.access(self.root, os.W_OK | os.X_OK):
            raise OSError("the folder of files is not there, or cannot be written to")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a bucket, by the protocol of S3."""

    store: S3Store

    def is_there(self) -> bool:
        """Say yes: to tell, the server would have to be asked."""
        return True

    def make_room(self, key: str) -> None:
        """Prepare nothing."""

    def settle(self, key: str) -> None:
        """Complete nothing."""

    async def ping(self) -> None:
        """Raise unless the bucket is there and answers."""
        await list_with_delimiter_async(self.store, NOWHERE)


def place_of(url: str, environment: Mapping[str, str]) -> Place:
    """Return the place that a URL names; raise `ValueError` if it names none."""
    parts = urlsplit(url)
    has_more = parts.query or parts.fragment
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and not has_more:
        path = Path(unquote(parts.path))
        if path.is_absolute() and path != Path("/"):
            return Folder.at(path)
    if parts.scheme == "s3" and parts.netloc and not has_more:
        return Bucket(_bucket(parts, environment))
    raise ValueError(
        "the place of files must be file:///folder or s3://bucket/prefix: correct"
        " HEXDESK_STORAGE_URL"
    )


def _bucket(parts: SplitResult, environment: Mapping[str, str]) -> S3Store:
    options: dict[str, Any] = {"region": DEFAULT_REGION} | {
        option: environment[name] for name, option in CREDENTIALS.items() if environment.get(name)
    }
    is_plain = options.get("endpoint", "").startswith("http://")
    return S3Store(
        parts.netloc,
        prefix=unquote(parts.path).strip("/") or None,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": is_plain,
            "connect_timeout": CONNECTING,
            "read_timeout": SILENCE,
            # A whole file goes through one request, and its reader may be slow.
            "timeout": WHOLE_REQUEST,
        },
        retry_config={
            "max_retries": 3,
            "retry_timeout": RETRYING,
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
        **options,
    )

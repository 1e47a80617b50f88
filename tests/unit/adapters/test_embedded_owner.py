"""Who owns an embedded database, as another process finds out."""

import fcntl
import os
from pathlib import Path

from hexdesk.adapters.storage.postgres.embedded import owner_of


def test_where_there_was_no_database_nobody_owns_one(tmp_path: Path) -> None:
    assert owner_of(tmp_path / "nowhere") is None


def test_a_lock_that_nobody_holds_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711")

    assert owner_of(tmp_path) is None


def test_the_holder_of_the_lock_owns_the_database(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.pwrite(lock, b"4711", 0)

        assert owner_of(tmp_path) == "4711"
    finally:
        os.close(lock)


def test_asking_takes_the_database_from_nobody(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711")
    owner_of(tmp_path)

    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

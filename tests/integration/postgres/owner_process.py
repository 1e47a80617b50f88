"""Another process that owns an embedded PostgreSQL, for tests to disturb and to kill."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

DEADLINE_SECONDS = 30
IN_A_HURRY = {"fsync": "off"}
SCRIPT = """
import sys
from pathlib import Path
from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), {"fsync": "off"})
print("starting", flush=True)
with server:
    server.wait_until_ready()
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner_of(folder: Path, until: str = "ready") -> Generator[subprocess.Popen[str]]:
    """Run an owner until it said where it is, and end it afterwards."""
    owner = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        while owner.stdout.readline().strip() != until:
            assert owner.poll() is None
        try:
            yield owner
        finally:
            assert owner.stdin is not None
            owner.stdin.close()


def server_process(folder: Path) -> psutil.Process:
    """Return the process that serves a folder."""
    return psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))


def ends(process: psutil.Process) -> bool:
    """Wait for a process to end, and say whether it did."""
    psutil.wait_procs([process], timeout=DEADLINE_SECONDS)
    try:
        # In a container nobody may collect what an orphan leaves of itself.
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

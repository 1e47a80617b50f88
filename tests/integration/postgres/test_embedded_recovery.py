"""The embedded PostgreSQL on a bad day: second owners, killed owners, and broken folders."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hexdesk.adapters.storage.postgres import embedded, programs
from hexdesk.adapters.storage.postgres.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    InUseError,
)
from hexdesk.adapters.storage.postgres.programs import ServerPrograms
from tests.integration.postgres.owner_process import (
    DEADLINE_SECONDS,
    IN_A_HURRY,
    ends,
    owner_of,
    server_process,
)
from tests.integration.postgres.test_embedded import LONG_NAME, answer


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """A database that was used and properly left, to copy from."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as parent:
        with EmbeddedPostgres(Path(parent) / "postgres", IN_A_HURRY) as server:
            server.wait_until_ready()
            answer(server, "CREATE TABLE kept AS SELECT 42 AS n")
        yield server.folder


@pytest.fixture
def folder(used_folder: Path, spare_folder: Path) -> Path:
    """A database that was used and properly left."""
    subprocess.run(["/bin/cp", "-a", str(used_folder), str(spare_folder)], check=True)
    return spare_folder / "postgres"


def assert_usable(folder: Path) -> None:
    """Start on a folder, and find in it what was there."""
    with EmbeddedPostgres(folder, IN_A_HURRY) as server:
        server.wait_until_ready()
        assert answer(server, "SELECT n FROM kept") == 42


@pytest.mark.parametrize("name", ["postgres", LONG_NAME])
def test_a_second_owner_is_refused_and_the_first_undisturbed(spare_folder: Path, name: str) -> None:
    with owner_of(spare_folder / name) as owner:
        second = EmbeddedPostgres(spare_folder / name, IN_A_HURRY)
        with pytest.raises(InUseError, match=f"in use by process {owner.pid}: stop it"):
            second.start()
        second.stop()
        assert answer(second, "SELECT 1") == 1
    assert owner.returncode == 0


def test_starting_twice_is_refused_and_leaves_the_first_start_alone(spare_folder: Path) -> None:
    with EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        with pytest.raises(InUseError, match=str(os.getpid())):
            server.start()
        assert answer(server, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start stops the orphan")
def test_a_killed_owner_takes_its_server_along(folder: Path) -> None:
    with owner_of(folder) as owner:
        server = server_process(folder)
        owner.kill()
        assert ends(server)
    assert_usable(folder)


def test_the_next_start_does_not_wait_for_a_killed_owner(folder: Path) -> None:
    with owner_of(folder) as owner:
        owner.kill()
        owner.wait(DEADLINE_SECONDS)
        assert_usable(folder)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_start_cut_short_leaves_no_half_database(
    spare_folder: Path, ending: signal.Signals
) -> None:
    folder = spare_folder / "postgres"
    with owner_of(folder, until="starting") as owner:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (folder / "data.new" / "base").exists():
            assert owner.poll() is None
            assert time.monotonic() < deadline
        children = psutil.Process(owner.pid).children(recursive=True)
        owner.send_signal(ending)
        owner.wait(DEADLINE_SECONDS)
    if sys.platform == "linux":
        assert all(ends(child) for child in children)
    assert not (folder / "data").exists()
    with EmbeddedPostgres(folder, IN_A_HURRY) as server:
        server.wait_until_ready()
        assert answer(server, "SELECT 1") == 1
    assert not (folder / "data.new").exists()


@pytest.fixture
def orphan(folder: Path) -> psutil.Process:
    """A server that nobody owns."""
    programs = ServerPrograms()
    programs.open_the_way(folder)
    programs.run(
        "pg_ctl", "start", "-w", "-D", str(folder / "data"), "-l", str(folder / "data" / "log"),
        "-o", f"-c listen_addresses='' -k '{folder}'",
    )  # fmt: skip
    return server_process(folder)


def test_an_orphan_is_stopped_before_the_start(folder: Path, orphan: psutil.Process) -> None:
    assert_usable(folder)
    assert ends(orphan)


def test_an_orphan_that_does_not_stop_is_named(
    folder: Path, orphan: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SHUTDOWN_SECONDS", 1)
    orphan.suspend()
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"process {orphan.pid} still uses"):
            EmbeddedPostgres(folder, IN_A_HURRY).start()
    finally:
        orphan.resume()
    assert ends(orphan)


def test_a_server_that_does_not_stop_is_cut_off_and_recovers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SHUTDOWN_SECONDS", 0)
    with EmbeddedPostgres(folder, IN_A_HURRY) as server:
        server.wait_until_ready()
        answer(server, "INSERT INTO kept VALUES (43) RETURNING n")
        process = server_process(folder)
    assert ends(process)
    with EmbeddedPostgres(folder, IN_A_HURRY) as server:
        server.wait_until_ready()
        assert answer(server, "SELECT count(*) FROM kept") == 2


def test_a_stranger_that_got_the_number_of_a_dead_server_is_left_alone(folder: Path) -> None:
    account = ServerPrograms().account
    with subprocess.Popen(
        [shutil.which("sleep") or "sleep", "600"], user=account and account.pw_uid
    ) as stranger:
        stale = f"{stranger.pid}\n{folder / 'data'}\n1\n5432\n{folder}\n"
        (folder / "data" / "postmaster.pid").write_text(stale)
        try:
            assert_usable(folder)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_the_death_of_the_server_shows(folder: Path) -> None:
    with EmbeddedPostgres(folder, IN_A_HURRY) as server:
        server.wait_until_ready()
        assert server.is_running
        process = server_process(folder)
        process.send_signal(signal.SIGQUIT)
        assert ends(process)
        assert not server.is_running
    assert_usable(folder)


def test_a_start_that_fails_says_why_and_lets_go(folder: Path) -> None:
    with (
        pytest.raises(EmbeddedPostgresError, match="did not start, see") as caught,
        EmbeddedPostgres(folder, {"work_mem": "plenty"}) as server,
    ):
        server.wait_until_ready()
    assert 'invalid value for parameter "work_mem"' in str(caught.value)
    assert "shut down" not in str(caught.value)  # the last words of the start before
    assert_usable(folder)


def test_a_data_folder_that_others_may_read_is_put_right(folder: Path) -> None:
    (folder / "data").chmod(0o755)
    assert_usable(folder)
    assert (folder / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("version", "complaint"), [("17", "was made by PostgreSQL 17"), (None, "is no database")]
)
def test_data_that_this_version_cannot_read_is_left_alone(
    spare_folder: Path, version: str | None, complaint: str
) -> None:
    data = spare_folder / "postgres" / "data"
    data.mkdir(parents=True)
    if version is not None:
        (data / "PG_VERSION").write_text(f"{version}\n")
    before = sorted(data.iterdir())
    with pytest.raises(EmbeddedPostgresError, match=complaint):
        EmbeddedPostgres(data.parent, IN_A_HURRY).start()
    assert sorted(data.iterdir()) == before


def test_a_folder_that_cannot_be_is_named(spare_folder: Path) -> None:
    (spare_folder / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"file.*choose another folder"):
        EmbeddedPostgres(spare_folder / "file" / "postgres", IN_A_HURRY).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_of_somebody_else_is_refused(spare_folder: Path) -> None:
    folder = spare_folder / "postgres"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(EmbeddedPostgresError, match="belongs to user 12345"):
        EmbeddedPostgres(folder, IN_A_HURRY).start()


def test_a_database_that_cannot_be_made_says_why(spare_folder: Path) -> None:
    folder = spare_folder / "postgres"
    folder.mkdir()
    (folder / "data.new").touch()  # initdb wants a folder
    server = EmbeddedPostgres(folder, IN_A_HURRY)
    with pytest.raises(EmbeddedPostgresError, match="initdb failed"):
        server.start()
    (folder / "data.new").unlink()
    with server:  # the failed start let go of the folder
        server.wait_until_ready()


def test_programs_that_do_not_run_are_named(
    spare_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_binaries", lambda: spare_folder)
    with pytest.raises(EmbeddedPostgresError, match="cannot run 'initdb' as"):
        EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY).start()


def test_a_log_that_grew_too_long_is_set_aside(folder: Path) -> None:
    os.truncate(folder / "log", 10_000_001)
    assert_usable(folder)
    assert (folder / "log").stat().st_size < 100_000
    assert (folder / "log.old").stat().st_size == 10_000_001

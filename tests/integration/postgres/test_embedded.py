"""The embedded PostgreSQL on a good day: it starts, is reachable for us only, and stops."""

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres import programs
from hexdesk.adapters.storage.postgres.embedded import (
    SUPERUSER,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    find_binaries,
)
from tests.integration.postgres.owner_process import IN_A_HURRY, server_process

LONG_NAME = "a-name-that-is-much-too-long-for-a-socket-" * 4


def answer(server: EmbeddedPostgres, question: str) -> Any:
    """Ask the server as its superuser."""

    async def ask() -> Any:
        connection = await asyncpg.connect(server.url("postgres", SUPERUSER))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_the_second_start_finds_what_the_first_one_wrote(spare_folder: Path) -> None:
    with EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        answer(server, "CREATE TABLE kept AS SELECT 42 AS n")
    with EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        assert answer(server, "SELECT n FROM kept") == 42


def test_one_object_can_start_again(spare_folder: Path) -> None:
    server = EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY)
    for _ in range(2):
        with server:
            server.wait_until_ready()
            assert answer(server, "SELECT 1") == 1


def test_a_durable_database_reaches_the_disk(spare_folder: Path) -> None:
    with EmbeddedPostgres(spare_folder / "postgres") as server:
        server.wait_until_ready()
        assert answer(server, "SHOW fsync") == "on"
        assert answer(server, "SHOW data_checksums") == "on"


@pytest.mark.parametrize("name", ["with spaces & signs: 100%+#ü", "with,comma", LONG_NAME])
def test_any_folder_will_do(spare_folder: Path, name: str) -> None:
    with EmbeddedPostgres(spare_folder / name, IN_A_HURRY) as server:
        server.wait_until_ready()
        assert answer(server, "SELECT 1") == 1
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700


def test_only_this_account_can_reach_the_server(postgres_server: EmbeddedPostgres) -> None:
    socket = postgres_server.socket_folder / ".s.PGSQL.5432"
    assert answer(postgres_server, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(postgres_server.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(postgres_server.log.stat().st_mode) == 0o600


def test_a_socket_folder_that_somebody_else_put_there_is_refused(spare_folder: Path) -> None:
    server = EmbeddedPostgres(spare_folder / LONG_NAME, IN_A_HURRY)
    precious = spare_folder / "precious"
    precious.mkdir(mode=0o755)
    server.socket_folder.symlink_to(precious)
    try:
        with pytest.raises(EmbeddedPostgresError, match="cannot use"):
            server.start()
        assert stat.S_IMODE(precious.stat().st_mode) == 0o755
    finally:
        server.socket_folder.unlink()


def test_stop_leaves_nothing_behind_but_the_data(spare_folder: Path) -> None:
    server = EmbeddedPostgres(spare_folder / LONG_NAME, IN_A_HURRY)
    with server:
        server.wait_until_ready()
        process = server_process(server.folder)
        family = [process, *process.children(recursive=True)]
    assert not server.is_running
    assert not any(member.is_running() for member in family)
    assert not server.socket_folder.exists()
    assert sorted(path.name for path in server.folder.iterdir()) == ["data", "lock", "log"]
    server.stop()  # and stopping twice is harmless


def test_a_client_that_stays_connected_does_not_hold_up_the_stop(spare_folder: Path) -> None:
    async def stay(server: EmbeddedPostgres) -> None:
        connection = await asyncpg.connect(server.url("postgres", SUPERUSER))
        server.stop()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")
        connection.terminate()

    with EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        asyncio.run(stay(server))
        assert not server.is_running


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server(
    postgres_server: EmbeddedPostgres,
) -> None:
    assert os.getsid(server_process(postgres_server.folder).pid) != os.getsid(0)


def test_the_server_does_not_see_our_environment(
    spare_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEXDESK_TEST_SECRET", "hush")
    monkeypatch.setenv("PGPORT", "7777")
    with EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        assert "HEXDESK_TEST_SECRET" not in server_process(server.folder).environ()
        assert answer(server, "SHOW port") == "5432"


def test_other_threads_may_not_start_it(spare_folder: Path) -> None:
    refusals: list[str] = []

    def start() -> None:
        try:
            EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY).start()
        except EmbeddedPostgresError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(timeout=30)
    assert refusals == ["start the embedded PostgreSQL from the main thread"]


def test_waiting_for_what_was_not_started_is_a_mistake(spare_folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="was not started"):
        EmbeddedPostgres(spare_folder / "postgres").wait_until_ready()


def test_the_programs_are_found() -> None:
    assert {"initdb", "pg_ctl", "postgres"} <= {path.name for path in find_binaries().iterdir()}


def test_a_platform_without_programs_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        return None

    monkeypatch.setattr(programs, "find_spec", nothing)
    with pytest.raises(EmbeddedPostgresError, match="set HEXDESK_DATABASE_URL"):
        find_binaries()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
def test_root_lets_the_account_pass_and_nobody_look(spare_folder: Path) -> None:
    home = spare_folder / "home"
    home.mkdir(mode=0o700)
    with EmbeddedPostgres(home / "postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        assert server_process(server.folder).uids().real != 0
        assert home in server.opened_folders
        assert stat.S_IMODE(home.stat().st_mode) == 0o701
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
@pytest.mark.parametrize("account", ["root", "no such name:"])
def test_root_without_an_account_to_lend_is_told_what_to_do(
    spare_folder: Path, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    monkeypatch.setattr(programs, "ACCOUNT", account)
    with pytest.raises(EmbeddedPostgresError, match="run hexdesk as an ordinary user"):
        EmbeddedPostgres(spare_folder / "postgres", IN_A_HURRY).start()

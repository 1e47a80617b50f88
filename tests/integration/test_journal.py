"""What the journal took is there after any end, and nobody else can read it."""

import asyncio
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hexdesk.adapters.clock.system import SystemClock
from hexdesk.adapters.journal.file import FileJournal
from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.vault.aead import AeadVault
from hexdesk.core.errors import JournalFullError
from tests.integration import journal_writer
from tests.integration.journal_writer import PADDING, SECRET, open_journal

WRITER = Path(journal_writer.__file__)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal"


@pytest.fixture
def journal(folder: Path) -> FileJournal:
    return open_journal(folder)


def small_journal(folder: Path, max_bytes: int) -> FileJournal:
    return FileJournal(
        folder, AeadVault(SigningKeys(SECRET).derive), SystemClock(), max_bytes=max_bytes
    )


def files(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.glob(pattern))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def waiting(journal: FileJournal) -> list[bytes]:
    return [entry for _, entry in await journal.pending()]


async def test_entries_come_back_in_order_after_a_restart(
    journal: FileJournal, folder: Path
) -> None:
    entries = [f"entry {number}".encode() for number in range(50)]
    for entry in entries:
        await journal.append(entry)
    assert await waiting(open_journal(folder)) == entries
    assert open_journal(folder).waiting() == 50


async def test_an_empty_journal_has_nothing_and_no_problem(journal: FileJournal) -> None:
    assert await journal.pending() == ()
    assert journal.waiting() == 0
    assert journal.problem() is None


async def test_a_removed_entry_is_gone_and_removing_it_again_is_no_error(
    journal: FileJournal, folder: Path
) -> None:
    for entry in (b"one", b"two"):
        await journal.append(entry)
    (name, _), _ = await journal.pending()
    await journal.remove(name)
    await journal.remove(name)
    assert await waiting(open_journal(folder)) == [b"two"]


async def test_only_files_of_the_journal_can_be_removed(journal: FileJournal, folder: Path) -> None:
    await journal.append(b"one")
    outside = folder.parent / "precious"
    outside.touch()
    await journal.remove("../precious")
    assert outside.exists()


async def test_nobody_else_can_read_an_entry(journal: FileJournal, folder: Path) -> None:
    await journal.append(b"a customer's words")
    assert mode(folder) == 0o700
    for path in files(folder):
        assert mode(path) == 0o600
        assert b"customer" not in path.read_bytes()


async def test_an_entry_that_cannot_be_read_is_set_aside_and_the_others_come_back(
    journal: FileJournal, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for entry in (b"one", b"two", b"three"):
        await journal.append(entry)
    _, (damaged, _), _ = await journal.pending()
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:-1])
    assert await waiting(journal) == [b"one", b"three"]
    assert (folder / f"{damaged}.unreadable").exists()
    assert [record.__dict__["file"] for record in caplog.records] == [damaged]
    assert await waiting(journal) == [b"one", b"three"]


async def test_an_entry_that_another_process_took_meanwhile_is_no_error(
    journal: FileJournal, folder: Path
) -> None:
    await journal.append(b"one")
    # Listed, and gone when it is read.
    (folder / "0.entry").symlink_to("gone")
    assert await waiting(journal) == [b"one"]
    assert files(folder, "*.unreadable") == []


async def test_an_entry_that_the_system_does_not_give_out_now_is_left_for_later(
    journal: FileJournal, folder: Path
) -> None:
    await journal.append(b"one")
    (folder / "0.entry").mkdir()
    assert await waiting(journal) == [b"one"]
    assert (folder / "0.entry").exists()


async def test_entries_sealed_by_another_secret_are_set_aside(
    journal: FileJournal, folder: Path
) -> None:
    await journal.append(b"one")
    other = AeadVault(SigningKeys("another-secret-of-enough-characters").derive)
    assert await FileJournal(folder, other, SystemClock()).pending() == ()
    assert len(files(folder, "*.unreadable")) == 1


async def test_a_full_journal_refuses_and_says_so_until_there_is_room(folder: Path) -> None:
    journal = small_journal(folder, max_bytes=1000)
    await journal.append(bytes(400))
    await journal.append(bytes(400))
    assert journal.problem() is None
    words = "the journal is full: it may hold 1000 bytes"
    with pytest.raises(JournalFullError, match=words):
        await journal.append(bytes(400))
    assert journal.problem() == words
    (name, _), _ = await journal.pending()
    await journal.remove(name)
    assert journal.problem() is None
    await journal.append(bytes(400))


@pytest.mark.parametrize("blocked", ["folder", "parent"])
async def test_a_folder_that_cannot_be_written_to_is_a_problem_until_it_can(
    journal: FileJournal, folder: Path, blocked: str
) -> None:
    in_the_way = folder if blocked == "folder" else folder.parent
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.touch()
    with pytest.raises(JournalFullError, match=f"the journal cannot be written: .*{folder}"):
        await journal.append(b"one")
    assert (journal.problem() or "").startswith("the journal cannot be written: ")
    assert str(folder) not in (journal.problem() or "")
    in_the_way.unlink()
    assert journal.problem() is None
    await journal.append(b"one")


async def test_looking_for_problems_leaves_nothing_behind(
    journal: FileJournal, folder: Path
) -> None:
    for _ in range(10):
        assert journal.problem() is None
    assert files(folder) == []


async def test_what_a_dead_process_left_half_written_is_cleared_away(
    journal: FileJournal, folder: Path
) -> None:
    await journal.append(b"one")
    half = folder / "0123456789abcdef.unfinished"
    half.write_bytes(b"half of somethi")
    assert await waiting(journal) == [b"one"]
    await journal.append(b"two")
    assert not half.exists()
    assert await waiting(journal) == [b"one", b"two"]


async def test_entries_that_arrive_at_once_are_all_kept(journal: FileJournal) -> None:
    entries = {f"entry {number}".encode() for number in range(40)}
    await asyncio.gather(*(journal.append(entry) for entry in entries))
    assert set(await waiting(journal)) == entries


def start_writer(folder: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, WRITER, folder, name, str(count)],
        stdout=subprocess.PIPE,
    )


def wait_for_the_next_file(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(files(folder, "[!.]*")) <= count:
        assert time.monotonic() < deadline, "the writer does not go on"


@pytest.mark.parametrize("acknowledged", [1, 2, 3, 5, 8])
async def test_a_process_killed_while_it_writes_loses_nothing_it_acknowledged(
    folder: Path, acknowledged: int
) -> None:
    with start_writer(folder, "killed", 10_000) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(acknowledged)]
        wait_for_the_next_file(folder, acknowledged)
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    safe = sum(line.endswith(b"\n") for line in said)
    assert safe >= acknowledged
    journal = open_journal(folder)
    entries = await waiting(journal)
    # The last one may have been kept without word of it.
    assert len(entries) in (safe, safe + 1)
    expected = [f"killed {number}".encode() + PADDING for number in range(len(entries))]
    assert entries == expected
    await journal.append(b"after")
    assert files(folder, "*.unfinished") == files(folder, "*.unreadable") == []


async def test_two_processes_share_a_journal(folder: Path) -> None:
    with start_writer(folder, "a", 10) as one, start_writer(folder, "b", 10) as two:
        one.communicate(timeout=60)
        two.communicate(timeout=60)
    assert (one.returncode, two.returncode) == (0, 0)
    texts = [entry.removesuffix(PADDING).decode() for entry in await waiting(open_journal(folder))]
    for name in ("a", "b"):
        of_one = [text for text in texts if text.startswith(name)]
        assert of_one == [f"{name} {number}" for number in range(10)]

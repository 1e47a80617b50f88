"""A reader cannot reach the network, others' files or other processes, whatever it does."""

import platform
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hexdesk.adapters.extraction.sandbox import SandboxedExtraction, find_isolation
from hexdesk.adapters.extraction.sandbox.seccomp import ARCHITECTURES, instructions
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.documents import FileType
from hexdesk.core.testing.extraction_contract import document_of
from tests.integration.extraction.prisoners import ASKED, outcome_of, quoted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux locks children in")

CONNECT = 'attempt(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=5).close())'
ALONE = """\
import socket, sys
from hexdesk.adapters.extraction.sandbox import landlock, linux, seccomp
if not {measure}:
    sys.exit("this system has no such thing")
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
except OSError as error:
    print(type(error).__name__, error.errno)
else:
    print("connected")
"""
REFUSALS = {"PermissionError", "OSError"}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen on a port of the loopback network."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def port_of(listener: socket.socket) -> int:
    return listener.getsockname()[1]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def alone(measure: str, listener: socket.socket) -> str:
    """Return what a process that took this one measure is told when it connects."""
    script = ALONE.format(measure=measure, port=port_of(listener))
    finished = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    if finished.returncode == 1:
        pytest.skip(f"{measure}: {finished.stderr.strip()}")
    return finished.stdout.strip()


async def test_a_reader_cannot_connect_to_a_port_that_listens(listener: socket.socket) -> None:
    deed = CONNECT.format(port=port_of(listener))
    assert await outcome_of(f"outlet.put({deed})") in REFUSALS
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_whoever_takes_no_measure_connects(listener: socket.socket) -> None:
    assert alone("True", listener) == "connected"
    listener.accept()[0].close()


@pytest.mark.parametrize(
    "measure",
    [
        pytest.param("linux.leave_the_network()", id="network namespace"),
        pytest.param("seccomp.filter_calls()", id="seccomp"),
    ],
)
def test_each_measure_alone_keeps_a_process_off_the_network(
    measure: str, listener: socket.socket
) -> None:
    assert alone(measure, listener).split()[0] in REFUSALS
    with pytest.raises(BlockingIOError):
        listener.accept()


async def test_no_kind_of_socket_is_to_be_had() -> None:
    deeds = """\
families = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK)
for family in families:
    outlet.put(attempt(lambda: socket.socket(family)))
outlet.put(attempt(socket.socketpair))
"""
    assert set((await outcome_of(deeds)).split()) == {"PermissionError"}


async def test_a_reader_sees_nothing_of_its_parents_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEXDESK_SECRET_KEY", "the secret of the house")
    deeds = """\
outlet.put(repr(sorted(os.environ)))
outlet.put(attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()))
"""
    own, parents = (await outcome_of(deeds)).split("\n")
    assert own == "['LC_CTYPE', 'MALLOC_ARENA_MAX', 'OMP_THREAD_LIMIT']"
    assert parents == "PermissionError"


async def test_a_reader_opens_no_file_but_its_programs(tmp_path: Path) -> None:
    if find_isolation().files is None:
        pytest.skip("this kernel has no Landlock")
    secret = tmp_path / "secret_key"
    secret.write_text("the secret of the house", encoding="utf-8")
    here = Path(__file__)
    deeds = f"""\
for path in ({quoted(secret)}, {quoted(here)}, "/etc/passwd", "/proc/self/environ"):
    outlet.put(attempt(lambda: open(path).read()))
outlet.put(attempt(lambda: os.listdir("/")))
outlet.put(attempt(lambda: open(os.__file__).readline()))
"""
    *refused, allowed = (await outcome_of(deeds)).split("\n")
    assert refused == ["PermissionError"] * 5
    assert allowed.startswith(("'", '"'))


async def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    deeds = f"""\
outlet.put(attempt(lambda: open({quoted(tmp_path / "left")}, "w")))
outlet.put(attempt(lambda: os.mkdir({quoted(tmp_path / "folder")})))
outlet.put(attempt(lambda: os.write(0, b"overwritten")))
"""
    assert set((await outcome_of(deeds)).split()) == {"PermissionError", "OSError"}
    assert names_in(tmp_path) == []


async def test_a_reader_starts_no_process_and_touches_no_other() -> None:
    deeds = """\
outlet.put(attempt(os.fork))
outlet.put(attempt(lambda: os.execv(sys.executable, [sys.executable, "-V"])))
outlet.put(attempt(lambda: subprocess.run([sys.executable, "-V"])))
outlet.put(attempt(lambda: os.kill(os.getppid(), 0)))
outlet.put(attempt(lambda: os.pidfd_open(os.getppid())))
"""
    assert set((await outcome_of(deeds)).split()) == {"PermissionError"}


async def test_a_reader_may_have_threads() -> None:
    deeds = """\
done = threading.Event()
threading.Thread(target=done.set).start()
outlet.put(repr(done.wait(10)))
"""
    assert await outcome_of(deeds) == "True"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_filter_is_made_of_whole_instructions_and_ends_by_allowing(machine: str) -> None:
    steps = list(instructions(machine, process=7))
    assert {len(step) for step in steps} == {8}
    assert steps[-1] == bytes.fromhex("060000000000ff7f")
    assert len(steps) < 256


def test_this_machine_tells_how_it_locks_children_in() -> None:
    isolation = find_isolation()
    assert isolation.network is not None
    if platform.machine() in ARCHITECTURES:
        assert "seccomp" in isolation.network
        assert isolation.processes == "seccomp"


UNISOLATED = """\
from hexdesk.adapters.extraction.sandbox import Isolation, child
child.isolate = lambda tessdata: Isolation()
child.main()
"""


async def test_without_isolation_no_file_is_read() -> None:
    extraction = SandboxedExtraction(program=("-c", UNISOLATED))
    with pytest.raises(UnavailableError, match="HEXDESK_EXTRACTION_WITHOUT_ISOLATION=true"):
        await document_of(extraction, ASKED, FileType.TXT)


async def test_without_isolation_files_are_read_if_the_operator_says_so() -> None:
    extraction = SandboxedExtraction(program=("-c", UNISOLATED), needs_isolation=False)
    document = await document_of(extraction, ASKED, FileType.TXT)
    assert document.sections[0].text == ASKED.decode()

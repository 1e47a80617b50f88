"""A reader that asks for too much is ended, with all that it started, and the caller is told."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from hexdesk.adapters.extraction.sandbox import Limits, SandboxedExtraction
from hexdesk.core.errors import ExtractionError, UnavailableError
from hexdesk.core.model.documents import ExtractionProgress, FileType
from hexdesk.core.testing.extraction_contract import document_of
from tests.integration.extraction.prisoners import ASKED, asked, sandbox
from tests.integration.extraction.readers import children

ROOT = Path(__file__).parents[3]
PATIENCE = 20
HANGING = "outlet.progress(0.5)\nthreading.Event().wait()"
# A child that is none of ours: it is not locked in, and starts a process that outlives it.
FORKING = """\
import os, signal, sys
from hexdesk.adapters.extraction.sandbox.wire import Going, Isolation, Ready, packed
child = os.fork()
if child:
    os.write(1, packed(Ready(Isolation(network="none"))) + packed(Going(0.5)))
    print(os.getpid(), child, file=open({path}, "w"), flush=True)
signal.pause()
"""
PARENT = """\
import asyncio, sys
from tests.integration.extraction.prisoners import asked, sandbox
from tests.integration.extraction.test_limits import HANGING
from hexdesk.core.model.documents import FileType
async def read():
    async for _ in sandbox(HANGING).extract(asked(), FileType.TXT):
        print("reading", flush=True)
asyncio.run(read())
"""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110  a process that is no child of ours announces nothing
            await asyncio.sleep(0.01)


async def reason_of(deeds: str, limits: Limits) -> str:
    """Return why a file was given up whose reader does this."""
    with pytest.raises(ExtractionError) as refused:
        await document_of(sandbox(deeds, limits), ASKED, FileType.TXT)
    assert children() == []
    return str(refused.value)


async def test_memory_is_limited_where_python_asks_for_it() -> None:
    limits = Limits(memory_bytes=512 << 20)
    assert "more memory than a file gets: 512 MB" in await reason_of("bytearray(1 << 30)", limits)


async def test_memory_is_limited_where_a_library_asks_for_it() -> None:
    deeds = """\
allocate = ctypes.CDLL(None).malloc
allocate.restype = ctypes.c_void_p
allocate(ctypes.c_size_t(1 << 30)) or os.abort()
outlet.put("there was enough")
"""
    limits = Limits(memory_bytes=512 << 20)
    assert "needs more memory than a file gets (512 MB)" in await reason_of(deeds, limits)


async def test_the_work_of_the_processor_is_limited() -> None:
    reason = await reason_of("while True: pass", Limits(cpu_seconds=1))
    assert "more than 1 s of processor time" in reason


async def test_time_is_limited() -> None:
    assert "more than 1.5 s" in await reason_of(HANGING, Limits(wall_seconds=1.5))


async def test_a_reader_that_breaks_down_is_no_harm() -> None:
    assert "brought its reader down" in await reason_of("ctypes.string_at(0)", Limits())


async def test_a_reader_that_nests_without_end_is_no_harm() -> None:
    reason = await reason_of("def deeper(): deeper()\ndeeper()", Limits())
    assert "damaged" in reason


async def test_what_a_reader_has_started_ends_with_it(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = FORKING.format(path=repr(str(pids)))
    extraction = SandboxedExtraction(Limits(wall_seconds=60), program=("-c", script))
    async with aclosing(extraction.extract(asked(), FileType.TXT)) as reading:
        assert await anext(reading) == ExtractionProgress(0.5)
        await until(lambda: len(numbers_in(pids)) == 2)
        assert len(children()) == 2
        started = [psutil.Process(number) for number in numbers_in(pids)]
    await until(lambda: not any(is_alive(one) for one in started))


async def test_a_reading_that_is_cancelled_ends_its_reader() -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in sandbox(HANGING).extract(asked(), FileType.TXT):
            begun.set()

    task = asyncio.create_task(read())
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    (reader,) = children()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_alive(reader)


async def test_a_reader_dies_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT), stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await parent.stdout.readline() == b"reading\n"
    (reader,) = psutil.Process(parent.pid).children()
    parent.kill()
    await parent.wait()
    await until(lambda: not is_alive(reader))


async def test_two_files_are_read_at_once_and_others_wait() -> None:
    extraction = sandbox(HANGING)
    readings = [extraction.extract(asked(), FileType.TXT) for _ in range(3)]
    first, second, third = (asyncio.ensure_future(anext(reading)) for reading in readings)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(first, second)
    assert len(children()) == 2
    assert not third.done()
    await readings[0].aclose()
    async with asyncio.timeout(PATIENCE):
        await third
    for reading in readings[1:]:
        await reading.aclose()
    assert children() == []


@pytest.mark.parametrize(
    "words",
    [
        "b'nonsense' * 100",
        "packed(Ready(Isolation(network='none'))) + b'\\0\\0\\0\\4' + b'what'",
        "packed(Ready(Isolation(network='none'))) * 2",
        "packed(Ready(Isolation(network='none'))) + b'\\xff\\xff\\xff\\xff'",
        "packed(Ready(Isolation(network='none'))) + packed(Found(text='a\\0b'))",
        "packed(Ready(Isolation(network='none'))) + packed(Refused(reason='a\\0b'))",
        "packed(Ready(Isolation(network='none'))) + packed(FINISHED)",
        "packed(Ready(Isolation(network='none'))) + packed(Found(text='a' * 1_000_000)) * 60",
    ],
)
async def test_a_reader_that_is_out_of_its_mind_is_not_believed(words: str) -> None:
    script = f"""\
import os
from hexdesk.adapters.extraction.sandbox.wire import Finished, Found, Isolation, packed
from hexdesk.adapters.extraction.sandbox.wire import Ready, Refused
FINISHED = Finished(metadata={{"title": "a", "sheets": ["b\\0"]}}, truncated=False)
rest = memoryview({words})
while rest:
    rest = rest[os.write(1, rest):]
"""
    extraction = SandboxedExtraction(program=("-c", script))
    with pytest.raises(ExtractionError, match="damaged: it cannot be read"):
        await document_of(extraction, ASKED, FileType.TXT)
    assert children() == []


async def test_a_reader_that_talks_to_nobody_is_ended_all_the_same() -> None:
    script = """\
import os
from hexdesk.adapters.extraction.sandbox.wire import Found, Going, Isolation, Ready, packed
os.write(1, packed(Ready(Isolation(network="none"))) + packed(Going(0.5)))
while True:
    os.write(1, packed(Found(text="a" * 1000)))
"""
    reading = SandboxedExtraction(program=("-c", script)).extract(asked(), FileType.TXT)
    assert await anext(reading) == ExtractionProgress(0.5)
    (reader,) = children()
    # Its pipe is full, and the loop has stopped to look at it.
    await until(lambda: reader.status() == psutil.STATUS_SLEEPING)
    async with asyncio.timeout(PATIENCE):
        await reading.aclose()
    assert children() == []


async def test_a_reader_that_does_not_start_is_our_trouble_and_not_the_files() -> None:
    extraction = SandboxedExtraction(program=("-c", "raise SystemExit('no such library')"))
    with pytest.raises(UnavailableError, match="does not start"):
        await document_of(extraction, ASKED, FileType.TXT)


async def test_a_parser_may_raise_what_it_likes() -> None:
    reason = await reason_of("raise ZeroDivisionError('in a parser')", Limits())
    assert reason == "the file is damaged: it cannot be read"


def test_files_are_read_on_the_servers_loop_too() -> None:
    script = """\
import uvloop
from hexdesk.adapters.extraction.sandbox import SandboxedExtraction
from hexdesk.core.model.documents import FileType
from hexdesk.core.testing.extraction_contract import document_of
print(uvloop.run(document_of(SandboxedExtraction(), b"Dear desk", FileType.TXT)).sections[0].text)
"""
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert finished.stdout.split("\n")[-2] == "Dear desk", finished.stderr


def numbers_in(path: Path) -> list[int]:
    """Return the numbers that a file holds by now."""
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def is_alive(process: psutil.Process) -> bool:
    """Return whether it still does anything; a dead one may not be buried yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

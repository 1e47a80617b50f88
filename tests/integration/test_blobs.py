"""What is true of stores of bytes beyond their port: modes, memory, credentials, places."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.adapters.blobs.obstore import ObstoreBlobs
from hexdesk.core.errors import UnavailableError
from hexdesk.core.testing.blobs_contract import a_key, pieces, whole
from tests.s3_servers import Bucket, a_free_port

# In a process of its own: the peak of this one tells of all that ran before.
WRITE_MUCH = """
import asyncio, resource, sys
from hexdesk.adapters.blobs.obstore import ObstoreBlobs

async def much():
    for _ in range(160):
        yield b"x" * 2**20

async def main():
    environment = dict(pair.split("=", 1) for pair in sys.argv[2:])
    async with ObstoreBlobs.open(sys.argv[1], environment) as blobs:
        await blobs.write("first", one())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await blobs.write("org/much", much())
        size = 0
        async for piece in await blobs.read("org/much"):
            size += len(piece)
        assert size == 160 * 2**20
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

async def one():
    yield b"x"

asyncio.run(main())
"""
MOST_MEGABYTES = 60


async def test_nobody_else_on_the_machine_reads_them(tmp_path: Path) -> None:
    root, key = tmp_path / "files", a_key()
    async with ObstoreBlobs.open(root.as_uri(), {}) as blobs:
        await blobs.write(key, pieces(1))
    modes = {path.stat().st_mode & 0o777 for path in (root, *root.rglob("*")) if path.is_dir()}
    assert modes == {0o700}
    assert (root / key).stat().st_mode & 0o777 == 0o600


async def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path) -> None:
    async with ObstoreBlobs.open(tmp_path.as_uri(), {}) as blobs:
        with pytest.raises(ValueError, match="broken"):
            await blobs.write(a_key(), pieces(200, then=ValueError("broken")))
    assert files_below(tmp_path) == []


def files_below(root: Path) -> list[Path]:
    """Return all files."""
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("place", ["folder", "moto", "rclone"])
def test_little_of_it_is_in_memory(
    tmp_path: Path, moto_bucket: Bucket, rclone_bucket: Bucket, place: str
) -> None:
    bucket = {"moto": moto_bucket, "rclone": rclone_bucket}.get(place)
    url = bucket.url if bucket else tmp_path.as_uri()
    given = [f"{name}={value}" for name, value in bucket.environment.items()] if bucket else []
    command = [sys.executable, "-c", WRITE_MUCH, url, *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_MEGABYTES


async def test_wrong_credentials_are_no_way_in(rclone_bucket: Bucket) -> None:
    wrong = rclone_bucket.environment | {"AWS_SECRET_ACCESS_KEY": "another secret"}
    async with ObstoreBlobs.open(rclone_bucket.url, wrong) as blobs:
        for call in (blobs.write(a_key(), pieces(1)), blobs.read(a_key()), blobs.ping()):
            with pytest.raises(Exception, match=r"file storage|SignatureDoesNot"):
                await call


async def test_a_bucket_that_is_not_there_is_no_place(moto_bucket: Bucket) -> None:
    async with ObstoreBlobs.open("s3://no-such-bucket", moto_bucket.environment) as blobs:
        with pytest.raises(UnavailableError):
            await blobs.write(a_key(), pieces(1))
        with pytest.raises(Exception, match=r"NoSuchBucket|not found"):
            await blobs.ping()


@pytest.fixture(params=["folder", "moto", "rclone"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, moto_bucket: Bucket, rclone_bucket: Bucket
) -> AsyncGenerator[ObstoreBlobs]:
    """Return a store of each kind."""
    bucket = {"moto": moto_bucket, "rclone": rclone_bucket}.get(request.param)
    url, environment = (bucket.url, bucket.environment) if bucket else (tmp_path.as_uri(), {})
    async with ObstoreBlobs.open(url, environment) as blobs:
        yield blobs


async def test_a_store_that_works_answers(blobs: ObstoreBlobs) -> None:
    await blobs.ping()


async def test_one_that_does_not_work_does_not_answer(tmp_path: Path, moto_bucket: Bucket) -> None:
    nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{a_free_port()}"}
    async with ObstoreBlobs.open(moto_bucket.url, moto_bucket.environment | nobody) as blobs:
        with pytest.raises(Exception, match="error sending request"):
            await blobs.ping()
    root = tmp_path / "root"
    async with ObstoreBlobs.open(root.as_uri(), {}) as blobs:
        root.rmdir()
        with pytest.raises(OSError, match="not there"):
            await blobs.ping()


async def test_keys_of_one_bucket_lie_below_its_prefix(rclone_bucket: Bucket) -> None:
    key = a_key()
    async with ObstoreBlobs.open(rclone_bucket.url, rclone_bucket.environment) as blobs:
        await blobs.write(key, pieces(2))
    above = rclone_bucket.url.removesuffix("/a/prefix")
    async with ObstoreBlobs.open(above, rclone_bucket.environment) as blobs:
        assert await whole(blobs, f"a/prefix/{key}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files",
        "/var/files",
        "file://files",
        "file:///",
        "file://host/files",
        "s3://",
        "gs://b",
        "s3:///prefix",
        "https://bucket",
        "s3://bucket?x=1",
        "file:///a#b",
    ],
)
async def test_what_names_no_place_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="HEXDESK_STORAGE_URL"):
        async with ObstoreBlobs.open(url, {}):
            pass

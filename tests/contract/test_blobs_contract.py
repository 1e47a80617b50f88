"""Every store of bytes keeps the promises of its port; buckets those of two other servers."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hexdesk.adapters.blobs.obstore import ObstoreBlobs
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.testing import MemoryBlobs
from hexdesk.core.testing.blobs_contract import BlobsContract
from tests.s3_servers import Bucket, a_free_port


class TestMemoryBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self) -> Blobs:
        return MemoryBlobs()

    @pytest.fixture
    def lost_blobs(self) -> Blobs:
        lost = MemoryBlobs()
        lost.is_down = True
        return lost


class TestFolder(BlobsContract):
    @pytest.fixture
    async def blobs(self, tmp_path: Path) -> AsyncGenerator[Blobs]:
        async with ObstoreBlobs.open((tmp_path / "files").as_uri(), {}) as blobs:
            yield blobs

    @pytest.fixture
    async def lost_blobs(self, tmp_path: Path) -> AsyncGenerator[Blobs]:
        async with ObstoreBlobs.open((tmp_path / "lost").as_uri(), {}) as blobs:
            (tmp_path / "lost").rmdir()
            yield blobs


class BucketContract(BlobsContract):
    """The same for a bucket; define its fixture `bucket`."""

    @pytest.fixture
    async def blobs(self, bucket: Bucket) -> AsyncGenerator[Blobs]:
        async with ObstoreBlobs.open(bucket.url, bucket.environment) as blobs:
            yield blobs

    @pytest.fixture
    async def lost_blobs(self, bucket: Bucket) -> AsyncGenerator[Blobs]:
        nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{a_free_port()}"}
        async with ObstoreBlobs.open(bucket.url, bucket.environment | nobody) as blobs:
            yield blobs


class TestBucketOfMoto(BucketContract):
    @pytest.fixture
    def bucket(self, moto_bucket: Bucket) -> Bucket:
        return moto_bucket


class TestBucketOfRclone(BucketContract):
    @pytest.fixture
    def bucket(self, rclone_bucket: Bucket) -> Bucket:
        return rclone_bucket

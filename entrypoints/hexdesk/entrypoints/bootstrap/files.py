"""Where files are kept, and how they are read."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hexdesk.adapters.blobs.obstore import ObstoreBlobs
from hexdesk.adapters.extraction.sandbox import SandboxedExtraction
from hexdesk.entrypoints.bootstrap.extraction import extraction_of
from hexdesk.entrypoints.settings import Settings, SettingsError

SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStores:
    """The bytes of files, and what reads them."""

    blobs: ObstoreBlobs
    extraction: SandboxedExtraction


@asynccontextmanager
async def open_files(settings: Settings, data_dir: Path) -> AsyncGenerator[FileStores]:
    """Open the place of files; raise `SettingsError` for one that cannot be."""
    async with AsyncExitStack() as stack:
        opening = ObstoreBlobs.open(place_of_files(settings, data_dir), settings.environment)
        try:
            blobs = await stack.enter_async_context(opening)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        except OSError as error:
            raise SettingsError(f"no folder of files can be made: {error}") from error
        yield FileStores(blobs=blobs, extraction=extraction_of(settings))


def place_of_files(settings: Settings, data_dir: Path) -> str:
    """Return where files are kept: in the data folder, unless another place is named."""
    return settings.storage_url or (data_dir.resolve() / "files").as_uri()


def storage_problem(settings: Settings, data_dir: Path) -> str | None:
    """Tell what keeps files from being kept at their place; None if nothing does."""

    async def check() -> None:
        async with open_files(settings, data_dir) as files, asyncio.timeout(SECONDS):
            await files.blobs.ping()

    try:
        asyncio.run(check())
    except SettingsError as error:
        return str(error)
    except TimeoutError:
        return "does not answer"
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing can be kept there
        return str(error).partition("\n")[0]
    return None

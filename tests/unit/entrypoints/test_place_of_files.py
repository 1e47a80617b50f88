"""Where files are kept is settled at the start, and what reads them is made as the settings say."""

from pathlib import Path

import pytest

from hexdesk.entrypoints.bootstrap.files import open_files, place_of_files, storage_problem
from hexdesk.entrypoints.settings import Settings, SettingsError


def test_files_are_kept_in_the_data_folder_unless_another_place_is_named(tmp_path: Path) -> None:
    assert place_of_files(Settings(), tmp_path) == (tmp_path / "files").as_uri()
    assert place_of_files(Settings(storage_url="s3://bucket"), tmp_path) == "s3://bucket"


async def test_the_place_of_files_is_made(tmp_path: Path) -> None:
    async with open_files(Settings(), tmp_path) as files:
        await files.blobs.ping()
    assert (tmp_path / "files").is_dir()


async def test_a_place_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HEXDESK_STORAGE_URL"):
        async with open_files(Settings(storage_url="ftp://files"), tmp_path):
            pass


async def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside = (tmp_path / "file" / "files").as_uri()
    with pytest.raises(SettingsError, match="no folder of files can be made"):
        async with open_files(Settings(storage_url=inside), tmp_path):
            pass


async def test_what_reads_files_is_made_as_the_settings_say(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HEXDESK_OCR_LANGUAGES"):
        async with open_files(Settings(ocr_languages="eng+xyz"), tmp_path):
            pass


def test_the_doctor_tries_the_place(tmp_path: Path) -> None:
    there = (tmp_path / "files").as_uri()
    assert storage_problem(Settings(storage_url=there), tmp_path) is None
    problem = storage_problem(Settings(storage_url="ftp://files"), tmp_path)
    assert "HEXDESK_STORAGE_URL" in str(problem)


def test_the_doctor_says_what_a_bucket_that_does_not_answer_says(tmp_path: Path) -> None:
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "nobody"}
    nobody["AWS_SECRET_ACCESS_KEY"] = "nothing"
    settings = Settings(storage_url="s3://bucket", environment=nobody)
    assert "error sending request" in str(storage_problem(settings, tmp_path))

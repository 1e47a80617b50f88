"""What reads files is made as the settings say, and doctor tells how well it is locked in."""

from pathlib import Path

import pytest

from hexdesk.entrypoints.bootstrap.extraction import Isolation, extraction_of
from hexdesk.entrypoints.bootstrap.files import open_files
from hexdesk.entrypoints.diagnosis import reading_of_files
from hexdesk.entrypoints.settings import Settings, SettingsError, read_settings


def test_the_language_that_comes_along_is_there() -> None:
    extraction_of(Settings())


def test_a_language_that_is_missing_is_told_with_what_to_do() -> None:
    settings = read_settings({"HEXDESK_OCR_LANGUAGES": "eng+deu"})
    with pytest.raises(SettingsError, match=r"'deu'.*deu\.traineddata.*HEXDESK_TESSDATA_DIR"):
        extraction_of(settings)


def test_languages_may_lie_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "deu.traineddata").touch()
    extraction_of(Settings(tessdata_dir=tmp_path, ocr_languages="deu"))
    with pytest.raises(SettingsError, match="'eng'"):
        extraction_of(Settings(tessdata_dir=tmp_path))


def test_a_language_is_no_path() -> None:
    with pytest.raises(SettingsError, match="HEXDESK_OCR_LANGUAGES"):
        read_settings({"HEXDESK_OCR_LANGUAGES": "../eng"})


@pytest.mark.parametrize(
    ("isolation", "is_allowed", "status", "found"),
    [
        (Isolation(network="seccomp", files="Landlock"), False, "ok", "by seccomp, and Landlock"),
        (Isolation(network="seccomp"), False, "warning", "may open other files"),
        (Isolation(), True, "warning", "not locked in"),
        (Isolation(), False, "failure", "not read"),
    ],
)
def test_doctor_tells_how_well_readers_are_locked_in(
    isolation: Isolation, *, is_allowed: bool, status: str, found: str
) -> None:
    finding = reading_of_files(isolation, is_allowed=is_allowed)
    assert (finding.subject, finding.status) == ("files", status)
    assert found in finding.found
    assert (finding.fix is None) == (status == "ok")


async def test_files_are_opened_with_what_the_settings_say(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'deu'"):
        async with open_files(Settings(ocr_languages="deu"), tmp_path):
            pytest.fail("a language is missing")

"""How files are read, as the settings say, and how well that is locked in here."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hexdesk.adapters.extraction.sandbox import (
    Isolation,
    SandboxedExtraction,
    bundled_ocr,
    find_isolation,
)
from hexdesk.core.model.documents import TextExtractor
from hexdesk.entrypoints.settings import Settings, SettingsError

__all__ = ["Isolation", "extraction_of", "find_isolation"]


def extraction_of(settings: Settings, further: Sequence[TextExtractor] = ()) -> SandboxedExtraction:
    """Return what reads files; raise `SettingsError` where a language of OCR is missing."""
    bundled = bundled_ocr()
    folder = Path(settings.tessdata_dir or bundled.tessdata)
    for language in settings.ocr_languages.split("+"):
        if not (folder / f"{language}.traineddata").is_file():
            raise SettingsError(
                f"HEXDESK_OCR_LANGUAGES names {language!r}, and {folder} has no"
                f" {language}.traineddata: put it there, or name a folder by HEXDESK_TESSDATA_DIR"
            )
    ocr = msgspec.structs.replace(
        bundled, tessdata=str(folder.resolve()), languages=settings.ocr_languages
    )
    extraction = SandboxedExtraction(
        ocr=ocr,
        needs_isolation=not settings.extraction_without_isolation,
    )
    return extraction.also_read(further)

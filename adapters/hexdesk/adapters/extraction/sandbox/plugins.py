"""Readers that plugins bring, run where all readers run."""

from importlib import import_module
from typing import Any, BinaryIO

import msgspec

from hexdesk.adapters.extraction.readers.reading import Ocr, Outlet, Read, RefusedError
from hexdesk.core.errors import ExtractionError
from hexdesk.core.model.documents import ExtractedDocument, TextExtractor

Facts = dict[str, str | int | float | list[str]]


def plugins_reader(extractor: TextExtractor) -> Read:
    """Return the reader that the plugin names; it is loaded when there is a file to read.

    What the plugin's own code does wrong is told like a damaged file, and its cause is logged.
    """

    def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
        module, _, function = extractor.reader.partition(":")
        try:
            document = getattr(import_module(module), function)(file.read())
        except ExtractionError as error:
            raise RefusedError(str(error)) from error
        if not isinstance(document, ExtractedDocument):
            raise TypeError(extractor.reader)
        for section in document.sections:
            outlet.put(section.text, page=section.page, sheet=section.sheet)
        outlet.is_truncated = outlet.is_truncated or document.truncated
        return msgspec.convert(document.metadata, Facts)

    return read

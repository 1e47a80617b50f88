"""Readers that try to break out, run where files are read; what they find out is their text."""

import json
import textwrap
from collections.abc import AsyncIterator

from hexdesk.adapters.extraction.sandbox import Limits, SandboxedExtraction
from hexdesk.core.model.documents import FileType
from hexdesk.core.testing.extraction_contract import document_of

ASKED = b"please read this"
READER = """\
import ctypes, os, signal, socket, subprocess, sys, threading
from hexdesk.adapters.extraction.sandbox.child import main
from hexdesk.core.model.documents import FileType

def attempt(deed):
    try:
        return repr(deed())
    except OSError as error:
        return type(error).__name__

def read(file, outlet, ocr):
{deeds}
    return {{}}

main({{FileType.TXT: read}})
"""


def program(deeds: str) -> tuple[str, str]:
    """Return the program of a child whose reader does this instead of reading."""
    return "-c", READER.format(deeds=textwrap.indent(deeds, "    "))


def sandbox(deeds: str, limits: Limits | None = None) -> SandboxedExtraction:
    """Return a sandbox in which this is done."""
    return SandboxedExtraction(limits or Limits(), program=program(deeds))


async def outcome_of(deeds: str) -> str:
    """Return what came of deeds that put their outcome out as text."""
    document = await document_of(sandbox(deeds), ASKED, FileType.TXT)
    return "\n".join(section.text for section in document.sections)


async def asked() -> AsyncIterator[bytes]:
    """Yield a file for a reader that does not look at it."""
    yield ASKED


def quoted(value: object) -> str:
    """Return a value as it stands in a program."""
    return json.dumps(str(value))

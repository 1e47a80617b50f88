"""The API's description, without an installation to describe."""

import msgspec

from hexdesk.adapters.http.app import describe
from hexdesk.entrypoints.version import VERSION


def openapi_document() -> bytes:
    """Return the OpenAPI document as indented JSON."""
    return msgspec.json.format(describe(VERSION), indent=2) + b"\n"

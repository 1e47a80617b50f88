"""The API's description, without an installation to describe."""

import msgspec

from hexdesk.entrypoints.bootstrap.house import describe_api


def openapi_document() -> bytes:
    """Return the OpenAPI document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(describe_api()), indent=2) + b"\n"

"""Forms that bring files, as they go over the line."""

from typing import Any

FILES = "/api/v1/files"
BOUNDARY = "a-boundary"


def form(*parts: str, end: str = "--a-boundary--\r\n") -> dict[str, Any]:
    """Return a request with a form as it goes over the line."""
    body = "".join(f"--a-boundary\r\n{part}\r\n" for part in parts) + end
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return {"content": body.encode(), "headers": headers}


def part(name: str, value: str, filename: str | None = None, kind: str = "") -> str:
    """Return a part of a form."""
    of_file = "" if filename is None else f'; filename="{filename}"'
    of_kind = f"\r\nContent-Type: {kind}" if kind else ""
    return f'Content-Disposition: form-data; name="{name}"{of_file}{of_kind}\r\n\r\n{value}'

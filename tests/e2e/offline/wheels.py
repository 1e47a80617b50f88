"""A plugin as it is carried into a house without the internet: a wheel, and nothing else."""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

NAME, VERSION, MODULE = "hexdesk-hours", "1.0", "hexdesk_hours"
TOOL, HOURS = "opening_hours", "from nine to five"
CODE = f"""
    import msgspec
    from hexdesk.core import ToolContext, hookimpl, tool

    class Nothing(msgspec.Struct, frozen=True):
        pass

    class Hours(msgspec.Struct, frozen=True):
        hours: str

    @tool(read_only=True)
    async def {TOOL}(context: ToolContext, arguments: Nothing) -> Hours:
        '''Say when the shop is open.'''
        return Hours(hours='{HOURS}')

    @hookimpl
    def hexdesk_tools():
        return ({TOOL},)
"""
SECONDS = 60


def wheel(folder: Path) -> Path:
    """Write the plugin's wheel into a folder; by hand, since a builder would be fetched."""
    info = f"{MODULE}-{VERSION}.dist-info"
    files = {
        f"{MODULE}.py": dedent(CODE),
        f"{info}/METADATA": (
            f"Metadata-Version: 2.4\nName: {NAME}\nVersion: {VERSION}\n"
            "Requires-Dist: hexdesk-core\n"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: hexdesk\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        f"{info}/entry_points.txt": f"[hexdesk]\nhours = {MODULE}\n",
    }
    record = f"{info}/RECORD"
    lines = [_line(name, text) for name, text in files.items()] + [f"{record},,"]
    path = folder / f"{MODULE}-{VERSION}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for name, text in {**files, record: "\n".join(lines) + "\n"}.items():
            archive.writestr(name, text)
    return path


def install(path: Path, target: Path) -> None:
    """Install a wheel into a folder of the import path, asking no index."""
    uv = os.environ.get("UV", "uv")
    options = ("--offline", "--no-index", "--no-deps", "--no-cache", "--target", str(target))
    subprocess.run(
        [uv, "pip", "install", "--python", sys.executable, *options, str(path)],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )


def _line(name: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"{name},sha256={digest.decode()},{len(text.encode())}"

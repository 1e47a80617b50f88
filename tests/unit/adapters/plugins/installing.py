"""Plugins as they lie on a disk: a module and a folder with what is known of its distribution."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent


def install(
    folder: Path, name: str, code: str, *, requires: str = "hexdesk-core", version: str = "1.0"
) -> None:
    """Write a plugin into a folder of the import path, as an installer does."""
    module = f"hexdesk_test_{name.replace('-', '_')}"
    (folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {module}\nVersion: {version}\nRequires-Dist: {requires}\n",
        encoding="utf-8",
    )
    (info / "entry_points.txt").write_text(f"[hexdesk]\n{name} = {module}\n", encoding="utf-8")


@contextmanager
def on_path(folder: Path) -> Generator[None]:
    """Have a folder on the import path, and forget what was imported from it."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("hexdesk_test_")]:
            del sys.modules[name]

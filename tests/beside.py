"""An environment of its own beside hexdesk's, in which plugins are installed from wheels."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
HEXDESK = """#!{python}
from hexdesk.entrypoints.cli.main import main

main()
"""


@dataclass(frozen=True)
class Beside:
    """A folder with a Python that finds hexdesk where it is, and plugins in its own place."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / "bin" / "python"

    @property
    def hexdesk(self) -> Path:
        """Its command `hexdesk`."""
        return self.folder / "bin" / "hexdesk"

    @classmethod
    def made(cls, folder: Path) -> "Beside":
        """Make the environment."""
        run(sys.executable, "-m", "venv", str(folder))
        made = cls(folder)
        site = Path(run(made.python, "-c", "import site; print(site.getsitepackages()[0])").strip())
        hexdesks = sysconfig.get_path("purelib")
        (site / "beside.pth").write_text(f"import site; site.addsitedir({hexdesks!r})\n")
        made.hexdesk.write_text(HEXDESK.format(python=made.python))
        made.hexdesk.chmod(0o755)
        return made

    def install(self, project: Path) -> None:
        """Build a wheel of a project and install it; what it needs is there."""
        wheels = self.folder / "wheels" / project.name
        run(self.python, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels), cwd=project)
        (wheel,) = wheels.iterdir()
        run(self.python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(wheel))


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    ended = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout

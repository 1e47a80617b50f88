"""The documentation as its tests read it: pages, sections, tables, code."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "plugins").rglob("*.md")),
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    """Return the page's path as people write it."""
    return page.relative_to(ROOT).as_posix()


class Page(msgspec.Struct, frozen=True):
    """A page's text, and what can be asked of it."""

    text: str

    @classmethod
    def read(cls, path: str) -> "Page":
        """Read a page, by its path from the root."""
        return cls((ROOT / path).read_text(encoding="utf-8"))

    def section(self, heading: str) -> "Page":
        """Return what is below a heading, up to the next of its level or above."""
        start = re.search(rf"^(#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        assert start, f"there is no heading {heading!r}"
        rest = self.text[start.end() :]
        end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
        return Page(rest[: end.start()] if end else rest)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of all tables' rows, headings left out."""
        for line in self.text.splitlines():
            if line.startswith("| `"):
                yield tuple(cell.strip() for cell in line.strip().strip("|").split(" | "))

    def first_cells(self) -> dict[str, tuple[str, ...]]:
        """Return the rows by the name in their first cell."""
        return {row[0].strip("` "): row for row in self.rows()}

    def code(self, language: str) -> Iterator[str]:
        """Yield the blocks of code in a language, without their indentation."""
        for indentation, name, block in FENCE.findall(self.text):
            if name == language:
                yield "\n".join(line.removeprefix(indentation) for line in block.splitlines())

    def commands(self) -> Iterator[str]:
        """Yield what a reader is told to type; a line whose quotes are open goes on in the next."""
        for block in self.code("console"):
            command = ""
            for line in block.replace("\\\n", " ").splitlines():
                if not command and not line.startswith("$ "):
                    continue
                command = f"{command}\n{line}" if command else line.removeprefix("$ ")
                if is_whole(command):
                    yield command
                    command = ""

    def exchanges(self) -> Iterator[tuple[str, str]]:
        """Yield what is typed, and what is shown for it."""
        for block in self.code("console"):
            commands = Page(f"```console\n{block}\n```\n").commands()
            shown = [one for one in re.split(r"^\$ ", block, flags=re.MULTILINE) if one]
            for command, told in zip(commands, shown, strict=True):
                yield command, told.removeprefix(command).strip()

    def prose(self) -> str:
        """Return the text without its code blocks."""
        return FENCE.sub("", self.text)


def is_whole(command: str) -> bool:
    """Tell whether all quotes of a command are closed."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True

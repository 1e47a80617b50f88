"""Rules about source files that no off-the-shelf linter knows, each from a tree to its findings."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SOURCE_FOLDERS = ("core", "adapters", "entrypoints", "plugins", "tests")
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
VAGUE_NAMES = frozenset({"common", "base", "misc"})
VAGUE_WORDS = frozenset({"util", "utils", "helper", "helpers", "manager", "handler", "handlers"})
GENERATED = frozenset({"node_modules", "htmlcov", "dist", "build"})
TEXT_SUFFIXES = frozenset(
    {".cfg", ".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".sql", ".toml", ".yaml", ".yml"}
)
SUPPRESSION = re.compile(r"# (?:noqa|type: ignore|pyright: ignore|pragma: no)")
EXPLAINED = re.compile(
    r"# (?:noqa: [A-Z0-9, ]*[0-9]|(?:type|pyright): ignore\[[\w, -]+\]|pragma: no \w+)\W+\w\S* \S+"
)
# Places where somebody's checkout or home may lie; a file that names one works only there.
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+|Users/\w+)(?:/|\b(?![\w-]))")


@dataclass(frozen=True)
class SourceFile:
    """A Python file of the tree, parsed once."""

    root: Path
    path: Path

    @property
    def name(self) -> str:
        """Return the path as findings show it."""
        return self.path.relative_to(self.root).as_posix()

    @cached_property
    def text(self) -> str:
        """Return what is in the file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def syntax(self) -> ast.Module:
        """Return the file's syntax tree."""
        return ast.parse(self.text, filename=self.name)


def python_files(root: Path) -> Iterator[SourceFile]:
    """Yield every Python file that people write."""
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield SourceFile(root, path)


def vague_names(root: Path) -> Iterator[str]:
    """Find modules and packages whose names name no idea."""
    for source in python_files(root):
        named = source.path.parent if source.path.name == "__init__.py" else source.path
        if named.stem in VAGUE_NAMES or not VAGUE_WORDS.isdisjoint(named.stem.split("_")):
            yield f"{source.name}: {named.stem!r} says nothing; name the idea"


def long_modules(root: Path) -> Iterator[str]:
    """Find modules that nobody reads in one go."""
    allowed = size_exceptions(root)
    for source in python_files(root):
        lines = len(source.text.splitlines())
        if lines > MAX_MODULE_LINES and source.name not in allowed:
            yield f"{source.name}: {lines} lines, at most {MAX_MODULE_LINES}; split it by meaning"


def long_functions(root: Path) -> Iterator[str]:
    """Find functions that do more than one thing."""
    allowed = size_exceptions(root)
    for source in python_files(root):
        for function in _functions(source.syntax):
            lines = _lines(function)
            name = f"{source.name}::{function.name}"
            if lines > MAX_FUNCTION_LINES and name not in allowed:
                yield f"{name}: {lines} lines, at most {MAX_FUNCTION_LINES}; split it by meaning"


def stale_exceptions(root: Path) -> Iterator[str]:
    """Find entries of the exception list without a reason, or without need."""
    sizes: dict[str, bool] = {}
    for source in python_files(root):
        sizes[source.name] = len(source.text.splitlines()) > MAX_MODULE_LINES
        for function in _functions(source.syntax):
            name = f"{source.name}::{function.name}"
            sizes[name] = sizes.get(name, False) or _lines(function) > MAX_FUNCTION_LINES
    for name, reason in size_exceptions(root).items():
        if not reason.strip():
            yield f"{name}: an exception needs its reason"
        if not sizes.get(name, False):
            yield f"{name}: keeps the limits, or is gone; remove its exception"


def size_exceptions(root: Path) -> dict[str, str]:
    """Return what may exceed the limits, with the reason."""
    path = root / "tests/architecture/size_exceptions.toml"
    if not path.exists():
        return {}
    listed: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["exceptions"]
    return listed


def relative_imports(root: Path) -> Iterator[str]:
    """Find imports that say where from here, and not what."""
    for source in python_files(root):
        for node in ast.walk(source.syntax):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{source.name}:{node.lineno}: relative import; write the whole name"


def mocks(root: Path) -> Iterator[str]:
    """Find imports of mocks, in tests above all."""
    for source in python_files(root):
        for node in ast.walk(source.syntax):
            if isinstance(node, ast.Import | ast.ImportFrom) and "unittest.mock" in imported(node):
                yield f"{source.name}:{node.lineno}: mock; use an honest fake"


def unexplained_suppressions(root: Path) -> Iterator[str]:
    """Find silenced checks: in the core any, elsewhere those without their rule or reason."""
    for source in python_files(root):
        for number, comment in _comments(source.text):
            if not SUPPRESSION.search(comment):
                continue
            if source.name.startswith("core/"):
                yield f"{source.name}:{number}: the core silences nothing"
            elif not EXPLAINED.search(comment):
                yield f"{source.name}:{number}: name the rule that is silenced, then the reason"


def namespace_breakers(root: Path) -> Iterator[str]:
    """Find what would make `hexdesk` one distribution's own, and hide the others."""
    for source in python_files(root):
        if source.path.name == "__init__.py" and source.path.parent.name == "hexdesk":
            yield f"{source.name}: hides the other distributions; remove it"


def unmarked_packages(root: Path) -> Iterator[str]:
    """Find folders of a member's package that lack their `__init__.py`."""
    for member in ("core", "adapters", "entrypoints"):
        package = root / member / "hexdesk" / member
        for folder in sorted({path.parent for path in package.rglob("*.py")}):
            if folder.name == "versions":  # migrations are run, never imported
                continue
            if not (folder / "__init__.py").exists():
                yield f"{folder.relative_to(root).as_posix()}: no __init__.py says what is here"


def machine_paths(root: Path) -> Iterator[str]:
    """Find paths that exist on one machine only."""
    for path in sorted(_text_files(root)):
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if match := MACHINE_PATH.search(line):
                yield f"{path.relative_to(root).as_posix()}:{number}: names {match[0]!r}"


def _text_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in GENERATED or (path.name.startswith(".") and path.name != ".ci"):
            continue
        if path.is_dir():
            yield from _text_files(path)
        elif path.suffix in TEXT_SUFFIXES or path.name in {"justfile", "run"}:
            yield path


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def imported(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    """Return every module that the statement may import."""
    if isinstance(node, ast.Import):
        return tuple(alias.name for alias in node.names)
    module = node.module or ""
    return (module, *(f"{module}.{alias.name}" for alias in node.names))

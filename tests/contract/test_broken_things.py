"""The contract suites find what they are for: each broken thing fails at the test it must."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.contract.broken import channel_suites, extractor_suites, suites, tool_suites

SUITES = (suites, channel_suites, extractor_suites, tool_suites)
ROOT = Path(__file__).parents[2]
FAILS_AT: Mapping[str, tuple[Path, str]] = {
    name: (Path(str(module.__file__)).relative_to(ROOT), one.fails_at)
    for module in SUITES
    for name, one in vars(module).items()
    if hasattr(one, "fails_at")
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """Run each named test over what is broken, and return how it ended, by class."""
    report = tmp_path_factory.mktemp("broken") / "report.xml"
    nodes = [f"{file}::{name}::{test}" for name, (file, test) in FAILS_AT.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, f"--junitxml={report}", *nodes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert report.exists(), ended.stdout + ended.stderr
    found: dict[str, list[str]] = {name: [] for name in FAILS_AT}
    for name, end in _ends(report):
        found[name].append(end)
    return found


def _ends(report: Path) -> Iterator[tuple[str, str]]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has written it
        # In pytest's words a `failure` is a test's own, an `error` one of its fixtures.
        problems = [one.tag for one in case if one.tag in {"failure", "error"}]
        yield case.attrib["classname"].rpartition(".")[2], problems[0] if problems else "success"


@pytest.mark.parametrize("name", sorted(FAILS_AT))
def test_a_broken_thing_fails_at_the_test_that_is_named_for_it(
    ends: Mapping[str, list[str]], name: str
) -> None:
    assert "failure" in ends[name]
    assert "error" not in ends[name]

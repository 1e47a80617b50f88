"""Links lead somewhere, and pages are found from the index."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, Page, name_of

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:")
NAMED_FILE = re.compile(r"`((?:core|adapters|entrypoints|tests|docs|plugins)/[\w./-]*\w)[`:]")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    dead = [link for link in links(page) if not leads_somewhere(page, link)]

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = NAMED_FILE.findall(Page.read(name_of(page)).prose())

    assert [path for path in named if not is_there(path)] == []


def test_the_index_leads_to_every_page() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links(index)}

    pages = {page for page in DOCS.rglob("*.md") if page.parent.name != "adr"} - {index}

    assert sorted(name_of(page) for page in pages - linked) == []


def links(page: Path) -> list[str]:
    """Return the links of a page that do not leave the repository."""
    found = LINK.findall(Page.read(name_of(page)).prose())
    return [link for link in found if not link.startswith(ELSEWHERE)]


def is_there(path: str) -> bool:
    """Tell whether a file exists; `core/model` is short for `core/hexdesk/core/model`."""
    room, _, rest = path.partition("/")
    return (ROOT / path).exists() or (ROOT / room / "hexdesk" / room / rest).exists()


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", Page.read(name_of(page)).prose(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}

"""The reference page, which needs nothing from the internet."""

import re
import shutil
import subprocess

import pytest

from hexdesk.adapters.http.controllers.reference import MEDIA_TYPES, PAGES
from tests.e2e.http.house import House, problem


async def test_the_page_and_its_parts_come_from_here(house: House):
    async with house.client() as nobody:
        page = await nobody.get("/docs")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        parts = {*re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)}
        assert parts == {"/docs/reference.css", "/docs/reference.js"}
        seen: set[str] = set()
        while parts - seen:
            part = (parts - seen).pop()
            answer = await nobody.get(part)
            assert answer.status_code == 200, part
            assert answer.headers["content-type"].startswith(MEDIA_TYPES[part.split("/")[-1]])
            parts |= {*re.findall(r'from "(/docs/[^"]+)"', answer.text)}
            seen.add(part)
        assert (await nobody.get("/openapi.json")).status_code == 200
    assert {f"/docs/{name}" for name in MEDIA_TYPES} - seen == {"/docs/reference.html"}


async def test_the_page_may_load_nothing_else(house: House):
    async with house.client() as nobody:
        policy = (await nobody.get("/docs")).headers["content-security-policy"]
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for name in ("script-src", "style-src", "connect-src"):
        assert directives[name] == "'self'"
    assert directives["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_no_part_names_another_host(name: str):
    text = (PAGES / name).read_text()
    assert "://" not in text
    assert not re.search(r"innerHTML|\beval\(|\bstyle=|\bon\w+=", text)


async def test_the_type_of_a_problem_leads_to_the_page(house: House):
    async with house.client() as nobody:
        told = problem(await nobody.get("/nothing"), 404, "not-found")
        page = await nobody.get(told["type"])
        assert page.headers["content-type"].startswith("text/html")
        problem(await nobody.get("/docs/nothing.js"), 404, "not-found")


@pytest.mark.skipif(shutil.which("node") is None, reason="node reads the modules")
@pytest.mark.parametrize("name", [name for name in MEDIA_TYPES if name.endswith(".js")])
def test_the_modules_can_be_read(name: str):
    node = shutil.which("node") or ""
    checked = subprocess.run(
        [node, "--check", "--input-type=module"],
        input=(PAGES / name).read_bytes(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert checked.returncode == 0, checked.stderr

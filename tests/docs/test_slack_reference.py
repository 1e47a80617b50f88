"""The page about Slack names what there is to set, to allow and to hear, and nothing else."""

import re
from pathlib import Path

import hexdesk_slack
from hexdesk_slack.configuration import BASE_URL, SCOPES, SlackConfig, SlackSettings
from tests.docs.pages import Page

PAGE = "docs/reference/slack.md"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of all rows below a heading, names and dashes left out."""
    part = Page.read(PAGE).text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_setting_and_every_field_is_there_in_order() -> None:
    told = [row[0].strip("`") for row in rows("Settings")]
    variables = [f"HEXDESK_SLACK_{name.upper()}" for name in SlackSettings.__struct_fields__]
    assert told == [*variables, *SlackConfig.__struct_fields__]
    assert f"`{BASE_URL}`" in [row[1] for row in rows("Settings")]


def test_every_permission_is_explained() -> None:
    told = [scope for row in rows("Permissions") for scope in re.findall(r"`(.+?)`", row[0])]
    assert sorted(told) == sorted(SCOPES)


def test_codes_of_slack_on_the_page_are_known_to_the_plugin() -> None:
    source = Path(hexdesk_slack.__file__).with_name("calls.py").read_text(encoding="utf-8")
    table = Page.read(PAGE).text.partition("| Slack answers |")[2].partition("\n## ")[0]
    codes = re.findall(r"`([a-z_]+)`", table)
    assert codes
    assert [code for code in codes if f'"{code}"' not in source] == []

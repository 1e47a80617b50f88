"""The reference names everything there is, with its true default, and nothing else."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import TypeGuard, cast

import click
import msgspec
import pytest

from hexdesk.adapters.http import problems
from hexdesk.adapters.telemetry.prometheus import PrometheusTelemetry
from hexdesk.core.model.agents import SETTING_NAMES, AgentSettings, HistoryAction
from hexdesk.core.model.attached_tools import AttachedToolStatus
from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.limits import Rate
from hexdesk.core.model.webhooks import DeliveryStatus, EventType
from hexdesk.core.tools.catalogue import BUILTIN
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.integration_types import WebhookConfig
from hexdesk.core.use_cases.mcp_servers import McpConfig
from hexdesk.entrypoints.cli.main import main
from hexdesk.entrypoints.settings import PREFIX, Settings
from tests.docs.pages import ROOT, Page

# How the audit is written: `auditor.note(tx, who, action, ...)`, and for refusals.
NOTES = {"note", "note_denial"}
ACTION_POSITION = 2


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, each with what one types to call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands(main, "hexdesk"))


def test_every_setting_is_described_with_its_default() -> None:
    described = Page.read("docs/reference/settings.md").first_cells()

    assert {name: row[1].strip("`") for name, row in described.items()} == {
        PREFIX + field.name.upper(): shown(field.default)
        for field in msgspec.structs.fields(Settings)
        if field.name != "environment"
    }


def test_every_command_is_described() -> None:
    page = Page.read("docs/reference/cli.md")

    headings = re.findall(r"^## `(hexdesk[\w ]*)`$", page.text, re.MULTILINE)

    assert sorted(headings) == sorted(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_of_a_command_is_described(path: str) -> None:
    described = Page.read("docs/reference/cli.md").section(f"`{path}`").first_cells()

    options = {
        max(one.opts, key=len)
        for one in COMMANDS[path].params
        if isinstance(one, click.Option) and one.name != "help"
    }

    assert set(described) == options


@pytest.mark.parametrize("path", COMMANDS)
def test_the_default_of_an_option_is_the_one_described(path: str) -> None:
    described = Page.read("docs/reference/cli.md").section(f"`{path}`").first_cells()

    shown_defaults = {
        max(one.opts, key=len): f"`{one.default}`"
        for one in COMMANDS[path].params
        if isinstance(one, click.Option) and one.show_default
    }

    assert {name: described[name][1] for name in shown_defaults} == shown_defaults


def test_every_agent_setting_is_described_with_its_default() -> None:
    described = Page.read("docs/reference/agent-settings.md").first_cells()
    defaults = msgspec.to_builtins(AgentSettings())

    settings = {name: row for name, row in described.items() if name in SETTING_NAMES}

    assert tuple(sorted(settings)) == tuple(sorted(SETTING_NAMES))
    assert {
        name: re.findall(r"`([^`]+)`", row[1])
        for name, row in settings.items()
        if name != "require_approval"
    } == {
        name: [shown(one) for one in listed(defaults[name])]
        for name in SETTING_NAMES
        if name != "require_approval"
    }


def test_what_waits_for_approval_by_default_is_described() -> None:
    described = Page.read("docs/reference/agent-settings.md").first_cells()

    destructive = [one.name for one in BUILTIN if one.destructive]

    assert re.findall(r"`(\w+)`", described["require_approval"][1]) == destructive


def test_every_tool_is_described() -> None:
    page = Page.read("docs/reference/tools.md")

    headings = re.findall(r"^### `(\w+)`$", page.text, re.MULTILINE)

    assert headings == [one.name for one in BUILTIN]


@pytest.mark.parametrize("tool", BUILTIN, ids=lambda tool: tool.name)
def test_the_arguments_of_a_tool_are_described(tool: Tool) -> None:
    section = Page.read("docs/reference/tools.md").section(f"`{tool.name}`")
    schema = tool.input_schema()

    named = {name for row in section.rows() for name in re.findall(r"`(\w+)`", row[0])}
    needed = {
        name
        for row in section.rows()
        for name in re.findall(r"`(\w+)`", row[0])
        if row[1].startswith("needed")
    }

    assert named == set(schema.get("properties", {}))
    assert needed == set(schema.get("required", ()))
    assert ("No arguments." in section.text) == (not named)


@pytest.mark.parametrize("tool", BUILTIN, ids=lambda tool: tool.name)
def test_what_a_tool_may_do_is_described(tool: Tool) -> None:
    section = Page.read("docs/reference/tools.md").section(f"`{tool.name}`")

    assert ("Read-only." in section.text) == tool.read_only
    assert ("**Destructive**" in section.text) == tool.destructive
    assert (f"the right to {tool.right}" in section.text) == (not tool.read_only)


def test_every_kind_of_problem_is_described_with_its_status() -> None:
    described = Page.read("docs/reference/errors.md").section("Types").first_cells()

    kinds = {*problems.KINDS.values(), *problems.BY_STATUS.values(), problems.INTERNAL}

    assert {name: row[1] for name, row in described.items()} == {
        kind.slug: str(kind.status) for kind in kinds
    }


def test_every_field_of_a_problem_is_described() -> None:
    described = Page.read("docs/reference/errors.md").first_cells()

    assert set(problems.Problem.__struct_fields__) <= set(described)


def nothing(*_: object) -> int:
    """Count nothing, whatever is asked for."""
    return 0


def test_every_metric_is_described_with_its_type_and_labels() -> None:
    described = Page.read("docs/reference/metrics.md").first_cells()
    telemetry = PrometheusTelemetry(tools=(), models=())
    for name, watch in inspect.getmembers(telemetry, inspect.ismethod):
        if name.startswith("watch_"):
            watch(*(nothing for _ in inspect.signature(watch).parameters))
    _, text = telemetry.render()

    measured = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text.decode(), re.MULTILINE))

    assert {name: row[1] for name, row in described.items()} == measured


def test_every_audit_action_is_described() -> None:
    described = Page.read("docs/reference/audit-events.md").first_cells()

    assert set(described) == set(audit_actions())


def test_every_event_of_a_webhook_is_described() -> None:
    described = Page.read("docs/reference/webhooks.md").section("Events").first_cells()

    assert set(described) == set(EventType)


def test_every_status_of_a_delivery_is_described() -> None:
    described = Page.read("docs/reference/webhooks.md").section("Deliveries").first_cells()

    assert set(described) == set(DeliveryStatus)


def test_what_a_webhook_is_configured_by_is_described() -> None:
    described = Page.read("docs/reference/webhooks.md").section("Configuration").first_cells()

    assert tuple(described) == WebhookConfig.__struct_fields__


def test_every_status_of_an_attached_tool_is_described() -> None:
    page = Page.read("docs/reference/attached-servers.md")
    described = page.section("Status").first_cells()

    assert set(AttachedToolStatus) <= set(described)


def test_what_an_attached_server_is_configured_by_is_described() -> None:
    page = Page.read("docs/reference/attached-servers.md")
    described = page.section("Configuration").first_cells()

    assert tuple(described) == McpConfig.__struct_fields__


def test_every_reason_for_a_degraded_answer_is_explained() -> None:
    page = Page.read("docs/explanation/degraded-answers.md")
    described = page.first_cells().keys() - {"degraded_reason"}

    assert set(described) == set(DegradedReason)


def audit_actions() -> Iterator[str]:
    """Yield every action that a use case or a tool writes to the audit."""
    core = ROOT / "core/hexdesk/core"
    for path in sorted((*core.glob("use_cases/*.py"), *core.glob("tools/*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if is_audit_note(node):
                yield from named_actions(node.args[ACTION_POSITION])


def is_audit_note(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in NOTES
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr == "auditor"
    )


def named_actions(action: ast.expr) -> Iterator[str]:
    """Yield the actions that an argument stands for: itself, or one for each value it is given."""
    match action:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value="agent."), ast.FormattedValue()]):
            yield from (f"agent.{one}" for one in HistoryAction)
        case ast.IfExp(body=one, orelse=other):
            yield from (*named_actions(one), *named_actions(other))
        case _:
            raise AssertionError(f"cannot tell which actions {ast.unparse(action)} stands for")


def listed(default: object) -> tuple[object, ...]:
    """Return the items of a default, or the default as the only one."""
    return cast("tuple[object, ...]", default) if isinstance(default, tuple) else (default,)


def shown(default: object) -> str:
    """Return a default as the pages show it."""
    match default:
        case None | ():
            return "none"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case Rate():
            return str(default.limit)
        case _:
            return str(default)

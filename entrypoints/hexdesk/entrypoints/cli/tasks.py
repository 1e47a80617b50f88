"""`hexdesk tasks`: look at tasks, stop them, have them tried again."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from hexdesk.entrypoints.cli.access import ApiAccess, with_api_access

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
MOST_AT_ONCE = 200
Command = Callable[..., None]


def as_json(command: Command) -> Command:
    """Give a command the option to answer programs."""
    return click.option("--json", "is_json", is_flag=True, help="Print the API's answer as JSON.")(
        command
    )


@click.group()
def tasks() -> None:
    """Look at tasks, stop them, have them tried again."""


@tasks.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@click.option("--type", "task_type", help="Only those of this type.")
@click.option("--agent", "agent_id", type=click.UUID, help="Only those of this agent.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=50,
    show_default=True,
    help="How many at most, newest first.",
)
@as_json
@with_api_access
def list_tasks(
    access: ApiAccess,
    status: str | None,
    task_type: str | None,
    agent_id: UUID | None,
    limit: int,
    *,
    is_json: bool,
) -> None:
    """List your tasks; for an admin, all of the organization."""
    wanted = {"status": status, "task_type": task_type, "agent_id": agent_id, "limit": limit}
    query = {name: str(value) for name, value in wanted.items() if value is not None}
    page = _answer(access, "GET", "", query)
    if is_json:
        _print_json(page)
        return
    from hexdesk.entrypoints.task_table import show_tasks

    show_tasks(page)


@tasks.command("show")
@click.argument("task_id", type=click.UUID)
@as_json
@with_api_access
def show_task(access: ApiAccess, task_id: UUID, *, is_json: bool) -> None:
    """Show a task, how far it is and what came of it."""
    _show(_answer(access, "GET", f"/{task_id}"), is_json=is_json)


@tasks.command("retry")
@click.argument("task_id", type=click.UUID)
@as_json
@with_api_access
def retry_task(access: ApiAccess, task_id: UUID, *, is_json: bool) -> None:
    """Have a task tried again that failed or was cancelled."""
    _show(_answer(access, "POST", f"/{task_id}/retry"), is_json=is_json)


@tasks.command("cancel")
@click.argument("task_id", type=click.UUID)
@as_json
@with_api_access
def cancel_task(access: ApiAccess, task_id: UUID, *, is_json: bool) -> None:
    """Stop a task, also one that is under way."""
    _show(_answer(access, "POST", f"/{task_id}/cancel"), is_json=is_json)


def _answer(
    access: ApiAccess, method: str, path: str, query: dict[str, str] | None = None
) -> dict[str, Any]:
    # The HTTP client is not for `--help` to wait for.
    from hexdesk.entrypoints.api_client import ApiClient, ApiError

    try:
        with ApiClient(access.address) as client:
            access.sign_in(client)
            return client.call(method, f"/tasks{path}", query=query)
    except ApiError as error:
        raise click.ClickException(str(error)) from error


def _show(task: dict[str, Any], *, is_json: bool) -> None:
    if is_json:
        _print_json(task)
        return
    from hexdesk.entrypoints.task_table import show_task as show

    show(task)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))

"""The commands' common door."""

import click

from hexdesk.entrypoints.cli.chat import chat
from hexdesk.entrypoints.cli.completion import completion
from hexdesk.entrypoints.cli.database import db
from hexdesk.entrypoints.cli.doctor import doctor
from hexdesk.entrypoints.cli.openapi import openapi
from hexdesk.entrypoints.cli.plugins import plugins
from hexdesk.entrypoints.cli.servers import api, mcp, up, worker
from hexdesk.entrypoints.cli.tasks import tasks
from hexdesk.entrypoints.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="hexdesk")
def main() -> None:
    """Customer support with AI agents: in your own house, with your own tools."""


for command in (up, api, mcp, worker, chat, tasks, plugins, doctor, db, openapi, completion):
    main.add_command(command)

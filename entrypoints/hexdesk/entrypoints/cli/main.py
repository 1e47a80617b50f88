"""The commands' common door."""

import click

from hexdesk.entrypoints.cli.servers import api, mcp, up
from hexdesk.entrypoints.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="hexdesk")
def main() -> None:
    """Customer support with AI agents: in your own house, with your own tools."""


main.add_command(up)
main.add_command(api)
main.add_command(mcp)

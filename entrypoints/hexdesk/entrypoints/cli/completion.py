"""`hexdesk completion`: what a shell needs to complete commands."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    For bash: `source <(hexdesk completion bash)`.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell!r}")
    root = context.find_root().command
    click.echo(kind(root, {}, "hexdesk", "_HEXDESK_COMPLETE").source())

"""`hexdesk plugins`: what is installed, and what it brings."""

import json

import click

from hexdesk.entrypoints.settings import Settings, SettingsError, read_settings_here

MARKS = {"loaded": ("✓", "green"), "disabled": ("-", "yellow"), "quarantined": ("✗", "red")}
as_json = click.option("--json", "is_json", is_flag=True, help="Print it as JSON.")


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def plugins(context: click.Context, *, is_json: bool) -> None:
    """List the plugins that are installed here, and what became of them."""
    if context.invoked_subcommand is not None:
        return
    from hexdesk.entrypoints.installed_plugins import installed_plugins

    found = installed_plugins(_settings())
    if is_json:
        click.echo(json.dumps({"plugins": [one.as_json() for one in found]}, indent=2))
        return
    if not found:
        click.echo("no plugins are installed")
    for one in found:
        mark, colour = MARKS[one.status]
        brings = one.problem or ", ".join(one.summary()) or "brings nothing"
        click.echo(f"{click.style(mark, fg=colour)} {one.name} {one.version}  {brings}")


@plugins.command()
@click.argument("name")
@as_json
def show(name: str, *, is_json: bool) -> None:
    """Show what a plugin brings, and its settings with secrets masked."""
    from hexdesk.entrypoints.installed_plugins import installed_plugins

    found = {one.name: one for one in installed_plugins(_settings())}
    if name not in found:
        known = ", ".join(found) or "none"
        raise click.ClickException(f"no plugin {name!r} is installed; installed are {known}")
    click.echo(json.dumps(found[name].as_json(), indent=2) if is_json else found[name].as_text())


def _settings() -> Settings:
    try:
        return read_settings_here()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error

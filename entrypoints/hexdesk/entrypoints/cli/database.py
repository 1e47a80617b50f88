"""`hexdesk db`: the database's schema."""

import click

from hexdesk.entrypoints.settings import SettingsError, read_settings_here


@click.group()
def db() -> None:
    """Look after the database of your own PostgreSQL server."""


@db.command()
@click.option(
    "--owner-url",
    envvar="HEXDESK_DATABASE_OWNER_URL",
    help="How to reach the database as its owner.  [default: HEXDESK_DATABASE_URL]",
)
@click.option("--app-password", envvar="HEXDESK_APP_PASSWORD", help="Set hexdesk_app's password.")
def upgrade(owner_url: str | None, app_password: str | None) -> None:
    """Bring roles and schema up to date; nothing happens where they are.

    As a superuser it makes the roles too: hexdesk_owner, which owns the schema, and hexdesk_app,
    which the servers should connect as.
    """
    settings = read_settings_here()
    url = owner_url or settings.database_url
    if not url:
        raise click.UsageError("set HEXDESK_DATABASE_OWNER_URL or HEXDESK_DATABASE_URL")
    from hexdesk.entrypoints.bootstrap.database import upgrade_database

    try:
        revision = upgrade_database(settings, url, app_password)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"the schema is at revision {revision}")

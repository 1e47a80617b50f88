"""Tools of attached MCP servers."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run_script,
)

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table; its rows go with their integration."""
    run_script(__file__)
    close_to_others("attached_tools")
    grant("attached_tools", "SELECT, INSERT, UPDATE")

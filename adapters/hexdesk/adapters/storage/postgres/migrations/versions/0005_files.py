"""Files, what was read in them, and which agents know them."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run_script,
)

revision = "0005"
down_revision = "0004"

TENANT_TABLES = {
    "files": "SELECT, INSERT, UPDATE, DELETE",
    "file_sections": "SELECT, INSERT, DELETE",
    "agent_files": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    """Make the tables, each open to its own organization only."""
    run_script(__file__)
    for table, rights in TENANT_TABLES.items():
        close_to_others(table)
        grant(table, rights)

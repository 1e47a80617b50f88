"""Channels: connections, what came on them, conversations, and what goes out."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0009"
down_revision = "0008"

TABLES = {
    "channel_connections": "SELECT, INSERT, UPDATE",
    "channel_inbounds": "SELECT, INSERT, UPDATE",
    "channel_conversations": "SELECT, INSERT, UPDATE",
    "channel_conversation_names": "SELECT, INSERT",
    "channel_deliveries": "SELECT, INSERT, UPDATE",
}
# What the functions read.
LOOKED_UP = {
    "channel_connections": "organization_id, integration_id, channel, account, lease_until",
    "integrations": "id, organization_id, is_active",
}
FUNCTIONS = (
    "find_connection(uuid)",
    "find_connection_of(text, text)",
    "find_idle_connections(text[], integer)",
)


def upgrade() -> None:
    """Make the tables and functions, and give the rights that go with them."""
    run_script(__file__)
    for table, rights in TABLES.items():
        close_to_others(table)
        grant(table, rights)
    for table, columns in LOOKED_UP.items():
        run(f"GRANT SELECT ({columns}) ON {table} TO {LOOKUP}")
        run(f"CREATE POLICY lookup ON {table} FOR SELECT TO {LOOKUP} USING (true)")
    for function in FUNCTIONS:
        run(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")
        run(f"ALTER FUNCTION {function} OWNER TO {LOOKUP}")

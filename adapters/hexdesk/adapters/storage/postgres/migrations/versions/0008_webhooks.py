"""Deliveries to webhooks."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0008"
down_revision = "0007"

TABLE = "webhook_deliveries"
FUNCTION = "find_organizations_with_old_deliveries(timestamptz, integer)"


def upgrade() -> None:
    """Make the table, and let what is old in it be found and removed."""
    run_script(__file__)
    close_to_others(TABLE)
    grant(TABLE, "SELECT, INSERT, UPDATE, DELETE")
    run(f"GRANT SELECT (organization_id, created_at) ON {TABLE} TO {LOOKUP}")
    run(f"CREATE POLICY lookup ON {TABLE} FOR SELECT TO {LOOKUP} USING (true)")
    run(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {APPLICATION}")
    run(f"ALTER FUNCTION {FUNCTION} OWNER TO {LOOKUP}")

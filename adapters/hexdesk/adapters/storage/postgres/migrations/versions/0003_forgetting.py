"""What has expired can be found, and the application may remove it."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import grant, run, run_script
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0003"
down_revision = "0002"

# What the function reads beside what its owner may read already.
LOOKED_UP = {
    "runs": "created_at, keeps_events",
    "idempotency_keys": "organization_id, created_at",
    "refresh_tokens": "expires_at",
}
NEWLY_LOOKED_UP = "idempotency_keys"
FUNCTION = "find_organizations_with_expired(timestamptz, timestamptz, timestamptz, integer)"
REMOVABLE = ("sessions", "refresh_tokens")


def upgrade() -> None:
    """Add a column, indexes and a function, and give the rights that go with them."""
    run_script(__file__)
    for table, columns in LOOKED_UP.items():
        run(f"GRANT SELECT ({columns}) ON {table} TO {LOOKUP}")
    run(f"CREATE POLICY lookup ON {NEWLY_LOOKED_UP} FOR SELECT TO {LOOKUP} USING (true)")
    run(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {APPLICATION}")
    run(f"ALTER FUNCTION {FUNCTION} OWNER TO {LOOKUP}")
    for table in REMOVABLE:
        grant(table, "SELECT, INSERT, UPDATE, DELETE")

"""Full text, look-ups before the organization is known, and records that only grow."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import grant, run, run_script
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0002"
down_revision = "0001"

# What the functions read, and so all that their owner may read.
LOOKED_UP = {
    "users": "id, organization_id, email, password_hash, is_active",
    "refresh_tokens": "id, organization_id, session_id, token_hash",
    "api_keys": "id, organization_id, key_hash",
    "runs": "id, organization_id, status, lease_until",
    "tickets": "id, organization_id, search, tags",
    "ticket_comments": "ticket_id, organization_id, search, internal",
}
FUNCTIONS = (
    "find_user(text)",
    "find_refresh_token(bytea)",
    "find_api_key(bytea)",
    "find_abandoned_runs(integer)",
    "search_tickets(text, boolean)",
    "tagged_tickets(text)",
)
ONLY_GROW = ("audit_events", "agent_history", "agent_actions")


def upgrade() -> None:
    """Add columns, indexes and functions, and take rights away."""
    run_script(__file__)
    for table, columns in LOOKED_UP.items():
        run(f"GRANT SELECT ({columns}) ON {table} TO {LOOKUP}")
        run(f"CREATE POLICY lookup ON {table} FOR SELECT TO {LOOKUP} USING (true)")
    for function in FUNCTIONS:
        run(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")
        run(f"ALTER FUNCTION {function} OWNER TO {LOOKUP}")
    for table in ONLY_GROW:
        grant(table, "SELECT, INSERT")

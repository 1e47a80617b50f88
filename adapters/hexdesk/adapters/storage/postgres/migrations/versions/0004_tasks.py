"""Tasks, checks of agents, and results of tool calls that need no run."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0004"
down_revision = "0003"

# What the functions read beside what their owner may read already.
LOOKED_UP = {
    "agent_tasks": "id, organization_id, status, priority, announce_at",
    "agents": "id, organization_id, is_active, checked_at",
    "tool_calls": "organization_id, created_at",
}
FUNCTIONS = (
    "find_organizations_with_expired(timestamptz, timestamptz, timestamptz, timestamptz, integer)",
    "find_due_tasks(integer)",
    "find_agents_to_check(timestamptz, integer)",
)


def upgrade() -> None:
    """Add a table, columns, indexes and functions, and give the rights that go with them."""
    run_script(__file__)
    close_to_others("agent_tasks")
    grant("agent_tasks", "SELECT, INSERT, UPDATE")
    grant("tool_calls", "SELECT, INSERT, UPDATE, DELETE")
    for table, columns in LOOKED_UP.items():
        run(f"GRANT SELECT ({columns}) ON {table} TO {LOOKUP}")
        run(f"CREATE POLICY lookup ON {table} FOR SELECT TO {LOOKUP} USING (true)")
    for function in FUNCTIONS:
        run(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")
        run(f"ALTER FUNCTION {function} OWNER TO {LOOKUP}")

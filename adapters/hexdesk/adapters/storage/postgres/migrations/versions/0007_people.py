"""People in the loop: approvals, and the runs that go on after a decision."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0007"
down_revision = "0006"

# What the function reads beside what its owner may read already.
LOOKED_UP = {
    "approvals": "id, organization_id, thread_id, status, expires_at, decided_at, resumed_run_id",
    "threads": "id, organization_id, status",
    "runs": "thread_id",
}
NEWLY_LOOKED_UP = ("approvals", "threads")
FUNCTION = "find_due_approvals(integer)"


def upgrade() -> None:
    """Add a table, a column and a function, and give the rights that go with them."""
    run_script(__file__)
    close_to_others("approvals")
    grant("approvals", "SELECT, INSERT, UPDATE")
    for table, columns in LOOKED_UP.items():
        run(f"GRANT SELECT ({columns}) ON {table} TO {LOOKUP}")
    for table in NEWLY_LOOKED_UP:
        run(f"CREATE POLICY lookup ON {table} FOR SELECT TO {LOOKUP} USING (true)")
    run(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {APPLICATION}")
    run(f"ALTER FUNCTION {FUNCTION} OWNER TO {LOOKUP}")

"""The tables, each open to its own organization only."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)

revision = "0001"
down_revision = None

TENANT_TABLES = {
    "users": "SELECT, INSERT, UPDATE, DELETE",
    "sessions": "SELECT, INSERT, UPDATE",
    "refresh_tokens": "SELECT, INSERT, UPDATE",
    "api_keys": "SELECT, INSERT, UPDATE, DELETE",
    "agents": "SELECT, INSERT, UPDATE, DELETE",
    "agent_history": "SELECT, INSERT, UPDATE, DELETE",
    "threads": "SELECT, INSERT, UPDATE, DELETE",
    "messages": "SELECT, INSERT",
    "runs": "SELECT, INSERT, UPDATE",
    "run_events": "SELECT, INSERT, DELETE",
    "agent_actions": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_counters": "SELECT, INSERT, UPDATE",
    "tickets": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_comments": "SELECT, INSERT, UPDATE, DELETE",
    "integrations": "SELECT, INSERT, UPDATE, DELETE",
    "audit_events": "SELECT, INSERT, UPDATE, DELETE",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
    "tool_calls": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Make the tables."""
    # The application must know which schema it meets, and must not change what that says.
    grant("hexdesk_alembic", "SELECT")
    run_script(__file__)
    close_to_others("organizations", column="id")
    grant("organizations", "SELECT, INSERT, UPDATE")
    for table, rights in TENANT_TABLES.items():
        close_to_others(table)
        grant(table, rights)
    _make_failed_sign_ins_a_letter_box()


def _make_failed_sign_ins_a_letter_box() -> None:
    """Nobody's rows: the application drops them in and cannot look."""
    run("ALTER TABLE failed_sign_ins ENABLE ROW LEVEL SECURITY")
    run("ALTER TABLE failed_sign_ins FORCE ROW LEVEL SECURITY")
    run("CREATE POLICY letter_box ON failed_sign_ins FOR INSERT WITH CHECK (true)")
    grant("failed_sign_ins", "INSERT")

"""What every migration that makes a table needs to keep organizations apart."""

from pathlib import Path

from alembic import op

from hexdesk.adapters.storage.postgres.roles import APPLICATION

THIS_ORGANIZATION = "(SELECT nullif(current_setting('app.organization_id', true), '')::uuid)"


def run_script(migration: str) -> None:
    """Run the SQL file beside a migration; a semicolon at the end of a line ends a statement."""
    script = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split(";\n"):
        if statement.strip():
            run(statement)


def run(statement: str) -> None:
    """Run a statement as it is: Alembic would read `:name` as a parameter."""
    op.get_bind().exec_driver_sql(statement)


def close_to_others(table: str, *, column: str = "organization_id") -> None:
    """Show an organization its own rows only, and let it write no others."""
    run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    # In a sub-select the setting is read once for a statement, and an index can be used.
    own = f"{column} = {THIS_ORGANIZATION}"
    run(f"CREATE POLICY tenant ON {table} USING ({own}) WITH CHECK ({own})")


def grant(table: str, rights: str) -> None:
    """Give the application these rights on a table and no others."""
    run(f"REVOKE ALL ON {table} FROM {APPLICATION}")
    run(f"GRANT {rights} ON {table} TO {APPLICATION}")

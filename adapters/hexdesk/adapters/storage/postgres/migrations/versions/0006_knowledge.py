"""What files say, in passages that can be found; the vectors of these are made in `vectors.py`."""

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0006"
down_revision = "0005"

PASSAGES = "file_passages"
SEARCHED = "organization_id, file_id, position, search"
FUNCTION = "search_passages(text, uuid[], integer)"


def upgrade() -> None:
    """Make the table and the search."""
    run_script(__file__)
    close_to_others(PASSAGES)
    grant(PASSAGES, "SELECT, INSERT, DELETE")
    run(f"GRANT SELECT ({SEARCHED}) ON {PASSAGES} TO {LOOKUP}")
    run(f"CREATE POLICY lookup ON {PASSAGES} FOR SELECT TO {LOOKUP} USING (true)")
    run(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {APPLICATION}")
    run(f"ALTER FUNCTION {FUNCTION} OWNER TO {LOOKUP}")

"""What files say, in passages that can be found."""

from alembic import op

from hexdesk.adapters.storage.postgres.migrations.tenancy import (
    close_to_others,
    grant,
    run,
    run_script,
)
from hexdesk.adapters.storage.postgres.roles import APPLICATION, LOOKUP

revision = "0006"
down_revision = "0005"

PASSAGES, EMBEDDINGS = "file_passages", "passage_embeddings"
SEARCHED = "organization_id, file_id, position, search"
FUNCTION = "search_passages(text, uuid[], integer)"
HAS_VECTORS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')"
# Without a number of dimensions: each model has its own. Compared are the few thousand of an
# agent's files, which no index would make faster.
MAKE_EMBEDDINGS = f"""
    CREATE TABLE {EMBEDDINGS} (
        organization_id uuid NOT NULL
            DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
        file_id uuid NOT NULL,
        position integer NOT NULL,
        model text NOT NULL,
        embedding halfvec NOT NULL,
        CONSTRAINT pk_{EMBEDDINGS} PRIMARY KEY (organization_id, file_id, position),
        CONSTRAINT fk_{EMBEDDINGS}_organization_id_file_id_position
            FOREIGN KEY (organization_id, file_id, position)
            REFERENCES {PASSAGES} (organization_id, file_id, position) ON DELETE CASCADE
    )
"""


def upgrade() -> None:
    """Make the tables and the search; vectors only where the extension for them is."""
    run_script(__file__)
    tables = [PASSAGES]
    if op.get_bind().exec_driver_sql(HAS_VECTORS).scalar():
        run(MAKE_EMBEDDINGS)
        tables.append(EMBEDDINGS)
    for table in tables:
        close_to_others(table)
        grant(table, "SELECT, INSERT, DELETE")
    run(f"GRANT SELECT ({SEARCHED}) ON {PASSAGES} TO {LOOKUP}")
    run(f"CREATE POLICY lookup ON {PASSAGES} FOR SELECT TO {LOOKUP} USING (true)")
    run(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO {APPLICATION}")
    run(f"ALTER FUNCTION {FUNCTION} OWNER TO {LOOKUP}")

"""Vectors of passages: a table that only a database with the extension pgvector can have."""

from alembic import op

from hexdesk.adapters.storage.postgres.migrations.tenancy import close_to_others, grant, run

TABLE = "passage_embeddings"
IS_MISSING = f"""
    SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')
        AND to_regclass('public.file_passages') IS NOT NULL
        AND to_regclass('public.{TABLE}') IS NULL
"""  # noqa: S608  names of ours
# Without a number of dimensions: each model has its own. Compared are the few thousand of an
# agent's files, which no index would make faster.
MAKE = f"""
    CREATE TABLE {TABLE} (
        organization_id uuid NOT NULL
            DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
        file_id uuid NOT NULL,
        position integer NOT NULL,
        model text NOT NULL,
        embedding halfvec NOT NULL,
        CONSTRAINT pk_{TABLE} PRIMARY KEY (organization_id, file_id, position),
        CONSTRAINT fk_{TABLE}_organization_id_file_id_position
            FOREIGN KEY (organization_id, file_id, position)
            REFERENCES file_passages (organization_id, file_id, position) ON DELETE CASCADE
    )
"""


def make_vectors() -> None:
    """Make the table where it is missing and can be: an operator may add the extension later."""
    if op.get_bind().exec_driver_sql(IS_MISSING).scalar():
        run(MAKE)
        close_to_others(TABLE)
        grant(TABLE, "SELECT, INSERT, DELETE")

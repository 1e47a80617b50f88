"""The embedded database, apart from all that takes long to import."""

from hexdesk.adapters.storage.postgres.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    find_binaries,
    owner_of,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "find_binaries", "owner_of"]

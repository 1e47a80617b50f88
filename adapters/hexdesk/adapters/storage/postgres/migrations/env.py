"""What Alembic executes for each of its commands."""

from hexdesk.adapters.storage.postgres.migrations.applying import apply

apply()

"""Deliveries to webhooks."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Deliveries to webhooks."""

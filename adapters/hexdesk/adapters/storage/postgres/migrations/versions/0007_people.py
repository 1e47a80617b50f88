"""People in the loop: approvals, and who holds a conversation."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """People in the loop: approvals, and who holds a conversation."""

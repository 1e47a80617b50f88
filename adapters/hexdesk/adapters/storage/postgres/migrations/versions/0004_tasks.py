"""Tasks, and results of tool calls that need no run."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Tasks, and results of tool calls that need no run."""

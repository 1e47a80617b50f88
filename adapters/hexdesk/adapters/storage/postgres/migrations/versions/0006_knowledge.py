"""What files say, in passages that can be found."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What files say, in passages that can be found."""

"""What of a mailbox's configuration decides how its mail is understood."""

from hexdesk.core import Connection
from hexdesk_email.config import EmailConfig
from hexdesk_email.inbound import Reading
from hexdesk_email.marks import Marks


def reading_of(config: EmailConfig, connection: Connection) -> Reading:
    """Return what one must know to understand the mailbox's mail."""
    return Reading(
        marks=Marks(key=connection.key, address=config.address.lower()),
        authserv_id=config.authserv_id,
        robots=config.robots,
    )
